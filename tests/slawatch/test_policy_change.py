"""New rules meet state judged by the old ones: what was judged stays, the rest is judged anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slawatch.book import Book
from slawatch.events import Actor, Event, Kind
from slawatch.policy import Goal, OnChange, Rules, Target
from slawatch.shard import Shard
from slawatch.snapshot import change_rules, pack_shard, restore_shard
from slawatch.verdicts import Output
from tests.rules import (
    ALWAYS,
    FIRST_RESPONSE,
    HOUR,
    KEY,
    MINUTE,
    NEXT_RESPONSE,
    RESOLUTION,
    START,
    act,
    build_rules,
    created,
    find,
    judge,
    outcomes,
)

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER
OLD = build_rules(targets=(FIRST_RESPONSE, RESOLUTION))


def with_goal(goal_us: int, *targets: Target) -> Rules:
    """Return rules whose targets have one goal for every priority."""
    rules = build_rules(targets=targets or (FIRST_RESPONSE, RESOLUTION))
    goals = {target.name: Goal({"": goal_us}, ALWAYS) for target in rules.targets}
    policies = tuple(replace(policy, goals=goals) for policy in rules.policies)
    return replace(rules, policies=policies, digest="new")


def change(
    events: list[Event], until_us: int, new: Rules, old: Rules = OLD
) -> tuple[Shard, Output]:
    """Judge by the old rules, restart with the new ones, and return what the change itself says."""
    shard, _ = judge(events, until_us, old)
    again, out = restore_shard(pack_shard(shard), Book(new)), Output()
    change_rules(again, again.log_at, out)
    return again, out


def names_of(shard: Shard) -> set[str]:
    """Return the targets of the ticket's live clocks."""
    ticket = shard.get(KEY)
    assert ticket is not None
    return {shard.book.names[target] for target in ticket.live}


def test_an_open_clock_takes_its_new_goal_from_its_own_start() -> None:
    shard, out = change([created()], 10 * MINUTE, with_goal(30 * MINUTE))
    shard.advance([], START + HOUR, out)
    breach = find(out, "first_response", "breached")
    assert (breach.at, breach.started_at, breach.reason) == (START + 30 * MINUTE, START, "")


def test_a_goal_already_exceeded_breaches_at_the_change() -> None:
    _, out = change([created()], 20 * MINUTE, with_goal(10 * MINUTE))
    breach = find(out, "first_response", "breached")
    assert (breach.at, breach.reason) == (START + 20 * MINUTE, "policy_change")


def test_a_relaxed_goal_does_not_heal_a_breach() -> None:
    shard, out = change([created()], 2 * HOUR, with_goal(9 * HOUR))
    shard.advance([], START + 20 * HOUR, out)
    assert outcomes(out, "first_response") == []


def test_what_was_judged_stays_judged() -> None:
    events = [created(), act(1, Kind.REPLIED, 30 * MINUTE, AGENT)]
    shard, out = change(events, 40 * MINUTE, with_goal(10 * MINUTE))
    shard.advance([], START + 20 * HOUR, out)
    assert outcomes(out, "first_response") == []


def test_a_late_act_no_longer_changes_what_was_judged() -> None:
    shard, out = change([created()], 2 * HOUR, with_goal(2 * HOUR))
    late = act(1, Kind.REPLIED, MINUTE, AGENT, received_after_us=3 * HOUR)
    shard.advance([late], START + 4 * HOUR, out)
    assert outcomes(out, "first_response") == []


def test_a_repetition_from_before_the_change_is_still_a_duplicate() -> None:
    events = [created(), act(1, Kind.REPLIED, 30 * MINUTE, AGENT)]
    shard, out = change(events, 40 * MINUTE, with_goal(2 * HOUR))
    shard.advance([events[1].replace(received_at=START + HOUR)], START + HOUR, out)
    assert out.counts["slawatch_events_total", ("desk", "duplicate")] == 1


def test_a_target_that_freezes_keeps_its_goal() -> None:
    frozen = replace(FIRST_RESPONSE, on_change=OnChange.FREEZE)
    old = build_rules(targets=(frozen, RESOLUTION))
    _, out = change([created()], 20 * MINUTE, with_goal(10 * MINUTE, frozen, RESOLUTION), old)
    assert outcomes(out, "first_response") == []
    assert outcomes(out, "resolution") == ["breached"]


def test_the_clocks_of_a_removed_target_vanish() -> None:
    shard, out = change([created()], 10 * MINUTE, with_goal(HOUR, RESOLUTION))
    shard.advance([], START + 9 * HOUR, out)
    assert {verdict.target for verdict in out.verdicts} == {"resolution"}


def test_a_clock_without_a_promise_is_cancelled() -> None:
    rules = with_goal(HOUR)
    only = {"resolution": Goal({"": HOUR}, ALWAYS)}
    new = replace(rules, policies=tuple(replace(p, goals=only) for p in rules.policies))
    shard, out = change([created()], 10 * MINUTE, new)
    shard.advance([], START + 9 * HOUR, out)
    assert names_of(shard) == {"resolution"}
    assert outcomes(out, "first_response") == []


def test_an_added_target_runs_for_the_acts_that_come() -> None:
    new = with_goal(HOUR, FIRST_RESPONSE, RESOLUTION, NEXT_RESPONSE)
    shard, out = change([created()], 10 * MINUTE, new)
    shard.advance([act(1, Kind.REPLIED, 20 * MINUTE, CUSTOMER)], START + 9 * HOUR, out)
    assert find(out, "next_response", "breached").at == START + 80 * MINUTE


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param((RESOLUTION, FIRST_RESPONSE), id="reordered"),
        pytest.param((NEXT_RESPONSE, RESOLUTION, FIRST_RESPONSE), id="one-added-before"),
    ],
)
def test_clocks_follow_the_name_of_their_target(targets: tuple[Target, ...]) -> None:
    shard, out = change([created()], 10 * MINUTE, with_goal(HOUR, *targets))
    shard.advance([act(1, Kind.REPLIED, 20 * MINUTE, AGENT)], START + 9 * HOUR, out)
    assert outcomes(out, "first_response") == ["met"]
    assert outcomes(out, "resolution") == ["breached"]


def test_the_change_is_an_act_that_a_snapshot_keeps() -> None:
    shard, out = change([created()], 20 * MINUTE, with_goal(30 * MINUTE))
    again = restore_shard(pack_shard(shard), shard.book)
    again.advance([], START + HOUR, out)
    assert find(out, "first_response", "breached").at == START + 30 * MINUTE


def test_the_same_rules_again_say_nothing() -> None:
    shard, out = change([created()], 20 * MINUTE, OLD)
    assert out.verdicts == []
    assert names_of(shard) == {"first_response", "resolution"}
