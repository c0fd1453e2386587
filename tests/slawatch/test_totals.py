from __future__ import annotations

from bisect import bisect_left
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.errors import ConfigError
from slawatch.totals import Totals, migrate, pack_texts, rebin, unpack_texts

SECOND = 1_000_000
BUCKETS = {"fix": (SECOND, 10 * SECOND, 60 * SECOND), "sla_hops": (0, 1, 2)}
FIX = ("chat", "fix", "wall")
FIRST = ("chat", "first", "wall")

words = st.text(max_size=4)
labels = st.lists(words, max_size=3).map(tuple)
adds = st.lists(st.tuples(st.sampled_from("ab"), labels, st.integers(0, 1 << 90)), max_size=20)
amounts = st.lists(st.integers(0, 100 * SECOND), max_size=20)
bounds = st.sets(st.integers(0, 100 * SECOND), max_size=5).map(lambda some: tuple(sorted(some)))


def filled(added: list[tuple[str, tuple[str, ...], int]], observed: list[int]) -> Totals:
    totals = Totals(BUCKETS)
    for family, key, n in added:
        totals.add(family, key, n)
    for amount in observed:
        totals.observe("sla_duration_seconds", FIX, amount)
    return totals


def counts_between(edges: tuple[int, ...], observed: list[int]) -> list[int]:
    found = Counter(bisect_left(edges, amount) for amount in observed)
    return [found[place] for place in range(len(edges) + 1)]


@given(adds)
def test_a_counter_is_the_sum_of_what_was_added(
    added: list[tuple[str, tuple[str, ...], int]],
) -> None:
    expected: dict[str, dict[tuple[str, ...], int]] = {}
    for family, key, n in added:
        rows = expected.setdefault(family, {})
        rows[key] = rows.get(key, 0) + n
    assert filled(added, []).values() == expected


@given(amounts.filter(bool))
def test_a_histogram_counts_what_each_bound_holds(observed: list[int]) -> None:
    within = tuple(sum(amount <= bound for amount in observed) for bound in BUCKETS["fix"])
    found = filled([], observed).values()["sla_duration_seconds"]
    assert found == {FIX: (within, sum(observed), len(observed))}


@pytest.mark.parametrize(
    ("family", "key", "amount", "total"),
    [
        pytest.param("d", FIX, SECOND, ((1, 1, 1), SECOND, 1), id="on-a-bound"),
        pytest.param("d", FIX, SECOND + 1, ((0, 1, 1), SECOND + 1, 1), id="past-a-bound"),
        pytest.param("d", FIX, 61 * SECOND, ((0, 0, 0), 61 * SECOND, 1), id="past-all"),
        pytest.param("d", FIRST, SECOND, ((), SECOND, 1), id="target-without-bounds"),
        pytest.param("sla_hops", (), 1, ((0, 1, 1), 1, 1), id="bounds-of-the-family"),
    ],
)
def test_an_observation_is_counted_within_its_bounds(
    family: str, key: tuple[str, ...], amount: int, total: object
) -> None:
    totals = Totals(BUCKETS)
    totals.observe(family, key, amount)
    assert totals.values() == {family: {key: total}}


def test_values_do_not_change_afterwards() -> None:
    totals = filled([("a", ("x",), 1)], [SECOND])
    before = totals.values()
    totals.add("a", ("x",), 1)
    totals.observe("sla_duration_seconds", FIX, SECOND)
    assert before == filled([("a", ("x",), 1)], [SECOND]).values()


@given(adds, amounts)
def test_a_restored_snapshot_has_the_same_values_and_bytes(
    added: list[tuple[str, tuple[str, ...], int]], observed: list[int]
) -> None:
    totals = filled(added, observed)
    again = Totals.restore(totals.snapshot(), BUCKETS)
    assert again.values() == totals.values()
    assert again.snapshot() == totals.snapshot()


@given(adds, amounts)
def test_a_snapshot_does_not_depend_on_the_order_of_adding(
    added: list[tuple[str, tuple[str, ...], int]], observed: list[int]
) -> None:
    turned = filled(added[::-1], observed[::-1])
    assert turned.snapshot() == filled(added, observed).snapshot()


@given(adds, amounts)
def test_a_restored_snapshot_counts_on(
    added: list[tuple[str, tuple[str, ...], int]], observed: list[int]
) -> None:
    again = Totals.restore(filled(added, observed).snapshot(), BUCKETS)
    again.add("a", ("x",), 5)
    again.observe("sla_duration_seconds", FIX, SECOND)
    whole = filled([*added, ("a", ("x",), 5)], [*observed, SECOND])
    assert again.values() == whole.values()


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        pytest.param((10, 20), (3, 5), id="the-same"),
        pytest.param((10, 15, 20), (3, 3, 5), id="one-between"),
        pytest.param((5, 10, 20), (0, 3, 5), id="one-below"),
        pytest.param((10, 20, 99), (3, 5, 5), id="one-above"),
        pytest.param((20,), (5,), id="one-less"),
        pytest.param((), (), id="none"),
    ],
)
def test_changed_bounds_keep_what_is_known(new: tuple[int, ...], expected: tuple[int, ...]) -> None:
    totals = Totals({"fix": (10, 20)})
    for amount in (1, 2, 10, 11, 20, 50):
        totals.observe("d", FIX, amount)
    again = Totals.restore(totals.snapshot(), {"fix": new})
    assert again.values() == {"d": {FIX: (expected, 94, 6)}}


@given(bounds, bounds, amounts)
def test_new_bounds_never_claim_too_much(
    old: tuple[int, ...], new: tuple[int, ...], observed: list[int]
) -> None:
    counts = rebin(old, counts_between(old, observed), new)
    assert min(counts) >= 0
    assert sum(counts) == len(observed)
    for place, bound in enumerate(new):
        known = sum(counts[: place + 1])
        assert known <= sum(amount <= bound for amount in observed)
        assert bound not in old or known == sum(amount <= bound for amount in observed)


@given(st.lists(words, max_size=4))
def test_words_are_unpacked_as_they_were_packed(texts: list[str]) -> None:
    data = pack_texts(texts)
    assert unpack_texts(b"xy" + data, 2, len(texts)) == (texts, 2 + len(data))


def test_a_surrogate_in_a_label_survives() -> None:
    totals = filled([("a", ("\ud800",), 1)], [])
    assert Totals.restore(totals.snapshot(), BUCKETS).values() == totals.values()


def test_totals_of_a_newer_version_are_refused_by_name() -> None:
    data = bytes([99]) + Totals(BUCKETS).snapshot()[1:]
    with pytest.raises(ConfigError, match=r"^the totals were written by a newer slawatch \(format"):
        Totals.restore(data, BUCKETS)


def test_older_state_is_brought_up_version_by_version() -> None:
    steps = {1: lambda data: b"\x02" + data[1:] + b"b", 2: lambda data: b"\x03" + data[1:] + b"c"}
    assert migrate(b"\x01a", "totals", 3, steps) == b"\x03abc"
