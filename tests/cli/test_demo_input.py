"""The demo as an input of an intake that another process reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demo_input import build_intake_demo
from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from tests.e2e.monitor import poll

HALF_HOUR = 1_800_000_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as opened:
        yield opened


def test_the_past_is_told_before_anybody_reads(log: SqliteLog) -> None:
    now = WallClock().now()
    build_intake_demo(log, WallClock(), 1, now - HALF_HOUR, is_read=False)
    records = log.read_after(0, 10_000)
    assert now - HALF_HOUR <= records[0].received_at < now - HALF_HOUR // 2
    assert now - HALF_HOUR // 2 < records[-1].received_at <= WallClock().now()


def test_what_a_flow_may_have_passed_arrives_now(log: SqliteLog) -> None:
    now = WallClock().now()
    entry = build_intake_demo(log, WallClock(), 1, now - HALF_HOUR, is_read=True)
    assert log.last() == (0, 0)
    stop = threading.Event()
    with LogWriter(log) as writer:
        thread = threading.Thread(target=entry.pump, args=(writer, stop))
        thread.start()
        poll(lambda: log.last()[0], "told")
        stop.set()
        thread.join()
    assert log.read_after(0, 1)[0].received_at >= now
