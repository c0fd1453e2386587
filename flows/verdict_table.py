"""The verdict table: every verdict once, by its deterministic id, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import orjson

from slawatch.errors import ConfigError
from slawatch.spike import Breach
from slawatch.verdicts import FIELDS, IDENTITY, KINDS, Verdict, render_verdict

FILE_NAME = "verdicts.sqlite3"
FORMAT = 1

_SCHEMA = """
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
_INSERT = f"INSERT OR IGNORE INTO verdicts VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608 - our own names
_HELD = FIELDS.index("held")
# A cycle's outcomes are numbered in the order in which they were said: the last one stands.
_BREACHES = """
SELECT DISTINCT at, ticket, target, cycle, channel, priority, team, region, tier, customer_tier,
    policy
FROM verdicts AS said
WHERE kind IN ('breached', 'to_breached') AND ({spans}) AND NOT EXISTS (
    SELECT 1 FROM verdicts AS later
    WHERE later.ticket = said.ticket AND later.target = said.target AND later.cycle = said.cycle
        AND later.kind IN ('to_met', 'withdrawn') AND later.number > said.number
)
"""


class VerdictTable:
    """Keep verdicts. One process writes; others may read at the same time."""

    def __init__(self, path: Path, *, is_durable: bool = True) -> None:
        """Open or create the table. `is_durable` waits for the disk at each commit."""
        self.path = path
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA page_size = 8192")  # of a new file: fewer splits
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
        self._connection.execute("PRAGMA cache_size = -65536")
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            msg = (
                f"{path} was written by a newer slawatch (format {version}, this one reads up to"
                f" {FORMAT}): start that version, or choose another state folder"
            )
            raise ConfigError(msg)
        self._connection.execute(_SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        self._connection.commit()

    def add(self, verdicts: Iterable[Verdict]) -> None:
        """Add verdicts, those that are known already once more without effect; do not commit."""
        self._connection.executemany(_INSERT, map(_flatten, verdicts))

    def commit(self) -> None:
        """Make what was added last."""
        self._connection.commit()

    def read(self, ticket: str | None = None) -> Iterator[Verdict]:
        """Yield verdicts in the order of their ids, of one ticket or of all."""
        query = "SELECT * FROM verdicts"
        rows = (
            self._connection.execute(query + " WHERE ticket = ?", (ticket,))
            if ticket is not None
            else self._connection.execute(query + f" ORDER BY {', '.join(IDENTITY)}")
        )
        for row in rows:
            held = tuple(tuple(part) for part in orjson.loads(row[_HELD])) if row[_HELD] else ()
            yield Verdict._make((*row[:_HELD], held))

    def export(self, path: Path) -> int:
        """Write all verdicts as JSON lines in the order of their ids; return how many."""
        count = 0
        with path.open("wb") as file:
            for verdict in self.read():
                file.write(orjson.dumps(render_verdict(verdict)) + b"\n")
                count += 1
        return count

    def first_at(self) -> int:
        """Return the earliest instant of any verdict, 0 without any."""
        (at,) = self._connection.execute("SELECT coalesce(min(at), 0) FROM verdicts").fetchone()
        return int(at)

    def breaches(self, windows: Sequence[tuple[int, int]]) -> list[list[Breach]]:
        """Return the breaches of each window (after its start, up to its end) that still stand."""
        found: list[list[Breach]] = [[] for _ in windows]
        spans = " OR ".join(f"(at > {int(start)} AND at <= {int(end)})" for start, end in windows)
        for row in self._connection.execute(_BREACHES.format(spans=spans)):
            breach = Breach._make((row[0], *map(str, row[1:3]), row[3], *map(str, row[4:])))
            for place, (start, end) in enumerate(windows):
                if start < breach.at <= end:
                    found[place].append(breach)
        return found

    def last_at(self) -> int:
        """Return the latest instant of any verdict, 0 without any."""
        (at,) = self._connection.execute("SELECT coalesce(max(at), 0) FROM verdicts").fetchone()
        return int(at)

    def count(self) -> dict[str, int]:
        """Return how many verdicts there are of each kind."""
        rows = self._connection.execute("SELECT kind, count(*) FROM verdicts GROUP BY kind")
        found: dict[str, int] = dict(rows.fetchall())
        return {kind: found.get(kind, 0) for kind in KINDS}

    def close(self) -> None:
        """Commit and close."""
        self._connection.commit()
        self._connection.close()


def _flatten(verdict: Verdict) -> tuple[object, ...]:
    return (*verdict[:_HELD], orjson.dumps(verdict.held).decode() if verdict.held else "")
