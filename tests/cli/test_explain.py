"""`slawatch explain`: one ticket's timeline, from a log or from the monitor's state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.intake import Pending
from connectors.log_sqlite import FILE_NAME, SqliteLog
from connectors.wall import WallClock
from flows.desk_file import Desk, keep_desk
from tests.cli.commands import START_MS, call, is_told, read_json, write_log, write_policy

ROWS = (
    ("7", "created", 0),
    ("7", "replied", 10),
    ("8", "created", 5),
    ("9", "created", 2000),
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.jsonl", *ROWS)


def test_a_tickets_timeline_for_machines(log: Path, policy: Path) -> None:
    entries = read_json(call("explain", "7", "--log", log, "--policy", policy, "--json"))
    assert [(row["what"], row["target"], row["word"]) for row in entries] == [
        ("act", "", "created"),
        ("clock", "first_response", "started"),
        ("clock", "resolution", "started"),
        ("act", "", "replied"),
        ("clock", "first_response", "stopped"),
        ("verdict", "first_response", "met"),
        ("clock", "resolution", "breached"),
        ("verdict", "resolution", "breached"),
    ]
    assert entries[0]["at"] == START_MS * 1000


def test_a_tickets_timeline_for_people(log: Path, policy: Path) -> None:
    told = call("explain", "file/7", "--log", log, "--policy", policy).stdout
    assert told.startswith("file/7 as of 2026-01-06 18:20:00.000 UTC")
    assert "09:10:00.000" in told
    assert "first_response #1" in told
    assert "policy all" in told


def test_a_log_is_explained_up_to_its_end_as_a_replay_judges_it(log: Path, policy: Path) -> None:
    entries = read_json(call("explain", "8", "--log", log, "--policy", policy, "--json"))
    verdicts = [(row["target"], row["word"]) for row in entries if row["what"] == "verdict"]
    assert verdicts == [("first_response", "breached"), ("resolution", "breached")]


def test_an_unknown_ticket_is_told_with_where_it_was_looked_for(log: Path, policy: Path) -> None:
    result = call("explain", "4711", "--log", log, "--policy", policy)
    assert is_told(result)
    assert f"no event of ticket '4711' in '{log}': give its id, or source/id" in result.stderr


def test_one_id_in_several_sources_must_be_told_apart(policy: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    one = write_log(tmp_path / "one.jsonl", ("7", "created", 0)).read_text("utf-8")
    other = write_log(tmp_path / "other.jsonl", ("7", "created", 0), source="mail")
    path.write_text(one + other.read_text("utf-8"), "utf-8")
    result = call("explain", "7", "--log", path, "--policy", policy)
    assert is_told(result)
    assert "give one of file/7, mail/7" in result.stderr
    assert call("explain", "mail/7", "--log", path, "--policy", policy).exit_code == 0


def test_the_monitors_own_log_is_read_from_its_state(tmp_path: Path, policy: Path) -> None:
    row = {"event_id": "1", "ticket_id": "7", "type": "created", "occurred_at": START_MS}
    body = json.dumps({**row, "priority": "urgent", "channel": "email"}).encode()
    with SqliteLog(tmp_path / FILE_NAME, WallClock()) as log:
        log.append([Pending("desk", "1", body), Pending("desk", "2", b"{")])
    entries = read_json(call("explain", "7", "--state", tmp_path, "--policy", policy, "--json"))
    assert ("verdict", "breached") in {(row["what"], row["word"]) for row in entries}


def test_a_ticket_is_judged_by_the_policies_that_the_monitor_ran_with(
    tmp_path: Path, policy: Path
) -> None:
    keep_desk(tmp_path, Desk(0, 16, (str(policy),)))
    row = {"event_id": "1", "ticket_id": "7", "type": "created", "occurred_at": START_MS}
    body = json.dumps({**row, "priority": "urgent", "channel": "email"}).encode()
    with SqliteLog(tmp_path / FILE_NAME, WallClock()) as log:
        log.append([Pending("desk", "1", body)])
    entries = read_json(call("explain", "7", "--state", tmp_path, "--json"))
    assert any("policy all" in row["detail"] for row in entries)


def test_a_folder_without_a_monitor_is_told(tmp_path: Path) -> None:
    result = call("explain", "7", "--state", tmp_path / "nowhere")
    assert is_told(result)
    assert "no monitor has run in" in result.stderr
    assert not (tmp_path / "nowhere").exists()


def test_text_of_a_ticket_is_not_taken_for_markup(policy: Path, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", ("[red]7[/]", "created", 0), team="[bold]x")
    told = call("explain", "[red]7[/]", "--log", log, "--policy", policy).stdout
    assert "file/[red]7[/]" in told
    assert "[bold]x" in told
