"""What an event does to its ticket, in order or not; when that is published is the shard's."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from slawatch.arrival import count_healed, count_unknown, note, reject_old
from slawatch.effects import Given, count_given, find_growth
from slawatch.events import CAME_BY_SWEEP, CAME_OF_OPEN, EXPIRED, Event
from slawatch.record import read_last_at
from slawatch.repetition import compare, confirm
from slawatch.retell import fold_anew, is_in_base, rebase
from slawatch.rows import pack_row
from slawatch.settle import Settler
from slawatch.table import TicketTable

if TYPE_CHECKING:
    from mypy_extensions import i64

    from slawatch.book import Book
    from slawatch.ticket import Ticket
    from slawatch.verdicts import Output

MAX_ACTS: Final = 256
"""Over this many acts the older half of a ticket becomes its base."""


class ActTable(TicketTable):
    """Take acts into tickets. A ticket that is touched is to be settled once its instant passed.

    `began_at` is the log time of the first event: before it nothing can have been seen.
    """

    def __init__(self, book: Book, first_at: int, hot: int) -> None:
        """Start empty. What happened before `first_at` is in no counter."""
        super().__init__(book, hot)
        self.first_at = first_at
        self.began_at = 0
        self.settler = Settler(book, self.interner, self.fold)
        self._shadows = book.shadows
        self._anew: set[str] = set()
        self._effects: list[Given] = []

    def _shade(self, key: str, out: Output) -> Output:
        """Return where what is said of a ticket goes: of a shadow one, the verdicts alone."""
        return out.shade if self.book.is_shadow(key) else out

    def _fold_due(self, ticket: Ticket, at: int, out: Output) -> None:
        """Apply the acts that were told before their instant, once it has come."""
        acts = ticket.acts
        effects: list[Given] = []
        while ticket.folded < len(acts) and acts[ticket.folded].occurred_at <= at:
            self.fold.apply(ticket, acts[ticket.folded], effects)
            ticket.folded += 1
        self._count(effects, ticket.last_at, out)

    def take(self, ticket: Ticket | None, event: Event, log_at: i64, out: Output) -> Ticket | None:
        """Take an event's act into its ticket, opened if there is none; return the ticket.

        `None` if there is none and the event is too old for one.
        """
        if event.marks:
            count_unknown(event, out)
        if ticket is None:
            if self._is_too_old(event, log_at):
                reject_old(event, out)
                return None
            ticket = self.open(event)
        at: i64 = event.occurred_at
        if (
            at <= log_at
            and at > ticket.crossed_at
            and ticket.is_next(at)
            and ticket.base is None
            and not event.marks & CAME_BY_SWEEP
        ):
            row = pack_row(event, self.interner)
            if ticket.is_new(row):
                ticket.is_touched = True
                ticket.add_row(row, event, self.interner)
                self._apply(ticket, event, out)
                return ticket
        self._place(ticket, event, log_at, out)
        return ticket

    def _is_too_old(self, event: Event, log_at: int) -> bool:
        """Tell whether an event's ticket may have been forgotten."""
        floor = log_at - self.book.rules.retention_us
        is_old = event.occurred_at < floor and self.began_at < floor
        return is_old and not event.marks & CAME_OF_OPEN

    def _apply(self, ticket: Ticket, act: Event, out: Output) -> None:
        """Fold an act that was added after all others, which are folded."""
        effects = self._effects
        self.fold.apply(ticket, act, effects)
        ticket.folded += 1
        if effects:
            said = out if not self._shadows else self._shade(ticket.key, out)
            self._count(effects, act.occurred_at, said)
            effects.clear()
        if ticket.folded > MAX_ACTS:
            rebase(self.fold, ticket, MAX_ACTS // 2)

    def _place(self, ticket: Ticket, event: Event, log_at: int, out: Output) -> None:
        """Take an act that may be known, late, too early, or of a closed past."""
        index = ticket.find(event.id_hash)
        if index >= 0:
            self._repeat(ticket, index, event, log_at, self._shade(ticket.key, out))
            return
        ticket.is_touched = True
        at = event.occurred_at
        if ticket.base is not None and at <= read_last_at(ticket.base):
            if is_in_base(self.fold, ticket, event.id_hash):
                note(event, "duplicate", out)
                return
            # the past before the base is closed
            event = event.replace(occurred_at=read_last_at(ticket.base), rank=0)
        if event.marks & CAME_BY_SWEEP and self.first_at <= at < log_at - ticket.grace_us:
            count_healed(event, out)
        if (
            at <= log_at
            and ticket.folded == ticket.count()
            and at > ticket.crossed_at
            and ticket.is_before(event)
        ):
            ticket.add(event, self.interner)
            self._apply(ticket, event, out)
            return
        if self._insert(ticket, event, log_at, self._shade(ticket.key, out)):
            note(event, "late", out)
            if event.extras is not None and event.extras.revision:
                self._anew.add(ticket.key)
        if ticket.count() > MAX_ACTS:
            rebase(self.fold, ticket, MAX_ACTS // 2)

    def _insert(self, ticket: Ticket, act: Event, log_at: int, out: Output) -> bool:
        """Put an act in its place among those known; tell whether it changes the past."""
        acts = ticket.acts
        told = acts[: ticket.folded]
        if acts and acts[-1].kind == EXPIRED:  # it was not silent after all
            del acts[-1]
        index = bisect_right(acts, act)
        acts.insert(index, act)
        at = act.occurred_at
        late = index < len(told) or at <= ticket.crossed_at
        if late or at <= log_at:
            self._refold(ticket, told, log_at, out)
        return late

    def _repeat(self, ticket: Ticket, index: int, event: Event, log_at: int, out: Output) -> None:
        """Drop a repetition, or let it take the place of what was known of its act."""
        known = ticket.acts[index]
        outcome, replaces = compare(known, event)
        if replaces:
            others = [act for act in ticket.acts if act is not known]
            others.insert(bisect_right(others, event), event)
            self.replace_acts(ticket, others, log_at, out, is_anew=outcome == "late")
            ticket.is_touched = True
        elif event.extras is not None:
            ticket.acts[index] = confirm(known, event)
        note(event, outcome, out)

    def replace_acts(
        self, ticket: Ticket, acts: list[Event], log_at: int, out: Output, *, is_anew: bool
    ) -> None:
        """Fold a ticket from these acts; `is_anew` moves its outcomes to where they belong."""
        key, told = ticket.key, ticket.acts[: ticket.folded]
        ticket.acts = acts
        self._refold(ticket, told, log_at, self._shade(key, out))
        if is_anew:
            self._anew.add(key)

    def _refold(self, ticket: Ticket, told: list[Event], log_at: int, out: Output) -> None:
        """Fold a ticket's acts anew and carry over what was published of its cycles.

        `told` are the acts that had been folded: only what the new fold adds is counted.
        """
        before: list[Given] = []
        after: list[Given] = []
        fresh = fold_anew(self.fold, ticket, ticket.acts, log_at, after)
        fold_anew(self.fold, ticket, told, log_at, before)
        self.settler.carry_over(ticket, fresh, log_at, out)
        fresh.base = ticket.base
        fresh.queued_at = ticket.queued_at
        ticket.become(fresh)
        ticket.is_moved = True
        self._count(find_growth(before, after), ticket.last_at, out)

    def _count(self, effects: list[Given], at: int, out: Output) -> None:
        if at >= out.first_at:
            count_given(effects, out)
