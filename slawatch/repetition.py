"""Two deliveries of one act: which of them stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slawatch.events import NO_EXTRAS

if TYPE_CHECKING:
    from slawatch.events import Event


class Repetition(NamedTuple):
    """Be what a repeated act is counted as, and whether it takes the place of the known one."""

    outcome: str
    replaces: bool


def compare(known: Event, event: Event) -> Repetition:
    """Compare an act with the one known by its id.

    The later revision stays; of two contents of one revision the earlier, then the smaller, so
    that the order of arrival does not matter.
    """
    was, known = _take_revision(known)
    revision, event = _take_revision(event)
    if known.content() == event.content():
        return Repetition("duplicate", replaces=False)
    if revision != was:
        is_newer = revision > was
        return Repetition("late" if is_newer else "duplicate", is_newer)
    return Repetition("conflict", _content(event) < _content(known))


def get_revision(act: Event) -> int:
    """Return an act's revision, 0 unless it was decoded anew."""
    return act.extras.revision or 0 if act.extras is not None else 0


def confirm(known: Event, event: Event) -> Event:
    """Return the known act as told by the later revision of the two, which say the same."""
    revision = get_revision(event)
    if revision <= get_revision(known):
        return known
    return known.replace(extras=(known.extras or NO_EXTRAS)._replace(revision=revision))


def _take_revision(event: Event) -> tuple[int, Event]:
    """Return an act's revision, 0 unless it was decoded anew, and the act without it."""
    extras = event.extras
    if extras is None or extras.revision is None:
        return 0, event
    plain = extras._replace(revision=None)
    return extras.revision, event.replace(extras=None if plain == NO_EXTRAS else plain)


def _content(event: Event) -> tuple[object, ...]:
    """Return what an event says in an order that does not depend on how it is kept."""
    order = (*event.order(), int(event.kind), int(event.actor), event.public)
    return (*order, *map(repr, (tuple(event.attrs), event.extras, event.assignee)))
