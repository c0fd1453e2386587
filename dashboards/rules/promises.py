"""What the policy promises, as selectors: which clocks run around the clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from slawatch.book import Book, TicketFacts
from slawatch.policy import Rules
from slawatch.reach import find_reach


def round_the_clock(rules: Rules) -> list[Mapping[str, tuple[str, ...]]]:
    """Return label values whose clocks all run in wall time, as few selectors as it takes.

    Targets that pause are none: their oldest start says nothing of the time that counted. A
    priority and target counts where the goal of each channel does: that of a ticket of which
    nothing else is known.
    """
    reach = find_reach(rules)
    book = Book(rules)
    always: dict[tuple[str, str], bool] = {}
    for channel, priority, target in reach.goals:
        found = book.goals(TicketFacts("", channel, priority, "", "", "", ()))[book.index[target]]
        runs_on = target not in reach.pausing
        is_always = runs_on and found is not None and found.calendar.always
        always[priority, target] = always.get((priority, target), True) and is_always
    targets: dict[str, list[str]] = defaultdict(list)
    for priority, target in sorted(always):
        if always[priority, target]:
            targets[target].append(priority)
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for target, priorities in sorted(targets.items()):
        groups[tuple(priorities)].append(target)
    return [
        {"priority": priorities, "target": tuple(names)} for priorities, names in groups.items()
    ]
