from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import promql_parser
import pytest

from dashboards.boards.urgent import ticket_links
from dashboards.builder import render_board
from dashboards.desk import BOARD_NAMES, build_desk
from dashboards.library import BUILDERS, build_boards
from slawatch.config import load_config
from slawatch.errors import ConfigError
from slawatch.texts import load_texts
from tests.dashboards.queries import desk

LINKED = {"demo": "https://desk.example/{ticket_id}"}


def test_the_headlines_are_the_first_targets_that_are_measured() -> None:
    assert desk().headlines == ("first_response", "resolution", "next_response")


def test_a_desk_of_other_targets_shows_its_own(tmp_path: Path) -> None:
    policy = tmp_path / "desk.toml"
    policy.write_text('include = ["targets"]\n[[policies]]\nname = "p"\ngoals.triage = "1h"\n')
    found = build_desk(load_config([policy]), "en")
    assert (found.headlines, found.targets) == (("triage",), ("triage",))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('goals.triage = "1h"', id="one target, no chain"),
        pytest.param('goals.bot_first_response = "15s"', id="bots alone"),
    ],
)
def test_the_smallest_desk_has_all_boards(tmp_path: Path, text: str) -> None:
    policy = tmp_path / "desk.toml"
    head = 'include = ["targets"]\n[desk]\nchannels = ["email"]\n[[policies]]\nname = "p"\n'
    policy.write_text(head + text)
    boards = build_boards(load_config([policy]), "zh")
    assert boards.keys() == set(BOARD_NAMES)
    assert render_board(boards["wall"])["panels"][-1]["gridPos"]["y"] == 19
    for board in boards.values():
        for panel in board.panels():
            for query in panel.queries:
                promql_parser.parse(query.expr)


def test_a_desk_that_promises_nothing_is_told() -> None:
    with pytest.raises(ConfigError, match="there is nothing to show"):
        build_desk(load_config(["targets"]), "en")


def test_every_text_of_the_boards_is_shown_somewhere() -> None:
    used: set[str] = set()

    class Noted(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            used.add(key)
            return super().__getitem__(key)

    for changes in ({}, {"bot_targets": (), "live_channels": (), "ticket_urls": LINKED}):
        found = replace(desk(), words=Noted(desk().words), **changes)  # type: ignore[arg-type]  # its fields
        for build in BUILDERS.values():
            build(found)
    assert load_texts("boards", "en").keys() <= used


def test_stages_are_those_of_the_chain() -> None:
    assert desk().stages == ("acknowledge", "plan", "expert", "fix", "feedback")


def test_words_come_in_both_languages_and_values_of_ones_own_stay() -> None:
    assert (desk("en").target("fix"), desk("zh").target("fix")) == ("Fix", "修复")
    assert desk("zh").target("my_target") == "my_target"


def test_both_languages_have_boards_of_their_own() -> None:
    assert (desk("en").uid("wall"), desk("zh").uid("wall")) == ("slawatch-wall", "slawatch-wall-zh")


def test_names_of_several_labels_are_reworded_part_by_part() -> None:
    found = desk("zh").reworded("state")
    assert {
        "id": "renameByRegex",
        "options": {"regex": r"(.*)\bbreached\b(.*)", "renamePattern": "$1已超时$2"},
    } in found


def test_each_source_has_its_own_link() -> None:
    found = ticket_links("x", {"b.c": "https://b/{ticket_id}?a=$1", "a": "https://a/{ticket_id}"})
    assert found == (
        'label_replace(label_replace(x, "url", "https://a/${1}", "ticket", "a/(.+)"), '
        '"url", "https://b/${1}?a=$$1", "ticket", "b\\\\.c/(.+)")'
    )
    promql_parser.parse(found)


def test_without_a_template_there_is_no_link() -> None:
    assert ticket_links("x", {}) == "x"
