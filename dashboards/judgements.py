"""Queries that judge: is it fine, at risk or breached, by what the objectives allow.

Objectives and goals come from `sla_objective_ratio` and `sla_goal_seconds`, never typed.
"""

from __future__ import annotations

from typing import Final

from dashboards import promql as p
from dashboards.looks import AMBER, BLUE, NEAR_RATIO, NEUTRAL, RED, Json, Word, override, paint
from dashboards.panels import Query
from slawatch import conventions as c
from slawatch import labels as v

FINE: Final = "fine"
AT_RISK: Final = "at_risk"
BREACHED: Final = "breached"
QUIET: Final = "quiet"
NO_DATA: Final = "no_data"
BESIDE: Final = "beside"
"""The series name of the number that stands beside a headline."""

LATE, STATE_AT_RISK, STATE_FINE, NOT_MEASURED, LOST = 2, 1, 0, -1, -2
"""The codes of `channel_state`."""


def judged(value: str, bad: str, allowed: str, alive: str) -> Query:
    """Return `value` with a label `state` that says how `bad` stands to `allowed`.

    All are single numbers. While the selector `alive` has nothing the state is `no_data`; where it
    has but `value` is absent, nothing was due: `quiet`.
    """
    near = f"({bad}) <= {NEAR_RATIO:g} * ({allowed})"
    states = {
        FINE: f"({value}) and on () ({near})",
        AT_RISK: f"(({value}) and on () (({bad}) <= ({allowed}))) unless on () ({near})",
        BREACHED: f"({value}) and on () (({bad}) > ({allowed}))",
        QUIET: f"(sum({alive}) * 0) unless on () ({value})",
        NO_DATA: f"sum(absent({alive}))",
    }
    return Query(" or ".join(_label(expr, name) for name, expr in states.items()), "{{state}}")


def _label(expr: str, state: str) -> str:
    return f'label_replace({expr}, "state", "{state}", "", "")'


def state_overrides(
    fine: str, at_risk: str, breached: str, quiet: str, no_data: str, beside: str
) -> tuple[Json, ...]:
    """Return the words and colours of the states that `judged` tells."""
    return (
        override("byName", FINE, color=paint(BLUE), displayName=fine),
        override("byName", AT_RISK, color=paint(AMBER), displayName=at_risk),
        override("byName", BREACHED, color=paint(RED), displayName=breached),
        override(
            "byName",
            QUIET,
            color=paint(NEUTRAL),
            displayName=quiet,
            mappings=[_one_word(0, "-", NEUTRAL)],
        ),
        override(
            "byName",
            NO_DATA,
            color=paint(RED),
            displayName=no_data,
            mappings=[_one_word(1, no_data, RED)],
        ),
        override("byName", BESIDE, color=paint(NEUTRAL), displayName=beside),
    )


def _one_word(value: int, text: str, color: str) -> Json:
    return {
        "type": "value",
        "options": {str(value): {"color": color, "index": 0, "text": text}},
    }


def window_allowed(window: str, target: str) -> str:
    """Return how many breaches of a target the objectives allow in a window."""
    counts = p.window_results("priority", window, "target", "priority", target=target)
    return p.total(p.allowed_breaches(counts, target=target))


def window_objective(window: str, target: str) -> str:
    """Return the objective of the window's mix of priorities; the strictest while it is empty."""
    counts = p.window_results("priority", window, "target", "priority", target=target)
    share = f"1 - {p.total(p.allowed_breaches(counts, target=target))} / ({p.total(counts)} > 0)"
    return f"{share} or max({p.select(c.OBJECTIVE, target=target)})"


def headline(window: str, target: str) -> tuple[Query, Query]:
    """Return a target's attainment in a window, judged, and the objective to stand beside it."""
    value = p.window_attainment("priority", window, target=target)
    bad = p.window_results("priority", window, target=target, outcome=v.BREACHED)
    alive = p.select(c.WINDOW_RESULTS["priority"], window=window, target=target)
    return (
        judged(value, bad, window_allowed(window, target), alive),
        Query(window_objective(window, target), BESIDE),
    )


