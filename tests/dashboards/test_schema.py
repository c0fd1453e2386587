"""The boards pass through Grafana's own schema without losing a key."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.builder import Board, render_board
from tests.dashboards.queries import BOARDS

SendRound = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def send_round() -> SendRound:
    """Decode a board by the schema and encode it again."""
    with warnings.catch_warnings():
        # It asks for boards of schema 2, which a Grafana before 13 does not read.
        warnings.simplefilter("ignore", DeprecationWarning)
        from grafana_foundation_sdk.cog.plugins import register_default_plugins  # noqa: PLC0415
        from grafana_foundation_sdk.models.dashboard import Dashboard  # noqa: PLC0415
    register_default_plugins()
    return lambda board: json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder))


def find_lost(written: Any, read: Any, path: str = "") -> list[str]:  # noqa: ANN401 - JSON
    """Return the paths of keys that a round trip lost or changed."""
    if isinstance(written, dict):
        return [
            lost
            for key, value in written.items()
            for lost in (
                find_lost(value, read[key], f"{path}.{key}")
                if isinstance(read, dict) and key in read
                else [f"{path}.{key}"]
            )
        ]
    if isinstance(written, list):
        if not isinstance(read, list) or len(read) != len(written):
            return [path]
        return [
            lost
            for place, (one, other) in enumerate(zip(written, read, strict=True))
            for lost in find_lost(one, other, f"{path}[{place}]")
        ]
    return [] if written == read else [path]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.uid)
def test_the_schema_knows_every_key_of_a_board(board: Board, send_round: SendRound) -> None:
    written = render_board(board)
    assert find_lost(written, send_round(written)) == []


def test_a_key_that_the_schema_does_not_know_is_found(send_round: SendRound) -> None:
    written = render_board(BOARDS["en", "wall"])
    written["panels"][0]["options"]["colourMode"] = "value"
    assert find_lost(written, send_round(written)) == [".panels[0].options.colourMode"]
