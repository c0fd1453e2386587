"""The verdict table: every verdict once, by its deterministic id, in SQLite."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import orjson

from flows.told import Told, join_texts, tell
from flows.verdict_schema import open_file
from slawatch.spike import Breach
from slawatch.verdicts import FIELDS, IDENTITY, KINDS, Row, Verdict, render_verdict

FILE_NAME = "verdicts.sqlite3"
FEW = 500
"""From so many verdicts in a commit on they wait together, until fewer come to be filed."""
_TOGETHER = 2000
_INSERT = f"INSERT OR IGNORE INTO filed VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608 - our own names
_HELD = FIELDS.index("held")
_ORDER = ", ".join(IDENTITY)
_IDENTITY = itemgetter(slice(len(IDENTITY)))
_NUL = b"\\u0000"
# A cycle's outcomes are numbered in the order in which they were said: the last one stands.
_BREACHES = """
SELECT DISTINCT at, ticket, target, cycle, channel, priority, team, region, tier, customer_tier,
    policy
FROM verdicts LEFT JOIN (
    SELECT ticket, target, cycle, max(number) AS healed
    FROM verdicts WHERE kind IN ('to_met', 'withdrawn') GROUP BY ticket, target, cycle
) USING (ticket, target, cycle)
WHERE kind IN ('breached', 'to_breached') AND ({spans}) AND number > coalesce(healed, 0)
ORDER BY ticket, target, cycle, number
"""


class VerdictTable:
    """Keep verdicts. One process writes; others may read at the same time."""

    def __init__(self, path: Path, *, is_durable: bool = True, is_tallied: bool = False) -> None:
        """Open or create the table.

        `is_durable` waits for the disk at each commit. `is_tallied` keeps 8 bytes of each verdict
        in memory, for `count` to be quick.
        """
        self.path = path
        self._connection = open_file(path, is_durable=is_durable)
        if is_tallied:  # whoever counts so only appends: pages are not wanted again
            self._connection.execute("PRAGMA cache_size = -16384")
        self._fresh: list[bytes] = []
        self._count = 0
        self._has_unfiled = self._ask("SELECT EXISTS (SELECT 1 FROM unfiled)") == 1
        is_new = not self._has_unfiled and self._ask("SELECT EXISTS (SELECT 1 FROM filed)") == 0
        self._tally = _Tally() if is_tallied and is_new else None

    def _ask(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    def add(self, verdicts: Iterable[Row]) -> None:
        """Add verdicts, those that are known already once more without effect; do not commit."""
        self.write(tell(list(verdicts), is_tallied=self._tally is not None))

    def write(self, told: Told) -> None:
        """Add verdicts that are written down; do not commit."""
        if not told.size:
            return
        if self._tally is not None and not self._tally.add(told):
            self._tally = None
        self._fresh.append(told.text)
        self._count += told.size
        if self._count >= _TOGETHER:
            self._flush()

    def _flush(self) -> None:
        if not self._count:
            return
        together, is_few = join_texts(self._fresh), self._count < FEW
        self._fresh, self._count = [], 0
        if self._has_unfiled or not is_few:
            # SQLite's JSON ends a text at a NUL. To look for one letter first costs a tenth.
            if b"\\" not in together or _NUL not in together:
                values = (together.decode(),)
                self._connection.execute("INSERT INTO unfiled (verdicts) VALUES (?)", values)
                self._has_unfiled = True
                return
            while self.file():
                pass
        self._insert(orjson.loads(together))

    def _insert(self, rows: Iterable[list[Any]]) -> None:
        self._connection.executemany(_INSERT, map(_flatten, rows))

    def file(self) -> bool:
        """File the verdicts that have waited longest, as many as lie together; tell of any."""
        first = "SELECT place, verdicts FROM unfiled ORDER BY place LIMIT 1"
        found = self._connection.execute(first).fetchone() if self._has_unfiled else None
        if found is None:
            self._has_unfiled = False
            return False
        place, together = found
        rows = sorted(orjson.loads(together), key=_IDENTITY)  # near each other in the tree
        self._insert(rows)
        self._connection.execute("DELETE FROM unfiled WHERE place = ?", (place,))
        return True

    def commit(self) -> None:
        """Make what was added last."""
        self._flush()
        self._connection.commit()

    def read(self, ticket: str | None = None) -> Iterator[Verdict]:
        """Yield verdicts in the order of their ids, of one ticket or of all."""
        self._flush()
        where, values = ("", ()) if ticket is None else ("WHERE ticket = ?", (ticket,))
        query = f"SELECT * FROM verdicts {where} ORDER BY {_ORDER}"  # noqa: S608 - our own names
        for row in self._connection.execute(query, values):
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
        self._flush()
        return self._ask("SELECT coalesce(min(at), 0) FROM verdicts")

    def breaches(self, windows: Sequence[tuple[int, int]]) -> list[list[Breach]]:
        """Return the breaches of each window (after its start, up to its end) that still stand."""
        self._flush()
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
        self._flush()
        return self._ask("SELECT coalesce(max(at), 0) FROM verdicts")

    def count(self) -> dict[str, int]:
        """Return how many verdicts there are of each kind."""
        self._flush()
        if self._tally is not None and self._tally.is_exact():
            found: dict[str, int] = self._tally.kinds
        else:
            query = "SELECT kind, count(*) FROM verdicts GROUP BY kind"
            found = dict(self._connection.execute(query).fetchall())
        return {kind: found.get(kind, 0) for kind in KINDS}

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self._connection.close()


class _Tally:
    """Count verdicts as they come: right, as long as none comes twice."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self._hashes = array("q")

    def add(self, told: Told) -> bool:
        """Count them, if that was made ready."""
        self.kinds.update(told.kinds)
        self._hashes.extend(told.hashes or ())
        return told.hashes is not None

    def is_exact(self) -> bool:
        """Tell whether none came twice, or may have."""
        return len(set(self._hashes)) == len(self._hashes)


def _flatten(verdict: Sequence[Any]) -> tuple[object, ...]:
    held = verdict[_HELD]
    return (*verdict[:_HELD], orjson.dumps(held).decode() if held else "")
