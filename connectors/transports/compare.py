"""Comparing the tickets that the monitor holds open with how they stand in their system.

A poll's cursor tells what changed since; what was lost before it, and what is there no more, it
cannot tell. A sweep asks for each open ticket as well.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from connectors.held import HeldTickets
from slawatch.views import Held

LOGGER = logging.getLogger(__name__)

COMPARED_AT_ONCE = 100
"""Tickets asked for in one question."""
TOLD_AT_ONCE = 10
"""Tickets fetched whole before what they told is stored: a failure costs no more."""
MANY_MISSING = 10
"""Over this many, and over half of all, are not believed to be gone at once."""

Records = list[tuple[str, bytes]]


class State(NamedTuple):
    """Be how a ticket stands in its system. Instants in microseconds.

    `gone_at` is when it was deleted, where the system says so.
    """

    changed_at: int
    is_over: bool = False
    gone_at: int | None = None


UNASKED = State(0)
"""How a ticket stands whose id no question can hold: as the monitor has it."""


class Comparer(Protocol):
    """Ask a system for single tickets: what a poller offers whose sweep is to compare.

    All by the source's own ticket ids; every call may raise `ConnectorError`.
    """

    def fetch_states(self, ids: Sequence[str]) -> Mapping[str, State]:
        """Return how up to `COMPARED_AT_ONCE` tickets stand, without those it has no more."""

    def fetch_tickets(self, ids: Sequence[str]) -> Records:
        """Return the records of tickets from their beginning, by the keys of the poll's own."""

    def tell_gone(self, ticket_id: str, at: int) -> tuple[str, bytes]:
        """Return the record that tells a ticket's end, as its lost delivery would have told it."""


def pick_numbers(ids: Sequence[str]) -> list[str]:
    """Return the ids that are numbers, where a system has no others."""
    return [number for number in ids if number.isascii() and number.isdigit()]


class Comparison:
    """Compare again and again; what differs becomes records. Not for several threads at once.

    A ticket that is missing is told to be gone when it is still missing in the next comparison,
    as of the first: a delivery under way, or a replica that lags, is given so long.
    """

    def __init__(
        self,
        comparer: Comparer,
        read_held: Callable[[], HeldTickets | None],
        clock: Callable[[], int],
    ) -> None:
        """Take whom to ask, what the monitor holds open, and the clock."""
        self._comparer = comparer
        self._read_held = read_held
        self._clock = clock
        self._at = 0
        self._left: tuple[Held, ...] = ()
        self._count = 0
        self._seen: dict[str, int] = {}
        self._missing: dict[str, int] = {}
        self._absent: list[str] = []

    def run(self) -> Iterator[Records]:
        """Yield the records of each question, until all is compared.

        Nothing where the monitor has told nothing new. Raises `ConnectorError`: the next call
        goes on where it failed.
        """
        if not self._left and not self._begin():
            return
        while self._left:
            asked = self._left[:COMPARED_AT_ONCE]
            states = self._comparer.fetch_states([one.ticket for one in asked])
            yield from self._tell(asked, states)
            self._absent += [one.ticket for one in asked if one.ticket not in states]
            self._left = self._left[COMPARED_AT_ONCE:]
        yield self._tell_missing()

    def _begin(self) -> bool:
        held = self._read_held()
        if held is None or held.at == self._at or not held.tickets:
            return False
        self._at, self._left, self._count = held.at, held.tickets, len(held.tickets)
        self._seen = {one.ticket: self._seen.get(one.ticket, 0) for one in held.tickets}
        self._absent = []
        return True

    def _tell(self, asked: Sequence[Held], states: Mapping[str, State]) -> Iterator[Records]:
        gone = {key: state.gone_at for key, state in states.items() if state.gone_at is not None}
        yield [self._comparer.tell_gone(key, at) for key, at in gone.items()]
        ids = [
            one.ticket
            for one in asked
            if (state := states.get(one.ticket)) is not None and self._differs(one, state)
        ]
        for first in range(0, len(ids), TOLD_AT_ONCE):
            told = ids[first : first + TOLD_AT_ONCE]
            yield self._comparer.fetch_tickets(told)
            self._seen |= {key: states[key].changed_at for key in told}

    def _differs(self, held: Held, state: State) -> bool:
        """Say whether a ticket is to be told anew: it ended or changed, and was not told so."""
        if state.gone_at is not None or state.changed_at <= self._seen[held.ticket]:
            return False
        return state.is_over or state.changed_at > held.heard_at

    def _tell_missing(self) -> Records:
        missing, self._absent = self._absent, []
        if len(missing) > MANY_MISSING and 2 * len(missing) > self._count:
            LOGGER.warning(
                "open tickets not found, taken as not allowed to be read missing=%d of=%d",
                len(missing),
                self._count,
            )
            self._missing = {}
            return []
        known, now = self._missing, self._clock()
        self._missing = {key: known.get(key, now) for key in missing}
        return [self._comparer.tell_gone(key, at) for key, at in known.items() if key in missing]
