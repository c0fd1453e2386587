"""A flow over a finite log: options, recovery, stops, and what it leaves behind."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from flows import monitor
from flows.monitor import (
    ReplayOptions,
    SnapshotMeter,
    calm_garbage,
    day_starts,
    open_recovery,
    run_replay,
    window_options,
)
from flows.store import Store
from flows.verdict_table import VerdictTable
from slawatch.events import Event
from slawatch.verdicts import Verdict
from tests.flows.replays import run, tell_desk
from tests.rules import build_rules

OPTIONS = ReplayOptions(shards=3, batch_size=5)


def at(*when: int) -> int:
    """Return an instant in microseconds."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type,misc]  # year to minute


def replay_part(folder: Path, events: Sequence[Event], limit: int) -> list[int]:
    """Replay over kept state until `limit` events were read; return the progress as it was told."""
    told: list[int] = []
    stop = threading.Event()

    def hear(count: int, _: int) -> None:
        told.append(count)
        if count >= limit:
            stop.set()

    table = VerdictTable(folder / "verdicts.sqlite3")
    with SqliteLog(folder / "intake.sqlite3", WallClock()) as log:
        run_replay(
            build_rules(),
            lambda: events,
            OPTIONS,
            table=table,
            quarantine=log,
            state=folder,
            stop=stop,
            on_progress=hear,
        )
    table.close()
    return told


def read_verdicts(folder: Path) -> list[Verdict]:
    """Return what stands in the verdict table of a folder."""
    table = VerdictTable(folder / "verdicts.sqlite3")
    verdicts = list(table.read())
    table.close()
    return verdicts


def test_a_replay_that_was_stopped_resumes_where_it_was(tmp_path: Path) -> None:
    events = tell_desk(7, 60)
    expected, _ = run(tmp_path / "whole", events, OPTIONS)
    before = replay_part(tmp_path, events, len(events) // 2)
    after = replay_part(tmp_path, events, len(events) + 1)
    assert before[-1] < after[0]
    assert read_verdicts(tmp_path) == expected


def test_a_stop_fires_no_deadline(tmp_path: Path) -> None:
    events = tell_desk(7, 60)
    table = VerdictTable(tmp_path / "verdicts.sqlite3")
    stop = threading.Event()
    stop.set()
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as log:
        run_replay(
            build_rules(),
            lambda: events,
            OPTIONS,
            table=table,
            quarantine=log,
            state=None,
            stop=stop,
        )
    assert list(table.read()) == []
    table.close()


def test_a_replay_tells_its_progress(tmp_path: Path) -> None:
    events = tell_desk(7, 20)
    heard: list[int] = []
    table = VerdictTable(tmp_path / "verdicts.sqlite3")
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as log:
        run_replay(
            build_rules(),
            lambda: events,
            OPTIONS,
            table=table,
            quarantine=log,
            state=None,
            stop=threading.Event(),
            on_progress=lambda count, _: heard.append(count),
        )
    table.close()
    assert heard == sorted(heard)
    assert heard[-1] == len(events)


def test_a_replay_at_a_speed_gives_the_same_verdicts(tmp_path: Path) -> None:
    events = tell_desk(7, 20)
    expected, _ = run(tmp_path / "a", events, ReplayOptions())
    fast, _ = run(tmp_path / "b", events, ReplayOptions(speed=1_000_000.0))
    assert fast == expected


@pytest.mark.parametrize(
    ("zone", "instant", "start"),
    [
        pytest.param("UTC", at(2026, 1, 5, 9, 30), at(2026, 1, 5), id="utc"),
        pytest.param("Europe/Berlin", at(2026, 1, 4, 23, 30), at(2026, 1, 4, 23), id="east"),
        pytest.param(
            "Asia/Kathmandu", at(2026, 1, 4, 18, 20), at(2026, 1, 4, 18, 15), id="quarter"
        ),
        pytest.param("Asia/Kathmandu", at(2026, 1, 4, 18, 10), at(2026, 1, 3, 18, 15), id="before"),
        pytest.param("Europe/Berlin", at(2026, 3, 29, 20), at(2026, 3, 28, 23), id="short-day"),
        pytest.param("Europe/Berlin", at(2026, 10, 25, 20), at(2026, 10, 24, 22), id="long-day"),
    ],
)
def test_the_day_begins_at_local_midnight(zone: str, instant: int, start: int) -> None:
    found = day_starts(zone)
    assert [found(instant), found(instant)] == [start, start]


def test_the_days_of_many_instants_are_not_remembered_for_ever() -> None:
    found = day_starts("UTC")
    quarters = range(0, 3000 * 900_000_000, 900_000_000)
    assert all(found(quarter) % 86_400_000_000 == 0 for quarter in quarters)


def test_a_recovery_store_is_made_once(tmp_path: Path) -> None:
    open_recovery(tmp_path)
    before = sorted(path.name for path in (tmp_path / "recovery").iterdir())
    open_recovery(tmp_path)
    assert sorted(path.name for path in (tmp_path / "recovery").iterdir()) == before != []


def test_the_garbage_collector_is_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with calm_garbage():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_the_shards_snapshots_of_an_epoch_are_added_up() -> None:
    store = Store()
    meter = SnapshotMeter(store, 60)
    meter.note(100, 0.25)
    meter.note(50, 0.25)
    assert sorted(store.read().gauges.values()) == [0.5, 150]
    meter.begin()
    meter.note(7, 1.0)
    assert sorted(store.read().gauges.values()) == [1.0, 7]


@pytest.mark.parametrize(
    ("size", "warnings"),
    [
        pytest.param(monitor.WARN_BYTES_PER_SECOND * 10, 0, id="at-the-limit"),
        pytest.param(monitor.WARN_BYTES_PER_SECOND * 10 + 10, 1, id="over-the-limit"),
    ],
)
def test_snapshots_that_a_disk_suffers_from_are_warned_of(
    size: int, warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    meter = SnapshotMeter(Store(), 10)
    meter.note(size, 1.0)
    with caplog.at_level(logging.WARNING):
        meter.begin()
    assert len(caplog.records) == warnings


def test_the_windows_know_every_goal_as_a_bucket() -> None:
    options = window_options(build_rules(), 16, is_live=True)
    assert {600_000_000, 3_600_000_000} <= set(options.buckets["first_response"])
    assert options.team_labels("l2") == ("north", "2")
    assert (options.shards, options.is_live) == (16, True)
