from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dashboards.builder import Board, dump, render_board
from dashboards.check import find_differences
from dashboards.desk import BOARD_NAMES
from dashboards.library import BUILDERS, build_boards, render_files
from dashboards.notes import SPIKES
from slawatch import labels as v
from slawatch.config import load_config
from tests.dashboards.queries import BOARDS, DEMO, EXPOSED, QUERIES, RECORDED, take_apart
from tests.docs.pages import read

PROJECT = Path(__file__).resolve().parents[2]
CONSTANTS = {-2, -1, 0, 1, 2, 3, 4, 5, 12, 0.75, 0.9, 35, 1000}
"""Codes of states, scores, top 12, three quarters, q, three missed scrapes, milliseconds."""

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.uid)
every_query = pytest.mark.parametrize("expr", sorted({q.expr for _, _, q in QUERIES}))


def test_the_committed_files_are_those_of_the_demo_byte_by_byte() -> None:
    assert find_differences(render_files(DEMO), PROJECT / "dashboards") == []


def test_building_again_gives_the_same_bytes() -> None:
    assert render_files(load_config(["demo"])) == render_files(DEMO)


@every_query
def test_a_query_names_only_what_is_exported_or_recorded(expr: str) -> None:
    names = {selector.name for selector in take_apart(expr).selectors}
    assert names <= EXPOSED.keys() | RECORDED


@every_query
def test_a_query_matches_only_labels_that_the_family_has(expr: str) -> None:
    found = [s for s in take_apart(expr).selectors if s.name in EXPOSED]
    assert [s for s in found if not s.matchers.keys() <= EXPOSED[s.name]] == []


@every_query
def test_a_query_pins_window_and_q_to_one_value(expr: str) -> None:
    values = {"window": v.WINDOWS, "q": [v.render_quantile(q) for q in v.QUANTILES]}
    for selector in take_apart(expr).selectors:
        for label in EXPOSED.get(selector.name, frozenset()) & values.keys():
            operator, value = selector.matchers[label]
            assert operator == "MatchOp.Equal"
            assert value in values[label]


@every_query
def test_no_window_is_put_under_a_function_of_counters(expr: str) -> None:
    grown = {name for function, name in take_apart(expr).over_time if function != "last_over_time"}
    assert [name for name in grown if "_window_" in name] == []


@every_query
def test_only_counters_are_put_under_increase_and_rate(expr: str) -> None:
    grown = {name for f, name in take_apart(expr).over_time if f in ("increase", "rate")}
    assert [name for name in grown if not re.search("_(total|bucket|sum|count)$", name)] == []


@every_query
def test_no_goal_and_no_objective_is_typed(expr: str) -> None:
    assert set(take_apart(expr).numbers) <= CONSTANTS


def test_a_change_of_goals_changes_no_board(tmp_path: Path) -> None:
    policy = tmp_path / "desk.toml"
    policy.write_text(
        'include = ["demo"]\n[[policies]]\nname = "default"\nobjective = "61%"\n'
        'goals.first_response = "71s"\ngoals.resolution = "7100s"\n'
        'goals.next_response = "72s"\ngoals.escalation_response = "73s"\n'
        'goals.periodic_update = { urgent = "74s" }\n'
    )
    assert build_boards(load_config([policy]), "en") == build_boards(DEMO, "en")


def test_both_languages_ask_the_same() -> None:
    asked = {
        language: [
            (name, panel.kind, [query.expr for query in panel.queries])
            for (spoken, name), board in BOARDS.items()
            if spoken == language
            for panel in board.panels()
        ]
        for language in ("en", "zh")
    }
    assert asked["en"] == asked["zh"]


