"""The bridge: Alertmanager's webhook in, a group robot's message out.

It keeps nothing: Alertmanager hears 2xx once the robot has taken the message, and sends again on
anything else.
"""

from __future__ import annotations

import logging
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboards.robots import Kind, Outcome, Robot, build_request, read_answer
from slawatch.errors import ConfigError, Problem
from slawatch.texts import LANGUAGES

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 8.0
"""Below the 10 s that Alertmanager gives a notification's first attempt at most."""
_Text = Annotated[str, StringConstraints(strict=True, min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    url_file: Path
    secret_file: Path | None = None
    language: _Text = "en"
    mention: tuple[_Text, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    robots: dict[_Text, _Table]


def load_robots(path: Path) -> dict[str, Robot]:
    """Read the robots of a TOML file. Raises `ConfigError` with every problem.

    An address holds a key that lets anybody write to the group: it comes from a file of its own.
    """
    try:
        found = _File.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as ex:
        raise ConfigError(f"robots file {str(path)!r} cannot be read: {ex.strerror}") from ex
    except tomllib.TOMLDecodeError as ex:
        raise ConfigError([Problem(str(path), "", f"not TOML: {ex}")]) from ex
    except ValidationError as ex:
        raise ConfigError(
            [
                Problem(str(path), ".".join(map(str, error["loc"])), error["msg"].lower())
                for error in ex.errors()
            ]
        ) from ex
    robots, problems = {}, []
    for name, table in found.robots.items():
        try:
            robots[name] = _build_robot(path.parent, table)
        except OSError as ex:
            message = f"{str(ex.filename)!r} cannot be read: {ex.strerror}"
            problems.append(Problem(str(path), f"robots.{name}", message))
        except ValueError as ex:
            problems.append(Problem(str(path), f"robots.{name}", str(ex)))
    if problems:
        raise ConfigError(problems)
    return robots


def _build_robot(folder: Path, table: _Table) -> Robot:
    if table.language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, got {table.language!r}")
    url = (folder / table.url_file).read_text("utf-8").strip()
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{str(table.url_file)!r} must hold the robot's https address")
    secret = "" if table.secret_file is None else (folder / table.secret_file).read_text("utf-8")
    return Robot(table.kind, url, secret.strip(), table.language, table.mention)


def build_bridge(robots: Mapping[str, Robot]) -> Starlette:
    """Build the application: `POST /NAME` for each robot, `/healthz`."""

    async def relay(request: Request) -> Response:
        robot = robots.get(name := request.path_params["name"])
        if robot is None:
            known = ", ".join(robots)
            return PlainTextResponse(f"no robot {name!r}: there are {known}\n", 404)
        try:
            notification = await request.json()
        except ValueError:
            notification = None
        if not isinstance(notification, dict):
            return PlainTextResponse("the body must be Alertmanager's webhook JSON\n", 400)
        outcome, words = await _send(robot, notification)
        if outcome is Outcome.TAKEN:
            return PlainTextResponse("sent\n")
        _LOG.warning(
            "robot did not take a message name=%s outcome=%s words=%s", name, outcome, words
        )
        # Alertmanager sends again after a 5xx, and gives up after a 4xx.
        status = 503 if outcome is Outcome.BUSY else 422
        return PlainTextResponse(f"the robot said {words}\n", status)

    async def show_health(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    return Starlette(
        routes=[Route("/healthz", show_health), Route("/{name}", relay, methods=["POST"])]
    )


async def _send(robot: Robot, notification: Mapping[str, object]) -> tuple[Outcome, str]:
    url, message = build_request(robot, notification, time.time())
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
            answer = await client.post(url, json=message)
    except httpx.HTTPError as ex:
        # Its text may hold the address, which is the key to the group.
        return Outcome.BUSY, type(ex).__name__
    try:
        said = answer.json()
    except ValueError:
        said = None
    return read_answer(robot.kind, answer.status_code, said)
