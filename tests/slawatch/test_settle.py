"""Publication: when a verdict is said, how it is corrected, and who answers for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given

from slawatch.book import Book
from slawatch.events import Actor, Event, Kind
from slawatch.policy import Blame, Rules, Source
from slawatch.shard import Shard
from slawatch.verdicts import Output
from tests.rules import (
    DAY,
    FIRST_RESPONSE,
    HOUR,
    MINUTE,
    OFFICE,
    RESOLUTION,
    SECOND,
    START,
    act,
    build_rules,
    created,
    find,
    judge,
    outcomes,
)
from tests.strategies import told_tickets

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER
ONE = build_rules(targets=(FIRST_RESPONSE,), levels=())
LABELS = ("email", "normal", "")
NET = {"to_met": (1, -1), "to_breached": (-1, 1), "withdrawn": (0, -1)}


def count_net(out: Output, target: str) -> tuple[int, int]:
    """Return (met, breached) from the counters alone, as the recording rule does."""
    met = breached = 0
    for (_, name, outcome, _), count in out.results.items():
        met += count * (name == target and outcome == "met")
        breached += count * (name == target and outcome == "breached")
    for (family, labels), count in out.counts.items():
        if family == "sla_result_corrections_total" and labels[2] == target:
            met += NET[labels[3]][0] * count
            breached += NET[labels[3]][1] * count
    return met, breached


def corrections(out: Output) -> dict[str, int]:
    """Return the corrections by change."""
    found: Counter[str] = Counter()
    for (family, labels), count in out.counts.items():
        if family == "sla_result_corrections_total":
            found[labels[3]] += count
    return dict(found)


def late(number: int, kind: Kind, at_us: int, arrives_us: int, **attrs: str) -> Event:
    """Return an agent's act that arrives late."""
    return act(number, kind, at_us, AGENT, received_after_us=arrives_us, **attrs)  # type: ignore[arg-type]  # attributes


def test_a_met_clock_is_one_result_in_the_pane_of_its_stop() -> None:
    _, out = judge([created(), act(1, Kind.REPLIED, 10 * MINUTE, AGENT)], HOUR, ONE)
    minute = (START + 10 * MINUTE) // MINUTE
    assert dict(out.results) == {(LABELS, "first_response", "met", minute): 1}
    assert (dict(out.bookings), corrections(out)) == ({}, {})


def test_a_breach_is_published_when_grace_has_passed_not_before() -> None:
    rules = replace(ONE, sources={"desk": Source("desk", 30 * SECOND)})
    _, early = judge([created()], HOUR + 30 * SECOND - 1, rules)
    _, out = judge([created()], HOUR + 30 * SECOND, rules)
    assert outcomes(early, "first_response") == []
    assert find(out, "first_response", "breached").at == START + HOUR


def test_a_late_reply_in_time_moves_the_booking() -> None:
    _, out = judge([created(), late(1, Kind.REPLIED, 10 * MINUTE, 2 * HOUR)], DAY, ONE)
    breached = (LABELS, "first_response", "breached", (START + HOUR) // MINUTE)
    met = (LABELS, "first_response", "met", (START + 10 * MINUTE) // MINUTE)
    assert dict(out.results) == {breached: 1}
    assert dict(out.bookings) == {breached: -1, met: 1}
    assert corrections(out) == {"to_met": 1}


def test_a_reply_that_turns_out_to_have_been_a_note_is_corrected_to_breached() -> None:
    events = [
        created(),
        act(2, Kind.REPLIED, 50 * MINUTE, AGENT),
        late(2, Kind.NOTE, 50 * MINUTE - 1, 2 * HOUR),
    ]
    _, out = judge(events, DAY, ONE)
    assert outcomes(out, "first_response") == ["met", "to_breached"]
    assert corrections(out) == {"to_breached": 1}
    assert count_net(out, "first_response") == (0, 1)


def test_a_met_cycle_that_never_was_is_corrected_to_breached_and_then_withdrawn() -> None:
    events = [
        created(),
        act(1, Kind.RESOLVED, 10 * MINUTE, AGENT),
        late(2, Kind.DELETED, 5 * MINUTE, 2 * HOUR),
    ]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,), levels=()))
    assert outcomes(out, "resolution") == ["met", "withdrawn"]
    assert corrections(out) == {"to_breached": 1, "withdrawn": 1}
    assert count_net(out, "resolution") == (0, 0)


