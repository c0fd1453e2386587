"""Redis Streams and NATS JetStream: nothing is lost, nothing is stored twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.payload import unpack_payload
from connectors.transports import jetstream, redis_streams
from connectors.transports.bus import Bus, Message, pump_bus
from connectors.wall import WallClock
from slawatch.errors import ConfigError, ConnectorError
from tests.connectors.transports.brokers import NatsServer, RedisServer, serve
from tests.e2e.monitor import poll

Server = RedisServer | NatsServer


@pytest.fixture(scope="module", params=[RedisServer, NatsServer], ids=["redis", "nats"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with serve(request.param(tmp_path_factory.mktemp("broker"))) as running:
        yield running


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as found:
        yield found


def make(server: Server, stream: str, *bodies: bytes) -> None:
    if isinstance(server, NatsServer):
        server.make(stream)
    server.add(stream, *bodies)


def join(server: Server, stream: str, **more: Any) -> Bus:  # noqa: ANN401 - options
    build = (
        redis_streams.build_stream if isinstance(server, RedisServer) else jetstream.build_stream
    )
    return build(server.options(stream, **more), ())


@contextmanager
def pumping(bus: Bus, log: SqliteLog) -> Iterator[None]:
    stop = threading.Event()
    with LogWriter(log) as writer:
        thread = threading.Thread(target=pump_bus, args=(bus, writer, "stream", stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def bodies(log: SqliteLog) -> list[bytes]:
    return [unpack_payload(record.body).body for record in log.read_after(0, 1000)]


def holds(log: SqliteLog, *expected: bytes) -> Callable[[], bool]:
    return lambda: bodies(log) == list(expected)


def fetch(bus: Bus, count: int) -> list[Message]:
    found: list[Message] = []

    def look() -> bool:
        found.extend(bus.fetch(10, 0.1))
        return len(found) >= count

    poll(look, f"{count} messages")
    return found


def test_messages_are_stored_and_then_acknowledged(server: Server, log: SqliteLog) -> None:
    make(server, "store", b"1", b"2")
    with pumping(join(server, "store"), log):
        poll(holds(log, b"1", b"2"), "what was there")
        server.add("store", b"3")
        poll(holds(log, b"1", b"2", b"3"), "what came")
        poll(lambda: server.pending("store") == 0, "the acknowledgement")


def test_what_was_not_acknowledged_comes_again_under_its_key(server: Server) -> None:
    make(server, "again", b"1", b"2")
    first = join(server, "again")
    taken = fetch(first, 2)
    first.close()
    assert server.pending("again") == 2
    if isinstance(server, NatsServer):
        return  # JetStream waits 30 s before it sends them again
    second = join(server, "again")
    assert fetch(second, 2) == taken
    second.confirm()
    second.close()
    assert server.pending("again") == 0


def test_a_restart_goes_on_where_it_was(server: Server, log: SqliteLog) -> None:
    make(server, "resume", b"1")
    with pumping(join(server, "resume"), log):
        poll(holds(log, b"1"), "the first message")
        poll(lambda: server.pending("resume") == 0, "its acknowledgement")
    server.add("resume", b"2")
    second = join(server, "resume")
    assert [one.payload.body for one in fetch(second, 1)] == [b"2"]
    second.close()


def test_a_broker_that_was_away_loses_nothing(server: Server, log: SqliteLog) -> None:
    make(server, "away", b"1")
    with pumping(join(server, "away"), log):
        poll(holds(log, b"1"), "the first message")
        server.stop()
        server.start()
        server.add("away", b"2")
        poll(holds(log, b"1", b"2"), "the message after the break")


def test_a_broker_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    for bus in (join(RedisServer(tmp_path), "x"), join(NatsServer(tmp_path), "x")):
        with pytest.raises(ConnectorError, match="cannot be read"):
            bus.fetch(1, 0.1)
        bus.close()


def test_a_dead_consumer_s_messages_are_taken_over(tmp_path: Path) -> None:
    with serve(RedisServer(tmp_path)) as server:
        server.add("dead", b"1")
        first = join(server, "dead", consumer="one")
        fetch(first, 1)
        first.close()
        second = join(server, "dead", consumer="two", claim_seconds=0)
        assert [one.payload.body for one in fetch(second, 1)] == [b"1"]
        second.close()


def test_a_password_is_the_source_s_secret(tmp_path: Path) -> None:
    with serve(RedisServer(tmp_path)) as server:
        assert isinstance(server, RedisServer)
        server.add("locked", b"1")
        server.client.config_set("requirepass", "geheim")
        bus = redis_streams.build_stream(server.options("locked"), ("geheim",))
        assert len(fetch(bus, 1)) == 1
        bus.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({}, "options.stream must be a text", id="no stream"),
        pytest.param({"stream": "s", "url": "x://y"}, "options.url must be such", id="url"),
    ],
)
def test_what_a_redis_stream_needs_is_asked_for(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        redis_streams.build_stream(options, ())


def test_what_a_nats_stream_needs_is_asked_for() -> None:
    with pytest.raises(ConfigError, match=r"options\.durable must be a text"):
        jetstream.build_stream({"stream": "s", "durable": ""}, ())
