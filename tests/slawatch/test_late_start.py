from __future__ import annotations

from dataclasses import replace

from slawatch.events import Actor, Kind
from slawatch.policy import Goal, Match, Policy, Rules
from slawatch.snapshot import pack_shard, restore_shard
from slawatch.verdicts import Output
from tests.rules import (
    ALWAYS,
    FIRST_RESPONSE,
    HOUR,
    MINUTE,
    START,
    act,
    build_rules,
    created,
    judge,
)


def promise_to_urgent_alone() -> Rules:
    """Return rules by which only urgent tickets have a first response."""
    goals = {"first_response": Goal({"": HOUR}, ALWAYS)}
    urgent = Policy("urgent", Match(priorities=frozenset(("urgent",))), goals)
    rules = build_rules(targets=(FIRST_RESPONSE,))
    return replace(rules, policies=(urgent, Policy("rest", Match(), {})))


def test_a_clock_that_starts_with_a_change_of_priority_keeps_its_goal_in_a_snapshot() -> None:
    raised = act(1, Kind.PRIORITY_CHANGED, MINUTE, Actor.AGENT, priority="urgent")
    shard, _ = judge([created(), raised], 2 * MINUTE, promise_to_urgent_alone())
    shard, out = restore_shard(pack_shard(shard), shard.book), Output()
    shard.advance([], START + 2 * HOUR, out)
    (breach,) = out.verdicts
    assert (breach.kind, breach.goal_us, breach.breach_at) == ("breached", HOUR, START + HOUR)
