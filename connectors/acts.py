"""Acts that nobody sends but that what is asserted of a ticket shows."""

from __future__ import annotations

from collections.abc import Iterable

from slawatch.events import Kind

_ENDS = {"resolved": Kind.RESOLVED, "closed": Kind.CLOSED}


def derive_shown(keys: Iterable[str], statuses: Iterable[str]) -> frozenset[Kind]:
    """Return what becomes visible where acts assert these keys of a ticket, and these statuses."""
    said, seen = frozenset(keys), frozenset(statuses)
    shown: set[Kind] = set()
    if said & {"team", "assignee"}:
        shown.add(Kind.ASSIGNED)
    if "priority" in said:
        shown.add(Kind.PRIORITY_CHANGED)
    ends = {kind for status, kind in _ENDS.items() if status in seen}
    shown |= ends
    if ends and seen & {"open", "pending"}:
        shown.add(Kind.REOPENED)
    if "pending" in seen:
        shown |= {Kind.PAUSED, Kind.RESUMED}
    return frozenset(shown)
