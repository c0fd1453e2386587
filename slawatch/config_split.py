"""Policies split until each has one calendar a goal, as the engine wants them.

Where a file gives a goal another calendar by priority, or a calendar lies in the zone of the
ticket's region, one written policy becomes several of the same name, one after the other, of which
a ticket matches the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from slawatch.config_calendars import CalendarShelf
from slawatch.config_policies import Draft, Promise
from slawatch.events import OTHER, PRIORITIES
from slawatch.policy import Goal, Policy


def build_policies(drafts: Sequence[Draft], shelf: CalendarShelf) -> Iterator[Policy]:
    """Yield the engine's policies of the drafts, in order."""
    for draft in drafts:
        groups = group_priorities(draft.promises, draft.match.priorities)
        for region in (*_regions(draft, shelf), ""):
            for number, (priorities, calendars) in enumerate(groups):
                last = number == len(groups) - 1
                match = draft.match
                if region:
                    match = replace(match, regions=frozenset((region,)))
                if not last:
                    match = replace(match, priorities=frozenset(priorities))
                goals = _goals(draft, priorities, calendars, region, shelf, with_other=last)
                yield Policy(draft.entry.name, match, goals)


def _regions(draft: Draft, shelf: CalendarShelf) -> list[str]:
    names = {name for promise in draft.promises.values() for name in promise.calendars.values()}
    regions = dict.fromkeys(r for name in sorted(names) for r in shelf.regions_of(name))
    wanted = draft.match.regions
    return [region for region in regions if not wanted or region in wanted]


def group_priorities(
    promises: Mapping[str, Promise], wanted: frozenset[str]
) -> list[tuple[list[str], dict[str, str]]]:
    """Group the priorities that agree on every goal's calendar; the last group has the rest.

    `wanted` are those that the policy matches; none stands for all.
    """
    others = _calendars(promises, OTHER) if not wanted or OTHER in wanted else {}
    rest: tuple[list[str], dict[str, str]] = ([], others)
    groups = [rest]
    for priority in PRIORITIES:
        if wanted and priority not in wanted:
            continue
        own = _calendars(promises, priority)
        for members, calendars in groups:
            if all(calendars.get(target, name) == name for target, name in own.items()):
                members.append(priority)
                calendars.update(own)
                break
        else:
            groups.append(([priority], own))
    return [*groups[1:], rest]


def _calendars(promises: Mapping[str, Promise], priority: str) -> dict[str, str]:
    return {
        target: promise.calendar_of(priority)
        for target, promise in promises.items()
        if promise.amount_of(priority) is not None
    }


def _goals(
    draft: Draft,
    priorities: Sequence[str],
    calendars: Mapping[str, str],
    region: str,
    shelf: CalendarShelf,
    *,
    with_other: bool,
) -> dict[str, Goal]:
    goals = {}
    for target, promise in draft.promises.items():
        amounts = {
            priority: amount
            for priority in priorities
            if (amount := promise.goal_us.get(priority)) is not None
        }
        if OTHER in promise.goal_us and (with_other or len(amounts) < len(priorities)):
            amounts[""] = promise.goal_us[OTHER]
        if amounts:
            goal = Goal(
                amounts,
                shelf.get(calendars[target], region),
                promise.levels,
            )
            if promise.objective is not None:
                goal = replace(goal, objective_ratio=promise.objective)
            goals[target] = goal
    return goals
