"""A ticket's timeline: acts, what they did to the clocks, and what was said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from slawatch.events import Actor, Event, Kind
from slawatch.policy import OnRelax, Reopen, Rules, Source
from slawatch.timeline import ACT, CLOCK, VERDICT, Entry, publish, render_span, tell_timeline
from tests.rules import (
    DAY,
    FIRST_RESPONSE,
    HOUR,
    KEY,
    MINUTE,
    NEXT_RESPONSE,
    RESOLUTION,
    SECOND,
    START,
    act,
    build_rules,
    created,
    judge,
)
from tests.strategies import told_tickets

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER
ONE = build_rules(targets=(FIRST_RESPONSE,))
TWO = build_rules(targets=(FIRST_RESPONSE, RESOLUTION))


def tell(events: list[Event], until_us: int, rules: Rules = ONE) -> list[tuple[int, str, str]]:
    """Return (minutes after the start, what, word) of a timeline."""
    entries = tell_timeline(rules, KEY, events, START + until_us).entries
    return [((entry.at - START) // MINUTE, entry.what, entry.word) for entry in entries]


def find_details(events: list[Event], what: str, rules: Rules = ONE) -> list[str]:
    """Return the details of one kind of entry after a day."""
    entries = tell_timeline(rules, KEY, events, START + DAY).entries
    return [entry.detail for entry in entries if entry.what == what]


def test_a_met_clock_is_told_from_start_to_verdict() -> None:
    events = [created(), act(1, Kind.REPLIED, 10 * MINUTE, AGENT)]
    assert tell(events, HOUR) == [
        (0, ACT, "created"),
        (0, CLOCK, "started"),
        (10, ACT, "replied"),
        (10, CLOCK, "stopped"),
        (10, VERDICT, "met"),
    ]


def test_a_breach_is_told_without_a_further_act() -> None:
    assert tell([created()], 2 * HOUR) == [
        (0, ACT, "created"),
        (0, CLOCK, "started"),
        (30, VERDICT, "warning"),
        (54, VERDICT, "warning"),
        (60, CLOCK, "breached"),
        (60, VERDICT, "breached"),
        (120, VERDICT, "warning"),
    ]


def test_nothing_later_than_now_is_told() -> None:
    assert [what for _, what, _ in tell([created()], 40 * MINUTE)].count(VERDICT) == 1


def test_other_tickets_are_left_out() -> None:
    other = act(7, Kind.NOTE, MINUTE, AGENT, key="desk/2")
    assert tell([created(), other], 2 * MINUTE) == tell([created()], 2 * MINUTE)


def test_pauses_and_reopenings_are_told_of_the_clocks_they_touch() -> None:
    events = [
        created(),
        act(1, Kind.PAUSED, MINUTE, AGENT, reason="vendor"),
        act(2, Kind.RESUMED, 2 * MINUTE, AGENT),
        act(3, Kind.RESOLVED, 3 * MINUTE, AGENT),
        act(4, Kind.REOPENED, 4 * MINUTE),
    ]
    told = tell(events, 5 * MINUTE, build_rules(targets=(RESOLUTION,)))
    assert [word for _, what, word in told if what == CLOCK] == [
        "started",
        "paused",
        "resumed",
        "stopped",
        "reopened",
    ]


def test_a_new_goal_is_told_with_its_policy() -> None:
    events = [created(), act(1, Kind.PRIORITY_CHANGED, MINUTE, AGENT, priority="urgent")]
    assert "goal 10m by policy urgent, elapsed 1m" in find_details(events, CLOCK)


def test_a_breach_by_a_new_goal_says_so() -> None:
    events = [created(), act(1, Kind.PRIORITY_CHANGED, HOUR // 2, AGENT, priority="urgent")]
    assert "policy_change" in find_details(events, CLOCK)
    assert "policy_change" in find_details(events, VERDICT)


def test_a_retracted_breach_is_told() -> None:
    retracting = replace(FIRST_RESPONSE, on_relax=OnRelax.RETRACT)
    events = [
        created(priority="urgent"),
        act(1, Kind.PRIORITY_CHANGED, 20 * MINUTE, AGENT, priority="low"),
    ]
    told = tell(events, 30 * MINUTE, build_rules(targets=(retracting,)))
    assert (20, CLOCK, "retracted") in told
    assert (20, VERDICT, "withdrawn") in told


def test_a_late_reply_is_told_at_its_own_time_and_corrects_the_verdict() -> None:
    reply = act(1, Kind.REPLIED, 10 * MINUTE, AGENT, received_after_us=2 * HOUR)
    told = tell([created(), reply], 3 * HOUR)
    assert [word for _, what, word in told if what == CLOCK] == ["started", "stopped"]
    assert [word for _, what, word in told if what == VERDICT] == [
        "to_met",
        "warning",
        "warning",
        "breached",
    ]


def test_a_repeated_act_is_told_once() -> None:
    again = created().replace(received_at=START + MINUTE)
    assert tell([created(), again], 2 * MINUTE).count((0, ACT, "created")) == 1


def test_an_act_says_who_and_what() -> None:
    note = act(
        1, Kind.NOTE, 0, AGENT, received_after_us=90 * SECOND, public=False, team="l1", tier=2
    )
    (detail,) = find_details([note.replace(assignee="ann")], ACT)
    assert detail == "by agent, tier=2, team=l1, assignee=ann, not public, arrived 90 s later"


def test_a_verdict_says_why_and_who_answers_for_it() -> None:
    events = [created(team="l1"), act(1, Kind.REPLIED, MINUTE, AGENT)]
    assert find_details(events, VERDICT) == ["policy general, team l1"]
    assert "50, team l1" in find_details([created(team="l1")], VERDICT)


def test_what_the_source_cannot_show_is_named() -> None:
    shown = Source("desk", 0, {"": frozenset((Kind.RESOLVED,))})
    rules = build_rules(targets=(FIRST_RESPONSE, RESOLUTION), sources={"desk": shown})
    timeline = tell_timeline(rules, KEY, [created()], START + MINUTE)
    assert timeline.unmeasured == ("first_response",)
    assert [timeline.names[clock.target] for clock in timeline.clocks] == ["resolution"]


def test_a_ticket_without_events_has_an_empty_timeline() -> None:
    assert tell_timeline(ONE, KEY, [], START) == ((), (), ("first_response",), ())


def test_the_clocks_are_told_as_they_stand() -> None:
    timeline = tell_timeline(TWO, KEY, [created()], START + 10 * MINUTE)
    assert [clock.elapsed(START + 10 * MINUTE) for clock in timeline.clocks] == [10 * MINUTE] * 2


def test_entries_are_plain_values() -> None:
    (first, *_) = tell_timeline(ONE, KEY, [created()], START).entries
    assert first == Entry(
        START, ACT, "", 0, "created", "by customer, channel=email, priority=normal"
    )


def test_a_second_cycle_is_numbered() -> None:
    events = [
        act(n, Kind.REPLIED, n * MINUTE, (AGENT, CUSTOMER)[n % 2], priority="low")
        for n in range(1, 5)
    ]
    timeline = tell_timeline(build_rules(targets=(NEXT_RESPONSE,)), KEY, events, START + HOUR)
    assert [(e.cycle, e.word) for e in timeline.entries if e.what == CLOCK] == [
        (1, "started"),
        (1, "stopped"),
        (2, "started"),
        (2, "stopped"),
    ]


def test_a_reopened_ticket_in_a_new_cycle_keeps_the_first() -> None:
    rules = build_rules(targets=(replace(RESOLUTION, reopen=Reopen.NEW_CYCLE),))
    events = [
        created(),
        act(1, Kind.RESOLVED, MINUTE, AGENT),
        act(2, Kind.REOPENED, 2 * MINUTE),
    ]
    timeline = tell_timeline(rules, KEY, events, START + HOUR // 2)
    assert [clock.cycle for clock in timeline.clocks] == [1, 2]


@given(told_tickets())
def test_a_timeline_is_in_order_and_tells_the_verdicts_of_the_engine(events: list[Event]) -> None:
    ordered = sorted(events)
    timeline = tell_timeline(build_rules(), "desk/0", ordered, START + DAY)
    assert [e.at for e in timeline.entries] == sorted(e.at for e in timeline.entries)
    _, out = judge([e for e in ordered if e.key == "desk/0"], DAY)
    told = [(e.target, e.cycle, e.word) for e in timeline.entries if e.what == VERDICT]
    assert sorted(told) == sorted((v.target, v.cycle, v.kind) for v in out.verdicts)


def test_published_verdicts_come_in_the_order_of_arrival() -> None:
    late = act(1, Kind.REPLIED, MINUTE, AGENT, received_after_us=2 * HOUR)
    verdicts = publish(ONE, [late, created()], START + 3 * HOUR)
    assert [verdict.kind for verdict in verdicts] == ["warning", "warning", "breached", "to_met"]


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0s"),
        (1_500_000, "1.5s"),
        (1_000, "0.001s"),
        (60_000_000, "1m"),
        (3_661_000_000, "1h 1m 1s"),
        (2 * DAY + 3 * HOUR, "2d 3h"),
        (600_000_000, "10m"),
        (100_000_000_000, "1d 3h 46m 40s"),
    ],
)
def test_a_span_is_rendered_for_people(us: int, text: str) -> None:
    assert render_span(us) == text
