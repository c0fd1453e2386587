"""The wall over HTTP: the page, its stream, who may look."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from connectors.listener import Server
from flows.export import Exporter
from flows.http import start_server
from flows.store import Store
from flows.wall.access import Access
from flows.wall.app import Wall, WallOptions
from flows.wall.scrapes import HEADER
from slawatch.views import View
from tests.desks import SMALL_DESK
from tests.e2e.monitor import poll
from tests.flows.wall.contents import NOW

TOKEN = "a-token-of-some-length"  # noqa: S105  # nobody's
PROTECTED = ("/", "/events", "/api/wall.json", "/static/wall.js")


class Served:
    """Be a wall that is served, and a browser that knows no cookies."""

    def __init__(self, token: str = "") -> None:
        self.store = Store()
        self.is_alive = True
        self.wall = Wall(
            SMALL_DESK,
            self.store,
            lambda: NOW,
            lambda: self.is_alive,
            WallOptions(access=Access(token)),
        )
        exporter = Exporter(SMALL_DESK, self.store, lambda: NOW)
        self.server: Server = start_server(exporter, lambda: self.is_alive, self.wall, port=0)

    @contextmanager
    def open(self, path: str, **headers: str) -> Iterator[http.client.HTTPResponse]:
        address = ("127.0.0.1", self.server.port)
        with closing(http.client.HTTPConnection(*address, timeout=20)) as connection:
            connection.request("GET", path, headers=headers)
            with connection.getresponse() as answer:
                yield answer

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        with self.open(path, **headers) as answer:
            return answer.status, answer.read().decode()

    def read_json(self, path: str) -> Any:  # noqa: ANN401  # JSON
        return json.loads(self.get(path)[1])


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.server.stop()


@pytest.fixture
def guarded() -> Iterator[Served]:
    served = Served(TOKEN)
    yield served
    served.server.stop()


def read_event(answer: http.client.HTTPResponse) -> tuple[str, Any]:
    """Return the next event of a stream."""
    name = answer.readline().decode().removeprefix("event: ").strip()
    data = json.loads(answer.readline().decode().removeprefix("data: "))
    assert answer.readline() == b"\n"
    return name, data


def test_the_page_loads_from_its_own_host_by_relative_addresses(served: Served) -> None:
    with served.open("/") as answer:
        page = answer.read().decode()
        policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "://" not in page
    assert 'href="/' not in page
    assert 'src="/' not in page
    assert "{{" not in page


def test_every_answer_of_the_wall_has_security_headers(served: Served) -> None:
    for path in PROTECTED:
        with served.open(path) as answer:
            assert answer.headers["x-content-type-options"] == "nosniff", path
            assert answer.headers["x-frame-options"] == "SAMEORIGIN", path
            assert answer.headers["referrer-policy"] == "no-referrer", path


def test_the_page_speaks_the_language_asked_for_or_preferred(served: Served) -> None:
    assert '<html lang="zh-Hans">' in served.get("/?lang=zh")[1]
    assert '<html lang="zh-Hans">' in served.get("/", **{"Accept-Language": "zh-CN,en;q=0.8"})[1]
    assert '<html lang="en">' in served.get("/", **{"Accept-Language": "de-DE,de"})[1]
    assert '<html lang="en">' in served.get("/?lang=en", **{"Accept-Language": "zh"})[1]


def test_files_named_after_their_version_are_kept_for_ever(served: Served) -> None:
    version = served.read_json("/api/wall.json")["tick"]["version"]
    with served.open(f"/static/wall.css?v={version}") as answer:
        assert "immutable" in answer.headers["cache-control"]
    with served.open("/static/wall.css?v=older") as answer:
        assert answer.headers["cache-control"] == "no-cache"
    assert served.get("/static/../model.py")[0] == 404
    assert served.get("/static/page.html")[0] == 404


def test_the_chart_library_is_served_with_its_licence(served: Served) -> None:
    assert "uPlot" in served.get("/static/vendor/uPlot.iife.min.js")[1]
    assert "Permission is hereby granted" in served.get("/static/vendor/LICENSE.uPlot")[1]


def test_the_stream_begins_with_everything_and_goes_on_with_the_heartbeat(served: Served) -> None:
    with served.open("/events") as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert [read_event(answer)[0] for _ in range(5)] == [
            "tick",
            "wall",
            "charts",
            "tick",
            "tick",
        ]
        served.is_alive = False
        while read_event(answer)[1]["flow"] != "stopped":
            pass


def test_the_stream_tells_what_changes(served: Served) -> None:
    with served.open("/events") as answer:
        events = [read_event(answer) for _ in range(3)]
        assert events[1][1]["tiles"][2]["value"]["value"] == 0
        clocks = {("phone", "urgent", "fix", "breached"): 2}
        served.store.put_view("0/0", View(clocks=clocks, log_at=NOW))
        told = read_event(answer)
        while told[0] == "tick":
            told = read_event(answer)
    assert told[0] == "wall"
    assert told[1]["tiles"][2]["value"]["value"] == 2


def test_the_json_is_what_the_stream_tells(served: Served) -> None:
    with served.open("/events?channel=phone") as answer:
        told = dict(read_event(answer) for _ in range(3))
    assert served.read_json("/api/wall.json?channel=phone") == told


def test_no_more_clients_than_allowed_are_taken(served: Served) -> None:
    served.wall.streams._max_clients = 1
    with served.open("/events") as first:
        read_event(first)
        with served.open("/events") as second:
            assert (second.status, second.headers["retry-after"]) == (503, "10")
        assert served.get("/api/wall.json")[0] == 200


def test_a_client_that_leaves_makes_room(served: Served) -> None:
    served.wall.streams._max_clients = 1
    with served.open("/events") as first:
        read_event(first)
    poll(lambda: served.wall.streams.clients == 0, "the client that left is no longer counted")
    with served.open("/events") as again:
        assert read_event(again)[0] == "tick"


def test_the_stop_ends_open_streams(served: Served) -> None:
    with served.open("/events") as answer:
        read_event(answer)
        served.server.stop()
        assert answer.read() is not None


def test_an_unknown_part_is_said_everywhere(served: Served) -> None:
    status, page = served.get("/?team=l9")
    assert status == 404
    assert "&quot;choices&quot;: [&quot;l1-north&quot;" in page
    for path in ("/events", "/api/wall.json"):
        status, body = served.get(f"{path}?team=l9")
        assert status == 404
        assert json.loads(body)["choices"] == ["l1-north", "l2-south"]


def test_what_an_address_says_never_becomes_markup(served: Served) -> None:
    _, page = served.get("/?team=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page


def test_only_prometheus_counts_as_a_scrape(served: Served) -> None:
    served.get("/metrics")
    assert served.read_json("/api/wall.json")["tick"]["scrape"]["state"] == "never"
    served.get("/metrics", **{HEADER: "10"})
    poll(
        lambda: (
            served.read_json("/api/wall.json")["tick"]["scrape"]
            == {"state": "fine", "at": NOW / 1e6}
        ),
        "the scrape is seen",
    )


@pytest.mark.parametrize("path", PROTECTED)
def test_the_wall_asks_for_the_token(guarded: Served, path: str) -> None:
    with guarded.open(path) as answer:
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="slawatch"'
        assert "?token=" in answer.read().decode()
    with guarded.open(path, Authorization=f"Bearer {TOKEN}") as answer:
        assert answer.status == 200


def test_prometheus_and_probes_need_no_token(guarded: Served) -> None:
    assert guarded.get("/metrics")[0] == 200
    assert guarded.get("/healthz")[0] == 200
    assert guarded.get("/readyz")[0] == 503


def test_the_token_moves_from_the_address_into_a_cookie(guarded: Served) -> None:
    with guarded.open(f"/?team=l1-north&token={TOKEN}&lang=zh") as answer:
        assert answer.status == 303
        assert answer.headers["location"] == "./?team=l1-north&lang=zh"
        cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path" not in cookie
    status, _ = guarded.get("/events?team=nobody", Cookie=cookie.partition(";")[0])
    assert status == 404
