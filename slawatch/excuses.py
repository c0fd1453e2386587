"""What people say about breaches: an excuse, and its taking back. The verdict never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from slawatch import conventions
from slawatch.events import Kind
from slawatch.labels import EXCUSE_REASONS, OTHER
from slawatch.retell import base_acts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slawatch.effects import Given
    from slawatch.events import Event
    from slawatch.lifecycle import Fold
    from slawatch.ticket import Ticket


_EXCUSED: Final = conventions.EXCUSED.name
_RESTORED: Final = conventions.RESTORED.name


class Excuse(NamedTuple):
    """Be an excuse that stands: it covers the breaches before its instant."""

    at: int
    reason: str


def excuse(fold: Fold, ticket: Ticket, act: Event, effects: list[Given]) -> None:
    """Count the breaches that an act excuses, or takes back, each once.

    A breach that comes after an excuse is not covered by it, and one that is excused twice counts
    once, by the first reason. They are counted under the priority of their result.
    """
    standing = _find_standing((*base_acts(fold, ticket), *ticket.acts[: ticket.folded]))
    covered_at = standing[-1].at if standing else 0
    for priority, target, breached_at in _breaches(fold, ticket):
        if act.kind == Kind.EXCUSED and breached_at >= covered_at:
            effects.append(((_EXCUSED, (priority, target, _reason(act))), 1))
        elif act.kind == Kind.RESTORED and breached_at < covered_at:
            effects.append(((_RESTORED, (priority, target)), 1))


def _breaches(fold: Fold, ticket: Ticket) -> Iterator[tuple[str, str, int]]:
    for clock in ticket.clocks:
        if clock.breached_at:
            index = clock.labels if clock.labels >= 0 else ticket.profile
            priority = fold.interner.profiles[index].labels[1]
            yield priority, fold.book.names[clock.target], clock.breached_at


def _find_standing(acts: Iterable[Event]) -> list[Excuse]:
    """Return the excuses that nobody has taken back."""
    standing: list[Excuse] = []
    for act in acts:
        if act.kind == Kind.EXCUSED:
            standing.append(Excuse(act.occurred_at, _reason(act)))
        elif act.kind == Kind.RESTORED:
            standing.clear()
    return standing


def _reason(act: Event) -> str:
    reason = act.attrs.reason or ""
    return reason if reason in EXCUSE_REASONS else OTHER
