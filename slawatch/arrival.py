"""How events came, as it is counted: understood or not, new or known, in time or too old."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slawatch import conventions
from slawatch.events import UNKNOWN_NAMES, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slawatch.verdicts import Output

_EVENTS: Final = conventions.EVENTS.name


def count_accepted(events: Sequence[Event], out: Output) -> None:
    """Count the events of a batch as accepted; `note` says it of those that were not."""
    accepted: dict[str, int] = {}
    connector, count = "", 0
    for event in events:
        if event.connector is not connector:
            accepted[connector] = accepted.get(connector, 0) + count
            connector, count = event.connector, 0
        count += 1
    accepted[connector] = accepted.get(connector, 0) + count
    for name, total in accepted.items():
        if total:
            out.add((_EVENTS, (name, "accepted")), total)


def count_unknown(event: Event, out: Output) -> None:
    """Count the optional keys whose values were not understood."""
    for bit, name in UNKNOWN_NAMES.items():
        if event.marks & bit:
            out.add((conventions.UNKNOWN_VALUES.name, (event.connector, name)), 1)


def uncount(event: Event, out: Output) -> None:
    """Leave out of a batch's count what no source sent."""
    out.add((_EVENTS, (event.connector, "accepted")), -1)


def note(event: Event, outcome: str, out: Output) -> None:
    """Count an event that was not simply accepted, as the batch's count says of it."""
    uncount(event, out)
    out.add((_EVENTS, (event.connector, outcome)), 1)


def reject_old(event: Event, out: Output) -> None:
    """Count an event of a ticket that may have been forgotten."""
    note(event, "rejected", out)
    out.add((conventions.QUARANTINED.name, (event.connector, "too_old")), 1)


def count_healed(event: Event, out: Output) -> None:
    """Count an event that its delivery should have told, and a sweep did."""
    out.add((conventions.HEALED.name, (event.connector,)), 1)
