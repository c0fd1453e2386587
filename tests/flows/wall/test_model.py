"""The wall's numbers, from contents put by hand."""

from __future__ import annotations

import pytest

from flows.store import Contents, Place
from flows.wall.facts import Facts
from flows.wall.history import QUARTER_US
from flows.wall.model import Wall, show_charts, show_tick, show_wall
from flows.wall.screen import Screen
from slawatch.views import View
from tests.desks import build_desk
from tests.flows.wall.contents import HOUR, MINUTE, NOW, SECOND, fill, pick, urgent

FACTS = Facts.of(build_desk(("phone", "email"), 2))
URLS = {"desk": "https://desk.example/t/{ticket_id}", "evil": "javascript:alert({ticket_id})"}
TEAM = Screen(teams=("l1-north",))
FIRST = "first_response"
PHONE: Place = ("channel", "phone", FIRST)
EMAIL: Place = ("channel", "email", FIRST)


def show(contents: Contents, screen: Screen | None = None) -> Wall:
    return show_wall(FACTS, contents, screen or Screen(), NOW, URLS)


def window(today: tuple[int, int], hour: tuple[int, int] = (0, 0)) -> dict[str, tuple[int, int]]:
    return {"15m": (0, 0), "1h": hour, "8h": (0, 0), "today": today}


def test_attainment_adds_the_channels_up() -> None:
    results = {PHONE: window((60, 5)), EMAIL: window((35, 0), (1, 1))}
    tile = pick(show(fill(results))["tiles"], "attainment")
    assert tile["value"] == {
        "value": 0.95,
        "metric": 'sla_channel_window_results{target="first_response",window="today"}',
        "fold": "share",
    }
    assert (tile["met"]["value"], tile["breached"]["value"]) == (95, 5)
    assert tile["objective"]["value"] == 0.95
    assert tile["hour"]["value"] == 0.5
    assert tile["state"] == "at_risk"


def test_a_channel_and_a_team_have_their_own_results() -> None:
    results: dict[Place, dict[str, tuple[int, int]]] = {
        PHONE: window((1, 0)),
        EMAIL: window((0, 1)),
        ("team", "l1-north", FIRST): window((3, 1)),
    }
    tile = pick(show(fill(results), Screen(channel="phone"))["tiles"], "attainment")
    assert tile["value"]["value"] == 1
    tile = pick(show(fill(results), TEAM)["tiles"], "attainment")
    assert tile["value"]["value"] == 0.75
    assert tile["value"]["metric"].startswith('sla_team_window_results{team="l1-north"')


def test_clocks_stand_beside_what_the_objectives_allow() -> None:
    clocks = {
        ("phone", "normal", FIRST, "running"): 54,
        ("phone", "normal", FIRST, "breached"): 2,
        ("email", "low", "resolution", "at_risk"): 4,
    }
    tiles = show(fill(view=View(clocks=clocks)))["tiles"]
    breached, at_risk = pick(tiles, "breached"), pick(tiles, "at_risk")
    assert (breached["value"]["value"], breached["allowed"], breached["state"]) == (2, 3, "fine")
    assert (at_risk["value"]["value"], at_risk["allowed"]) == (4, 1)
    assert at_risk["state"] == "at_risk"


def test_the_longest_wait_is_against_its_goal() -> None:
    oldest = {
        ("email", "low", FIRST): NOW - 4 * HOUR,
        ("phone", "urgent", FIRST): NOW - 10 * MINUTE,
        ("phone", "urgent", "resolution"): NOW - 20 * HOUR,
    }
    clocks = {(*key, "running"): 1 for key in oldest}
    tile = pick(show(fill(view=View(clocks=clocks, oldest=oldest)))["tiles"], "longest")
    # 10 of 15 minutes is more than 4 of 8 hours.
    assert (tile["channel"], tile["priority"], tile["state"]) == ("phone", "urgent", "fine")
    assert tile["value"]["value"] == (NOW - 10 * MINUTE) / SECOND
    assert tile["goal"]["value"] == 900


