"""The verdict table's layout: what operators query, and files of older and newer versions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from flows.verdict_schema import FORMAT, open_file
from flows.verdict_table import VerdictTable
from slawatch.errors import ConfigError
from slawatch.verdicts import Verdict
from tests.rules import DAY, created, judge

FIRST = """
CREATE TABLE IF NOT EXISTS verdicts (
    ticket TEXT NOT NULL,
    target TEXT NOT NULL,
    cycle INTEGER NOT NULL,
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    stopped_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    breach_at INTEGER NOT NULL,
    goal_us INTEGER NOT NULL,
    elapsed_us INTEGER NOT NULL,
    wall_us INTEGER NOT NULL,
    level TEXT NOT NULL,
    channel TEXT NOT NULL,
    priority TEXT NOT NULL,
    team TEXT NOT NULL,
    tier INTEGER NOT NULL,
    region TEXT NOT NULL,
    customer_tier TEXT NOT NULL,
    assignee TEXT NOT NULL,
    policy TEXT NOT NULL,
    reason TEXT NOT NULL,
    held TEXT NOT NULL,
    PRIMARY KEY (ticket, target, cycle, kind, number)
) WITHOUT ROWID
"""
INSERT = "INSERT INTO verdicts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
ROW = ("desk/1", "fix", 1, "breached", 1, 60, 10, 0, 50, 60, 40, 40, 50, "")
LABELS = ("email", "high", "l1", 1, "north", "gold", "ann", "general", "")


def write_first(path: Path) -> Verdict:
    """Write a file as format 1 was, and return the verdict in it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(FIRST)
        connection.execute(INSERT, (*ROW, *LABELS, '[["l1",50,40]]'))
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return Verdict._make((*ROW, *LABELS, (("l1", 50, 40),)))


def test_a_newer_table_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(ConfigError, match=rf"newer slawatch \(format {FORMAT + 1}"):
        open_file(path, is_durable=True)


def test_the_columns_are_a_format(tmp_path: Path) -> None:
    with closing(open_file(tmp_path / "verdicts.sqlite3", is_durable=True)) as rows:
        names = [row[1] for row in rows.execute("PRAGMA table_info(verdicts)")]
        kept = [row[1] for row in rows.execute("PRAGMA table_info(filed)")]
    assert names == kept == list(Verdict._fields)
    assert FORMAT == 2


def test_a_table_of_format_1_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite3"
    old = write_first(path)
    new = judge([created(key="desk/2")], DAY)[1].verdicts
    with closing(VerdictTable(path)) as table:
        assert list(table.read()) == [old]
        table.add([old._replace(at=0), *new])
    with closing(VerdictTable(path)) as table:
        assert list(table.read()) == [old, *sorted(new, key=lambda verdict: verdict[:5])]


def test_a_table_whose_making_was_cut_short_is_made(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(FIRST)  # and no version yet
    with closing(VerdictTable(path)) as table:
        assert list(table.read()) == []


def test_an_old_table_is_brought_up_once_by_two_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite3"
    old = write_first(path)
    with closing(VerdictTable(path)) as one, closing(VerdictTable(path)) as other:
        assert list(one.read()) == list(other.read()) == [old]
