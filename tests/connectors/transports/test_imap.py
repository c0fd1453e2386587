"""The IMAP transport, from a real server into the intake log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.payload import Payload, unpack_payload
from connectors.pump import Pump
from connectors.transports.imap import build_mailbox
from connectors.wall import WallClock
from slawatch.errors import ConfigError
from tests.connectors.transports.imap_server import PASSWORD, USER, ImapServer, serve_imap
from tests.e2e.monitor import poll


@pytest.fixture(scope="module")
def server() -> Iterator[ImapServer]:
    with serve_imap() as running:
        yield running


def open_options(server: ImapServer, **more: object) -> dict[str, Any]:
    said = {"host": "127.0.0.1", "port": server.port, "tls": "none", "user": USER}
    return {**said, "interval_seconds": 0.05, **more}


class Reading:
    """Be a log and what is pumped into it; may be read again from where it was."""

    def __init__(self, folder: Path) -> None:
        self.log = SqliteLog(folder / "intake.sqlite3", WallClock())
        self._folder = folder
        self._position = folder / "position.json"

    def lose_log(self) -> None:
        """Go on with an empty log, at the position that was kept."""
        self.log.close()
        self.log = SqliteLog(self._folder / "another.sqlite3", WallClock())

    @contextmanager
    def pumping(self, options: dict[str, Any], password: str = PASSWORD) -> Iterator[Pump]:
        mailbox = build_mailbox(options, (password,))
        assert mailbox is not None
        with LogWriter(self.log) as writer:

            def run(stop: threading.Event) -> None:
                mailbox.pump(writer, "email", stop, self._position)

            pump = Pump("email", run)
            try:
                yield pump
            finally:
                pump.stop()
        assert pump.error is None

    def payloads(self) -> list[Payload]:
        return [unpack_payload(record.body) for record in self.log.read_after(0, 1000)]

    def subjects(self) -> list[str]:
        lines = [line for one in self.payloads() for line in one.body.decode().splitlines()]
        return [line[9:] for line in lines if line.startswith("Subject: ")]

    def holds(self, *names: str) -> Callable[[], bool]:
        return lambda: self.subjects() == list(names)


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    found = Reading(tmp_path)
    yield found
    found.log.close()


def test_new_mails_are_stored_as_they_arrive(server: ImapServer, reading: Reading) -> None:
    server.deliver("Arrive", "one", "two")
    with reading.pumping(open_options(server, folders=["Arrive"])):
        poll(reading.holds("one", "two"), "what was there")
        server.deliver("Arrive", "three")
        poll(reading.holds("one", "two", "three"), "what came while connected")


def test_only_headers_are_fetched(server: ImapServer, reading: Reading) -> None:
    server.deliver("Headers", "quiet")
    with reading.pumping(open_options(server, folders=["Headers"])):
        poll(reading.subjects, "the mail")
    (payload,) = reading.payloads()
    assert b"Message-ID: <quiet@client.example>" in payload.body
    assert b"A text" not in payload.body


def test_an_answer_to_an_invitation_is_told_by_its_parts(
    server: ImapServer, reading: Reading
) -> None:
    server.deliver("Calls", "accepted", "zoe")
    with reading.pumping(open_options(server, folders=["Calls"])):
        poll(reading.holds("accepted", "zoe"), "both mails")
    told = [payload.headers.get("x-part-type") for payload in reading.payloads()]
    assert told == ["text/calendar; method=reply", None]


def test_a_restart_goes_on_at_the_next_uid(server: ImapServer, reading: Reading) -> None:
    options = open_options(server, folders=["Resume"])
    server.deliver("Resume", "before")
    with reading.pumping(options):
        poll(reading.holds("before"), "the first mail")
    reading.lose_log()  # so that what is read again is seen
    server.deliver("Resume", "meanwhile")
    with reading.pumping(options):
        poll(reading.holds("meanwhile"), "the second mail alone")


def test_uids_that_begin_anew_lose_nothing_and_double_nothing(
    server: ImapServer, reading: Reading
) -> None:
    options = open_options(server, folders=["Validity"])
    server.deliver("Validity", "kept", "more")
    with reading.pumping(options):
        poll(reading.holds("kept", "more"), "the first mails")
    server.begin_anew("Validity")
    server.deliver("Validity", "fresh", "kept")
    with reading.pumping(options):
        poll(reading.holds("kept", "more", "fresh"), "the mail that is new")


def test_a_mail_of_a_sent_folder_is_marked(server: ImapServer, reading: Reading) -> None:
    server.deliver("Out", "ours")
    with reading.pumping(open_options(server, folders=[], sent=["Out"])):
        poll(reading.holds("ours"), "the sent mail")
    assert reading.payloads()[0].headers == {"x-folder": "sent"}


def test_a_folder_s_name_may_be_chinese(server: ImapServer, reading: Reading) -> None:
    server.deliver("&XfJT0ZAB-", "sent")
    with reading.pumping(open_options(server, folders=["已发送"])):
        poll(reading.holds("sent"), "the mail in 已发送")


def test_a_lost_connection_is_made_again(server: ImapServer, reading: Reading) -> None:
    server.deliver("Broken", "before")
    with reading.pumping(open_options(server, folders=["Broken"])):
        poll(reading.holds("before"), "the first mail")
        server.stop()
        server.start()
        server.deliver("Broken", "after")
        poll(reading.holds("before", "after"), "the mail after the break")


def test_a_wrong_password_is_tried_again_and_named(
    server: ImapServer, reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    with reading.pumping(open_options(server), "wrong"):
        poll(lambda: "refuses 'help@desk.example'" in caplog.text, "a warning", timeout_seconds=20)
    assert "wrong" not in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"user": "a"}, "options.host is required", id="no host"),
        pytest.param({"host": "a"}, "options.user is required", id="no user"),
        pytest.param({"host": "a", "user": "b", "tls": "yes"}, "options.tls must be", id="tls"),
    ],
)
def test_what_a_mailbox_needs_is_asked_for(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_mailbox(options, ("secret",))


def test_a_mailbox_needs_a_password() -> None:
    with pytest.raises(ConfigError, match="auth must name the mailbox's password"):
        build_mailbox({"host": "a", "user": "b"}, ())


def test_mail_that_is_posted_is_not_fetched() -> None:
    assert build_mailbox({}, ()) is None
