"""Every sla-clock case, told to the engine and compared with what its source says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from slawatch.clocks import Clock, Published, State
from tests.conformance.cases import (
    Case,
    Note,
    amount_us,
    build_calendar,
    parametrize,
    parse_at,
)
from tests.conformance.sla_clock import Told, tell

_OUTCOMES = {Published.MET: "met", Published.BREACHED: "breached"}
_STATES = {
    "in_progress": {State.RUNNING},
    "active": {State.RUNNING},
    "running": {State.RUNNING},
    "First Response Due": {State.RUNNING},
    "Resolution Due": {State.RUNNING},
    "Paused": {State.PAUSED},
    "paused": {State.PAUSED},
    "Fulfilled": {State.STOPPED},
    "completed": {State.STOPPED},
    "hit": {State.STOPPED},
    "stopped": {State.STOPPED},
    "met": {State.STOPPED},
    "cancelled": {State.CANCELLED},
}
_IGNORED = {"when", "metric", "note", "tolerance_s", "outcome_in_source"}


def _uses_working_days(case: Case) -> bool:
    targets = [spec.get("target", {}) for spec in case["policy"]]
    offsets = [level.get("offset", {}) for level in case.get("levels", ())]
    return any(part.get("unit") == "working_day" for part in (*targets, *offsets))


def _marks(case: Case) -> Iterable[pytest.MarkDecorator]:
    if _uses_working_days(case):
        yield pytest.mark.skip(reason="working days as a unit are optional, as add_days is")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the test each case."""
    parametrize(metafunc, "sla-clock", _marks)


def test_the_engine_says_what_the_source_of_the_case_says(case: Case, differs: Note) -> None:
    for expect in case["expect"]:
        told = _tell_until(case, expect["when"])
        slack = amount_us(expect.get("tolerance_s", 0))
        for word, value in expect.items():
            if word not in _IGNORED and not word.startswith("due_"):
                _check(told, expect, word, value, slack, differs, case)


def _tell_until(case: Case, when: str) -> Told:
    if when == "after_all":
        return tell(case, len(case["events"]))
    if found := re.fullmatch(r"after_event:(\d+)", when):
        return tell(case, int(found[1]) + 1)
    found = re.fullmatch(r"if paused_business_s=(\d+)", when)
    assert found, f"unknown 'when' {when!r}"
    return _tell_paused(case, amount_us(found[1]))


def _tell_paused(case: Case, pause_us: int) -> Told:
    """Tell the case with a pause of so much business time from its last event on."""
    start = parse_at(case["events"][-1]["t"])
    end = build_calendar(case["calendar"]).add(start, pause_us)
    status = next(s["pause_statuses"][0] for s in case["policy"] if s.get("pause_statuses"))
    resumed = datetime.fromtimestamp(end / 1e6, UTC).isoformat()
    extra = [
        {"t": case["events"][-1]["t"], "type": "status", "status": status},
        {"t": resumed, "type": "status", "status": "Open"},
    ]
    return tell({**case, "events": [*case["events"], *extra]}, len(case["events"]) + 2)


def _check(
    told: Told,
    expect: dict[str, Any],
    word: str,
    value: Any,  # noqa: ANN401 - JSON
    slack: int,
    differs: Note,
    case: Case,
) -> None:
    metric = expect["metric"]
    if metric == "agreement":
        assert value in told.agreement(), (word, value, told.agreement())
    elif word == "due":
        _check_due(told, expect, slack, differs, case)
    elif word == "starts":
        clocks = told.clocks(metric)
        values = [value] if isinstance(value, str) else value
        if isinstance(values, int):
            assert len(clocks) == values
        else:
            starts = [c.goal.calendar.next_open(c.started_at) for c in clocks]
            assert starts == [parse_at(v) for v in values]
    else:
        clocks = told.clocks(metric)
        if not clocks:
            assert value is None, f"no clock of {metric}, expected {word}={value}"
            return
        _check_clock(told, clocks, word, value, slack)


def _check_due(told: Told, expect: dict[str, Any], slack: int, differs: Note, case: Case) -> None:
    metric, value = expect["metric"], expect["due"]
    if metric.startswith("_"):
        names = {spec["metric"] for spec in case["policy"]}
        dues = [due for name in names if (due := told.due(name))]
        found = min(dues, default=None)
    else:
        found = told.due(metric)
    if value is None:
        assert found is None
        return
    assert found is not None, f"{metric} does not run, expected due {value}"
    wanted = parse_at(value)
    if case.get("convention") == "pause:wall-clock" and "due_business_pause" in expect:
        differs(case["convention"])
        wanted = parse_at(expect["due_business_pause"])
    assert any(abs(at - wanted) <= slack for at in found), (metric, value, found)


def _check_clock(
    told: Told,
    clocks: list[Clock],
    word: str,
    value: Any,  # noqa: ANN401 - JSON
    slack: int,
) -> None:
    clock = clocks[-1]
    now = told.now
    if word == "outcome":
        assert _OUTCOMES.get(clock.published) == value
    elif word == "state":
        if value == "breached":
            assert clock.published == Published.BREACHED
        else:
            assert clock.state in _STATES[value]
    elif word in ("level_due", "level_due_pct"):
        _check_level(clock, word, value, slack)
    else:
        measured = _measure(clocks, word, now)
        scale = 1 if word.endswith("_pct") else 1_000_000
        assert abs(measured - value * scale) <= max(slack, 0.5 if scale == 1 else 0), (
            word,
            measured / scale,
        )


def _check_level(clock: Clock, word: str, value: Any, slack: int) -> None:  # noqa: ANN401 - JSON
    levels = clock.goal.levels
    if isinstance(value, dict):
        for pct, due in value.items():
            index = next(i for i, level in enumerate(levels) if level.name == str(pct))
            assert abs(clock.level_at(index) - parse_at(due)) <= slack
        return
    ratio = word == "level_due_pct"
    found = [clock.level_at(i) for i, lv in enumerate(levels) if (lv.ratio is not None) == ratio]
    assert any(abs(at - parse_at(value)) <= slack for at in found), (value, found)


_MEASURES: dict[str, Callable[[Clock, int], float]] = {
    "elapsed_s": lambda clock, now: clock.elapsed(now),
    "last_elapsed_s": lambda clock, now: clock.elapsed(now),
    "remaining_s": lambda clock, now: clock.goal.goal_us - clock.elapsed(now),
    "overrun_s": lambda clock, now: max(0, clock.elapsed(now) - clock.goal.goal_us),
    "paused_business_s": lambda clock, now: clock.paused_us(now)[0],
    "paused_wall_s": lambda clock, now: clock.paused_us(now)[1],
    "wall_elapsed_s": lambda clock, now: clock.wall(now),
    "elapsed_pct": lambda clock, now: 100 * clock.elapsed(now) / clock.goal.goal_us,
    "wall_pct": lambda clock, now: 100 * clock.wall(now) / clock.goal.goal_us,
}
"""What a case may expect of the last clock, in microseconds or percent."""


def _measure(clocks: list[Clock], word: str, now: int) -> float:
    if word == "longest_elapsed_s":
        return max(clock.elapsed(now) for clock in clocks)
    return _MEASURES[word](clocks[-1], now)
