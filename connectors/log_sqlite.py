"""The intake log in one SQLite file: the embedded default, on a local disk, with one writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from connectors.intake import COMMIT_BOUND_US, AppendResult, Pending, Record, Rejected
from connectors.stamp import Stamp, StampFile
from connectors.wall import WallClock
from slawatch.errors import ConfigError, ConnectorError

FILE_NAME = "intake.sqlite3"
STAMP_SUFFIX = ".stamp"
VERSION = 1

_TRIM_CHUNK = 2_000  # records a commit: an append that waits behind a trim waits milliseconds
_DEAD_AFTER_US = 250_000  # a stamp that stands so long is looked at: its writer may have died
_WAL_KEPT_BYTES = 64 * 1024 * 1024  # what a burst leaves of the write-ahead log's file

# AUTOINCREMENT: a number that was trimmed is never given out again. A duplicate leaves a gap.
_SCHEMA = (
    """CREATE TABLE log (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        received_at INTEGER NOT NULL,
        source TEXT NOT NULL,
        dedup TEXT NOT NULL,
        body BLOB NOT NULL,
        complete_to INTEGER,
        UNIQUE (source, dedup)
    ) STRICT""",
    """CREATE TABLE quarantine (
        key TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        body BLOB NOT NULL,
        reason TEXT NOT NULL,
        message TEXT NOT NULL,
        received_at INTEGER NOT NULL
    ) STRICT""",
    f"PRAGMA user_version = {VERSION}",
)
# Not INSERT OR IGNORE, which would also swallow a row that breaks another rule of the table.
_INSERT = """INSERT INTO log (received_at, source, dedup, body, complete_to)
    VALUES (?, ?, ?, ?, ?) ON CONFLICT (source, dedup) DO NOTHING"""
_QUARANTINE = """INSERT INTO quarantine (key, source, body, reason, message, received_at)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING"""


class SqliteLog:
    """Be an `IntakeLog` and a `Quarantine` on one file (write-ahead log, `synchronous=FULL`).

    Safe for any thread of any process of one machine: one process may append what another reads.
    """

    def __init__(
        self,
        path: Path,
        wall: WallClock,
        *,
        max_backlog: int | None = None,
        before_commit: Callable[[], object] = lambda: None,
    ) -> None:
        """Open or make the file; `before_commit` runs in the writer, records written, not seen.

        Appends are refused while the flow has `max_backlog` records still to read. Raises
        `ConfigError` when the file cannot be used, or holds records stamped over five minutes
        ahead of this machine's clock.
        """
        self.path = path
        self._wall = wall
        self._max_backlog = max_backlog
        self._before_commit = before_commit
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._prober_lock = threading.Lock()
        self._open()
        try:
            self._bury_dead_append()
            wall.not_before(self.last()[1], f"intake log {str(path)!r}")
            wall.not_before(self._stamp.read().claimed_at, f"stamp {str(self._stamp.path)!r}")
        except BaseException:
            self.close()
            raise

    def append(self, records: Sequence[Pending]) -> AppendResult:
        """Store the records in one commit."""
        return self.append_groups([records])[0]

    def append_groups(self, groups: Sequence[Sequence[Pending]]) -> list[AppendResult]:
        """Store several senders' records in one commit, all with one `received_at`."""
        with self._transaction("append"):
            self._check_backlog()
            with self._stamped() as at:
                counts = [
                    self._writer.executemany(
                        _INSERT, [(at, source, key, body, to) for source, key, body, to in records]
                    ).rowcount
                    for records in groups
                ]
                last_seq = _last(self._writer)[0]
                self._before_commit()
                self._writer.execute("COMMIT")
        return [
            AppendResult(count, len(records) - count, last_seq)
            for records, count in zip(groups, counts, strict=True)
        ]

    def append_history(self, records: Sequence[tuple[int, Pending]]) -> int:
        """Store what happened before the log began, each record with a `received_at` of its own.

        Only while nobody reads: the time they tell is behind the clock. A stamp is raised to the
        last one's, so that it never falls. Returns how many were new.
        """
        with self._transaction("append"):
            last_at = _last(self._writer)[1]
            rows = []
            for at, (source, key, body, to) in records:
                last_at = max(last_at, at)
                rows.append((last_at, source, key, body, to))
            count = self._writer.executemany(_INSERT, rows).rowcount
            self._writer.execute("COMMIT")
        return count

    def in_flight_at(self) -> int | None:
        """Return the stamp of the append that is not yet visible, if there is one."""
        return self._stamp.read().in_flight_at or None

    def backlog(self) -> int:
        """Return how many records the flow has still to read, at most."""
        with self._read_lock, self._foreign_errors("read"):
            return _backlog(self._reader, self._stamp.read())

    def tick_before_read(self) -> int:
        """Return the L that the next read may claim if it comes back short or empty.

        The stamp of an append that outlasts the bound holds it back, in whichever process it is;
        if that process died, only until somebody has looked.
        """
        tick, stamp = self._stamp.claim(self._wall.now, COMMIT_BOUND_US)
        if stamp.in_flight_at and self._wall.now() - stamp.in_flight_at > _DEAD_AFTER_US:
            self._bury_dead_append()
        return tick

    def note_read(self, seq: int) -> None:
        """Tell how far the flow has read."""
        self._stamp.note_read(seq)

    def keep_claims(self) -> None:
        """Put what was claimed on the disk, before a snapshot rests on it."""
        self._stamp.sync()

    def read_after(self, seq: int, limit: int) -> list[Record]:
        """Return up to `limit` records that follow `seq`, in order."""
        with self._read_lock, self._foreign_errors("read"):
            rows = self._reader.execute(
                "SELECT seq, received_at, source, body, complete_to FROM log "
                "WHERE seq > ? ORDER BY seq LIMIT ?",
                (seq, limit),
            ).fetchall()
        return list(map(Record._make, rows))

    def last(self) -> tuple[int, int]:
        """Return `seq` and `received_at` of the last record, or (0, 0)."""
        with self._read_lock, self._foreign_errors("read"):
            return _last(self._reader)

    def first_seq_at(self, received_at: int) -> int:
        """Return the `seq` before which every record was received before an instant.

        It is what a trim by age asks for; `received_at` rises with `seq`, so no index is needed.
        """
        with self._read_lock, self._foreign_errors("read"):
            low, high = 1, _last(self._reader)[0] + 1
            while low < high:
                middle = (low + high) // 2
                seq, at = self._reader.execute(
                    "SELECT seq, received_at FROM log WHERE seq >= ? ORDER BY seq LIMIT 1",
                    (middle,),
                ).fetchone()
                if at < received_at:
                    low = seq + 1
                else:
                    high = middle
        return low

    def trim(self, before_seq: int) -> int:
        """Forget the records before `before_seq`, but never the last, and return how many went.

        The caller keeps what the oldest resumable snapshot would read next. A delivery that
        comes again after its record went is stored as new.
        """
        trimmed = 0
        before_seq = min(before_seq, self.last()[0])  # the last record holds the last received_at
        while True:
            with self._transaction("trim"):
                count = self._writer.execute(
                    "DELETE FROM log WHERE seq IN "
                    "(SELECT seq FROM log WHERE seq < ? ORDER BY seq LIMIT ?)",
                    (before_seq, _TRIM_CHUNK),
                ).rowcount
                self._writer.execute("COMMIT")
            trimmed += count
            if count < _TRIM_CHUNK:
                return trimmed

    def quarantine(self, rows: Sequence[Rejected]) -> int:
        """Store the rows whose key is new, in one commit, and return how many were."""
        with self._transaction("quarantine"):
            count = self._writer.executemany(_QUARANTINE, rows).rowcount
            self._writer.execute("COMMIT")
        return count

    def quarantined(self, limit: int = 100) -> list[Rejected]:
        """Return the rows in quarantine, newest first."""
        with self._read_lock, self._foreign_errors("read"):
            rows = self._reader.execute(
                "SELECT key, source, body, reason, message, received_at FROM quarantine "
                "ORDER BY rowid DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return list(map(Rejected._make, rows))

    def trim_quarantine(self, before_at: int) -> int:
        """Forget the quarantined rows received before an instant and return how many went."""
        with self._transaction("trim"):
            count = self._writer.execute(
                "DELETE FROM quarantine WHERE received_at < ?", (before_at,)
            ).rowcount
            self._writer.execute("COMMIT")
        return count

    def close(self) -> None:
        """Close the file once running calls are done; what is committed stays."""
        with self._write_lock, self._read_lock, self._prober_lock:
            for connection in (self._reader, self._writer, self._prober):
                connection.close()
            self._stamp.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    @contextmanager
    def _transaction(self, doing: str) -> Iterator[None]:
        """Hold the one writer's place; the body commits, anything raised rolls back."""
        with self._write_lock, self._foreign_errors(doing):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def _stamped(self) -> Iterator[int]:
        """Take `received_at` and show it to `tick_before_read` until the commit is visible."""
        stamp = self._stamp.begin_append(self._wall.now)
        try:
            yield stamp.in_flight_at
        finally:
            self._stamp.end_append(stamp.append_number)

    def _check_backlog(self) -> None:
        if self._max_backlog is None:
            return
        backlog = _backlog(self._writer, self._stamp.read())
        if backlog >= self._max_backlog:
            raise ConnectorError(
                f"the flow is behind: it has {backlog} records still to read, "
                f"intake.max_backlog is {self._max_backlog}"
            )

    def _bury_dead_append(self) -> None:
        """Take away the stamp of an append whose process died in it.

        Who gets the write lock knows that no append is under way.
        """
        stamp = self._stamp.read()
        if not stamp.in_flight_at:
            return
        with self._prober_lock:
            try:
                self._prober.execute("BEGIN IMMEDIATE")
                # The write-ahead log may hold all that the dead had written, unknown to those who
                # read now, and found by whoever opens the file after a crash. This writes over it.
                self._prober.execute(f"PRAGMA user_version = {VERSION}")
                self._prober.execute("COMMIT")
            except sqlite3.OperationalError:  # an append is under way, or the disk is full
                if self._prober.in_transaction:
                    self._prober.execute("ROLLBACK")
                return
        self._stamp.end_append(stamp.append_number)

    def _open(self) -> None:
        self._stamp = StampFile(self.path.with_suffix(STAMP_SUFFIX))
        with ExitStack() as undo:
            undo.callback(self._stamp.close)
            try:
                with self._stamp.alone():  # two processes may find no file at the same time
                    self._writer = undo.enter_context(closing(_open(self.path)))
                    _prepare(self._writer, self.path)
                self._reader = undo.enter_context(closing(_open(self.path)))
                self._prober = undo.enter_context(closing(_open(self.path)))
                self._prober.execute("PRAGMA busy_timeout = 0")
            except sqlite3.Error as ex:
                raise ConfigError(f"intake log {str(self.path)!r} cannot be opened: {ex}") from ex
            undo.pop_all()

    @contextmanager
    def _foreign_errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as ex:
            # Its subclasses but the operational one say that the caller's values are wrong.
            if type(ex) in (sqlite3.OperationalError, sqlite3.DatabaseError):
                raise ConnectorError(f"intake log {str(self.path)!r}: cannot {doing}: {ex}") from ex
            raise


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # an acknowledged record survives power loss
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise ConfigError(
            f"intake log {str(path)!r} has format {version}, written by a newer slawatch: "
            f"this one reads up to {VERSION}"
        )
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            connection.execute(statement)
        connection.execute("COMMIT")


def _last(connection: sqlite3.Connection) -> tuple[int, int]:
    row = connection.execute(
        "SELECT seq, received_at FROM log ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def _backlog(connection: sqlite3.Connection, stamp: Stamp) -> int:
    first = connection.execute("SELECT seq FROM log ORDER BY seq LIMIT 1").fetchone()
    return 0 if first is None else _last(connection)[0] - max(stamp.read_seq, int(first[0]) - 1)
