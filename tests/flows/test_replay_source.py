"""A finite log as a source: running maximum, ticks, speed and resumption."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Sequence
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.decoding import Reject
from flows.items import Batch
from flows.log_source import PARTITION
from flows.replay_source import ReplayPartition, ReplayPosition, ReplaySource
from slawatch.events import Event, Kind
from tests.rules import SECOND, START, act

REJECT = Reject("desk", "malformed", "not JSON", b"{", "log:3", 0)


def tell(*seconds: int) -> list[Event]:
    """Return an act at each second."""
    return [act(n, Kind.NOTE, at * SECOND) for n, at in enumerate(seconds)]


def build(
    items: Sequence[Event | Reject],
    position: ReplayPosition | None = None,
    *,
    batch: int = 3,
    disorder_us: int = 0,
    speed: float | None = None,
    stop: threading.Event | None = None,
    heard: list[tuple[int, int]] | None = None,
) -> ReplayPartition:
    """Build the partition as Bytewax would."""

    def hear(count: int, at: int) -> None:
        if heard is not None:
            heard.append((count, at))

    source = ReplaySource(
        lambda: items,
        batch_size=batch,
        disorder_us=disorder_us,
        speed=speed,
        stop=stop or threading.Event(),
        on_progress=hear,
    )
    assert source.list_parts() == [PARTITION]
    return source.build_part("read", PARTITION, position)


def read_all(part: ReplayPartition) -> list[Batch]:
    """Read to the end, waiting where the replay has a speed."""
    batches: list[Batch] = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            batches += part.next_batch()
        except StopIteration:
            return batches
    raise TimeoutError


def seconds(batches: Sequence[Batch]) -> list[list[int]]:
    """Return when the events arrived, in seconds after the start, by batch."""
    return [[(e.received_at - START) // SECOND for e in batch.events] for batch in batches]


def test_what_arrives_carries_the_running_maximum_of_time() -> None:
    assert seconds(read_all(build(tell(1, 5, 2, 3, 9)))) == [[1, 5, 5], [5, 9]]


def test_the_event_itself_keeps_its_time() -> None:
    (batch,) = read_all(build(tell(5, 2)))
    assert [(e.occurred_at - START) // SECOND for e in batch.events] == [5, 2]


def test_a_tick_stays_before_the_last_instant_for_more_may_tie_with_it() -> None:
    batches = read_all(build(tell(1, 2, 2, 2, 3)))
    assert [batch.tick for batch in batches] == [START + 2 * SECOND - 1, START + 3 * SECOND]


def test_a_tick_stays_behind_by_the_disorder() -> None:
    batches = read_all(build(tell(1, 2, 3, 9), disorder_us=SECOND))
    assert [batch.tick for batch in batches] == [START + 2 * SECOND - 1, START + 9 * SECOND]


def test_a_log_that_fills_its_last_batch_ends_with_an_empty_one() -> None:
    batches = read_all(build(tell(1, 2, 3)))
    assert [(len(batch.events), batch.tick) for batch in batches] == [
        (3, START + 3 * SECOND - 1),
        (0, START + 3 * SECOND),
    ]


def test_an_empty_log_gives_one_batch_at_no_time() -> None:
    assert [(batch.tick, list(batch.events)) for batch in read_all(build([]))] == [(0, [])]


def test_rejects_go_on_beside_the_events() -> None:
    (batch,) = read_all(build([*tell(1), REJECT]))
    assert (len(batch.events), batch.rejects) == (1, [REJECT])


def test_a_log_of_rejects_has_no_time() -> None:
    (batch,) = read_all(build([REJECT]))
    assert (batch.tick, batch.rejects) == (0, [REJECT])


def test_it_skips_what_was_read_before_its_snapshot() -> None:
    items: list[Event | Reject] = [*tell(1, 9, 2), REJECT, *tell(3)]
    part = build(items)
    part.next_batch()
    again = build(items, part.snapshot())
    assert seconds(read_all(again)) == [[9]]


def test_a_resumed_replay_keeps_the_running_maximum_and_the_tick() -> None:
    position = ReplayPosition(1, START + 9 * SECOND, START + 9 * SECOND - 1)
    batches = read_all(build(tell(9, 1, 1, 1, 1), position))
    assert seconds(batches) == [[9, 9, 9], [9]]
    assert [batch.tick for batch in batches] == [START + 9 * SECOND - 1, START + 9 * SECOND]


def test_it_tells_its_progress() -> None:
    heard: list[tuple[int, int]] = []
    read_all(build([*tell(1, 2), REJECT, *tell(7)], heard=heard))
    assert heard == [(3, START + 2 * SECOND), (4, START + 7 * SECOND)]


def test_a_stop_ends_it_without_moving_time() -> None:
    stop = threading.Event()
    part = build(tell(1, 2, 3, 4), stop=stop)
    part.next_batch()
    before = part.snapshot()
    stop.set()
    with pytest.raises(StopIteration):
        part.next_batch()
    assert part.snapshot() == before


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 7), st.integers(0, 3 * SECOND))
def test_no_tick_claims_an_instant_that_is_read_later(
    at: list[int], batch: int, disorder_us: int
) -> None:
    batches = read_all(build(tell(*at), batch=batch, disorder_us=disorder_us))
    ticks = [part.tick for part in batches]
    assert ticks == sorted(ticks)
    for earlier, later in pairwise(batches):
        assert all(event.received_at - disorder_us > earlier.tick for event in later.events)
    arrived = [e.received_at for part in batches for e in part.events]
    assert arrived == sorted(arrived)
    assert len(arrived) == len(at)


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 7), st.integers(0, 5))
def test_a_snapshot_anywhere_reads_every_item_once(at: list[int], batch: int, cut: int) -> None:
    items = tell(*at)
    part = build(items, batch=batch)
    before = take(part, cut)
    after = read_all(build(items, part.snapshot(), batch=batch + 1))
    read = [e.id_hash for b in [*before, *after] for e in b.events]
    assert read == [e.id_hash for e in items]


def take(part: ReplayPartition, count: int) -> list[Batch]:
    """Return the next batches, fewer at the end."""
    found: list[Batch] = []
    for _ in range(count):
        try:
            found += part.next_batch()
        except StopIteration:
            break
    return found


def test_at_a_speed_events_wait_for_their_time() -> None:
    part = build(tell(0, 1, 3600), speed=1.0)
    (batch,) = part.next_batch()
    assert seconds([batch]) == [[0]]
    assert batch.tick == START - 1
    assert part.next_awake() is not None
    assert seconds(part.next_batch()) == [[]]


def test_a_fast_replay_gives_the_same_events_and_the_same_end() -> None:
    items: list[Event | Reject] = [*tell(0, 5, 3), REJECT, *tell(60)]
    batches = read_all(build(items, speed=1000.0))
    assert [s for part in seconds(batches) for s in part] == [0, 5, 5, 60]
    assert [r for batch in batches for r in batch.rejects] == [REJECT]
    assert batches[-1].tick == START + 60 * SECOND


def test_a_slow_replay_takes_its_time() -> None:
    began = time.monotonic()
    read_all(build(tell(0, 1), speed=10.0))
    assert time.monotonic() - began >= 0.1


def test_as_fast_as_it_can_it_comes_back_at_once() -> None:
    part = build(tell(1))
    part.next_batch()
    assert part.next_awake() is None


def test_the_position_is_part_of_the_recovery_format() -> None:
    stored = pickle.dumps(ReplayPosition(1, 2, 3))
    assert b"flows.replay_source" in stored
    assert ReplayPosition._fields == ("items", "received_at", "tick")


@pytest.mark.parametrize(
    ("seconds_each", "sizes"),
    [
        pytest.param(0.1, [8_000, 16_000, 32_000, 50_000, 44_000], id="quick"),
        pytest.param(0.7, [8_000] * 18 + [6_000], id="slow"),
    ],
)
def test_a_batch_holds_twice_as_many_as_the_last_where_that_was_quick(
    monkeypatch: pytest.MonkeyPatch, seconds_each: float, sizes: list[int]
) -> None:
    monkeypatch.setattr("flows.replay_source.time.monotonic", count(1.0, seconds_each).__next__)
    part = build(tell(0) * 150_000, batch=50_000)
    read: list[int] = []
    while sum(read) < 150_000:
        read += [len(batch.events) for batch in part.next_batch()]
    assert read == sizes
