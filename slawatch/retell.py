"""Telling a ticket anew: its acts folded from the start, or from the base that closes its past."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slawatch.events import NO_ATTRS, Event
from slawatch.record import pack_ticket, unpack_ticket
from slawatch.ticket import Ticket

if TYPE_CHECKING:
    from slawatch.effects import Given
    from slawatch.lifecycle import Fold

MAX_BASE_IDS = 8192
"""How many acts of a base are remembered to tell repetitions."""


def fold_anew(
    fold: Fold, ticket: Ticket, acts: list[Event], log_at: int, effects: list[Given]
) -> Ticket:
    """Return the ticket that these acts make, as far as log time has come."""
    fresh = open_blank(fold, ticket)
    fresh.acts = acts
    for count, act in enumerate(acts):
        if act.occurred_at > log_at:
            break
        fold.apply(fresh, act, effects)
        fresh.folded = count + 1
    return fresh


def open_blank(fold: Fold, ticket: Ticket) -> Ticket:
    """Return the ticket as it was before the acts that it keeps."""
    if ticket.base is not None:
        fresh = unpack_ticket(ticket.key, ticket.base, fold)
        fresh.acts, fresh.folded, fresh.base = [], 0, None
        return fresh
    source = ticket.key.partition("/")[0]
    fresh = Ticket(ticket.key, fold.interner.profile_index(source, NO_ATTRS))
    fresh.grace_us = ticket.grace_us
    return fresh


def rebase(fold: Fold, ticket: Ticket, count: int) -> None:
    """Turn the oldest acts into the base from which later folds start."""
    if ticket.folded < count:
        return
    acts = ticket.acts[:count]
    base = fold_anew(fold, ticket, acts, acts[-1].occurred_at, [])
    base.acts = [*base_acts(fold, ticket), *acts][-MAX_BASE_IDS:]  # their ids tell repetitions
    base.folded = len(base.acts)
    gone = _find_settled(base)
    base.clocks = [clock for clock in base.clocks if (clock.target, clock.cycle) not in gone]
    ticket.clocks = [clock for clock in ticket.clocks if (clock.target, clock.cycle) not in gone]
    ticket.base = pack_ticket(base, fold.interner)
    ticket.acts = ticket.acts[count:]
    ticket.folded -= count


def _find_settled(base: Ticket) -> set[tuple[int, int]]:
    """Return the cycles of a closed past that nothing can reach: not the last of a target."""
    last = {clock.target: clock.cycle for clock in base.clocks}
    return {
        (clock.target, clock.cycle)
        for clock in base.clocks
        if not clock.is_live() and clock.cycle != last[clock.target]
    }


def freeze(fold: Fold, ticket: Ticket) -> None:
    """Make all that was judged of a ticket its base: no later act re-tells it."""
    acts, folded = ticket.acts, ticket.folded
    ticket.acts = [*base_acts(fold, ticket), *acts[:folded]][-MAX_BASE_IDS:]
    ticket.folded, ticket.base = len(ticket.acts), None
    ticket.base = pack_ticket(ticket, fold.interner)
    ticket.acts, ticket.folded = acts[folded:], 0


def base_acts(fold: Fold, ticket: Ticket) -> list[Event]:
    """Return the acts that a ticket's base remembers."""
    return unpack_ticket(ticket.key, ticket.base, fold).acts if ticket.base else []


def is_in_base(fold: Fold, ticket: Ticket, id_hash: bytes) -> bool:
    """Tell whether an act was told before the base was closed."""
    return any(known.id_hash == id_hash for known in base_acts(fold, ticket))
