from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from connectors.listener import Server
from flows.export import Exporter
from flows.http import start_server
from flows.store import Store
from flows.wall.app import Wall
from slawatch.errors import ConfigError
from tests.desks import SMALL_DESK

NOW = 1_700_000_000_000_000


class Running:
    """Be a server on a free port with a flow that can be stopped."""

    def __init__(self) -> None:
        self.store = Store()
        self.is_alive = True
        exporter = Exporter(SMALL_DESK, self.store, lambda: NOW)
        wall = Wall(SMALL_DESK, self.store, lambda: NOW, lambda: self.is_alive)
        self.server: Server = start_server(exporter, lambda: self.is_alive, wall, port=0)

    def get(self, path: str, accept: str = "*/*") -> tuple[int, str, str]:
        url = f"http://{self.server.host}:{self.server.port}{path}"
        request = urllib.request.Request(url, headers={"Accept": accept})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # loopback
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as ex:
            with ex:
                return ex.code, ex.headers["Content-Type"], ex.read().decode()


def start(host: str = "127.0.0.1", port: int = 0) -> Server:
    """Start another server."""
    store = Store()
    exporter = Exporter(SMALL_DESK, store, lambda: NOW)
    wall = Wall(SMALL_DESK, store, lambda: NOW, lambda: True)
    return start_server(exporter, lambda: True, wall, host, port)


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.server.stop()


def test_it_listens_on_loopback_by_default(running: Running) -> None:
    assert running.server.host == "127.0.0.1"
    assert running.server.port > 0


def test_metrics_are_text_unless_openmetrics_is_asked_for(running: Running) -> None:
    _, content_type, body = running.get("/metrics")
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert not body.endswith("# EOF\n")
    _, content_type, body = running.get("/metrics", "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith("# EOF\n")


def test_health_follows_the_flow(running: Running) -> None:
    assert running.get("/healthz")[0] == 200
    running.is_alive = False
    assert running.get("/healthz")[0] == 503
    assert running.get("/metrics")[0] == 200


def test_readiness_follows_log_time(running: Running) -> None:
    assert running.get("/readyz")[0] == 503
    running.store.put_progress("0", NOW - 6_000_000, 0, 0)
    assert running.get("/readyz")[0] == 503
    running.store.put_progress("0", NOW - 5_000_000, 0, 0)
    assert running.get("/readyz")[0] == 200
    running.is_alive = False
    assert running.get("/readyz")[0] == 503


def test_the_wall_is_what_lies_at_the_root(running: Running) -> None:
    status, content_type, body = running.get("/")
    assert (status, content_type) == (200, "text/html; charset=utf-8")
    assert 'id="tiles"' in body
    assert running.get("/nothing")[0] == 404


def test_a_taken_port_is_said_in_one_sentence(running: Running) -> None:
    with pytest.raises(ConfigError, match=f"port {running.server.port} .* is taken"):
        start(port=running.server.port)


def test_a_port_is_free_again_after_the_stop() -> None:
    running = Running()
    running.server.stop()
    start(port=running.server.port).stop()


@pytest.mark.parametrize(
    ("host", "port"),
    [
        pytest.param("192.0.2.1", 0, id="address-of-another-machine"),
        pytest.param("127.0.0.1", 99_999, id="no-such-port"),
    ],
)
def test_an_address_that_cannot_be_listened_on_stops_the_start(host: str, port: int) -> None:
    with pytest.raises(ConfigError):
        start(host, port)