def test_a_met_cycle_that_has_not_ended_after_all_is_withdrawn() -> None:
    early = late(3, Kind.OBSERVED, -MINUTE, 10 * MINUTE, status="resolved")
    resolved = act(2, Kind.OBSERVED, MINUTE, AGENT, status="resolved")
    rules = build_rules(targets=(RESOLUTION,), levels=())
    _, out = judge([created(), resolved, early], 20 * MINUTE, rules)
    assert outcomes(out, "resolution") == ["met", "withdrawn"]
    assert count_net(out, "resolution") == (0, 0)


def test_a_met_cycle_that_runs_on_after_a_reopen_stays_met_whatever_comes_late() -> None:
    resolved, again = act(2, Kind.RESOLVED, MINUTE, AGENT), act(3, Kind.REOPENED, 2 * MINUTE, AGENT)
    note = late(4, Kind.NOTE, SECOND, 10 * MINUTE)
    rules = build_rules(targets=(RESOLUTION,), levels=())
    _, out = judge([created(), resolved, again, note], 20 * MINUTE, rules)
    assert outcomes(out, "resolution") == ["met"]


def test_a_breach_that_never_was_is_withdrawn() -> None:
    events = [created(), late(2, Kind.DELETED, 5 * MINUTE, 2 * HOUR)]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,), levels=()))
    assert outcomes(out, "resolution") == ["breached", "withdrawn"]
    assert corrections(out) == {"withdrawn": 1}
    assert sum(out.bookings.values()) + sum(out.results.values()) == 0


def test_a_cycle_withdrawn_and_told_again_is_no_second_result_but_a_verdict() -> None:
    events = [
        created(),
        late(1, Kind.DELETED, 5 * MINUTE, 2 * HOUR),
        late(1, Kind.NOTE, 4 * MINUTE, 3 * HOUR),
    ]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,), levels=()))
    assert outcomes(out, "resolution") == ["breached", "withdrawn", "breached"]
    assert count_net(out, "resolution") == (0, 1)


def test_a_correction_is_booked_under_the_labels_of_the_verdict_it_corrects() -> None:
    events = [
        created(),
        act(1, Kind.PRIORITY_CHANGED, 90 * MINUTE, AGENT, priority="low"),
        late(2, Kind.REPLIED, 10 * MINUTE, 2 * HOUR),
    ]
    _, out = judge(events, DAY, ONE)
    (labels,) = [k[1] for k in out.counts if k[0] == "sla_result_corrections_total"]
    assert labels == ("email", "normal", "first_response", "to_met")


def test_the_number_of_a_verdict_grows_with_each_revision() -> None:
    events = [created(), late(1, Kind.REPLIED, 10 * MINUTE, 2 * HOUR)]
    _, out = judge(events, DAY, ONE)
    assert [(v.kind, v.number) for v in out.verdicts] == [("breached", 1), ("to_met", 2)]


def test_a_breach_is_told_as_of_the_breach_however_late_it_stops() -> None:
    _, out = judge([created(), late(1, Kind.REPLIED, 3 * HOUR, 3 * HOUR)], DAY, ONE)
    breach = find(out, "first_response", "breached")
    assert (breach.elapsed_us, breach.stopped_at) == (HOUR, 0)


def test_a_met_verdict_tells_business_and_wall_time() -> None:
    rules = build_rules(targets=(FIRST_RESPONSE,), calendar=OFFICE, levels=())
    events = [created(7 * HOUR + 30 * MINUTE), act(1, Kind.REPLIED, DAY, AGENT)]
    _, out = judge(events, 2 * DAY, rules)
    met = find(out, "first_response", "met")
    assert (met.elapsed_us, met.wall_us) == (30 * MINUTE, 16 * HOUR + 30 * MINUTE)


def test_each_stopped_clock_is_one_duration_also_when_it_breached() -> None:
    _, out = judge([created(), act(1, Kind.REPLIED, 2 * HOUR, AGENT)], DAY, ONE)
    assert out.durations == [(LABELS, "first_response", START + 2 * HOUR, 2 * HOUR, 2 * HOUR)]


def test_history_is_booked_but_not_counted() -> None:
    shard, out = Shard(Book(build_rules(targets=(FIRST_RESPONSE,)))), Output(START + 2 * HOUR)
    shard.advance([created()], START + 3 * HOUR, out)
    assert (dict(out.results), list(out.bookings.values())) == ({}, [1])
    assert [v.kind for v in out.verdicts] == ["warning", "warning", "breached", "warning"]
    warned = {k[1][2]: n for k, n in out.counts.items() if k[0] == "sla_warnings_total"}
    assert warned == {"+1h": 1}


