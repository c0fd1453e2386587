"""Routing: every event to its shard, every tick to all of them, and nothing counted twice."""

from __future__ import annotations

from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from connectors.decoding import Reject
from flows.items import Batch, Said, ShardBatch
from flows.route import Routed, build_router, is_for_shard, say_read, shard_key
from flows.told import NOTHING
from slawatch.batches import Spread
from slawatch.completeness import Completion
from slawatch.events import CAME_BY_SWEEP, Event, Kind, build_revised
from tests.rules import SECOND, START, act

REJECT = Reject("desk", "malformed", "not JSON", b"{", "1", 0)


def tell(*cases: str, at_us: int = 0) -> list[Event]:
    """Return an act of each case."""
    return [act(n, Kind.NOTE, at_us, key=f"desk/{case}") for n, case in enumerate(cases)]


def batch(events: list[Event], tick: int = START, partition: str = "0") -> Batch:
    """Return a batch without rejects."""
    return Batch(partition, tick, events, [], 0)


def say(read: Batch) -> Said:
    """Return what is said of a batch beside its shards."""
    return say_read(read, Spread(read.events, 2))


def split(routed: list[Routed]) -> dict[str, list[ShardBatch]]:
    """Return the shards' parts by shard."""
    parts: dict[str, list[ShardBatch]] = {}
    for key, item in routed:
        if isinstance(item, ShardBatch):
            parts.setdefault(key, []).append(item)
    return parts


def test_the_routing_key_is_part_of_the_state_format() -> None:
    (event,) = tell("4711")
    assert crc32(b"desk/4711") % 16 == 8
    parts = split(list(build_router(16)([batch([event])])))
    assert [key for key, (part,) in parts.items() if part.events] == ["0/8"]
    assert shard_key("7", 3) == "7/3"


def test_every_shard_hears_every_tick() -> None:
    parts = split(list(build_router(4)([batch(tell("a"), 5), batch([], 9)])))
    assert sorted(parts) == ["0/0", "0/1", "0/2", "0/3"]
    assert all([part.tick for part in heard] == [5, 9] for heard in parts.values())


def test_the_end_of_a_revision_is_for_every_shard() -> None:
    end = build_revised("desk", 9, 0, START)
    parts = split(list(build_router(4)([batch([*tell("a"), end])])))
    assert [part.events[-1] for (part,) in parts.values()] == [end] * 4


def test_tickets_of_one_case_meet_in_one_shard() -> None:
    one, other = tell("a", "b")
    events = [one.replace(case="C1"), other.replace(case="C1")]
    parts = split(list(build_router(16)([batch(events)])))
    assert sorted(len(part.events) for (part,) in parts.values()) == [0] * 15 + [2]


def test_a_ticket_id_that_is_no_text_for_files_is_routed_too() -> None:
    assert list(build_router(2)([batch(tell("\ud800"))]))


def test_partitions_keep_apart() -> None:
    routed = list(build_router(1)([batch(tell("a"), 1, "p"), batch(tell("a"), 2, "q")]))
    assert [key for key, _ in routed] == ["p/0", "p", "q/0", "q"]


def test_only_shard_batches_are_for_shards() -> None:
    routed = list(build_router(2)([batch([])]))
    assert [is_for_shard(item) for item in routed] == [True, True, False]


@given(st.lists(st.lists(st.text(max_size=3), max_size=9), max_size=4), st.integers(1, 20))
def test_each_event_goes_to_one_shard_and_keeps_its_order(
    batches: list[list[str]], shards: int
) -> None:
    told = [tell(*cases) for cases in batches]
    parts = split(list(build_router(shards)([batch(events) for events in told])))
    for n in range(shards):
        heard = [e for part in parts.get(f"0/{n}", []) for e in part.events]
        assert heard == [
            e
            for events in told
            for e in events
            if crc32(e.case.encode("utf-8", "surrogatepass")) % shards == n
        ]


def test_what_was_read_is_said_once_a_batch() -> None:
    said = say(Batch("0", 7, tell("a"), [REJECT, REJECT._replace(reason="oversize")], 3))
    assert said.out.counts == {
        ("slawatch_events_total", ("desk", "rejected")): 2,
        ("slawatch_quarantined_total", ("desk", "malformed")): 1,
        ("slawatch_quarantined_total", ("desk", "oversize")): 1,
    }
    assert (said.origin, said.log_at, said.backlog) == ("read", 7, 3)
    assert [reject.reason for reject in said.rejects] == ["malformed", "oversize"]


def test_the_longest_delivery_of_each_connector_is_said() -> None:
    events = [
        e.replace(received_at=e.occurred_at + delay, connector=name)
        for e, delay, name in zip(tell(*"abcde"), (1, 3, 0, 2, -1), "xxyxz", strict=True)
    ]
    assert say(batch(events)).delays == {"x": 3, "y": 0}


def test_what_a_sweep_asked_for_tells_nothing_of_delays() -> None:
    (event,) = tell("a")
    swept = event.replace(marks=CAME_BY_SWEEP, received_at=event.occurred_at + 9)
    assert say(batch([swept])).delays == {}


def test_the_watermark_is_the_latest_event_time() -> None:
    events = [*tell("a", at_us=9 * SECOND), *tell("b")]
    assert say(batch(events)).watermark_at == START + 9 * SECOND
    assert say(batch([])).watermark_at == 0


def test_an_empty_batch_says_nothing_but_its_time() -> None:
    said = say(batch([], 42))
    assert said == Said("0", "read", 42, said.out, NOTHING, None, [])
    assert not said.out.counts


def test_every_shard_hears_how_far_a_poll_came() -> None:
    said = [Completion(START, "desk", START)]
    parts = split(list(build_router(2)([batch(tell("a"))._replace(completions=said)])))
    assert [part.completions for heard in parts.values() for part in heard] == [said, said]
