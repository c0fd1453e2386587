"""What acts do to clocks: one rule a test."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slawatch.events import Actor, Extras, Kind
from slawatch.policy import Adopt, Goal, Match, Policy, Reopen, Rules, Source
from tests.rules import (
    CHAIN,
    DAY,
    ESCALATION,
    FIRST_RESPONSE,
    HOUR,
    KEY,
    MINUTE,
    NEXT_RESPONSE,
    OFFICE,
    RESOLUTION,
    START,
    act,
    build_rules,
    created,
    find,
    judge,
    outcomes,
    told,
)

AGENT, CUSTOMER, BOT = Actor.AGENT, Actor.CUSTOMER, Actor.BOT


def test_stopping_exactly_on_the_goal_is_met() -> None:
    _, out = judge([created(), act(1, Kind.REPLIED, HOUR, AGENT)], 2 * HOUR)
    assert outcomes(out, "first_response") == ["met"]


def test_a_microsecond_over_the_goal_is_breached() -> None:
    _, out = judge([created(), act(1, Kind.REPLIED, HOUR + 1, AGENT)], 2 * HOUR)
    assert outcomes(out, "first_response") == ["breached"]
    assert find(out, "first_response", "breached").at == START + HOUR


def test_a_breach_is_told_without_any_further_event() -> None:
    _, out = judge([created()], HOUR)
    assert ("first_response", "breached") in told(out)


def test_a_bots_answer_does_not_stop_the_first_response() -> None:
    _, out = judge([created(), act(1, Kind.REPLIED, MINUTE, BOT)], 2 * HOUR)
    assert outcomes(out, "first_response") == ["breached"]


def test_a_ticket_that_an_agent_opened_starts_at_the_customers_first_message() -> None:
    events = [
        act(0, Kind.CREATED, 0, AGENT, priority="normal"),
        act(1, Kind.REPLIED, 2 * HOUR, CUSTOMER),
        act(2, Kind.REPLIED, 2 * HOUR + MINUTE, AGENT),
    ]
    _, out = judge(events, DAY)
    assert find(out, "first_response", "met").started_at == START + 2 * HOUR


def test_further_customer_messages_do_not_move_the_next_response() -> None:
    events = [
        created(),
        act(1, Kind.REPLIED, MINUTE, AGENT),
        act(2, Kind.REPLIED, 2 * MINUTE, CUSTOMER),
        act(3, Kind.REPLIED, 50 * MINUTE, CUSTOMER),
        act(4, Kind.REPLIED, 61 * MINUTE, AGENT),
    ]
    _, out = judge(events, DAY)
    assert find(out, "next_response", "met").started_at == START + 2 * MINUTE


def test_a_customers_message_ends_the_wait_for_the_customer_alone() -> None:
    events = [
        created(),
        act(1, Kind.PAUSED, MINUTE, AGENT, reason="customer"),
        act(2, Kind.PAUSED, MINUTE, AGENT, reason="vendor"),
        act(3, Kind.REPLIED, 2 * MINUTE, CUSTOMER),
    ]
    shard, _ = judge(events, 5 * HOUR)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert [c.elapsed(START + DAY) for c in ticket.clocks if c.target == 2] == [MINUTE]


def test_a_paused_clock_that_has_breached_stays_breached() -> None:
    events = [created(), act(1, Kind.PAUSED, 2 * HOUR, AGENT), act(2, Kind.RESUMED, 3 * HOUR)]
    _, out = judge(events, DAY)
    assert outcomes(out, "resolution") == ["breached"]


@pytest.mark.parametrize(
    ("mode", "elapsed"),
    [
        pytest.param(Reopen.CONTINUE, 20 * MINUTE, id="closed-stretch-is-a-pause"),
        pytest.param(Reopen.LAST_STOP, 40 * MINUTE, id="closed-stretch-runs"),
        pytest.param(Reopen.FIRST_ONLY, 10 * MINUTE, id="first-stop-stands"),
        pytest.param(Reopen.RESET, 10 * MINUTE, id="starts-over"),
    ],
)
def test_a_reopen_does_what_its_mode_says(mode: Reopen, elapsed: int) -> None:
    rules = build_rules(targets=(replace(RESOLUTION, reopen=mode),))
    events = [
        created(),
        act(1, Kind.RESOLVED, 10 * MINUTE, AGENT),
        act(2, Kind.REOPENED, 30 * MINUTE),
        act(3, Kind.RESOLVED, 40 * MINUTE, AGENT),
    ]
    shard, out = judge(events, DAY, rules)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert [c.elapsed_us for c in ticket.clocks] == [elapsed]
    assert outcomes(out, "resolution") == ["met"]


def test_a_reopen_in_new_cycle_mode_starts_a_second_clock() -> None:
    rules = build_rules(targets=(replace(RESOLUTION, reopen=Reopen.NEW_CYCLE),))
    events = [
        created(),
        act(1, Kind.RESOLVED, MINUTE, AGENT),
        act(2, Kind.REOPENED, HOUR),
        act(3, Kind.RESOLVED, 3 * HOUR, AGENT),
    ]
    _, out = judge(events, DAY, rules)
    assert [(v.cycle, v.kind) for v in out.verdicts if v.kind != "warning"] == [
        (1, "met"),
        (2, "breached"),
    ]


def test_a_later_breach_of_a_reopened_clock_corrects_the_result() -> None:
    events = [
        created(),
        act(1, Kind.RESOLVED, MINUTE, AGENT),
        act(2, Kind.REOPENED, HOUR),
    ]
    _, out = judge(events, DAY)
    assert outcomes(out, "resolution") == ["met", "to_breached"]


def test_an_exceeded_new_goal_breaches_at_the_change() -> None:
    events = [created(), act(1, Kind.PRIORITY_CHANGED, 20 * MINUTE, AGENT, priority="urgent")]
    _, out = judge(events, 30 * MINUTE)
    breach = find(out, "resolution", "breached")
    assert (breach.at, breach.reason) == (START + 20 * MINUTE, "policy_change")


def test_a_relaxed_goal_does_not_heal_a_breach() -> None:
    events = [
        created(priority="urgent"),
        act(1, Kind.PRIORITY_CHANGED, 20 * MINUTE, AGENT, priority="low"),
        act(2, Kind.RESOLVED, 30 * MINUTE, AGENT),
    ]
    _, out = judge(events, DAY)
    assert outcomes(out, "resolution") == ["breached"]


def test_a_relaxed_goal_heals_a_breach_where_the_target_retracts() -> None:
    events = [
        created(priority="urgent"),
        act(1, Kind.PRIORITY_CHANGED, 20 * MINUTE, AGENT, priority="low"),
        act(2, Kind.RESOLVED, 30 * MINUTE, AGENT),
    ]
    _, out = judge(events, DAY, build_rules(retract=True))
    assert outcomes(out, "resolution") == ["breached", "withdrawn", "met"]


def test_a_clock_that_no_policy_matches_any_more_is_cancelled() -> None:
    events = [created(), act(1, Kind.PRIORITY_CHANGED, MINUTE, AGENT, priority="other")]
    _, out = judge(events, DAY)
    assert told(out) == []


def test_a_policy_that_comes_later_starts_its_clock_at_the_tickets_start() -> None:
    urgent = Policy("u", Match(priorities=frozenset(("urgent",))), {"resolution": _goal()})
    rules = _rules((RESOLUTION,), (urgent,))
    events = [created(), act(1, Kind.PRIORITY_CHANGED, MINUTE, AGENT, priority="urgent")]
    _, out = judge(events, DAY, rules)
    assert find(out, "resolution", "breached").started_at == START


def _goal() -> Goal:
    return Goal({"": HOUR}, OFFICE)


def _rules(targets: tuple[object, ...], policies: tuple[Policy, ...]) -> Rules:
    return replace(build_rules(), targets=targets, policies=policies)  # type: ignore[arg-type]  # Targets


def test_one_escalation_cycle_a_hop() -> None:
    events = [
        created(tier=1),
        act(1, Kind.ESCALATED, MINUTE, AGENT, tier=2),
        act(2, Kind.NOTE, 2 * MINUTE, CUSTOMER),
        act(3, Kind.ESCALATED, 3 * MINUTE, AGENT, tier=3),
        act(4, Kind.REPLIED, 4 * MINUTE, AGENT),
    ]
    _, out = judge(events, DAY, build_rules(targets=(ESCALATION,)))
    met = [(v.cycle, v.kind, v.stopped_at) for v in out.verdicts]
    assert met == [(1, "met", START + 3 * MINUTE), (2, "met", START + 4 * MINUTE)]


def test_a_later_stage_stops_the_earlier_ones() -> None:
    events = [created(), act(1, Kind.FIXED, MINUTE, AGENT)]
    _, out = judge(events, DAY, build_rules(targets=CHAIN))
    assert told(out) == [("acknowledge", "met"), ("fix", "met")]


def test_a_stage_starts_when_the_one_before_it_stops() -> None:
    events = [created(), act(1, Kind.ACKNOWLEDGED, MINUTE, AGENT)]
    _, out = judge(events, DAY, build_rules(targets=CHAIN))
    assert find(out, "fix", "breached").started_at == START + MINUTE


def test_a_target_whose_end_cannot_be_seen_is_not_started() -> None:
    seen = frozenset((Kind.CREATED, Kind.RESOLVED))
    rules = build_rules(sources={"desk": Source("desk", 0, {"": seen})})
    _, out = judge([created()], DAY, rules)
    assert {v.target for v in out.verdicts} == {"resolution"}


def test_a_ticket_met_in_mid_life_runs_only_clocks_whose_start_is_known() -> None:
    adopting = replace(RESOLUTION, adopt=Adopt.OPENED_AT)
    rules = build_rules(targets=(FIRST_RESPONSE, adopting))
    opened = Extras(opened_at=START - 5 * HOUR)
    event = act(0, Kind.NOTE, 0, AGENT, extras=opened, priority="normal")
    _, out = judge([event], DAY, rules)
    breach = find(out, "resolution", "breached")
    assert (breach.started_at, breach.at) == (START - 5 * HOUR, START)
    assert {v.target for v in out.verdicts} == {"resolution"}


def test_warnings_fire_once_each_and_the_last_after_the_breach() -> None:
    _, out = judge([created()], DAY, build_rules(targets=(RESOLUTION,)))
    assert told(out) == [
        ("resolution", "50"),
        ("resolution", "90"),
        ("resolution", "breached"),
        ("resolution", "+1h"),
    ]


def test_a_fired_level_stays_fired_when_due_moves() -> None:
    events = [created(), act(1, Kind.PRIORITY_CHANGED, 35 * MINUTE, AGENT, priority="low")]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,)))
    assert told(out).count(("resolution", "50")) == 1


def test_a_breach_at_closing_time_waits_for_the_next_opening() -> None:
    rules = build_rules(targets=(RESOLUTION,), calendar=OFFICE, levels=())
    _, out = judge([created(7 * HOUR)], DAY + HOUR, rules)
    breach = find(out, "resolution", "breached")
    assert (breach.due_at, breach.at) == (START + 8 * HOUR, START + DAY)


def test_a_deleted_ticket_has_no_verdict() -> None:
    events = [created(), act(1, Kind.DELETED, MINUTE, AGENT, reason="spam")]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,)))
    assert out.verdicts == []


def test_observed_attributes_become_changes_in_order() -> None:
    events = [
        created(),
        act(1, Kind.OBSERVED, MINUTE, sequence=1, status="pending", reason="vendor", team="l1"),
        act(2, Kind.OBSERVED, 3 * MINUTE, sequence=2, status="open", team="l2"),
        act(3, Kind.OBSERVED, 4 * MINUTE, sequence=3, status="resolved"),
    ]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,)))
    assert find(out, "resolution", "met").elapsed_us == 2 * MINUTE
    assert out.counts["sla_tickets_reassigned_total", ("",)] == 1


def test_a_silent_open_ticket_expires_and_is_forgotten_later() -> None:
    rules = build_rules(targets=(NEXT_RESPONSE,))
    shard, out = judge([created(), act(1, Kind.REPLIED, MINUTE, CUSTOMER)], 91 * DAY, rules)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert ticket.live == {}
    shard.advance([], START + 98 * DAY, out)
    assert shard.get(KEY) is None


def test_the_responsible_team_is_the_one_that_held_the_ticket_at_the_breach() -> None:
    events = [
        created(team="l1"),
        act(1, Kind.ASSIGNED, 2 * HOUR, AGENT, team="l2"),
        act(2, Kind.RESOLVED, 3 * HOUR, AGENT),
    ]
    _, out = judge(events, DAY, build_rules(targets=(RESOLUTION,)))
    assert find(out, "resolution", "breached").team == "l1"
