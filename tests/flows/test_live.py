"""The live monitor in this process: from an input to the endpoint, and again after a restart."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.inputs import LiveInput
from connectors.intake import LogWriter, Pending, Rejected
from connectors.sessions import FILE_NAME as SESSIONS_NAME
from connectors.sessions import Sessions, Thread
from flows import live as live_module
from flows.desk_file import Desk, keep_desk
from flows.live import Live, LiveOptions
from flows.log_source import LogPosition
from flows.monitor import SnapshotMeter
from slawatch.errors import ConfigError
from slawatch.parsing import Vocabulary
from tests.rules import MINUTE, build_rules

RULES = build_rules()
MET = 'sla_results_total{channel="email",outcome="met",priority="normal",target="first_response"}'
TIMEOUT_SECONDS = 60.0


def options(state: Path, **more: object) -> LiveOptions:
    """Return options with a free port and snapshots four times a second."""
    return LiveOptions(state, port=0, shards=2, snapshot_seconds=0.25, **more)  # type: ignore[arg-type]  # the test's own words


def open_live(state: Path) -> Live:
    """Open a monitor."""
    return Live(RULES, Vocabulary(), options(state))


def tell(number: int, kind: str, at_us: int, **said: object) -> bytes:
    """Return a native event of one ticket."""
    row = {"event_id": f"e{number}", "ticket_id": "7", "type": kind, "occurred_at": at_us // 1000}
    return orjson.dumps({**row, **said})


def feed(*bodies: bytes, decoder: Callable[[bytes], Iterable[object]] | None = None) -> LiveInput:
    """Return an input that delivers these and then waits."""

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        writer.submit([Pending("desk", body.hex(), body) for body in bodies]).result()
        stop.wait()

    return LiveInput("desk", pump, decoder)


def scrape(live: Live) -> dict[str, float]:
    """Return the series of the endpoint."""
    url = f"http://127.0.0.1:{live.server.port}/metrics"
    with urllib.request.urlopen(url, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    rows = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def serve(
    live: Live, source: LiveInput, is_done: Callable[[dict[str, float]], bool]
) -> dict[str, float]:
    """Serve until the endpoint says so, or time is up; return what it said last."""
    said: dict[str, float] = {}

    def watch() -> None:
        give_up_at = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < give_up_at:
            said.update(scrape(live))
            if is_done(said):
                break
            live.stop.wait(0.02)
        live.stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    live.serve([source], live.first_at(live.wall.now() - 60 * MINUTE))
    watcher.join()
    return said


def test_an_answered_ticket_is_counted_at_the_endpoint(tmp_path: Path) -> None:
    with open_live(tmp_path) as live:
        now = live.wall.now()
        source = feed(
            tell(1, "created", now - MINUTE, channel="email", priority="normal"),
            tell(2, "replied", now),
        )
        said = serve(live, source, lambda said: said.get(MET, 0) > 0)
    assert said[MET] == 1
    assert said['slawatch_events_total{connector="desk",outcome="accepted"}'] == 2


def test_a_restart_over_the_same_folder_goes_on_and_counts_nothing_twice(tmp_path: Path) -> None:
    with open_live(tmp_path) as live:
        now = live.wall.now()
        opened = tell(1, "created", now - MINUTE, channel="email", priority="normal")
        serve(live, feed(opened), lambda said: said[MET] == 0 and bool(live.store.read().views))
    with open_live(tmp_path) as again:
        source = feed(opened, tell(2, "replied", now), tell(3, "replied", now))
        said = serve(again, source, lambda said: said.get(MET, 0) > 0)
        verdicts = [(v.target, v.kind) for v in again.table.read()]
    assert said[MET] == 1
    assert verdicts.count(("first_response", "met")) == 1


def test_a_flow_that_was_stopped_is_no_longer_healthy(tmp_path: Path) -> None:
    with open_live(tmp_path) as live:
        serve(live, feed(), lambda _: True)
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"http://127.0.0.1:{live.server.port}/healthz", timeout=30)
        raised.value.close()
    assert raised.value.code == 503


def test_an_input_may_bring_its_decoder(tmp_path: Path) -> None:
    with open_live(tmp_path) as live:
        now = live.wall.now()

        def decode(body: bytes) -> list[object]:
            number = int(body)
            row = {"event_id": f"e{number}", "ticket_id": "7", "occurred_at": now // 1000}
            said = {"channel": "email", "priority": "normal"}
            return [{**row, **said, "type": "created" if number == 1 else "replied"}]

        said = serve(live, feed(b"1", b"2", decoder=decode), lambda said: said.get(MET, 0) > 0)
    assert said[MET] == 1


def test_what_is_no_event_is_counted_and_kept(tmp_path: Path) -> None:
    key = 'slawatch_quarantined_total{connector="desk",reason="malformed"}'
    with open_live(tmp_path) as live:
        said = serve(live, feed(b"{"), lambda said: said.get(key, 0) > 0)
        kept = live.log.quarantined()
    assert said[key] == 1
    assert [row.body for row in kept] == [b"{"]


def test_a_folder_is_used_by_one_monitor_at_a_time(tmp_path: Path) -> None:
    with open_live(tmp_path), pytest.raises(ConfigError, match="is in use by process"):
        open_live(tmp_path)


def test_a_taken_port_gives_the_folder_back(tmp_path: Path) -> None:
    with open_live(tmp_path / "one") as live:
        taken = LiveOptions(tmp_path / "two", port=live.server.port)
        with pytest.raises(ConfigError, match=r"port .* is taken"):
            Live(RULES, Vocabulary(), taken)
        open_live(tmp_path / "two").close()


def test_a_closed_monitor_gives_everything_back(tmp_path: Path) -> None:
    live = open_live(tmp_path)
    live.close()
    again = Live(RULES, Vocabulary(), LiveOptions(tmp_path, port=live.server.port))
    again.close()


def test_a_folder_remembers_when_its_monitor_began_to_watch(tmp_path: Path) -> None:
    with open_live(tmp_path) as live:
        assert live.first_at(5) == 5
    with open_live(tmp_path) as again:
        assert again.first_at(9) == 5


def test_another_number_of_shards_is_refused(tmp_path: Path) -> None:
    keep_desk(tmp_path, Desk(5, 4))
    with open_live(tmp_path) as live, pytest.raises(ConfigError, match="lies in 4 shards"):
        live.first_at(9)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_damaged_memory_is_told_not_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / "desk.json").write_text(text, "utf-8")
    with open_live(tmp_path) as live, pytest.raises(ConfigError, match=r"desk\.json: cannot be"):
        live.first_at(9)


def test_the_log_is_trimmed_by_age_but_never_past_the_oldest_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "HOUSEKEEPING_SECONDS", 0.01)
    with Live(RULES, Vocabulary(), options(tmp_path, retention_us=0)) as live:
        live.log.append([Pending("desk", str(n), b"{}") for n in range(5)])
        meter = SnapshotMeter(live.store, 1)
        for seq in (2, 3, 4):
            live._note_snapshot(LogPosition(seq, 0), meter)
        stop = threading.Event()
        keeper = threading.Thread(target=live._keep_house, args=(stop,))
        keeper.start()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while live.log.read_after(0, 1)[0].seq == 1 and time.monotonic() < deadline:
            stop.wait(0.01)
        stop.set()
        keeper.join()
        assert [record.seq for record in live.log.read_after(0, 9)] == [3, 4, 5]


def test_the_quarantine_is_trimmed_by_age(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "HOUSEKEEPING_SECONDS", 0.01)
    with Live(RULES, Vocabulary(), options(tmp_path, retention_us=MINUTE)) as live:
        ages = {"old": 2 * MINUTE, "new": 0}
        live.log.quarantine(
            [
                Rejected(k, "desk", b"", "malformed", "", live.wall.now() - a)
                for k, a in ages.items()
            ]
        )
        stop = threading.Event()
        keeper = threading.Thread(target=live._keep_house, args=(stop,))
        keeper.start()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(live.log.quarantined()) == 2 and time.monotonic() < deadline:
            stop.wait(0.01)
        stop.set()
        keeper.join()
        assert [row.key for row in live.log.quarantined()] == ["new"]


@pytest.mark.parametrize(("age_days", "is_kept"), [(6, True), (8, False)], ids=["a-week", "longer"])
def test_sessions_are_trimmed_a_week_after_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age_days: int, *, is_kept: bool
) -> None:
    monkeypatch.setattr(live_module, "HOUSEKEEPING_SECONDS", 0.001)
    with Live(RULES, Vocabulary(), options(tmp_path, retention_us=0)) as live:
        said_at = live.wall.now() // 1000 - age_days * 86_400_000
        act: Any = {"event_id": "1", "ticket_id": Thread("ada"), "type": "replied"}
        sessions = Sessions(live.options.state / SESSIONS_NAME)
        place: Any = partial(sessions.place, source="wa", key=b"k", gap_us=10**9)
        began = [event["ticket_id"] for event in place([{**act, "occurred_at": said_at}])]
        stop = threading.Event()
        threading.Timer(0.1, stop.set).start()
        live._keep_house(stop)
        again = [event["ticket_id"] for event in place([{**act, "occurred_at": said_at + 1}])]
        assert (again == began) is is_kept


def test_nothing_is_trimmed_before_three_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "HOUSEKEEPING_SECONDS", 0.001)
    with Live(RULES, Vocabulary(), options(tmp_path, retention_us=0)) as live:
        live.log.append([Pending("desk", "1", b"{}")])
        live._note_snapshot(LogPosition(1, 0), SnapshotMeter(live.store, 1))
        stop = threading.Event()
        threading.Timer(0.05, stop.set).start()
        live._keep_house(stop)
        assert len(live.log.read_after(0, 9)) == 1


def test_the_wall_asks_for_a_configured_token_and_the_address_does_not_tell_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "secret").write_text("a-token-of-some-length")
    options = LiveOptions(tmp_path / "state", port=0, token_file=tmp_path / "secret")
    with Live(RULES, Vocabulary(), options) as live:
        assert live.wall_url == f"http://127.0.0.1:{live.server.port}/"
        with pytest.raises(urllib.error.HTTPError, match="401") as raised:
            urllib.request.urlopen(live.wall_url, timeout=30)  # noqa: S310  # loopback
        raised.value.close()