def window_breaches(window: str) -> tuple[Query, Query]:
    """Return the breaches of a window, judged, and how many the objectives allow."""
    bad = p.window_results("priority", window, outcome=v.BREACHED)
    counts = p.window_results("priority", window, "target", "priority")
    allowed = p.total(p.allowed_breaches(counts))
    alive = p.select(c.WINDOW_RESULTS["priority"], window=window)
    return judged(bad, bad, allowed, alive), Query(allowed, BESIDE)


def open_breaches() -> tuple[Query, Query]:
    """Return the open clocks past their goal, judged, and how many the objectives allow."""
    bad = p.total(p.select(c.CLOCKS, state=v.STATE_BREACHED))
    counts = p.total(p.select(c.CLOCKS), "target", "priority")
    allowed = p.total(p.allowed_breaches(counts))
    return judged(bad, bad, allowed, p.select(c.CLOCKS)), Query(allowed, BESIDE)


def contacts_past() -> tuple[Query, Query]:
    """Return the contacts that wait past the answer threshold, and all that wait."""
    past = p.total(p.select(c.WAITING_PAST))
    return (
        judged(past, past, "vector(0)", p.select(c.WAITING_PAST)),
        Query(p.total(p.select(c.WAITING)), BESIDE),
    )


def used(dimension: str, window: str, *by: str, **labels: p.Matches) -> str:
    """Return the share of the allowed breaches that a window has used, by labels and target.

    NaN where nothing was due: a place on a board stays where it is.

    By priority it is held against that priority's objective, otherwise against the target's
    strictest.
    """
    if "target" not in by:
        by = (*by, "target")
    missed = f"(1 - {p.window_share(dimension, window, *by, **labels)})"
    keys = ("target", "priority") if "priority" in by else ("target",)
    many = "" if set(by) == set(keys) else " group_left ()"
    target = {"target": labels["target"]} if "target" in labels else {}
    return f"{missed} / on ({', '.join(keys)}){many} (1 - {p.objective(*keys, **target)})"


def channel_state() -> str:
    """Return each channel's state as a code, worst first, for every channel there is.

    2: a target's attainment of the last hour is below its strictest objective; 1: a clock is open
    that is breached or at risk; 0: neither; -1: nothing of it can be measured; -2: no data.
    """
    below = (
        f"max by (channel) ({p.window_attainment('channel', '1h', 'channel', 'target')}"
        f" < bool on (target) group_left () {p.objective('target')})"
    )
    worried = p.total(p.select(c.CLOCKS, state=(v.STATE_BREACHED, v.STATE_AT_RISK)), "channel")
    seen = f"max by (channel) ({p.select(c.OBSERVABLE)})"
    # Where nothing was due the first part is absent: the open clocks alone decide.
    return (
        f"clamp_max({LATE} * {below} + on (channel) ({worried} > bool 0), {LATE})"
        f" or on (channel) ({worried} > bool 0)"
        f" or on (channel) ({seen} == 0) - 1"
        f" or on (channel) {seen} * 0 - 2"
    )


def channel_words(
    fine: str, at_risk: str, late: str, not_measured: str, lost: str
) -> tuple[Word, ...]:
    """Return the words of `channel_state`."""
    return (
        Word(LATE, late, RED),
        Word(STATE_AT_RISK, at_risk, AMBER),
        Word(STATE_FINE, fine, BLUE),
        Word(NOT_MEASURED, not_measured, NEUTRAL),
        Word(LOST, lost, RED),
    )


def oldest(by: str) -> str:
    """Return for how long the oldest clock has run, 0 where none does."""
    clocks = p.total(p.select(c.CLOCKS), by)
    return f"(time() - min by ({by}) ({p.select(c.OLDEST)})) or {clocks} * 0"


def with_unmeasured(expr: str, target: str) -> str:
    """Return values by channel, and -1 for the channels on which the target is not measured."""
    unseen = p.select(c.OBSERVABLE, target=target)
    return f"{expr} or on (channel) sum by (channel) (({unseen} == 0) - 1)"
