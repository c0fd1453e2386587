"""`slawatch connectors redecode`: a mended decoder, and what it changes."""

from __future__ import annotations

from pathlib import Path

from connectors.intake import Pending
from connectors.log_sqlite import FILE_NAME, SqliteLog
from connectors.marks import Marks, read_marks
from connectors.state_folder import lock_state_folder
from connectors.wall import WallClock
from tests.cli.commands import call, is_told


def write_log(folder: Path) -> None:
    with SqliteLog(folder / FILE_NAME, WallClock()) as log:
        log.append([Pending("acme", "1", b"{}"), Pending("crm", "1", b"{}")])


def test_a_sources_records_are_told_once_more(tmp_path: Path) -> None:
    write_log(tmp_path)
    result = call("connectors", "redecode", "acme", "--state", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith("1 records of acme stand in the log once more, as revision 3.")
    with SqliteLog(tmp_path / FILE_NAME, WallClock()) as log:
        found = [(r.source, *read_marks(r.body)) for r in log.read_after(2, 10)]
    assert found == [("acme", Marks(3), b"{}"), ("acme", Marks(3, since=0), b"{}")]


def test_what_others_told_of_its_tickets_is_told_again(tmp_path: Path) -> None:
    said = '"event_id": "e", "ticket_id": "1", "type": "note", "occurred_at": 1767603600000'
    bodies = [f'{{{said}, "source": "acme"}}'.encode(), f"{{{said}}}".encode()]
    with SqliteLog(tmp_path / FILE_NAME, WallClock()) as log:
        log.append([Pending("acme", "1", b"{}")])
        log.append([Pending("crm", str(number), body) for number, body in enumerate(bodies)])
    assert call("connectors", "redecode", "acme", "--state", tmp_path).exit_code == 0
    with SqliteLog(tmp_path / FILE_NAME, WallClock()) as log:
        found = [(r.source, read_marks(r.body)[1]) for r in log.read_after(3, 10)]
    assert found == [("acme", b"{}"), ("crm", bodies[0]), ("acme", b"{}")]


def test_a_running_monitor_is_to_be_stopped_first(tmp_path: Path) -> None:
    write_log(tmp_path)
    with lock_state_folder(tmp_path):
        result = call("connectors", "redecode", "acme", "--state", tmp_path)
    assert is_told(result)
    assert "in use" in result.stderr


def test_a_source_without_records_is_told(tmp_path: Path) -> None:
    write_log(tmp_path)
    result = call("connectors", "redecode", "acme", "--from", 2, "--state", tmp_path)
    assert is_told(result)
    assert "no record of source 'acme'" in result.stderr


def test_a_folder_without_a_monitor_is_told(tmp_path: Path) -> None:
    assert is_told(call("connectors", "redecode", "acme", "--state", tmp_path))
