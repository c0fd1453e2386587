"""Tickets of conversations: a thread that never ends is cut into sessions, a ticket each.

A decoder marks the ticket of such a system as a `Thread`; the sessions decide, in the order of the
log, to which ticket an act belongs. docs/explanation/conversations.md says why here, and how.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from connectors.opaque import Opaque, hide
from slawatch.errors import ConfigError, EventError
from slawatch.events import hash_id
from slawatch.parsing import parse_instant

FILE_NAME = "sessions.sqlite3"
DEFAULT_GAP_SECONDS = 86_400.0
"""A day: WhatsApp's and WeCom's own windows of service are of 24 and 48 hours."""

_ENDS = frozenset(("resolved", "closed", "abandoned", "deleted"))
_ASSERTED = ("channel", "priority", "team", "region", "customer_tier", "category", "tags")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
  source TEXT, thread TEXT, started_at INTEGER, last_at INTEGER, closed_at INTEGER,
  PRIMARY KEY (source, thread, started_at)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS acts (
  source TEXT, act BLOB, started_at INTEGER, is_first INTEGER, ended_at INTEGER, ended INTEGER,
  PRIMARY KEY (source, act)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Thread(Opaque):
    """Mark a `ticket_id` as a conversation with a person, of which sessions make tickets."""


class _Session(NamedTuple):
    started_at: int
    last_at: int
    closed_at: int | None


class _Place(NamedTuple):
    """Be what was decided of an act; `ended` is the session that its coming ended, if any."""

    started_at: int
    is_first: bool
    ended: int | None
    ended_at: int | None


class Sessions:
    """Decide once for each act to which session it belongs, and remember it by the act's id."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the decisions of a state folder; none: keep them for as long as this lives."""
        try:
            self._connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, timeout=10
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as ex:
            raise ConfigError(f"{str(path)!r} cannot be used: {ex}") from ex

    def place(
        self, events: Iterable[object], source: str, key: bytes, gap_us: int
    ) -> Iterator[object]:
        """Put tickets in the place of threads; a first act opens its ticket, and ends the last."""
        for event in events:
            thread = event.get("ticket_id") if isinstance(event, dict) else None
            if isinstance(event, dict) and isinstance(thread, Thread):
                try:
                    yield from self._place(event, source, hide(thread.person, key), gap_us)
                except EventError as ex:  # its siblings live
                    yield ex
            else:
                yield event

    def _place(
        self, event: dict[str, Any], source: str, thread: str, gap_us: int
    ) -> Iterator[Mapping[str, Any]]:
        event_id, kind = event.get("event_id"), event.get("type")
        if not isinstance(event_id, str) or event.get("occurred_at") is None:
            raise EventError("missing_key", "'event_id' and 'occurred_at' are required")
        at = parse_instant(event["occurred_at"], "occurred_at")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            act = hash_id(event_id)
            place = self._remembered(source, act)
            if place is None:
                place = self._decide(source, thread, at, gap_us, event)
                row = (source, act, place.started_at, place.is_first, place.ended_at, place.ended)
                self._connection.execute("INSERT INTO acts VALUES (?, ?, ?, ?, ?, ?)", row)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        ticket = f"{thread}-{place.started_at // 1000}"
        if place.ended is not None and place.ended_at is not None:
            yield _tell("closed", f"{thread}-{place.ended // 1000}", place.ended_at)
        if place.is_first and kind != "created":
            yield {**_tell("created", ticket, at), **_opening(event)}
        yield {**event, "ticket_id": ticket}

    def _remembered(self, source: str, act: bytes) -> _Place | None:
        row = self._connection.execute(
            "SELECT started_at, is_first, ended, ended_at FROM acts WHERE source = ? AND act = ?",
            (source, act),
        ).fetchone()
        return None if row is None else _Place(row[0], bool(row[1]), row[2], row[3])

    def _decide(
        self, source: str, thread: str, at: int, gap_us: int, event: Mapping[str, Any]
    ) -> _Place:
        rows = self._connection.execute(
            "SELECT started_at, last_at, closed_at FROM sessions WHERE source = ? AND thread = ? "
            "ORDER BY started_at DESC LIMIT 8",
            (source, thread),
        ).fetchall()
        known = [_Session(*row) for row in rows]
        found = next((one for one in known if _belongs(one, at, gap_us, event)), None)
        is_end = event.get("type") in _ENDS
        if found is not None:
            closed_at = at if is_end else found.closed_at
            if event.get("type") == "reopened":
                closed_at = None
            self._keep(source, thread, found.started_at, max(found.last_at, at), closed_at)
            return _Place(found.started_at, is_first=False, ended=None, ended_at=None)
        self._keep(source, thread, at, at, at if is_end else None)
        before = next((one for one in known if one.started_at < at), None)
        if before is None or before.closed_at is not None:
            return _Place(at, is_first=True, ended=None, ended_at=None)
        ended_at = before.last_at + gap_us
        self._keep(source, thread, before.started_at, before.last_at, ended_at)
        return _Place(at, is_first=True, ended=before.started_at, ended_at=ended_at)

    def _keep(
        self, source: str, thread: str, started_at: int, last_at: int, closed_at: int | None
    ) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?)",
            (source, thread, started_at, last_at, closed_at),
        )

    def trim(self, before_at: int) -> None:
        """Forget sessions whose last act was before an instant, and what was decided of them.

        The acts of a long session stay with it: one that comes again must find its place.
        """
        with suppress(sqlite3.OperationalError):  # another process writes: the next trim does it
            self._connection.execute("DELETE FROM sessions WHERE last_at < ?", (before_at,))
            self._connection.execute(
                "DELETE FROM acts WHERE started_at < ? "
                "AND started_at NOT IN (SELECT started_at FROM sessions)",
                (before_at,),
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def trim_sessions(path: Path, before_at: int) -> None:
    """Trim a state folder's sessions, if it has any. Not from where they are decided."""
    if not path.exists():
        return
    sessions = Sessions(path)
    try:
        sessions.trim(before_at)
    finally:
        sessions.close()


def _belongs(session: _Session, at: int, gap_us: int, event: Mapping[str, Any]) -> bool:
    """Tell whether an act is of a session: before its end, or within the gap around it."""
    if at < session.started_at - gap_us:
        return False
    if session.closed_at is None:
        return at <= session.last_at + gap_us
    # After the end a customer's word begins anew; what the desk or a survey adds does not.
    return at <= session.closed_at + (0 if _begins(event) else gap_us)


def _begins(event: Mapping[str, Any]) -> bool:
    kind = event.get("type")
    return kind == "created" or (kind == "replied" and event.get("actor") == "customer")


def _tell(kind: str, ticket: str, at: int) -> dict[str, Any]:
    return {
        "event_id": f"{ticket}/{kind}",
        "ticket_id": ticket,
        "type": kind,
        "occurred_at": at / 1000 if at % 1000 else at // 1000,
        "actor": "system",
    }


def _opening(event: Mapping[str, Any]) -> dict[str, Any]:
    """Say who opened a ticket, and what its first act says of it."""
    said = event.get("actor", "agent" if event.get("type") == "replied" else "system")
    opening: dict[str, Any] = {
        "actor": said,
        "origin": "customer" if said == "customer" else "agent",
    }
    return {**opening, **{key: event[key] for key in _ASSERTED if key in event}}
