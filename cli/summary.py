"""What a replay comes to, in a few figures."""

from __future__ import annotations

from collections import Counter
from typing import TypedDict

from flows.store import Contents, Key, add_totals
from slawatch import conventions
from slawatch.conventions import Family

_CHANGES = {
    "created": conventions.CREATED,
    "resolved": conventions.RESOLVED,
    "reopened": conventions.REOPENED,
    "reassigned": conventions.REASSIGNED,
    "priority changed": conventions.PRIORITY_CHANGES,
}
_NET = {
    "to_met": {"met": 1, "breached": -1},
    "to_breached": {"met": -1, "breached": 1},
    "withdrawn": {"breached": -1},
}


class Summary(TypedDict):
    """Be the figures of a replay, as `--json` prints them."""

    events: dict[str, int]
    quarantined: dict[str, int]
    targets: dict[str, dict[str, int]]
    changes: dict[str, int]
    verdicts: dict[str, int]
    seconds: float


def summarize(contents: Contents, kinds: dict[str, int], seconds: float) -> Summary:
    """Return events, quarantine, net results by target, changes and verdicts."""
    targets: dict[str, Counter[str]] = {}
    for labels, count in _counts(contents, conventions.RESULTS).items():
        targets.setdefault(labels[2], Counter())[labels[3]] += count
    for labels, count in _counts(contents, conventions.CORRECTIONS).items():
        for outcome, sign in _NET[labels[3]].items():
            targets.setdefault(labels[2], Counter())[outcome] += sign * count
    return {
        "events": _by(contents, conventions.EVENTS, 1),
        "quarantined": _by(contents, conventions.QUARANTINED, 1),
        "targets": {
            name: {"met": c["met"], "breached": c["breached"]} for name, c in targets.items()
        },
        "changes": {
            name: sum(_counts(contents, family).values()) for name, family in _CHANGES.items()
        },
        "verdicts": kinds,
        "seconds": round(seconds, 3),
    }


def _counts(contents: Contents, family: Family) -> dict[Key, int]:
    found = add_totals(contents).get(family.name, {})
    return {labels: value for labels, value in found.items() if isinstance(value, int)}


def _by(contents: Contents, family: Family, label: int) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for labels, count in _counts(contents, family).items():
        sums[labels[label]] += count
    return {name: count for name, count in sums.items() if count}
