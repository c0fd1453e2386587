"""A followed CSV: each line is stored with its columns, over rotations and restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.payload import Payload, unpack_payload
from connectors.pump import Pump
from connectors.transports.table import COLUMNS_HEADER, OPTIONS, build_follow
from connectors.wall import WallClock
from slawatch.errors import ConfigError


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "log.sqlite", WallClock()) as opened:
        yield opened


def grow(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def follow(log: SqliteLog, path: Path, count: int, mapping: str | None = "servicenow") -> None:
    """Follow a file until that many records are stored."""
    followed = build_follow({"path": str(path), "mapping": mapping}, ())
    with LogWriter(log) as writer:
        position = path.with_name("position.json")
        pump = Pump("p", lambda stop: followed.pump(writer, "crm", stop, position))
        deadline = time.monotonic() + 20
        while len(log.read_after(0, 100)) < count and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        while not position.exists() and time.monotonic() < deadline:
            threading.Event().wait(0.01)
        pump.stop()
    assert pump.error is None


def stored(log: SqliteLog) -> list[tuple[bytes, str | None]]:
    """Return the lines and their columns."""
    payloads = [unpack_payload(record.body) for record in log.read_after(0, 100)]
    return [(payload.body, payload.headers.get(COLUMNS_HEADER)) for payload in payloads]


def test_each_line_is_stored_with_the_columns_of_its_file(log: SqliteLog, tmp_path: Path) -> None:
    path = tmp_path / "crm.csv"
    grow(path, "a,b\n1,2\n")
    follow(log, path, 2)
    assert stored(log) == [(b"a,b", "a,b"), (b"1,2", "a,b")]


def test_a_restart_in_the_middle_knows_the_columns(log: SqliteLog, tmp_path: Path) -> None:
    path = tmp_path / "crm.csv"
    grow(path, "a,b\n1,2\n")
    follow(log, path, 2)
    grow(path, "3,4\n")
    follow(log, path, 3)
    assert stored(log)[2:] == [(b"3,4", "a,b")]


def test_a_file_after_a_rotation_has_columns_of_its_own(log: SqliteLog, tmp_path: Path) -> None:
    path = tmp_path / "crm.csv"
    grow(path, "a,b\n1,2\n")
    follow(log, path, 2)
    path.rename(tmp_path / "crm.csv.1")
    grow(tmp_path / "crm.csv.1", "3,4\n")
    grow(path, "b,a\n6,5\n")
    follow(log, path, 5)
    assert stored(log)[2:] == [(b"3,4", "a,b"), (b"b,a", "b,a"), (b"6,5", "b,a")]


def test_native_lines_stand_alone(log: SqliteLog, tmp_path: Path) -> None:
    path = tmp_path / "desk.jsonl"
    grow(path, '{"ticket_id": "1"}\n')
    follow(log, path, 1, mapping=None)
    assert [unpack_payload(r.body) for r in log.read_after(0, 9)] == [
        Payload(b'{"ticket_id": "1"}')
    ]


@pytest.mark.parametrize(
    "options", [{}, {"path": 7}, {"path": ""}, {"path": "x", "mapping": 7}], ids=str
)
def test_options_that_name_no_file_stop_the_start(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="option"):
        build_follow({**OPTIONS, **options}, ())
