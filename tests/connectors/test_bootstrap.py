"""A running desk brought in: open tickets first, then the past, each record once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.bootstrap import MAX_ATTEMPTS, Brought, bring_in
from connectors.intake import Pending
from connectors.log_sqlite import SqliteLog
from connectors.marks import read_marks
from connectors.transports.poll import BusyError, Page
from connectors.wall import WallClock
from slawatch.errors import ConnectorError
from slawatch.events import CAME_OF_OPEN, CAME_OF_PAST


class Desk:
    """A desk whose ticket 1 is open, with a past of two pages."""

    def __init__(self, *failures: ConnectorError) -> None:
        self.asked: list[str] = []
        self._failures = list(failures)

    def start(self, at: int) -> str:
        """Begin at an instant."""
        return f"since {at}"

    def fetch_open(self, cursor: str) -> Page:
        """Return the open ticket."""
        self.asked.append(f"open {cursor}")
        return Page([("a1", b"1"), ("a2", b"2")], "", is_last=True)

    def fetch(self, cursor: str) -> Page:
        """Return what changed: an act of the open ticket, then one of another."""
        self.asked.append(cursor)
        if self._failures:
            raise self._failures.pop(0)
        if cursor == "since 5":
            return Page([("a2", b"2")], "second", is_last=False)
        return Page([("b1", b"3")], "end", is_last=True)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as opened:
        yield opened


def test_open_tickets_come_first_and_nothing_twice(log: SqliteLog) -> None:
    desk = Desk()
    assert bring_in(log, desk, "acme", 5) == Brought(2, 1, 1, "end")
    assert desk.asked == ["open ", "since 5", "second"]
    found = [(r.source, *read_marks(r.body)) for r in log.read_after(0, 10)]
    assert [(source, marks.came, body) for source, marks, body in found] == [
        ("acme", CAME_OF_OPEN, b"1"),
        ("acme", CAME_OF_OPEN, b"2"),
        ("acme", CAME_OF_PAST, b"3"),
    ]


def test_what_the_log_has_is_not_brought_in_again(log: SqliteLog) -> None:
    log.append([Pending("acme", "b1", b"3")])
    assert bring_in(log, Desk(), "acme", 5) == Brought(2, 0, 2, "end")


def test_a_system_that_asks_to_wait_is_waited_for(log: SqliteLog) -> None:
    waited: list[float] = []
    bring_in(log, Desk(BusyError("busy", 30.0), ConnectorError("down")), "acme", 5, waited.append)
    assert waited == [30.0, 10.0]


def test_a_system_that_fails_again_and_again_ends_it(log: SqliteLog) -> None:
    failures = [ConnectorError("down")] * MAX_ATTEMPTS
    with pytest.raises(ConnectorError, match="down"):
        bring_in(log, Desk(*failures), "acme", 5, lambda _: None)
    assert bring_in(log, Desk(), "acme", 5) == Brought(0, 1, 3, "end")


class PastOnly:
    """A desk that cannot tell what is open."""

    def start(self, at: int) -> str:
        """Begin at an instant."""
        return f"since {at}"

    def fetch(self, cursor: str) -> Page:
        """Return one act."""
        return Page([("b1", cursor.encode())], "end", is_last=True)


def test_a_system_that_cannot_tell_what_is_open_tells_its_past(log: SqliteLog) -> None:
    assert bring_in(log, PastOnly(), "acme", 5) == Brought(0, 1, 0, "end")


class Covering(PastOnly):
    """A desk that says up to when it has told everything."""

    def fetch(self, cursor: str) -> Page:
        """Return one act, and how far it came."""
        return super().fetch(cursor)._replace(complete_to=9)


def test_how_far_the_past_was_told_stands_after_it(log: SqliteLog) -> None:
    assert bring_in(log, Covering(), "acme", 5) == Brought(0, 1, 0, "end")
    assert [record.complete_to for record in log.read_after(0, 10)] == [None, 9]
