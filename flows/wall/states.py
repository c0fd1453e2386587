"""How things stand: fine, at risk or breached, from results, clocks and the policy's objectives."""

from __future__ import annotations

from enum import StrEnum
from math import floor

MIN_BREACHES = 3
"""Below this many an hour's breaches colour no channel: two of ten calls at night are no spike.
The breach-spike alert has the same floor."""
_EPSILON = 1e-9


class State(StrEnum):
    """Say how a part of the desk stands; NONE where there is nothing to judge, FEW too little."""

    NONE = "none"
    FEW = "few"
    FINE = "fine"
    AT_RISK = "at_risk"
    BREACHED = "breached"


def judge_share(today: float | None, hour: float | None, objective: float | None) -> State:
    """Judge today's attainment: breached below the objective, at risk while the last hour is."""
    if today is None or objective is None:
        return State.NONE
    if today < objective:
        return State.BREACHED
    return State.AT_RISK if hour is not None and hour < objective else State.FINE


def count_allowed(amount: float) -> int:
    """Return how many whole clocks an allowance covers; sums of shares are not exact."""
    return floor(amount + _EPSILON)


def judge_clocks(breached: int, at_risk: int, allowed: int) -> State:
    """Judge the clocks that run: against how many may breach if the objectives are to be met."""
    if breached > allowed:
        return State.BREACHED
    return State.AT_RISK if breached + at_risk > allowed else State.FINE


def judge_hour(
    breaches: int,
    allowed: float,
    at_risk: int = 0,
    allowed_more: float = 0.0,
    urgent: State = State.NONE,
) -> State:
    """Judge the last hour of a part of the desk.

    `allowed` is how many of the hour's clocks may breach; the clocks at risk now would, if they
    breached, add `at_risk` to the breaches and `allowed_more` to that. `urgent` is the state of
    the urgent tickets without an answer, each of which counts by itself.
    """
    if urgent is State.BREACHED or _is_over(breaches, allowed):
        return State.BREACHED
    if urgent is State.AT_RISK or (
        at_risk and _is_over(breaches + at_risk, allowed + allowed_more)
    ):
        return State.AT_RISK
    return State.FEW if breaches > allowed + _EPSILON else State.FINE


def _is_over(breaches: int, allowed: float) -> bool:
    return breaches >= MIN_BREACHES and breaches > allowed + _EPSILON
