"""Every panel of every board against a real Prometheus over the real monitor."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboards.check import Verdict, ask_panels
from dashboards.notes import find_notes
from dashboards.prometheus_api import Answer
from tests.cli.commands import call
from tests.dashboards.conftest import Watched
from tests.dashboards.history import happened_at
from tests.dashboards.rule_answers import find_rule_faults


def test_no_query_of_any_panel_is_refused_warned_of_or_empty(watched: Watched) -> None:
    faults = [a[:2] + a[3:5] for a in watched.answers if a.verdict is not Verdict.ANSWERED]
    assert not faults, "\n".join(map(str, faults))


def test_no_rule_is_refused_warned_of_or_without_its_series(watched: Watched) -> None:
    faults = list(find_rule_faults(watched))
    assert not faults, "\n".join(map(str, faults))


def test_no_panel_is_left_out(watched: Watched) -> None:
    asked = [(a.board, a.panel, a.query) for a in watched.answers]
    assert asked == [
        (name, panel.title, query)
        for name, board in watched.boards.items()
        for panel in board.panels()
        for query in panel.queries
    ]


def test_only_texts_ask_nothing(watched: Watched) -> None:
    panels = [panel for board in watched.boards.values() for panel in board.panels()]
    assert {panel.kind for panel in panels if not panel.queries} == {"text"}


def ask(watched: Watched, board: str, title: str, place: int = 0) -> dict[str, float]:
    """Return what a panel's query came to: values by the name that the panel shows."""
    found = [a for a in watched.answers if (a.board, a.panel) == (board, title)][place]
    return read(found.query.legend, found.answer)


def ask_past(watched: Watched, board: str, title: str, place: int = 0) -> dict[str, float]:
    """Return what it comes to over the thirty days of known growth alone."""
    panels = [panel for panel in watched.boards[board].panels() if panel.title == title]
    query = panels[0].queries[place]
    return read(query.legend, watched.prometheus.ask(query.expr, watched.past))


def read(legend: str, answer: Answer) -> dict[str, float]:
    """Return the last values by legend, without those that say nothing was due."""
    return {
        fill(legend, series.labels): round(series.value, 4)
        for series in answer.series
        if not math.isnan(series.value)
    }


