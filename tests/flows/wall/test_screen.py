from __future__ import annotations

import pytest

from flows.wall.screen import Screen, UnknownScreenError, find_screen, list_parts
from tests.desks import build_desk

DESK = build_desk(("phone", "email"), 6)


def test_without_parameters_it_is_the_whole_desk() -> None:
    screen = find_screen(DESK, {"lang": "zh", "team": ""})
    assert screen == Screen()
    assert screen.holds("channel", "email")
    assert not screen.holds("team", "l1-north")
    assert not screen.holds("priority", "urgent")


def test_a_channel_is_shown_alone() -> None:
    screen = find_screen(DESK, {"channel": "phone"})
    assert screen.holds("channel", "phone")
    assert not screen.holds("channel", "email")
    assert screen.chosen == (("channel", "phone"),)


@pytest.mark.parametrize(
    ("query", "teams"),
    [
        ({"team": "l2-south"}, ("l2-south",)),
        ({"region": "north"}, ("l1-north", "l2-north", "l3-north")),
        ({"tier": "3"}, ("l3-north", "l3-south")),
        ({"tier": "3", "region": "south"}, ("l3-south",)),
    ],
)
def test_teams_are_chosen_by_name_region_and_tier(
    query: dict[str, str], teams: tuple[str, ...]
) -> None:
    screen = find_screen(DESK, query)
    assert screen.teams == teams
    assert screen.holds("team", teams[0])
    assert not screen.holds("channel", "phone")


@pytest.mark.parametrize(
    ("query", "part", "choices"),
    [
        ({"team": "l9"}, "team", tuple(DESK.teams)),
        ({"channel": "fax"}, "channel", ("phone", "email")),
        ({"tier": "4"}, "tier", ("1", "2", "3")),
        ({"region": "<b>"}, "region", ("north", "south")),
    ],
)
def test_an_unknown_part_is_said_with_those_there_are(
    query: dict[str, str], part: str, choices: tuple[str, ...]
) -> None:
    with pytest.raises(UnknownScreenError) as raised:
        find_screen(DESK, query)
    assert (raised.value.part, raised.value.choices) == (part, choices)


def test_no_team_fits_what_contradicts_itself() -> None:
    with pytest.raises(UnknownScreenError, match="team and region must be one of"):
        find_screen(DESK, {"team": "l1-north", "region": "south"})


def test_a_channel_and_a_team_have_no_series_in_common() -> None:
    with pytest.raises(UnknownScreenError, match="channel with team"):
        find_screen(DESK, {"channel": "phone", "team": "l1-north"})


def test_teams_are_matched_whole() -> None:
    assert find_screen(DESK, {"team": "l1-north"}).matchers() == {"team": '="l1-north"'}
    assert find_screen(DESK, {"tier": "1"}).matchers() == {"team": '=~"l1-north|l1-south"'}


def test_a_desk_without_teams_has_none_to_choose() -> None:
    assert list_parts(build_desk(("phone",), 0))["team"] == ()
