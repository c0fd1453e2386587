import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.intake import MAX_GROUP_RECORDS, AppendResult, LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from slawatch.errors import ConnectorError


def pending(*keys: str) -> list[Pending]:
    return [Pending("s", key, key.encode()) for key in keys]


class Gate:
    """Hold a commit open until told to let it go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.error: sqlite3.Error | None = None

    def __call__(self) -> None:
        self.reached.set()
        self.opened.wait(5)
        if self.error is not None:
            raise self.error


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def log(tmp_path: Path, gate: Gate) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock(), before_commit=gate) as opened:
        yield opened


def test_what_waits_behind_a_commit_shares_the_next_one(log: SqliteLog, gate: Gate) -> None:
    with LogWriter(log) as writer:
        first = writer.submit(pending("a"))
        gate.reached.wait(5)
        others = [writer.submit(pending(key)) for key in ("b", "c", "a")]
        gate.opened.set()
        results = [future.result(5) for future in (first, *others)]
    assert results == [(1, 0, 1), (1, 0, 3), (1, 0, 3), (0, 1, 3)]
    stamps = [record.received_at for record in log.read_after(0, 9)]
    assert stamps[0] < stamps[1] == stamps[2]


def test_a_commit_takes_no_more_than_its_limit(log: SqliteLog, gate: Gate) -> None:
    half = MAX_GROUP_RECORDS // 2 + 1
    with LogWriter(log) as writer:
        writer.submit(pending("first"))
        gate.reached.wait(5)
        big = [writer.submit(pending(*(f"{n}:{i}" for i in range(half)))) for n in range(2)]
        gate.opened.set()
        assert [future.result(5).last_seq for future in big] == [1 + half, 1 + 2 * half]


def test_nothing_is_acknowledged_before_the_commit(log: SqliteLog, gate: Gate) -> None:
    with LogWriter(log) as writer:
        future = writer.submit(pending("a"))
        gate.reached.wait(5)
        assert (future.done(), log.last()) == (False, (0, 0))
        gate.opened.set()
        assert future.result(5) == AppendResult(1, 0, 1)


def test_a_store_failure_reaches_its_senders_and_the_writer_lives_on(
    log: SqliteLog, gate: Gate
) -> None:
    gate.error = sqlite3.OperationalError("disk I/O error")
    gate.opened.set()
    with LogWriter(log) as writer:
        with pytest.raises(ConnectorError, match="disk I/O error"):
            writer.submit(pending("a")).result(5)
        gate.error = None
        assert writer.submit(pending("a")).result(5).accepted == 1


def test_a_group_that_no_store_takes_fails_alone(log: SqliteLog, gate: Gate) -> None:
    with LogWriter(log) as writer:
        writer.submit(pending("first"))
        gate.reached.wait(5)
        bad = writer.submit([Pending("s", "b", None)])  # type: ignore[arg-type]  # a sender's bug
        good = writer.submit(pending("c"))
        gate.opened.set()
        assert good.result(5).accepted == 1
        assert isinstance(bad.exception(5), sqlite3.IntegrityError)


def test_one_of_several_senders_records_that_no_store_takes_fails_alone(
    log: SqliteLog, gate: Gate
) -> None:
    gate.opened.set()
    bad = Pending("s", "b", None)  # type: ignore[arg-type]  # a sender's bug
    with LogWriter(log) as writer:
        told = writer.submit_each([*pending("a"), bad, *pending("a", "c")]).result(5)
    assert [type(one) for one in told] == [
        AppendResult,
        sqlite3.IntegrityError,
        AppendResult,
        AppendResult,
    ]
    assert (told[0], told[2]) == ((1, 0, 1), (0, 1, 1))


def test_closing_commits_what_waits(log: SqliteLog, gate: Gate) -> None:
    gate.opened.set()
    writer = LogWriter(log)
    futures = [writer.submit(pending(str(number))) for number in range(50)]
    writer.close()
    assert sum(future.result(0).accepted for future in futures) == 50


def test_a_closed_writer_refuses(log: SqliteLog) -> None:
    writer = LogWriter(log)
    writer.close()
    with pytest.raises(ConnectorError, match="writer is closed"):
        writer.submit(pending("a"))


def test_too_much_in_the_queue_is_refused_for_a_retry(log: SqliteLog, gate: Gate) -> None:
    with LogWriter(log, max_queued=2) as writer:
        writer.submit(pending("a"))
        gate.reached.wait(5)
        waiting = writer.submit(pending("b", "c"))
        with pytest.raises(ConnectorError, match="2 records wait, 2 may"):
            writer.submit(pending("d"))
        gate.opened.set()
        waiting.result(5)
        assert writer.submit(pending("e")).result(5).accepted == 1


def test_a_cancelled_submission_does_not_end_the_writer(log: SqliteLog, gate: Gate) -> None:
    with LogWriter(log) as writer:
        writer.submit(pending("a"))
        gate.reached.wait(5)
        cancelled = writer.submit(pending("b"))
        cancelled.cancel()
        gate.opened.set()
        assert writer.submit(pending("c")).result(5).accepted == 1


def test_a_watcher_is_called_once_for_all_that_shares_a_commit(log: SqliteLog, gate: Gate) -> None:
    done: list[int] = []
    with LogWriter(log) as writer:
        first = writer.submit(pending("a"))
        gate.reached.wait(5)
        others = [writer.submit(pending(key)) for key in ("b", "c")]
        writer.watch(lambda: done.append(sum(one.done() for one in (first, *others))))
        gate.opened.set()
    assert done == [1, 3]


def test_who_watches_no_more_is_not_called(log: SqliteLog, gate: Gate) -> None:
    done: list[int] = []
    gate.opened.set()

    def note() -> None:
        done.append(1)

    with LogWriter(log) as writer:
        writer.watch(note)
        writer.unwatch(note)
        writer.submit(pending("a")).result(5)
    assert done == []