def fill(legend: str, labels: Mapping[str, str]) -> str:
    """Put labels into a legend, as Grafana does."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend)


def test_the_walls_first_headline_is_below_its_objective(watched: Watched) -> None:
    # 7 of 9 in time; at 80 % 1.8 of them may breach.
    assert ask(watched, "wall", "First response: in time today") == {"breached": 0.7778}
    assert ask(watched, "wall", "First response: in time today", 1) == {"beside": 0.8}


def test_the_walls_second_headline_is_on_target(watched: Watched) -> None:
    assert ask(watched, "wall", "Resolution: in time today") == {"fine": 1}


def test_the_wall_counts_open_breaches_beside_those_allowed(watched: Watched) -> None:
    # Open: E4's breached and E6's and P4's first response; 8 resolutions. A fifth of 11 may.
    assert ask(watched, "wall", "Past their goal and still open") == {"fine": 1}
    assert ask(watched, "wall", "Past their goal and still open", 1) == {"beside": 2.2}


def test_the_wall_counts_breaches_of_the_hour_beside_those_allowed(watched: Watched) -> None:
    # The bot's second; E5's was corrected. Seven met: E5, P1 twice, P2, C1 twice, C2.
    assert ask(watched, "wall", "Breaches in the last hour") == {"fine": 1}
    assert ask(watched, "wall", "Breaches in the last hour", 1) == {"beside": 1.6}


def test_the_wall_counts_callers_past_the_threshold(watched: Watched) -> None:
    assert ask(watched, "wall", "Callers past the answer threshold") == {"breached": 1}
    assert ask(watched, "wall", "Callers past the answer threshold", 1) == {"beside": 1}


def test_the_wall_knows_each_channels_state(watched: Watched) -> None:
    # The bot's target is at 50 %; e-mail has a breached clock open; on site nothing is measured.
    expected = {"chat": 2, "email": 1, "phone": 0, "onsite": -1}
    assert ask(watched, "wall", "Channels now") == expected


def test_the_walls_data_is_current(watched: Watched) -> None:
    # A busy machine may be late, and that is told too.
    assert set(ask(watched, "wall", "Data age")) in ({"fine"}, {"at_risk"})
    # Its first start began six hours behind: pages hold still for a while, and that is told.
    assert ask(watched, "wall", "Monitor") == {"": 1}


def test_channels_show_the_share_of_allowed_breaches_used(watched: Watched) -> None:
    found = ask(watched, "channels", "First response: allowed breaches used today")
    assert found == {"email": 2, "phone": 0, "chat": 0}


def test_what_is_not_measured_is_told_beside_what_is(watched: Watched) -> None:
    found = ask(watched, "channels", "First response: in time today")
    assert found == {"email": 0.6, "phone": 1, "chat": 1, "onsite": -1}


def test_priorities_are_held_against_their_own_objective(watched: Watched) -> None:
    found = ask(watched, "priorities", "First response: allowed breaches used today")
    assert found == {"urgent": 1.6667, "normal": 0.8333}


def test_goals_come_from_the_policy(watched: Watched) -> None:
    found = ask(watched, "priorities", "First response: goals")
    assert found == {"urgent": 1200, "high": 3600, "normal": 3600, "low": 3600}


def test_the_most_urgent_ticket_opens_in_its_desk(watched: Watched) -> None:
    found = next(a for a in watched.answers if a.panel == "Most urgent tickets")
    first = min(found.answer.series, key=lambda series: series.value)
    assert first.labels["ticket"] == "desk/E4"
    assert first.labels["url"] == "https://desk.example/t/E4"
    assert -5000 < first.value < -4190


def test_open_clocks_are_counted_by_state(watched: Watched) -> None:
    found = ask(watched, "priorities", "Open clocks by priority and state")
    kept = {name: count for name, count in found.items() if count}
    assert kept == {
        "urgent breached": 1,
        "urgent running": 3,
        "normal at_risk": 1,
        "normal running": 6,
    }


def test_breaches_stand_beside_the_usual(watched: Watched) -> None:
    # Seven pairs of channel and target had three breaches each at this hour of earlier weeks.
    title = "Breaches an hour, and the usual at this hour"
    assert ask(watched, "slo", title) == {"now": 1}
    assert ask(watched, "slo", title, 1) == {"usual": 21}


@pytest.mark.parametrize("days", ["7 days", "30 days"])
def test_the_budget_is_told_as_measured_and_as_agreed(watched: Watched, days: str) -> None:
    # Of 10 an hour 1 breached, half of it excused; a fifth may.
    measured = ask(watched, "slo", f"Budget left of {days}, as measured")
    agreed = ask(watched, "slo", f"Budget left of {days}, as agreed")
    assert measured["first_response normal"] == pytest.approx(0.5, abs=0.02)
    assert agreed["first_response normal"] == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("title", "share"),
    [
        # 6 answered in time and 2 late, 1 gave up in time and 1 late.
        ("F1: abandons in time are met, 1 hour", 0.7),
        ("F2: abandons left out, 1 hour", 0.75),
        ("F3: abandons count against, 1 hour", 0.6),
        ("F4: abandons in time left out, 1 hour", 0.6667),
    ],
)
def test_service_level_is_told_in_its_formulas(watched: Watched, title: str, share: float) -> None:
    assert ask_past(watched, "contact-centre", title) == {"phone": share, "chat": share}


def test_abandonment_is_two_of_ten(watched: Watched) -> None:
    found = ask_past(watched, "contact-centre", "Abandoned, 1 hour")
    assert found == {"Abandoned, 1 hour": 0.2}


def test_the_longest_wait_is_that_of_the_caller_who_waits(watched: Watched) -> None:
    found = ask(watched, "contact-centre", "Longest wait now")
    assert 120 <= found["Longest wait now"] < 600


def test_satisfaction_stands_beside_its_response_rate(watched: Watched) -> None:
    # 3 fives and 1 two to 8 surveys, on each channel.
    assert ask_past(watched, "bots", "Satisfied, 7 days") == {"gave 4 or 5": 0.75}
    assert ask_past(watched, "bots", "Mean rating, 7 days") == {"of 5": 4.25}
    assert ask_past(watched, "bots", "Surveys answered, 7 days") == {"answered": 0.5}


def test_bots_gave_three_of_four_first_replies_where_there_are_bots(watched: Watched) -> None:
    found = ask_past(watched, "bots", "Share of first replies that bots gave")
    assert found == {"chat": 0.75}


def test_an_empty_prometheus_is_told_panel_by_panel(watched: Watched) -> None:
    before = watched.past - 3 * 365 * 86_400
    some = {"wall": watched.boards["wall"]}
    verdicts = {a.panel: a.verdict for a in ask_panels(some, watched.prometheus, before)}
    assert verdicts["Channels now"] is Verdict.EMPTY
    assert verdicts["Time"] is Verdict.ANSWERED


def test_the_command_asks_every_panel_and_finds_no_fault(watched: Watched, tmp_path: Path) -> None:
    options = ("--policy", watched.policy, "--out", tmp_path)
    call("dashboards", "build", *options)
    found = call("dashboards", "check", *options, "--prometheus", watched.prometheus.url)
    assert found.exit_code == 0, found.stdout
    assert found.stdout.splitlines() == [
        "files: as the policy gives them",
        f"queries: {len(watched.answers)}, faults: 0",
    ]


def test_the_command_names_the_panels_that_do_not_answer(watched: Watched, tmp_path: Path) -> None:
    # The demo's boards ask for targets that this desk does not promise.
    call("dashboards", "build", "--out", tmp_path)
    options = ("--out", tmp_path, "--prometheus", watched.prometheus.url)
    found = call("dashboards", "check", *options)
    assert found.exit_code == 1
    line = "stages: Goals of the stages: empty: returns nothing"
    assert line in found.stdout.splitlines()


def test_spikes_imports_and_policy_changes_are_found_in_prometheus(watched: Watched) -> None:
    begin = happened_at(int(watched.past))
    found = find_notes(watched.prometheus, begin, begin + 3 * 3600)
    assert [(note.kind, note.text, note.start - begin) for note in found] == [
        ("breach-spike", "SlaBreachSpike phone", 0),
        ("import", "catching up: an import or a restart", 3600),
        ("policy-change", "policy new", 7200),
    ]
    # A series that ends without a mark is seen for five minutes more.
    assert found[0].end - begin in range(600, 901)
    assert found[1].end - begin == 3900


def test_notes_of_a_shorter_look_back_meet_those_of_a_longer(watched: Watched) -> None:
    begin = happened_at(int(watched.past))
    whole = find_notes(watched.prometheus, begin - 300, begin + 3600)
    later = find_notes(watched.prometheus, begin + 130, begin + 3600)
    assert (later[0].text, later[0].end) == (whole[0].text, whole[0].end)
    assert later[0].start > whole[0].start
