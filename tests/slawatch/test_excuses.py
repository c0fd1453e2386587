"""Excuses and their taking back: what people say counts once, and never changes a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.events import Actor, Event, Kind
from slawatch.verdicts import Output
from tests.rules import DAY, HOUR, RESOLUTION, START, act, build_rules, created, judge

AGENT = Actor.AGENT
RULES = build_rules(targets=(RESOLUTION,))
"""The goal is an hour."""


def excused(number: int, at_us: int, reason: str | None = "outage") -> Event:
    return act(number, Kind.EXCUSED, at_us, AGENT, reason=reason)


def restored(number: int, at_us: int) -> Event:
    return act(number, Kind.RESTORED, at_us, AGENT)


def given_and_taken(events: list[Event]) -> tuple[int, int]:
    """Return how many excuses were counted, and how many taken back."""
    _, out = judge(events, 3 * DAY, RULES)
    return total(out, "sla_excused_total"), total(out, "sla_excuses_restored_total")


def total(out: Output, family: str) -> int:
    return sum(count for (name, _), count in out.counts.items() if name == family)


def test_an_excuse_counts_the_breach_and_leaves_the_verdict() -> None:
    _, out = judge([created(), excused(1, 2 * HOUR)], DAY, RULES)
    assert out.counts["sla_excused_total", ("normal", "resolution", "outage")] == 1
    assert [v.kind for v in out.verdicts if v.kind != "warning"] == ["breached"]


@pytest.mark.parametrize("reason", [None, "the moon"])
def test_a_reason_that_is_none_of_those_known_is_other(reason: str | None) -> None:
    _, out = judge([created(), excused(1, 2 * HOUR, reason)], DAY, RULES)
    assert out.counts["sla_excused_total", ("normal", "resolution", "other")] == 1


def test_excuse_then_restore_is_the_identity() -> None:
    _, out = judge([created(), excused(1, 2 * HOUR), restored(2, 3 * HOUR)], DAY, RULES)
    assert out.counts["sla_excuses_restored_total", ("normal", "resolution")] == 1
    assert total(out, "sla_excused_total") == 1


@pytest.mark.parametrize(
    ("acts", "counts"),
    [
        pytest.param([excused(1, 2 * HOUR), excused(2, 3 * HOUR)], (1, 0), id="twice"),
        pytest.param([restored(1, 2 * HOUR)], (0, 0), id="nothing to take back"),
        pytest.param([excused(1, HOUR // 2)], (0, 0), id="before there is a breach"),
        pytest.param(
            [excused(1, 2 * HOUR), restored(2, 3 * HOUR), restored(3, 4 * HOUR)],
            (1, 1),
            id="taken back twice",
        ),
        pytest.param(
            [excused(1, 2 * HOUR), restored(2, 3 * HOUR), excused(3, 4 * HOUR)],
            (2, 1),
            id="excused after all",
        ),
        pytest.param(
            [excused(1, HOUR // 2), excused(2, 2 * HOUR), restored(3, 3 * HOUR)],
            (1, 1),
            id="the earlier one covers nothing",
        ),
    ],
)
def test_a_breach_is_excused_once(acts: list[Event], counts: tuple[int, int]) -> None:
    assert given_and_taken([created(), *acts]) == counts


def test_a_breach_that_is_taken_back_takes_its_excuse_with_it() -> None:
    solved_in_time = act(9, Kind.RESOLVED, HOUR // 2, AGENT, received_after_us=4 * HOUR)
    assert given_and_taken([created(), excused(1, 2 * HOUR), solved_in_time]) == (1, 1)


def test_an_excuse_counts_under_the_priority_of_the_result() -> None:
    lowered = act(1, Kind.PRIORITY_CHANGED, 2 * HOUR, AGENT, priority="low")
    _, out = judge([created(), lowered, excused(2, 3 * HOUR)], DAY, RULES)
    assert out.counts["sla_excused_total", ("normal", "resolution", "outage")] == 1


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 8)), max_size=6),
    st.permutations(range(6)),
)
def test_net_excuses_do_not_depend_on_the_order_of_arrival(
    said: list[tuple[bool, int]], order: list[int]
) -> None:
    acts = [
        (excused if is_excuse else restored)(number + 1, half_hours * HOUR // 2)
        for number, (is_excuse, half_hours) in enumerate(said)
    ]
    late = [acts[index] for index in order if index < len(acts)]
    late = [event.replace(received_at=START + DAY) for event in late]
    told, taken = given_and_taken([created(), *sorted(acts)])
    told_late, taken_late = given_and_taken([created(), *late])
    assert told_late - taken_late == told - taken
