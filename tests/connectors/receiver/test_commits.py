from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.intake import LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.receiver.commits import Commits
from connectors.wall import WallClock
from slawatch.errors import ConnectorError


def pending(key: str) -> Pending:
    return Pending("s", key, key.encode())


@contextmanager
def opened(
    folder: Path, seconds: float = 10.0, before_commit: Callable[[], object] = lambda: None
) -> Iterator[tuple[SqliteLog, Commits]]:
    path = folder / "intake.sqlite3"
    with (
        SqliteLog(path, WallClock(), before_commit=before_commit) as log,
        LogWriter(log) as writer,
        Commits(writer, seconds) as commits,
    ):
        yield log, commits


async def store_all(commits: Commits, *keys: str) -> list[object]:
    tasks = [commits.store(pending(key)) for key in keys]
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_each_is_told_what_became_of_its_own_record(tmp_path: Path) -> None:
    with opened(tmp_path) as (log, commits):
        told = asyncio.run(store_all(commits, "a", "b", "a"))
        assert [record.body for record in log.read_after(0, 9)] == [b"a", b"b"]
    assert [(one.accepted, one.duplicates) for one in told] == [(1, 0), (1, 0), (0, 1)]  # type: ignore[attr-defined]  # a refusal would fail here


def test_a_store_that_fails_is_told_to_who_waits_and_the_next_is_stored(tmp_path: Path) -> None:
    failures = [sqlite3.OperationalError("disk I/O error")]

    def fail() -> None:
        if failures:
            raise failures.pop()

    with opened(tmp_path, before_commit=fail) as (_, commits):
        assert isinstance(asyncio.run(store_all(commits, "a"))[0], ConnectorError)
        assert asyncio.run(store_all(commits, "a")) == [(1, 0, 1)]


def test_who_waits_too_long_is_told_and_what_still_queues_is_not_stored(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go.wait(10)

    async def store_late(commits: Commits) -> list[object]:
        first = asyncio.create_task(commits.store(pending("a")))
        await asyncio.to_thread(begun.wait, 10)
        told = await asyncio.gather(first, commits.store(pending("b")), return_exceptions=True)
        return list(told)

    with opened(tmp_path, 0.05, hold) as (log, commits):
        told = asyncio.run(store_late(commits))
        go.set()
    assert [type(one) for one in told] == [TimeoutError, TimeoutError]
    with SqliteLog(log.path, WallClock()) as log:
        assert [record.body for record in log.read_after(0, 9)] == [b"a"]


def test_a_wait_that_is_cancelled_holds_nobody_up(tmp_path: Path) -> None:
    go = threading.Event()

    async def cancel_one(commits: Commits) -> object:
        left = asyncio.create_task(commits.store(pending("a")))
        stays = asyncio.create_task(commits.store(pending("b")))
        await asyncio.sleep(0)
        left.cancel()
        go.set()
        return await stays

    with opened(tmp_path, before_commit=lambda: go.wait(10)) as (_, commits):
        assert asyncio.run(cancel_one(commits)) == (1, 0, 2)


def test_a_commit_after_the_loop_has_ended_ends_no_writer(tmp_path: Path) -> None:
    go = threading.Event()

    async def leave(commits: Commits) -> None:
        left = asyncio.create_task(commits.store(pending("a")))
        await asyncio.sleep(0)
        left.cancel()

    with opened(tmp_path, before_commit=lambda: go.wait(10)) as (_, commits):
        asyncio.run(leave(commits))
        go.set()
        assert asyncio.run(store_all(commits, "b")) == [(1, 0, 2)]
