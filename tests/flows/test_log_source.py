"""The intake log as a source: batches, positions, and ticks that never claim too much."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from connectors.decoding import RecordParser
from connectors.intake import COMMIT_BOUND_US, Pending, complete
from connectors.log_sqlite import SqliteLog
from connectors.marks import OF_PAST, mark
from connectors.wall import WallClock
from flows.items import Batch
from flows.log_source import PARTITION, LogPartition, LogPosition, LogSource
from slawatch.completeness import Completion
from slawatch.events import CAME_OF_PAST
from slawatch.parsing import Vocabulary


class Hand:
    """Be a clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 1_767_603_600_000_000

    def now(self) -> int:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def log(tmp_path: Path, hand: Hand) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock(hand.now, hand.now)) as opened:
        yield opened


def append(log: SqliteLog, *numbers: int, ticket: object = "1") -> None:
    """Append one native event a number."""
    log.append([Pending("desk", str(number), tell(number, ticket)) for number in numbers])


def tell(number: int, ticket: object) -> bytes:
    """Return a native event as a source sends it."""
    return orjson.dumps(
        {"event_id": str(number), "ticket_id": ticket, "type": "note", "occurred_at": number}
    )


def build(
    log: SqliteLog,
    position: LogPosition | None = None,
    *,
    size: int = 3,
    stop: threading.Event | None = None,
    resumed: list[LogPosition] | None = None,
    snapped: list[LogPosition] | None = None,
    history: list[int] | None = None,
) -> LogPartition:
    """Build the partition as Bytewax would."""
    source = LogSource(
        log,
        RecordParser(Vocabulary(), {}),
        stop or threading.Event(),
        batch_size=size,
        on_resume=([] if resumed is None else resumed).append,
        on_snapshot=([] if snapped is None else snapped).append,
        on_history=([] if history is None else history).append,
    )
    assert source.list_parts() == [PARTITION]
    return source.build_part("read", PARTITION, position)


def read(part: LogPartition) -> Batch:
    """Read one batch."""
    (batch,) = part.next_batch()
    return batch


def instants(batch: Batch) -> Sequence[int]:
    """Return the instants of the events, in milliseconds."""
    return [event.occurred_at // 1000 for event in batch.events]


def test_records_are_read_in_order_and_in_batches(log: SqliteLog) -> None:
    append(log, 1, 2, 3, 4)
    part = build(log)
    assert [instants(read(part)) for _ in range(3)] == [[1, 2, 3], [4], []]


def test_a_full_read_claims_all_but_the_instant_of_its_last_record(log: SqliteLog) -> None:
    append(log, 1, 2, 3, 4)
    batch = read(build(log))
    assert batch.tick == batch.events[-1].received_at - 1


def test_a_short_read_claims_the_wall_less_the_commit_bound(log: SqliteLog, hand: Hand) -> None:
    append(log, 1)
    hand.at += 10_000_000
    assert read(build(log)).tick == hand.at - COMMIT_BOUND_US


def test_an_idle_log_ticks_on_with_the_wall(log: SqliteLog, hand: Hand) -> None:
    part = build(log)
    ticks = []
    for _ in range(3):
        hand.at += 1_000_000
        ticks.append(read(part).tick)
    assert [b - a for a, b in pairwise(ticks)] == [1_000_000, 1_000_000]


def test_a_tick_never_goes_back(log: SqliteLog, hand: Hand) -> None:
    part = build(log, size=1)
    hand.at += 60_000_000
    idle = read(part).tick
    append(log, 1, 2)
    ticks = [read(part).tick for _ in range(3)]
    assert ticks == sorted(ticks)
    assert ticks[0] >= idle


def test_no_tick_claims_the_instant_of_a_record_that_is_read_later(
    log: SqliteLog, hand: Hand
) -> None:
    part = build(log, size=2)
    batches = []
    for number in range(12):
        hand.at += 7_000
        append(log, number)
        if number % 3 == 2:
            batches.append(read(part))
    batches += [read(part) for _ in range(3)]
    for earlier, later in pairwise(batches):
        assert all(event.received_at > earlier.tick for event in later.events)


def test_it_comes_back_at_once_after_a_full_read_else_soon(log: SqliteLog) -> None:
    append(log, 1, 2, 3, 4)
    part = build(log)
    read(part)
    assert part.next_awake() is None
    read(part)
    awake = part.next_awake()
    assert awake is not None
    assert awake.tzinfo is UTC
    assert awake - datetime.now(UTC) < timedelta(milliseconds=50)


def test_a_batch_tells_how_many_records_still_wait(log: SqliteLog) -> None:
    append(log, 1, 2, 3, 4, 5)
    part = build(log)
    assert [read(part).backlog, read(part).backlog] == [2, 0]


def test_it_reads_on_where_its_snapshot_was(log: SqliteLog) -> None:
    append(log, 1, 2, 3, 4)
    part = build(log)
    read(part)
    again = build(log, part.snapshot())
    assert instants(read(again)) == [4]


def test_a_resumed_tick_is_not_taken_back(log: SqliteLog, hand: Hand) -> None:
    position = LogPosition(0, hand.at + 5_000_000)
    assert read(build(log, position)).tick == hand.at + 5_000_000


def test_it_tells_where_it_resumes_and_where_it_is_kept(log: SqliteLog) -> None:
    resumed: list[LogPosition] = []
    snapped: list[LogPosition] = []
    append(log, 1)
    part = build(log, LogPosition(0, 5), resumed=resumed, snapped=snapped)
    batch = read(part)
    part.snapshot()
    assert (resumed, snapped) == ([LogPosition(0, 5)], [LogPosition(1, batch.tick)])


def test_it_ends_when_it_is_told_to(log: SqliteLog) -> None:
    stop = threading.Event()
    part = build(log, stop=stop)
    read(part)
    stop.set()
    with pytest.raises(StopIteration):
        part.next_batch()


def test_what_is_no_event_goes_on_as_a_reject(log: SqliteLog) -> None:
    append(log, 1)
    append(log, 2, ticket=7)
    batch = read(build(log))
    assert instants(batch) == [1]
    assert [(r.connector, r.reason, r.key) for r in batch.rejects] == [("desk", "bad_type", "2")]


def test_history_is_told_before_its_events_and_after_a_restart(log: SqliteLog) -> None:
    append(log, 1)
    log.append([Pending("desk", "2", mark(tell(2, "1"), came=OF_PAST))])
    history: list[int] = []
    part = build(log, history=history)
    events = read(part).events
    assert [event.marks for event in events] == [0, CAME_OF_PAST]
    assert history == [0, events[1].received_at]
    build(log, part.snapshot(), history=history)
    assert history[2:] == [events[1].received_at]


def test_the_position_is_part_of_the_recovery_format() -> None:
    stored = pickle.dumps(LogPosition(3, 4))
    assert b"flows.log_source" in stored
    assert pickle.loads(stored) == LogPosition(3, 4)  # noqa: S301 - our own bytes
    assert LogPosition._fields == ("seq", "tick", "history_at")


def test_how_far_a_poll_came_goes_with_its_batch(log: SqliteLog, hand: Hand) -> None:
    append(log, 1)
    log.append([complete("desk", 77)])
    batch = read(build(log))
    assert list(batch.completions) == [Completion(hand.at, "desk", 77)]
    assert (len(batch.events), batch.rejects) == (1, [])
