from __future__ import annotations

from threading import Thread

from flows.store import Exemplar, PartitionTotals, Progress, Store
from slawatch.views import Held, View


def test_a_partition_replaces_what_it_had_put_before() -> None:
    store = Store()
    store.put_totals("0", {"a": {(): 1}}, {}, {}, 5)
    store.put_totals("0", {"a": {(): 2}}, {}, {}, 6)
    assert store.read().totals == {"0": PartitionTotals({"a": {(): 2}}, {}, {}, 6, 6, {})}


def test_what_was_read_does_not_change_afterwards() -> None:
    store = Store()
    store.put_view("0/1", View(log_at=1))
    before = store.read()
    store.put_view("0/2", View(log_at=2))
    assert set(before.views) == {"0/1"}


def test_log_time_is_that_of_the_partition_furthest_behind() -> None:
    store = Store()
    assert store.read().log_at is None
    store.put_progress("0", 9, 8, 0)
    store.put_progress("1", 5, 4, 2)
    assert store.read().log_at == 5
    assert store.read().progress["1"] == Progress(5, 4, 2)


def test_a_dropped_partition_takes_its_shards_along() -> None:
    store = Store()
    store.put_totals("1", {}, {}, {}, 5)
    store.put_progress("1", 5, 4, 2)
    store.put_view("1/3", View())
    store.put_view("11/3", View())
    store.drop_partition("1")
    contents = store.read()
    assert (contents.totals, contents.progress, set(contents.views)) == ({}, {}, {"11/3"})


def test_held_tickets_are_those_that_the_views_told_last() -> None:
    store = Store()
    store.put_view("0/1", View(held=(Held("desk/1", 5), Held("desk/2", 5), Held("mail/3", 5))))
    store.put_view("0/2", View(held=(Held("desk/4", 7),)))
    store.put_view("0/1", View(held=(Held("desk/1", 6), Held("desk/2", 0))))
    assert store.read_held("desk") == [Held("1", 6), Held("4", 7)]


def test_a_dropped_partition_takes_its_held_tickets_along() -> None:
    store = Store()
    store.put_view("1/3", View(held=(Held("desk/1", 5),)))
    store.drop_partition("1")
    assert store.read_held("desk") == []


def test_the_newest_exemplar_and_gauge_stay() -> None:
    store = Store()
    store.put_exemplar(("chat",), "t1", 1.0, 5)
    store.put_exemplar(("chat",), "t2", 2.0, 6)
    store.put_gauge("g", (), 1.0)
    store.put_gauge("g", (), 3.0)
    store.put_history(7)
    store.put_history(5)
    contents = store.read()
    assert contents.exemplars == {("chat",): Exemplar("t2", 2.0, 6)}
    assert contents.gauges == {("g", ()): 3.0}
    assert contents.history_at == 7


def test_threads_may_put_while_another_reads() -> None:
    store = Store()

    def put(name: str) -> None:
        for i in range(500):
            store.put_progress(f"{name}-{i}", i, 0, 0)

    threads = [Thread(target=put, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    sizes = [len(store.read().progress) for _ in range(200)]
    for thread in threads:
        thread.join()
    assert sizes == sorted(sizes)
    assert len(store.read().progress) == 1000
