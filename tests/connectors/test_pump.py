import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.files import MAX_LINE_BYTES, parse_oversize
from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.pump import Pump, load_position, pump_stdin, pump_tail, save_position
from connectors.tail import FileTail
from connectors.wall import WallClock
from slawatch.errors import ConfigError


@pytest.fixture
def failures() -> list[sqlite3.Error]:
    return []


@pytest.fixture
def log(tmp_path: Path, failures: list[sqlite3.Error]) -> Iterator[SqliteLog]:
    def fail() -> None:
        if failures:
            raise failures.pop()

    with SqliteLog(tmp_path / "intake.sqlite3", WallClock(), before_commit=fail) as opened:
        yield opened


@pytest.fixture
def writer(log: SqliteLog) -> Iterator[LogWriter]:
    with LogWriter(log) as opened:
        yield opened


def bodies(log: SqliteLog) -> list[bytes]:
    return [record.body for record in log.read_after(0, 1_000)]


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "waited 5 s in vain"
        time.sleep(0.005)


def start_tail(path: Path, writer: LogWriter, positions: Path) -> Pump:
    tail = FileTail(path, load_position(positions))
    return Pump("desk", lambda stop: pump_tail(tail, writer, "desk", stop, positions))


def test_a_growing_file_is_stored_line_by_line(
    tmp_path: Path, log: SqliteLog, writer: LogWriter
) -> None:
    path = tmp_path / "log.jsonl"
    pump = start_tail(path, writer, tmp_path / "position")
    path.write_bytes(b"{}\n\n")
    wait_for(lambda: bodies(log) == [b"{}"])
    with path.open("ab") as file:
        file.write(b"[]\n")
    wait_for(lambda: bodies(log) == [b"{}", b"[]"])
    pump.stop()
    assert (log.read_after(0, 1)[0].source, pump.error) == ("desk", None)


def test_a_tail_that_forgot_its_position_stores_nothing_twice(
    tmp_path: Path, log: SqliteLog, writer: LogWriter
) -> None:
    path, positions = tmp_path / "log.jsonl", tmp_path / "position"
    path.write_bytes(b"a\nb\n")
    pump = start_tail(path, writer, positions)
    wait_for(positions.exists)
    pump.stop()
    positions.unlink()
    with path.open("ab") as file:
        file.write(b"c\n")
    pump = start_tail(path, writer, positions)
    wait_for(positions.exists)
    pump.stop()
    assert bodies(log) == [b"a", b"b", b"c"]


def test_standard_input_is_stored_to_its_last_cut_line(log: SqliteLog, writer: LogWriter) -> None:
    ours, theirs = os.pipe()
    pump = Pump("stdin", lambda stop: pump_stdin(writer, "stdin", stop, descriptor=ours))
    os.write(theirs, b"a\n\na\nb")
    wait_for(lambda: bodies(log) == [b"a", b"a"])
    os.close(theirs)
    wait_for(lambda: not pump.is_running)
    os.close(ours)
    assert (bodies(log), pump.error) == ([b"a", b"a", b"b"], None)


def test_two_runs_of_standard_input_do_not_shadow_each_other(
    log: SqliteLog, writer: LogWriter
) -> None:
    for _ in range(2):
        ours, theirs = os.pipe()
        os.write(theirs, b"a\n")
        os.close(theirs)
        pump_stdin(writer, "stdin", threading.Event(), descriptor=ours)
        os.close(ours)
    assert bodies(log) == [b"a", b"a"]


def test_an_idle_standard_input_can_be_stopped(writer: LogWriter) -> None:
    ours, theirs = os.pipe()
    pump = Pump("stdin", lambda stop: pump_stdin(writer, "stdin", stop, descriptor=ours))
    pump.stop()
    os.close(ours)
    os.close(theirs)
    assert not pump.is_running


def test_an_over_long_line_is_stored_as_its_head(
    tmp_path: Path, log: SqliteLog, writer: LogWriter
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"x" * (MAX_LINE_BYTES + 1) + b"\n")
    pump = start_tail(path, writer, tmp_path / "position")
    wait_for(lambda: log.last()[0] == 1)
    pump.stop()
    found = parse_oversize(bodies(log)[0])
    assert found is not None
    assert found.length == MAX_LINE_BYTES + 1


def test_a_store_that_fails_for_a_while_costs_no_line(
    tmp_path: Path, log: SqliteLog, writer: LogWriter, failures: list[sqlite3.Error]
) -> None:
    failures.append(sqlite3.OperationalError("database or disk is full"))
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"a\nb\n")
    pump = start_tail(path, writer, tmp_path / "position")
    wait_for(lambda: bodies(log) == [b"a", b"b"])
    pump.stop()


def test_what_ends_a_pump_is_kept() -> None:
    def fail(_: threading.Event) -> None:
        raise ValueError("bug")

    pump = Pump("desk", fail)
    wait_for(lambda: not pump.is_running)
    assert repr(pump.error) == "ValueError('bug')"


def test_a_saved_position_comes_back(tmp_path: Path) -> None:
    position = {"inode": 1, "offset": 2, "mark_bytes": 2, "mark": 3}
    save_position(tmp_path / "p", position)
    assert load_position(tmp_path / "p") == position


@pytest.mark.parametrize("text", ["", "[]", '{"inode": 1', '{"inode": 1}'])
def test_a_spoilt_position_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "p").write_text(text)
    with pytest.raises(ConfigError, match=r"tail position '.*p'"):
        load_position(tmp_path / "p")