HANDED_ON = [
    created(team="l1"),
    act(1, Kind.ASSIGNED, 20 * MINUTE, AGENT, team="l2"),
    act(2, Kind.ASSIGNED, 90 * MINUTE, AGENT, team="l1"),
    act(3, Kind.ASSIGNED, 100 * MINUTE, AGENT, team="elsewhere"),
    act(4, Kind.RESOLVED, 110 * MINUTE, AGENT),
]


def blame(mode: Blame, grace_us: int) -> Rules:
    """Return rules with a mode of blame; a long grace publishes after the ticket has moved on."""
    rules = build_rules(targets=(RESOLUTION,), sources={"desk": Source("desk", grace_us)})
    return replace(rules, blame=mode)


@pytest.mark.parametrize(
    ("mode", "team", "label"),
    [
        pytest.param(Blame.AT_BREACH, "l2", "l2", id="who-held-it-at-the-breach"),
        pytest.param(Blame.LONGEST, "l2", "l2", id="who-held-it-longest"),
        pytest.param(Blame.LAST, "elsewhere", "other", id="who-holds-it-when-it-is-told"),
    ],
)
def test_a_team_answers_for_a_breach_by_the_mode_of_blame(
    mode: Blame, team: str, label: str
) -> None:
    _, out = judge(HANDED_ON, DAY, blame(mode, HOUR - 5 * MINUTE))
    breach = find(out, "resolution", "breached")
    assert breach.team == team
    assert [key[0][2] for key in out.results] == [label]


def test_the_longest_holder_need_not_be_the_one_at_the_breach() -> None:
    events = [created(team="l1"), act(1, Kind.ASSIGNED, 50 * MINUTE, AGENT, team="l2")]
    _, longest = judge(events, DAY, blame(Blame.LONGEST, 0))
    _, holder = judge(events, DAY, blame(Blame.AT_BREACH, 0))
    assert find(longest, "resolution", "breached").team == "l1"
    assert find(longest, "resolution", "breached").tier == 1
    assert find(holder, "resolution", "breached").team == "l2"


def test_a_met_clock_belongs_to_the_team_that_stopped_it() -> None:
    events = [created(team="l1"), act(1, Kind.RESOLVED, 10 * MINUTE, AGENT, team="l2")]
    _, out = judge(events, DAY, blame(Blame.LONGEST, 0))
    assert find(out, "resolution", "met").team == "l2"


def test_holders_are_told_with_wall_and_business_time_the_longest_first() -> None:
    events = [
        created(7 * HOUR, team="l1"),
        act(1, Kind.ASSIGNED, 7 * HOUR + 20 * MINUTE, AGENT, team="l2"),
    ]
    rules = build_rules(targets=(RESOLUTION,), calendar=OFFICE, levels=())
    _, out = judge(events, 2 * DAY, rules)
    held = find(out, "resolution", "breached").held
    assert held == (
        ("l2", 16 * HOUR + 40 * MINUTE, 40 * MINUTE),
        ("l1", 20 * MINUTE, 20 * MINUTE),
    )


def test_a_ticket_that_nobody_holds_is_held_by_nobody() -> None:
    _, out = judge([created()], DAY, ONE)
    assert find(out, "first_response", "breached").held == (("", HOUR, HOUR),)


def delay(event: Event) -> Event:
    """Let an event arrive within a day, in an order of its own."""
    late_us = int.from_bytes(event.id_hash, "big") % DAY
    return event.replace(received_at=event.occurred_at + late_us)


@given(told_tickets())
def test_net_results_are_the_last_outcome_of_every_cycle(events: list[Event]) -> None:
    jumbled = [delay(event) for event in events]
    _, out = judge(sorted(jumbled, key=lambda e: e.received_at), 3 * DAY)
    last = {v[:3]: v.kind.removeprefix("to_") for v in out.verdicts if v.kind != "warning"}
    for target in {v.target for v in out.verdicts}:
        ends = [kind for (_, name, _), kind in last.items() if name == target]
        assert count_net(out, target) == (ends.count("met"), ends.count("breached"))


@given(told_tickets())
def test_the_panes_hold_what_the_net_results_say(events: list[Event]) -> None:
    jumbled = [delay(event) for event in events]
    _, out = judge(sorted(jumbled, key=lambda e: e.received_at), 3 * DAY)
    booked: Counter[tuple[str, str]] = Counter()
    for part in (out.results, out.bookings):
        for (_, target, outcome, _), count in part.items():
            booked[target, outcome] += count
    for target in {v.target for v in out.verdicts}:
        assert (booked[target, "met"], booked[target, "breached"]) == count_net(out, target)
