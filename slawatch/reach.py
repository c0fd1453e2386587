"""What the rules can reach: which clocks can run where, with which levels, goals and buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from slawatch.book import NO_GOAL_US, Book, TicketFacts
from slawatch.events import Actor
from slawatch.policy import Goal, Level, Policy, Rules, Target

HOP_BOUNDS = (0, 1, 2, 3, 5, 8)
"""Buckets of `sla_hops`: most tickets know none or one, eight is a ticket in trouble."""

Pair = tuple[str, str]
Triple = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """Be the clocks that some ticket can have, and what is promised about them.

    `clocks` are (channel, priority, target) in the order of the rules, `by_channel` (channel,
    target), `by_priority` (priority, target). `levels` are the level names by (priority, target);
    `early` those pairs that have a level before the breach. `answered_by_bots` are the targets
    for which no team can answer. `goals` and `objectives` are those of
    a ticket of which nothing but channel and priority is known; `observable` tells of each
    promised (channel, target) whether its end can be seen.
    """

    clocks: tuple[Triple, ...]
    by_channel: tuple[Pair, ...]
    by_priority: tuple[Pair, ...]
    levels: Mapping[Pair, tuple[str, ...]]
    early: frozenset[Pair]
    pausing: frozenset[str]
    answered_by_bots: frozenset[str]
    goals: Mapping[Triple, int]
    objectives: Mapping[Pair, float]
    observable: Mapping[Pair, bool]


@dataclass(slots=True)
class _Found:
    clocks: set[Triple] = field(default_factory=set)
    promised: set[Pair] = field(default_factory=set)
    levels: dict[Pair, dict[str, None]] = field(default_factory=dict)
    early: set[Pair] = field(default_factory=set)


def find_reach(rules: Rules) -> Reach:
    """Work out what the rules can reach."""
    book = Book(rules)
    found = _Found()
    named = (source for policy in rules.policies for source in policy.match.sources)
    said = (name for name, source in rules.sources.items() if not source.shadow)
    for source in dict.fromkeys((*said, *sorted(named))) or ("",):
        for channel in rules.channels:
            shown = {t.name: book.is_observable(t, source, channel) for t in rules.targets}
            for priority in rules.priorities:
                for policy in _possible(rules.policies, source, channel, priority):
                    _note(found, policy, channel, priority, shown)
    names = [target.name for target in rules.targets]
    clocks = tuple(
        (channel, priority, target)
        for channel in rules.channels
        for priority in rules.priorities
        for target in names
        if (channel, priority, target) in found.clocks
    )
    by_channel = tuple(dict.fromkeys((channel, target) for channel, _, target in clocks))
    goals, objectives = _promises(book, frozenset(clocks))
    return Reach(
        clocks,
        by_channel,
        tuple(dict.fromkeys((priority, target) for _, priority, target in clocks)),
        {pair: tuple(levels) for pair, levels in found.levels.items()},
        frozenset(found.early),
        frozenset(target.name for target in rules.targets if target.pauses),
        frozenset(target.name for target in rules.targets if _is_for_bots(target)),
        goals,
        objectives,
        {
            (channel, target): (channel, target) in by_channel
            for channel in rules.channels
            for target in names
            if (channel, target) in found.promised
        },
    )


def _possible(
    policies: Iterable[Policy], source: str, channel: str, priority: str
) -> Iterator[Policy]:
    """Yield the policies that some ticket with these attributes can have: the first match wins."""
    for policy in policies:
        match = policy.match
        if (
            (match.channels and channel not in match.channels)
            or (match.priorities and priority not in match.priorities)
            or (match.sources and source not in match.sources)
        ):
            continue
        yield policy
        if not (match.customer_tiers or match.regions or match.teams or match.tags):
            return


def _note(
    found: _Found, policy: Policy, channel: str, priority: str, shown: Mapping[str, bool]
) -> None:
    for target, goal in policy.goals.items():
        if _amount(goal, priority) is None or target not in shown:
            continue
        found.promised.add((channel, target))
        if shown[target]:
            found.clocks.add((channel, priority, target))
            pair = (priority, target)
            names = (level.name for level in goal.levels)
            found.levels.setdefault(pair, {}).update(dict.fromkeys(names))
            if any(map(_is_early, goal.levels)):
                found.early.add(pair)


def _is_for_bots(target: Target) -> bool:
    return bool(target.stop) and all(condition.actors == {Actor.BOT} for condition in target.stop)


def _amount(goal: Goal, priority: str) -> int | None:
    return goal.goal_us.get(priority, goal.goal_us.get(""))


def _is_early(level: Level) -> bool:
    if level.ratio is not None:
        return level.ratio < 1
    return level.offset_us is not None and level.offset_us < 0


def _promises(
    book: Book, clocks: frozenset[Triple]
) -> tuple[Mapping[Triple, int], Mapping[Pair, float]]:
    rules = book.rules
    goals: dict[Triple, int] = {}
    objectives: dict[Pair, float] = {}
    for channel in rules.channels:
        for priority in rules.priorities:
            facts = TicketFacts("", channel, priority, "", "", "", ())
            for target, goal in zip(book.names, book.goals(facts), strict=True):
                key = (channel, priority, target)
                if goal is None or goal.goal_us >= NO_GOAL_US or key not in clocks:
                    continue
                goals[key] = goal.goal_us
                pair = (target, priority)
                objectives[pair] = max(goal.objective_ratio, objectives.get(pair, 0.0))
    return goals, objectives


def bucket_bounds(rules: Rules) -> dict[str, tuple[int, ...]]:
    """Return each target's histogram bounds in microseconds, ascending.

    They hold every goal of the target exactly, half the smallest and twice the largest: enough to
    see on which side of the goals the rest lies, at two lines more a label set.
    """
    bounds = {}
    for target in rules.targets:
        goals = {
            amount
            for policy in rules.policies
            if target.name in policy.goals
            for amount in policy.goals[target.name].goal_us.values()
            if 0 < amount < NO_GOAL_US
        }
        around = {min(goals) // 2, 2 * max(goals)} if goals else set()
        bounds[target.name] = tuple(sorted(goals | around - {0}))
    return bounds


def find_calendar_ends(rules: Rules) -> dict[str, int]:
    """Return by name when the dated holidays of each promised calendar run out, in microseconds.

    A calendar that lists none has no end.
    """
    calendars = {
        goal.calendar.name: goal.calendar
        for policy in rules.policies
        for goal in policy.goals.values()
    }
    ends = {name: calendar.ends_at() for name, calendar in sorted(calendars.items())}
    return {name: end for name, end in ends.items() if end is not None}
