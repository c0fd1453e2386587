"""A shard's tickets: a few unpacked, most of them as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slawatch.events import NO_ATTRS, Event
from slawatch.interning import Interner
from slawatch.lifecycle import Fold
from slawatch.record import is_done, unpack_ticket
from slawatch.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slawatch.book import Book


class TicketTable:
    """Keep tickets by their key, with what is needed to unpack them."""

    def __init__(self, book: Book, hot: int) -> None:
        """Start empty; `hot` tickets at most are to stay unpacked."""
        self.book = book
        self.interner = Interner(book.rules)
        self.fold = Fold(book, self.interner)
        self.tickets: dict[str, Ticket | bytes] = {}
        self._hot: dict[str, Ticket] = {}
        self._hot_limit = hot
        self._blank: dict[str, int] = {}

    def open(self, event: Event) -> Ticket:
        """Open a ticket of which nothing is known."""
        source = event.key.partition("/")[0]
        blank = self._blank.get(source)
        if blank is None:
            blank = self._blank[source] = self.interner.profile_index(source, NO_ATTRS)
        ticket = Ticket(event.key, blank)
        ticket.grace_us = self.book.grace_of(event.key)
        self.tickets[event.key] = ticket
        self._hot[event.key] = ticket
        return ticket

    def get(self, key: str) -> Ticket | None:
        """Return a ticket, unpacked."""
        kept = self.tickets.get(key)
        if type(kept) is bytes:
            ticket = unpack_ticket(key, kept, self.fold)
            self.tickets[key] = ticket
            self._hot[key] = ticket
            return ticket
        return kept  # type: ignore[return-value]  # a Ticket or None if not bytes

    def scan(self) -> Iterator[Ticket]:
        """Yield every ticket, without keeping the packed ones unpacked."""
        for key, kept in self.tickets.items():
            yield unpack_ticket(key, kept, self.fold) if isinstance(kept, bytes) else kept

    def scan_work(self) -> Iterator[Ticket]:
        """Yield every ticket that may be open work."""
        return (ticket for key in self.tickets if (ticket := self.peek_work(key)) is not None)

    def peek_work(self, key: str) -> Ticket | None:
        """Return a ticket if it may be open work: to unpack one that is done costs ten times."""
        kept = self.tickets.get(key)
        if isinstance(kept, bytes):
            return None if is_done(kept) else unpack_ticket(key, kept, self.fold)
        return kept

    def peek(self, key: str) -> Ticket | None:
        """Return a ticket without keeping it unpacked."""
        kept = self.tickets.get(key)
        return unpack_ticket(key, kept, self.fold) if isinstance(kept, bytes) else kept
