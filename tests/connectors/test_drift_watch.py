"""Drift in the intake log: counted once, kept, bounded, named without values."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from connectors.drift_watch import FILE_NAME, MAX_FIELDS, SAMPLE, DriftWatch
from connectors.intake import Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock

BASELINES = {"acme": frozenset({"id (number)"})}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as opened:
        yield opened


def watch(log: SqliteLog, folder: Path) -> DriftWatch:
    """Return a watch that has begun."""
    found = DriftWatch(log, BASELINES, folder)
    found.look()
    return found


def append(log: SqliteLog, *bodies: object, source: str = "acme") -> None:
    first = log.last()[0]
    log.append(
        [Pending(source, str(n), orjson.dumps(body)) for n, body in enumerate(bodies, first)]
    )


def test_a_new_field_is_counted_once(log: SqliteLog, tmp_path: Path) -> None:
    drift = watch(log, tmp_path)
    assert drift.read() == {("acme",): 0}
    append(log, {"id": 1, "colour": "red"}, {"id": 2, "colour": "blue"}, {"id": "3"})
    drift.look()
    drift.look()
    assert drift.read() == {("acme",): 2}


def test_what_was_seen_is_known_after_a_restart(log: SqliteLog, tmp_path: Path) -> None:
    drift = watch(log, tmp_path)
    append(log, {"colour": "red"})
    drift.look()
    again = watch(log, tmp_path)
    append(log, {"colour": "blue"})
    again.look()
    assert again.read() == {("acme",): 0}


def test_the_warning_names_fields_and_no_values(
    log: SqliteLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    drift = watch(log, tmp_path)
    append(log, {"colour": "secret"})
    drift.look()
    assert "source=acme count=1 fields=colour (text)" in caplog.text
    assert "secret" not in caplog.text
    assert "secret" not in (tmp_path / FILE_NAME).read_text()


def test_sources_without_golden_bodies_are_left_alone(log: SqliteLog, tmp_path: Path) -> None:
    drift = watch(log, tmp_path)
    append(log, {"colour": "red"}, source="crm")
    drift.look()
    assert drift.read() == {("acme",): 0}


def test_of_a_burst_the_newest_are_looked_at(log: SqliteLog, tmp_path: Path) -> None:
    drift = watch(log, tmp_path)
    append(log, {"early": 1}, *[{"id": 1}] * (SAMPLE - 1), {"late": 1})
    drift.look()
    assert drift.read() == {("acme",): 1}


def test_what_is_kept_of_a_source_is_bounded(log: SqliteLog, tmp_path: Path) -> None:
    drift = watch(log, tmp_path)
    append(log, *({f"f{n}_{k}": 1 for k in range(60)} for n in range(50)))
    drift.look()
    assert drift.read() == {("acme",): MAX_FIELDS}


def test_a_file_that_cannot_be_read_is_learnt_anew(log: SqliteLog, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("[1")
    drift = watch(log, tmp_path)
    append(log, {"colour": "red"})
    drift.look()
    assert drift.read() == {("acme",): 1}
