from __future__ import annotations

import time

import pytest

from dashboards import judgements as j
from dashboards.boards.wall import STALE_SECONDS
from dashboards.builder import Board, split
from dashboards.check import Verdict, ask_panels
from dashboards.looks import plain
from dashboards.panels import Query, stat
from tests.dashboards.conftest import Watched
from tests.dashboards.rule_answers import find_rule_faults


@pytest.fixture(scope="module")
def watched(watched_by_newer: Watched) -> Watched:
    """Ask the next line here: each file has one Prometheus, and both lines are asked."""
    return watched_by_newer


def test_the_next_line_refuses_warns_of_and_leaves_empty_nothing(watched: Watched) -> None:
    faults = [a[:2] + a[3:5] for a in watched.answers if a.verdict is not Verdict.ANSWERED]
    assert not faults, "\n".join(map(str, faults))


def test_the_next_line_refuses_and_warns_of_no_rule(watched: Watched) -> None:
    faults = list(find_rule_faults(watched))
    assert not faults, "\n".join(map(str, faults))


ABSENT = "slawatch_build_info > 9"


def state(watched: Watched, value: str, bad: float, allowed: float, alive: str) -> dict[str, float]:
    """Return what a judgement says: the value by its state."""
    query = j.judged(value, f"vector({bad})", f"vector({allowed})", alive)
    answer = watched.ask(query.expr)
    return {series.labels["state"]: series.value for series in answer.series}


@pytest.mark.parametrize(
    ("bad", "allowed", "expected"),
    [
        pytest.param(0, 0, j.FINE, id="none of none"),
        pytest.param(7.5, 10, j.FINE, id="three quarters"),
        pytest.param(7.6, 10, j.AT_RISK, id="more than three quarters"),
        pytest.param(10, 10, j.AT_RISK, id="all that is allowed"),
        pytest.param(10.1, 10, j.BREACHED, id="more than that"),
        pytest.param(1, 0, j.BREACHED, id="one where none is allowed"),
    ],
)
def test_a_value_is_judged_by_what_is_allowed(
    watched: Watched, bad: float, allowed: float, expected: str
) -> None:
    assert state(watched, "vector(0.9)", bad, allowed, "slawatch_build_info") == {expected: 0.9}


def test_a_value_that_is_absent_while_others_are_there_is_quiet(watched: Watched) -> None:
    assert state(watched, ABSENT, 1, 0, "slawatch_build_info") == {j.QUIET: 0}


def test_nothing_at_all_is_no_data(watched: Watched) -> None:
    assert state(watched, ABSENT, 1, 0, ABSENT) == {j.NO_DATA: 1}


def data_age(watched: Watched, at: float) -> dict[str, float]:
    """Return the state of the wall's data age at an instant."""
    panels = {panel.title: panel for panel in watched.boards["wall"].panels()}
    answer = watched.ask(panels["Data age"].queries[0].expr, at)
    return {series.labels["state"]: series.value for series in answer.series}


def test_data_turns_stale_when_three_scrapes_are_missed(watched: Watched) -> None:
    # Asked of a later instant, up to which nothing more has come: the flow or the scrape is lost.
    assert set(data_age(watched, watched.now)) in ({j.FINE}, {j.AT_RISK})
    assert data_age(watched, time.time() + STALE_SECONDS + 5).keys() == {j.BREACHED}


def test_a_flow_that_was_never_there_is_no_data(watched: Watched) -> None:
    assert data_age(watched, watched.past).keys() == {j.NO_DATA}


def test_the_wall_says_no_data_while_open_work_is_absent(watched: Watched) -> None:
    panels = [panel for panel in watched.boards["wall"].panels() if panel.queries]
    states = {
        panel.title: {
            series.labels["state"]
            for series in watched.ask(panel.queries[0].expr, watched.past).series
        }
        for panel in panels[:5]
    }
    assert states == {panel.title: {j.NO_DATA} for panel in panels[:5]}


def test_a_query_that_prometheus_refuses_is_told(watched: Watched) -> None:
    panel = stat("wrong", Query("sum("), look=plain())
    boards = {"b": Board("b", "b", "", "NO DATA", (split(4, panel),))}
    found = list(ask_panels(boards, watched.prometheus))
    assert [answer.verdict for answer in found] == [Verdict.REFUSED]
    assert "parse error" in found[0].detail
