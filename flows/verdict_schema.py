"""The verdict table's layout in SQLite, and how an older file is brought to it.

Verdicts are kept as rows of `filed`, or, where many came at once, as JSON rows together in one of
`unfiled`, which costs a tenth. The view `verdicts` shows both as one, each verdict once.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from slawatch.errors import ConfigError
from slawatch.verdicts import FIELDS, IDENTITY

FORMAT = 2
_FIRST_FORMAT = 1

_FILED = """
CREATE TABLE IF NOT EXISTS filed (
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
_UNFILED = """
CREATE TABLE IF NOT EXISTS unfiled (
    place INTEGER PRIMARY KEY,
    verdicts TEXT NOT NULL
)
"""
_MOST_TOGETHER = 1_000_000_000
"""More verdicts than lie together in one row of `unfiled`."""


def open_file(path: Path, *, is_durable: bool) -> sqlite3.Connection:
    """Open or create the file, in the layout of this version."""
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA page_size = 16384")  # of a new file: fewer splits, longer writes
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
    connection.execute("PRAGMA cache_size = -65536")
    version = _read_version(connection)
    if version > FORMAT:
        raise ConfigError(
            f"{path} was written by a newer slawatch (format {version}, this one reads up to"
            f" {FORMAT}): start that version, or choose another state folder"
        )
    if version < FORMAT:
        _bring_up(connection)
    return connection


def _read_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _bring_up(connection: sqlite3.Connection) -> None:
    """Lay out a new file, or let the rows of format 1 stay where they are under their new name."""
    connection.execute("BEGIN IMMEDIATE")
    if _read_version(connection) <= _FIRST_FORMAT:  # else another process was first
        if connection.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'verdicts'"
        ).fetchone():
            connection.execute("ALTER TABLE verdicts RENAME TO filed")
        connection.execute(_FILED)
        connection.execute(_UNFILED)
        connection.execute(_render_view())
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.commit()


def _render_view() -> str:
    """Return the view of all verdicts; of one that was told twice the first stands."""
    values = [f"json_extract(value, '$[{place}]')" for place in range(len(FIELDS))]
    held = values[-1]
    values[-1] = f"CASE {held} WHEN '[]' THEN '' ELSE {held} END"
    fields = ", ".join(FIELDS)
    told = ", ".join(f"{value} AS {name}" for value, name in zip(values, FIELDS, strict=True))
    same = " AND ".join(f"filed.{name} = told.{name}" for name in IDENTITY)
    # SQLite's min() picks the row whose other columns are shown.
    return f"""
CREATE VIEW verdicts AS
SELECT {fields} FROM filed
UNION ALL
SELECT {fields} FROM (
    SELECT {told}, min(place * {_MOST_TOGETHER} + key)
    FROM unfiled, json_each(verdicts)
    GROUP BY {", ".join(str(number + 1) for number in range(len(IDENTITY)))}
) AS told
WHERE NOT EXISTS (SELECT 1 FROM filed WHERE {same})
"""  # noqa: S608 - our own names
