"""Polling: pages, cursors, limits and failures, against a server that answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connectors.intake import LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.pump import Pump
from connectors.transports.poll import (
    Api,
    BusyError,
    Page,
    Poll,
    build_poll,
    load_cursor,
    read_token,
    read_url,
)
from connectors.wall import WallClock
from slawatch.errors import ConfigError, ConnectorError
from tests.connectors.transports.desks import Answer, Respond, serve


class Book:
    """A desk of numbered records, two a page."""

    def __init__(self, *failures: ConnectorError, size: int = 5) -> None:
        self.size = size
        self.asked: list[str] = []
        self._failures = list(failures)

    def start(self, at: int) -> str:
        """Begin at a number of seconds."""
        return str(at // 1_000_000 - 5)

    def fetch(self, cursor: str) -> Page:
        """Return two records."""
        self.asked.append(cursor)
        if self._failures:
            raise self._failures.pop(0)
        first = int(cursor)
        last = min(first + 2, self.size)
        records = [(f"r{number}", b"%d" % number) for number in range(first, last)]
        return Page(records, str(last), is_last=last == self.size, complete_to=last)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "log.sqlite", WallClock()) as opened:
        yield opened


def run(
    book: Book, log: SqliteLog, path: Path, until: Callable[[], bool], *, is_sweep: bool = False
) -> None:
    """Pump until a fact holds."""
    with LogWriter(log) as writer:
        poll = Poll(book, interval_seconds=0.01, since=5_000_000, is_sweep=is_sweep)
        pump = Pump("p", lambda stop: poll.pump(writer, "desk", stop, path))
        deadline = time.monotonic() + 20
        while not until() and pump.is_running and time.monotonic() < deadline:
            threading.Event().wait(0.005)
        pump.stop()
    assert until()
    assert pump.error is None


def stored(log: SqliteLog) -> list[bytes]:
    return [record.body for record in log.read_after(0, 100) if not record.is_completion]


def covered(log: SqliteLog) -> list[tuple[bytes, int | None]]:
    """Return what is in the log, and how far each record says that all is told."""
    return [(record.body, record.complete_to) for record in log.read_after(0, 100)]


def test_pages_are_stored_one_after_the_other(log: SqliteLog, tmp_path: Path) -> None:
    run(Book(), log, tmp_path / "c", lambda: len(stored(log)) == 5)
    assert stored(log) == [b"0", b"1", b"2", b"3", b"4"]


def test_the_last_page_says_up_to_when_all_is_told(log: SqliteLog, tmp_path: Path) -> None:
    run(Book(), log, tmp_path / "c", lambda: len(stored(log)) == 5)
    assert covered(log)[-2:] == [(b"4", None), (b"", 5)]


def test_until_then_nothing_since_the_begin_is_sure(log: SqliteLog, tmp_path: Path) -> None:
    run(Book(), log, tmp_path / "c", lambda: len(stored(log)) == 5)
    assert covered(log)[:5] == [
        (b"0", None),
        (b"1", None),
        (b"", 5_000_000),
        (b"2", None),
        (b"3", None),
    ]


def test_a_poll_that_brought_nothing_says_how_far_it_came(log: SqliteLog, tmp_path: Path) -> None:
    run(Book(size=0), log, tmp_path / "c", lambda: bool(covered(log)))
    assert covered(log) == [(b"", 0)]


def test_a_sweep_says_nothing_of_how_far_it_came(log: SqliteLog, tmp_path: Path) -> None:
    book = Book(size=2)
    run(book, log, tmp_path / "c", lambda: len(book.asked) > 2, is_sweep=True)
    assert [to for _, to in covered(log)] == [None, None]


def test_a_restart_goes_on_from_the_kept_cursor(log: SqliteLog, tmp_path: Path) -> None:
    path = tmp_path / "c"
    run(Book(size=3), log, path, lambda: load_cursor(path) == "3")
    book = Book(size=4)
    run(book, log, path, lambda: len(stored(log)) == 4)
    assert book.asked[0] == "3"


def test_what_was_stored_before_a_crash_is_stored_once(log: SqliteLog, tmp_path: Path) -> None:
    path = tmp_path / "c"
    run(Book(size=3), log, path, lambda: load_cursor(path) == "3")
    path.unlink()  # as if the process had died between the commit and the cursor
    run(Book(size=3), log, path, lambda: load_cursor(path) == "3")
    assert stored(log) == [b"0", b"1", b"2"]


def test_a_limit_is_waited_out_and_nothing_is_lost(log: SqliteLog, tmp_path: Path) -> None:
    book = Book(BusyError("slow down", 0.01), BusyError("slow down", 0.0), size=2)
    run(book, log, tmp_path / "c", lambda: len(stored(log)) == 2)
    assert book.asked[:3] == ["0", "0", "0"]


def test_a_failing_desk_is_asked_again(log: SqliteLog, tmp_path: Path) -> None:
    book = Book(ConnectorError("down"), size=2)
    run(book, log, tmp_path / "c", lambda: len(stored(log)) == 2)
    assert book.asked[:2] == ["0", "0"]


def test_stopping_does_not_wait_for_the_interval(log: SqliteLog, tmp_path: Path) -> None:
    book = Book(BusyError("for an hour", 3600.0))
    run(book, log, tmp_path / "c", lambda: book.asked == ["0"])


@pytest.mark.parametrize("text", ["{", "[]", '{"cursor": 7}'])
def test_a_cursor_that_cannot_be_read_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c"
    path.write_text(text)
    with pytest.raises(ConfigError, match="position"):
        load_cursor(path)


def ask(respond: Respond) -> object:
    """Ask a server once."""
    with serve(respond) as (url, _):
        api = Api(url)
        try:
            return api.get("/api", {"a": 1})
        finally:
            api.close()


def test_an_answer_is_its_json() -> None:
    assert ask(lambda asked: Answer(asked.query)) == {"a": "1"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({"Retry-After": "17"}, 17.0, id="seconds"),
        pytest.param({"Retry-After": "Mon, 02 Mar 2026 09:00:00 GMT"}, None, id="date"),
        pytest.param({}, None, id="unsaid"),
    ],
)
def test_a_limit_says_how_long(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(BusyError) as raised:
        ask(lambda _: Answer(status=429, headers=headers))
    assert raised.value.seconds == seconds


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(Answer(status=401), "token is wrong", id="unauthorized"),
        pytest.param(Answer({"error": "no such field"}, 400), "no such field", id="bad-request"),
        pytest.param(Answer(b"<html>"), "answered no JSON", id="not-json"),
    ],
)
def test_what_goes_wrong_is_said(answer: Answer, message: str) -> None:
    with pytest.raises(ConnectorError, match=message):
        ask(lambda _: answer)


def test_a_desk_that_is_away_can_be_asked_again() -> None:
    with serve(lambda _: Answer()) as (url, _):
        pass
    with pytest.raises(ConnectorError, match="cannot be asked"):
        Api(url).get("/api", {})


def test_the_first_poll_reaches_back_by_days() -> None:
    before = time.time_ns() // 1000
    poll = build_poll(Book(), {"interval_seconds": 60, "since_days": 2})
    assert poll.interval_seconds == 60
    assert abs(before - poll.since - 172_800_000_000) < 60_000_000


@pytest.mark.parametrize("value", [-1, "60", True, None])
def test_an_interval_that_is_none_stops_the_start(value: object) -> None:
    with pytest.raises(ConfigError, match="interval_seconds"):
        build_poll(Book(), {"interval_seconds": value, "since_days": 2})


def test_a_url_needs_its_scheme() -> None:
    with pytest.raises(ConfigError, match="'url'"):
        read_url({"url": "desk.example.com"})


def test_the_token_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("secret\n")
    assert read_token({"token_file": str(tmp_path / "t"), "token_env": None}) == "secret"


def test_without_a_token_there_is_no_poll() -> None:
    with pytest.raises(ConfigError, match="token_file"):
        read_token({"token_file": None, "token_env": None})


def test_what_could_not_be_stored_is_asked_for_again(tmp_path: Path) -> None:
    book, path = Book(), tmp_path / "position.json"
    with SqliteLog(tmp_path / "full.sqlite", WallClock(), max_backlog=1) as log:
        log.append([Pending("other", "1", b"{}")])
        run(book, log, path, lambda: bool(book.asked))
        assert stored(log) == [b"{}"]
    assert not path.exists()