def test_every_title_is_chinese_on_a_chinese_board() -> None:
    titles = [
        title
        for (language, _), board in BOARDS.items()
        if language == "zh"
        for title in (board.title, board.description, *(panel.title for panel in board.panels()))
    ]
    assert [title for title in titles if not re.search(r"[一-鿿]", title)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_wall_fills_a_screen_and_needs_no_hand(language: str) -> None:
    board = render_board(BOARDS[language, "wall"])
    cells = [panel["gridPos"] for panel in board["panels"]]
    area = sum(cell["w"] * cell["h"] for cell in cells)
    assert max(cell["y"] + cell["h"] for cell in cells) == 27
    assert area == 24 * 27
    assert board["templating"]["list"] == []
    assert not {panel["type"] for panel in board["panels"]} & {"table", "text"}


@every_board
def test_panels_are_numbered_and_their_queries_lettered(board: Board) -> None:
    panels = render_board(board)["panels"]
    letters = [[t["refId"] for t in panel.get("targets", [])] for panel in panels]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert all(refs == list("ABCDEFG")[: len(refs)] for refs in letters)


@every_board
def test_every_source_is_named_by_its_uid(board: Board) -> None:
    sources = re.findall(r'"datasource": \{([^}]*)\}', dump(render_board(board)))
    assert {json.dumps(source.split()) for source in sources} == {
        json.dumps(['"type":', f'"{kind}",', '"uid":', *f'"{uid}"'.split()])
        for kind, uid in (("prometheus", "slawatch-prometheus"), ("grafana", "-- Grafana --"))
    }


@every_board
def test_every_panel_says_when_it_has_no_data(board: Board) -> None:
    asking = [p for p in render_board(board)["panels"] if "targets" in p]
    words = {panel["fieldConfig"]["defaults"]["noValue"] for panel in asking}
    assert words == {board.no_data}
    assert board.no_data in ("NO DATA", "无数据")


@every_board
def test_links_lead_to_boards_that_there_are(board: Board) -> None:
    known = {board.uid for board in BOARDS.values()}
    assert set(re.findall(r'"/d/([^"]+)"', dump(render_board(board)))) <= known


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_every_board_the_way_leads_down_and_back_to_the_wall(language: str) -> None:
    wall = BOARDS[language, "wall"].uid
    for place, name in enumerate(BOARD_NAMES):
        urls = [link.url for link in BOARDS[language, name].links]
        below = [BOARDS[language, other].uid for other in BOARD_NAMES[place + 1 :]]
        assert set(urls) == {f"/d/{uid}" for uid in (wall, *below)} - {
            f"/d/{BOARDS[language, name].uid}"
        }


def test_the_uids_are_those_that_alerts_rely_on() -> None:
    assert {board.uid for (language, _), board in BOARDS.items() if language == "en"} == {
        "slawatch-wall",
        "slawatch-channels",
        "slawatch-priorities",
        "slawatch-stages",
        "slawatch-slo",
        "slawatch-urgent",
        "slawatch-bots",
        "slawatch-contact-centre",
        "slawatch-pipeline",
    }
    assert tuple(BUILDERS) == BOARD_NAMES


def test_the_reference_lists_every_board() -> None:
    page = read("docs/reference/dashboards.md")
    assert [name for name in BOARD_NAMES if f"| `{name}` | `slawatch-{name}` |" not in page] == []


def test_every_alert_leads_to_a_board_that_there_is() -> None:
    rules = render_files(DEMO)["prometheus/rules/alerts.yml"]
    uids = set(re.findall(r"dashboard_url: \S+/d/(\S+)", rules))
    assert uids
    assert uids <= {board.uid for board in BOARDS.values()}


def test_the_spikes_that_are_noted_are_alerts_that_there_are() -> None:
    rules = render_files(DEMO)["prometheus/rules/alerts.yml"]
    names = re.findall(r"alert: (\w+)", rules)
    pattern = re.findall(r'alertname=~"([^"]+)"', SPIKES)[0]
    assert [name for name in names if re.fullmatch(pattern, name)] == [
        "SlaBreachSpike",
        "SlaTeamBreachSpike",
    ]
