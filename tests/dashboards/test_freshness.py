"""What the boards do when what they show is lost: as Grafana's own code treats it.

A query that fails leaves no frames, and a panel without frames shows its `noValue`, coloured by
the mapping of null. While an answer is awaited the last one stays.
"""

from __future__ import annotations

import pytest
import yaml

from dashboards.builder import Board, render_board
from dashboards.looks import BY_NAME, RED
from dashboards.provisioning import render_provisioning
from tests.dashboards.queries import BOARDS

EVERY = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.uid)


@EVERY
def test_what_cannot_be_asked_is_red_and_says_so(board: Board) -> None:
    for panel in render_board(board)["panels"]:
        if "targets" in panel:
            looks = panel["fieldConfig"]["defaults"]
            nulls = [m["options"] for m in looks["mappings"] if m["type"] == "special"]
            shown = next(m["result"] for m in nulls if m["match"] == "null")
            assert (looks["noValue"], shown["text"], shown["color"]) == (
                board.no_data,
                board.no_data,
                RED,
            )


@EVERY
def test_a_share_of_nothing_is_not_taken_for_lost_data(board: Board) -> None:
    # `lastNotNull` passes over NaN too: what is quiet would be red.
    reduced = [
        panel["options"]["reduceOptions"]["calcs"]
        for panel in render_board(board)["panels"]
        if "reduceOptions" in panel["options"]
    ]
    assert all(calcs == ["last"] for calcs in reduced)


@EVERY
def test_lines_can_be_told_apart(board: Board) -> None:
    for panel in render_board(board)["panels"]:
        if panel["type"] == "timeseries":
            assert panel["fieldConfig"]["defaults"]["color"]["mode"] in (BY_NAME, "thresholds")


def test_the_channels_lines_have_colours_of_their_own() -> None:
    board = BOARDS["en", "channels"]
    panels = [p for p in render_board(board)["panels"] if p["type"] == "timeseries"]
    colors = [
        found["value"]["fixedColor"]
        for override in panels[-1]["fieldConfig"]["overrides"]
        for found in override["properties"]
        if found["id"] == "color"
    ]
    assert len(colors) == len(set(colors)) == 10


@EVERY
def test_a_prometheus_that_hangs_is_lost_before_it_is_asked_again(board: Board) -> None:
    files = yaml.safe_load(render_provisioning()["provisioning/datasources/slawatch.yml"])
    timeout = files["datasources"][0]["jsonData"]["timeout"]
    assert timeout < {"10s": 10, "30s": 30, "1m": 60, "5m": 300}[board.refresh]
