from __future__ import annotations

import pytest

from flows.wall.states import State, count_allowed, judge_clocks, judge_hour, judge_share


@pytest.mark.parametrize(
    ("today", "hour", "expected"),
    [
        pytest.param(0.95, 0.95, State.FINE, id="at-the-objective"),
        pytest.param(0.949, 1.0, State.BREACHED, id="below-it"),
        pytest.param(0.97, 0.94, State.AT_RISK, id="sinking"),
        pytest.param(0.97, None, State.FINE, id="nothing-ended-lately"),
        pytest.param(None, None, State.NONE, id="nothing-ended-today"),
    ],
)
def test_attainment_is_judged_by_its_objective(
    today: float | None, hour: float | None, expected: State
) -> None:
    assert judge_share(today, hour, 0.95) is expected


def test_what_has_no_objective_is_not_judged() -> None:
    assert judge_share(0.1, 0.1, None) is State.NONE


def test_a_sum_of_shares_allows_what_it_comes_to() -> None:
    assert count_allowed(sum([0.05] * 20)) == 1
    assert count_allowed(sum([1 - 0.95] * 60)) == 3
    assert count_allowed(0.99) == 0


@pytest.mark.parametrize(
    ("breached", "at_risk", "expected"),
    [
        pytest.param(2, 0, State.FINE, id="as-allowed"),
        pytest.param(3, 0, State.BREACHED, id="more-than-allowed"),
        pytest.param(1, 2, State.AT_RISK, id="would-be-more"),
        pytest.param(1, 1, State.FINE, id="would-be-as-allowed"),
    ],
)
def test_clocks_are_judged_by_what_the_objectives_allow(
    breached: int, at_risk: int, expected: State
) -> None:
    assert judge_clocks(breached, at_risk, 2) is expected


@pytest.mark.parametrize(
    ("breaches", "allowed", "expected"),
    [
        pytest.param(2, 0.5, State.FEW, id="below-the-floor"),
        pytest.param(2, 2.0, State.FINE, id="below-both"),
        pytest.param(3, 0.5, State.BREACHED, id="at-the-floor"),
        pytest.param(3, 3.0, State.FINE, id="as-allowed"),
        pytest.param(4, 3.0, State.BREACHED, id="more-than-allowed"),
    ],
)
def test_an_hour_is_breached_from_three_on_and_beyond_what_is_allowed(
    breaches: int, allowed: float, expected: State
) -> None:
    assert judge_hour(breaches, allowed) is expected


def test_clocks_at_risk_count_as_if_they_breached() -> None:
    assert judge_hour(2, 1.0, at_risk=1, allowed_more=0.05) is State.AT_RISK
    assert judge_hour(1, 1.0, at_risk=1, allowed_more=0.05) is State.FINE


@pytest.mark.parametrize("urgent", [State.AT_RISK, State.BREACHED])
def test_one_urgent_clock_is_enough(urgent: State) -> None:
    assert judge_hour(0, 5.0, urgent=urgent) is urgent