def test_a_breached_wait_comes_before_a_longer_one() -> None:
    oldest = {("email", "low", FIRST): NOW - 7 * HOUR, ("phone", "high", FIRST): NOW - HOUR // 2}
    clocks = {
        ("email", "low", FIRST, "running"): 1,
        ("phone", "high", FIRST, "breached"): 1,
        ("phone", "high", FIRST, "running"): 5,
    }
    tile = pick(show(fill(view=View(clocks=clocks, oldest=oldest)))["tiles"], "longest")
    assert (tile["channel"], tile["state"]) == ("phone", "breached")


def test_nobody_waits_where_no_clock_runs() -> None:
    assert pick(show(fill())["tiles"], "longest")["state"] == "none"


def test_urgent_tickets_without_an_answer_are_counted_but_not_the_paused() -> None:
    clocks = {
        ("phone", "urgent", FIRST, "running"): 2,
        ("email", "urgent", FIRST, "breached"): 1,
        ("email", "urgent", FIRST, "paused"): 7,
        ("email", "high", FIRST, "breached"): 9,
    }
    tile = pick(show(fill(view=View(clocks=clocks)))["tiles"], "urgent")
    assert (tile["value"]["value"], tile["state"], tile["goal"]["value"]) == (3, "breached", 900)


def test_a_team_screen_counts_what_its_teams_hold() -> None:
    held = {("l1-north", "new"): 2, ("l1-north", "open"): 3, ("l1-north", "resolved"): 9}
    view = View(
        team_tickets={**held, ("l2-south", "open"): 50},
        urgent=(urgent("desk/1", NOW, team="l2-south"), urgent("desk/2", NOW, team="l1-north")),
    )
    tiles = show(fill(view=view), TEAM)["tiles"]
    work = pick(tiles, "work")
    assert (work["value"]["value"], work["of"]["value"]) == (5, 2)
    assert pick(tiles, "next")["ticket"] == "desk/2"


def test_channels_stay_in_their_place() -> None:
    cells = show(fill({EMAIL: window((1, 0))}))["cells"]
    assert [(cell["name"], cell["state"]) for cell in cells] == [
        ("phone", "none"),
        ("email", "none"),
    ]


def test_a_channel_is_breached_by_its_hour_and_by_an_urgent_ticket() -> None:
    clocks = {("email", "urgent", FIRST, "breached"): 1}
    results = {PHONE: window((0, 0), (7, 3))}
    phone, email = show(fill(results, View(clocks=clocks)))["cells"]
    assert (phone["state"], phone["is_urgent"], phone["value"]["value"]) == ("breached", False, 0.7)
    assert (email["state"], email["is_urgent"]) == ("breached", True)


def test_tickets_link_only_to_pages() -> None:
    clocks = (urgent("desk/a b", NOW - 1), urgent("evil/1", NOW + 1), urgent("other/1", NOW + 2))
    first, second, third = show(fill(view=View(urgent=clocks)))["tickets"]
    assert (first["link"], first["is_overdue"]) == ("https://desk.example/t/a%20b", True)
    assert (second["link"], second["is_overdue"]) == (None, False)
    assert third["link"] is None


def test_charts_lay_today_over_yesterday() -> None:
    quarter = NOW // QUARTER_US
    quarters = {PHONE: {quarter: (1, 1), quarter - 4: (0, 9), quarter - 97: (3, 0)}}
    chart, other = show_charts(FACTS, fill(quarters=quarters), Screen(), NOW)
    assert chart["at"][-1] == NOW // SECOND
    assert len(chart["at"]) == len(chart["today"]) == len(chart["yesterday"]) == 33
    # The last hour holds this quarter, the hour before holds the one four quarters ago.
    assert chart["today"][-6:] == [None, 0, 0, 0, 0, 0.5]
    assert chart["yesterday"][-6:] == [None, None, None, None, 1, 1]
    assert (chart["before"], other["before"]) == (1, None)


@pytest.mark.parametrize(
    ("behind_us", "is_alive", "flow"),
    [
        (5 * SECOND, True, "live"),
        (5 * SECOND + 1, True, "catching_up"),
        (0, False, "stopped"),
    ],
)
def test_the_heartbeat_says_how_far_to_believe(behind_us: int, is_alive: bool, flow: str) -> None:  # noqa: FBT001
    contents = fill(log_at=NOW - behind_us)
    never = {"state": "never", "at": None}
    tick = show_tick(contents, NOW, never, is_alive=is_alive, version="1")  # type: ignore[arg-type]  # a plain dict
    assert (tick["flow"], tick["log_at"]) == (flow, (NOW - behind_us) / 1e6)


def test_before_the_first_record_it_starts() -> None:
    never = {"state": "never", "at": None}
    tick = show_tick(Contents(), NOW, never, is_alive=True, version="1")  # type: ignore[arg-type]  # a plain dict
    assert (tick["flow"], tick["log_at"]) == ("starting", None)
