"""Fetching after a poke, from a server that speaks WeCom's API."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.payload import Payload
from connectors.pump import Pump
from connectors.transports.poke import PokedAccounts, build_account
from connectors.wall import WallClock
from slawatch.errors import ConfigError
from tests.connectors.transports.wecom_server import SECRET, Desk, serve_wecom
from tests.e2e.monitor import poll


@pytest.fixture
def desk() -> Iterator[Desk]:
    with serve_wecom() as running:
        yield running


class Fetching:
    """Be a log and what fetches into it; may be started again over its position."""

    def __init__(self, folder: Path, desk: Desk) -> None:
        self._folder = folder
        self._desk = desk
        self.log = SqliteLog(folder / "intake.sqlite3", WallClock())
        (folder / "secret").write_text(SECRET)

    @contextmanager
    def running(self, **more: object) -> Iterator[PokedAccounts]:
        said = {"corp_id": "ww1", "corp_secret_file": str(self._folder / "secret")}
        puller = build_account({**said, "url": self._desk.url, **more}, ())
        with LogWriter(self.log) as writer:

            def run(stop: threading.Event) -> None:
                puller.pump(writer, "wecom", stop, self._folder / "position")

            pump = Pump("wecom", run)
            try:
                yield puller
            finally:
                pump.stop()
        assert pump.error is None

    def ids(self) -> list[str]:
        records = self.log.read_after(0, 1000)
        return [orjson.loads(record.body)["msgid"] for record in records]


@pytest.fixture
def fetching(tmp_path: Path, desk: Desk) -> Iterator[Fetching]:
    found = Fetching(tmp_path, desk)
    yield found
    found.log.close()


def callback(account: str, token: str = "t1") -> Payload:  # noqa: S107 - a poke's
    tags = f"<Token><![CDATA[{token}]]></Token><OpenKfId><![CDATA[{account}]]></OpenKfId>"
    return Payload(f"<xml><Event><![CDATA[kf_msg_or_event]]></Event>{tags}</xml>".encode())


def test_a_poke_fetches_its_account_page_by_page(desk: Desk, fetching: Fetching) -> None:
    desk.add("wk1", "a", "b", "c", "d", "e")
    desk.add("wk2", "other")
    with fetching.running() as puller:
        puller.poke(callback("wk1"))
        poll(lambda: fetching.ids() == ["a", "b", "c", "d", "e"], "five messages")
    assert [asked.get("token") for asked in desk.asked] == ["t1"] * 3
    assert [asked.get("cursor") for asked in desk.asked] == [None, "2", "4"]


def test_a_restart_goes_on_at_its_cursor_unpoked(desk: Desk, fetching: Fetching) -> None:
    desk.add("wk1", "a", "b")
    with fetching.running() as puller:
        puller.poke(callback("wk1"))
        poll(lambda: fetching.ids() == ["a", "b"], "two messages")
    desk.add("wk1", "c")
    desk.asked.clear()
    with fetching.running():
        poll(lambda: fetching.ids() == ["a", "b", "c"], "the third")
    assert (desk.asked[0].get("cursor"), desk.asked[0].get("token")) == ("2", None)


def test_a_lost_poke_is_made_up_for_after_the_interval(desk: Desk, fetching: Fetching) -> None:
    with fetching.running(accounts=["wk1"], interval_seconds=0.05):
        poll(lambda: desk.asked, "a first look")
        desk.add("wk1", "late")
        poll(lambda: fetching.ids() == ["late"], "the message nobody told of")


def test_the_access_token_is_kept_and_renewed_when_it_ends(desk: Desk, fetching: Fetching) -> None:
    desk.add("wk1", "a")
    with fetching.running() as puller:
        puller.poke(callback("wk1"))
        poll(lambda: fetching.ids() == ["a"], "the first message")
        desk.ended.add("access-1")
        desk.add("wk1", "b")
        puller.poke(callback("wk1"))
        poll(lambda: fetching.ids() == ["a", "b"], "the second message")
    assert desk.access == 2


def test_a_poke_s_token_that_has_ended_is_left_out(desk: Desk, fetching: Fetching) -> None:
    desk.add("wk1", "a")
    with fetching.running() as puller:
        puller.poke(callback("wk1", "ended"))
        poll(lambda: fetching.ids() == ["a"], "the message")
    assert [asked.get("token") for asked in desk.asked] == ["ended", None]


def test_an_errcode_is_told_and_tried_again(
    desk: Desk, fetching: Fetching, caplog: pytest.LogCaptureFixture
) -> None:
    desk.add("wk1", "a")
    desk.errcodes.append(45009)
    with fetching.running() as puller:
        puller.poke(callback("wk1"))
        poll(lambda: fetching.ids() == ["a"], "the message, after a wait")
    assert "errcode 45009" in caplog.text


def test_neither_secret_nor_token_is_logged(
    desk: Desk, fetching: Fetching, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    desk.add("wk1", "a")
    with fetching.running() as puller:
        puller.poke(callback("wk1"))
        poll(lambda: fetching.ids() == ["a"], "the message")
    assert SECRET not in caplog.text
    assert "access-1" not in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({}, "options.corp_id is required", id="no corporation"),
        pytest.param({"corp_id": "ww1"}, "options.corp_secret_file or", id="no secret"),
    ],
)
def test_what_fetching_needs_is_asked_for(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_account(options, ())
