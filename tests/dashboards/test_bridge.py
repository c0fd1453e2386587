from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboards.bridge import build_bridge, load_robots
from dashboards.robots import Kind, Robot
from slawatch.errors import ConfigError
from tests.serving import serve

BODY = {"status": "firing", "alerts": [{"status": "firing", "annotations": {"summary": "Spike"}}]}


@dataclass
class Group:
    """Be the vendor's side: it keeps what it was sent and answers as told."""

    answer: dict[str, Any] = field(default_factory=lambda: {"errcode": 0, "errmsg": "ok"})
    messages: list[Any] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.messages.append(await request.json())
        return JSONResponse(self.answer)


@pytest.fixture
def group() -> Group:
    return Group()


@pytest.fixture
def robot_url(group: Group) -> Iterator[str]:
    with serve(Starlette(routes=[Route("/send", group.take, methods=["POST"])])) as url:
        yield f"{url}/send?key=very-secret"


def post(url: str, path: str = "/duty", content: object = BODY) -> httpx.Response:
    app = build_bridge({"duty": Robot(Kind.WECOM, url)})

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
            return await client.post(path, json=content)

    return asyncio.run(ask())


def test_a_notification_reaches_the_group(group: Group, robot_url: str) -> None:
    assert post(robot_url).status_code == 200
    assert "Spike" in group.messages[0]["markdown"]["content"]


@pytest.mark.parametrize(("code", "status"), [(45009, 503), (93000, 422)])
def test_alertmanager_hears_whether_to_send_again(
    group: Group, robot_url: str, code: int, status: int
) -> None:
    group.answer = {"errcode": code, "errmsg": "no"}
    answer = post(robot_url)
    assert (answer.status_code, answer.text) == (status, f"the robot said {code}: no\n")


def test_a_robot_that_is_away_is_asked_again_and_its_key_stays_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = post("http://127.0.0.1:9/send?key=very-secret")
    assert answer.status_code == 503
    assert "very-secret" not in answer.text + caplog.text


def test_an_unknown_robot_and_a_wrong_body_are_told() -> None:
    assert (post("http://unused", "/night").status_code) == 404
    assert (post("http://unused", content=["no"]).status_code) == 400


def test_robots_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://robot.example/send?key=k\n")
    (tmp_path / "secret").write_text("s\n")
    path = tmp_path / "robots.toml"
    path.write_text(
        '[robots.duty]\nkind = "feishu"\nurl_file = "url"\nsecret_file = "secret"\n'
        'language = "zh"\nmention = ["ou_1"]\n'
    )
    url = "https://robot.example/send?key=k"
    assert load_robots(path) == {"duty": Robot(Kind.FEISHU, url, "s", "zh", ("ou_1",))}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[robots.a]\nkind = 'slack'\nurl_file = 'x'", "robots.a.kind", id="kind"),
        pytest.param("[robots.a]\nkind = 'wecom'", "robots.a.url_file", id="no address"),
        pytest.param("[robots.a]\nkind = 'wecom'\nurl_file = 'none'", "'none' cannot", id="file"),
        pytest.param(
            "[robots.a]\nkind = 'wecom'\nurl_file = 'r.toml'\nlanguage = 'fr'",
            "'fr'",
            id="language",
        ),
        pytest.param("[robots.a]\nkind = 'wecom'\nurl_file = 'r.toml'", "https", id="no url"),
        pytest.param("=", "not TOML", id="not TOML"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_robots(path)
    assert told in str(raised.value).replace(str(tmp_path) + "/", "")
