"""Kafka against a real broker: nothing is lost, nothing stored twice, whenever it is killed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.intake import LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.payload import pack_payload, unpack_payload
from connectors.systems.kafka import OPTIONS
from connectors.transports.bus import Bus, Message, pump_bus
from connectors.transports.kafka import build_bus
from connectors.wall import WallClock
from slawatch.errors import ConfigError
from tests.connectors.transports.broker import QUIET, broker, committed, make_topic, produce
from tests.e2e.monitor import poll


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with broker(tmp_path_factory.mktemp("broker")) as found:
        yield found


def said(address: str, topic: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - options
    client = {**QUIET, "session.timeout.ms": 6000}
    return {**OPTIONS, "brokers": address, "topic": topic, "client": client, **more}


def fetch(bus: Bus, count: int) -> list[Message]:
    found: list[Message] = []

    def look() -> bool:
        found.extend(bus.fetch(10, 0.1))
        return len(found) >= count

    poll(look, f"{count} messages")
    return found


@contextmanager
def pumping(bus: Bus, log: SqliteLog) -> Iterator[None]:
    stop = threading.Event()
    with LogWriter(log) as writer:
        thread = threading.Thread(target=pump_bus, args=(bus, writer, "kafka", stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def bodies(log: SqliteLog) -> list[bytes]:
    return [unpack_payload(record.body).body for record in log.read_after(0, 99)]


def test_what_was_stored_but_not_confirmed_comes_again_and_is_stored_once(
    address: str, tmp_path: Path
) -> None:
    make_topic(address, "desk")
    produce(address, "desk", b"1", None, b"2", ce_id=b"7", trace=b"x")
    with SqliteLog(tmp_path / "log", WallClock()) as log:
        options = {**said(address, "desk"), "headers": ("ce-id", "content-type")}
        killed = build_bus(options, ())
        messages = fetch(killed, 2)
        killed.close()
        assert [message.payload.headers for message in messages] == [{"ce-id": "7"}] * 2
        log.append([Pending("kafka", key, pack_payload(load)) for key, load in messages])
        assert committed(address, "slawatch", "desk") < 0
        with pumping(build_bus(said(address, "desk"), ()), log):
            produce(address, "desk", b"3")
            poll(lambda: committed(address, "slawatch", "desk") == 4, "offsets on the broker")
        assert bodies(log) == [b"1", b"2", b"3"]


def test_offsets_follow_the_commit_of_the_log_and_wait_for_it(address: str, tmp_path: Path) -> None:
    make_topic(address, "slow")
    produce(address, "slow", b"1")
    with SqliteLog(tmp_path / "log", WallClock(), max_backlog=1) as log:
        log.append([Pending("other", "x", b"0")])
        with pumping(build_bus(said(address, "slow", group="g"), ()), log):
            poll(lambda: log.backlog() == 1 and not log.in_flight_at(), "a full log")
            assert committed(address, "g", "slow") < 0
            log.note_read(1)
            poll(lambda: committed(address, "g", "slow") == 1, "offsets on the broker")
        assert bodies(log) == [b"0", b"1"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param({"brokers": ""}, "option 'brokers' must be a text", id="no brokers"),
        pytest.param({"topic": 7}, "option 'topic' must be a text", id="no topic"),
        pytest.param({"client": []}, "option 'client' must be a table", id="no table"),
        pytest.param({"client": {"group.id": "g"}}, "may not hold 'group.id'", id="ours"),
        pytest.param({"client": {"no.such": "1"}}, "kafka cannot be used: .*no.such", id="unknown"),
    ],
)
def test_options_that_do_not_fit_stop_the_start(more: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        build_bus({**OPTIONS, "brokers": "h:1", "topic": "t", **more}, ())


def test_a_broker_that_is_not_there_is_no_reason_to_stop() -> None:
    bus = build_bus(said("127.0.0.1:1", "desk"), ())
    assert bus.fetch(10, 0.01) == []
    bus.close()


def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(ConfigError, match=r"install slawatch\[kafka\]"):
        build_bus(said("h:1", "t"), ())
