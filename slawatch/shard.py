"""A shard: the tickets of one part of the key space, their deadlines, and the log time they are at.

For each event in order the shard first passes every deadline before it, then applies it; a tick
passes the rest. The answer does not depend on how events are batched.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from slawatch.arrival import count_accepted, count_healed, count_unknown, note, reject_old
from slawatch.clocks import FOREVER
from slawatch.deadlines import Deadlines
from slawatch.effects import Given, count_given, find_growth
from slawatch.events import (
    CAME_BY_SWEEP,
    CAME_OF_OPEN,
    EXPIRED,
    OF_ALL,
    Event,
    build_pseudo,
)
from slawatch.openwork import OpenWork
from slawatch.record import is_over, pack_ticket, read_last_at, read_next_at
from slawatch.repetition import compare, confirm
from slawatch.retell import fold_anew, is_in_base, rebase
from slawatch.revision import end_revision
from slawatch.rows import pack_row
from slawatch.settle import Settler
from slawatch.table import TicketTable
from slawatch.ticket import RESOLVED, Ticket
from slawatch.verdicts import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_extensions import i64

    from slawatch.book import Book
    from slawatch.completeness import Completion
    from slawatch.views import View

MAX_ACTS: Final = 256
"""Over this many acts the older half of a ticket becomes its base."""


class Shard(TicketTable):
    """Hold tickets, most of them packed, and their deadlines.

    `hot` tickets at most are kept unpacked. `began_at` is the log time of the shard's first
    event: before it nothing can have been seen. `digest` is that of the rules it was judged by.
    """

    def __init__(self, book: Book, *, first_at: int = 0, hot: int = 512) -> None:
        """Start empty. What happened before `first_at` is in no counter."""
        super().__init__(book, hot)
        self.digest = book.rules.digest
        self.first_at = first_at
        self.began_at = self.log_at = 0
        self.settler = Settler(book, self.interner, self.fold)
        self.work = OpenWork(book, self.interner)
        self._due = Deadlines()
        self._touched: list[Ticket] = []
        self._touched_at: i64 = 0
        self._shadows = book.shadows
        self._anew: set[str] = set()
        self._effects: list[Given] = []

    def advance(
        self,
        events: Sequence[Event],
        now: int,
        out: Output,
        completions: Sequence[Completion] = (),
        *,
        disorder_us: int = 0,
    ) -> None:
        """Take events in the order of the log, then let log time reach `now`.

        `completions` are those logged among the events, of all sources, in the same order.
        """
        due, complete = self._due, self.settler.complete
        if completions:
            complete.note(completions)
        if not self.began_at and events:
            self.began_at = events[0].received_at
        for event in events:
            log_at: i64 = event.received_at - disorder_us
            if complete.next_at < log_at:
                self._complete(log_at, out)
            if self._touched and log_at > self._touched_at:
                self._settle_touched(out)
            if due.next_at < log_at:
                self.pass_deadlines(log_at - 1, out)
            self._touched_at = log_at
            self._take(event, log_at, out)
        if complete.next_at <= now:
            self._complete(now + 1, out)
        if self._touched and now >= self._touched_at:
            self._settle_touched(out)
        self.pass_deadlines(now, out)
        if due.count > 4 * len(self.tickets) + 1024:
            self.rebuild()
        count_accepted(events, out)
        self.log_at = max(self.log_at, now)
        self.cool()

    def _settle_touched(self, out: Output) -> None:
        """Publish what the acts of the last instant say, now that it has passed."""
        at, touched = self._touched_at, self._touched
        for ticket in touched:
            said = out if not self._shadows else self._shade(ticket.key, out)
            if ticket.waits_until() <= at:
                self._fold_due(ticket, at, said)
            if self._anew and ticket.key in self._anew:
                self.settler.move(ticket, at, said)
            self.settler.settle(ticket, at, said)
            next_at = ticket.next_at
            if next_at <= at:  # told long after its end: more of it may be on the way
                next_at = ticket.next_at = at + self.book.rules.retention_us
            if next_at < ticket.queued_at:
                ticket.queued_at = next_at
                self._due.put(next_at, ticket.key)
            self.work.touched.add(ticket.key)
            ticket.is_touched = False
        touched.clear()
        if self._anew:
            self._anew.clear()

    def _complete(self, before: int, out: Output) -> None:
        """Judge on what polled sources cover by completions that came before an instant."""
        complete = self.settler.complete
        while complete.next_at < before:
            at = complete.next_at
            if self._touched and self._touched_at <= at:
                self._settle_touched(out)
            self.pass_deadlines(at, out)
            for key in complete.take():
                ticket = self.get(key)
                if ticket is not None:
                    self._pass(ticket, at, self._shade(key, out))

    def park(self) -> None:
        """Queue what waits for its instant to pass, so that a snapshot holds it."""
        for ticket in self._touched:
            if self._touched_at < ticket.queued_at:
                ticket.queued_at = self._touched_at
                self._due.put(self._touched_at, ticket.key)

    def _touch(self, ticket: Ticket) -> None:
        """Let a ticket be settled once its instant has passed."""
        if not ticket.is_touched:
            ticket.is_touched = True
            self._touched.append(ticket)

    def pass_deadlines(self, until: int, out: Output) -> None:
        """Pass every deadline up to and including `until`, each at its own instant."""
        due = self._due
        while due.next_at <= until:
            at = due.next_at
            key = due.pop()
            kept = self.tickets.get(key)
            if isinstance(kept, bytes):
                if read_next_at(kept) != at:
                    continue
                if is_over(kept):
                    self.forget(key)
                    continue
                kept = self.get(key)
            if isinstance(kept, Ticket) and kept.queued_at == at:
                kept.queued_at = FOREVER
                self._pass(kept, at, out if not self._shadows else self._shade(key, out))

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

    def _pass(self, ticket: Ticket, at: int, out: Output) -> None:
        self.work.touched.add(ticket.key)
        if ticket.waits_until() <= at:
            self._fold_due(ticket, at, out)
        self._settle(ticket, at, out)
        if ticket.next_at <= at:
            self._end(ticket, at, out)

    def _end(self, ticket: Ticket, at: int, out: Output) -> None:
        """Expire a ticket that fell silent, or forget one whose retention is over."""
        if ticket.live or (ticket.status < RESOLVED and not ticket.clocks):
            self.take_act(ticket, build_pseudo(EXPIRED, at, ticket.key), out)
            return
        self.forget(ticket.key)

    def forget(self, key: str) -> None:
        """Drop a ticket of which nothing is left to tell."""
        kept = self.tickets.pop(key)
        if isinstance(kept, Ticket) and kept.is_touched:
            self._touched.remove(kept)
        self._hot.pop(key, None)
        self.work.touched.add(key)

    def _settle(self, ticket: Ticket, now: int, out: Output) -> None:
        """Publish what `now` allows, and queue the ticket for its next instant."""
        self.settler.settle(ticket, now, out)
        at = ticket.next_at
        if at < ticket.queued_at and at > now:
            ticket.queued_at = at
            self._due.put(at, ticket.key)

    def rebuild(self) -> None:
        """Drop the stale deadlines."""
        self._due.clear()
        for key, kept in self.tickets.items():
            at = read_next_at(kept) if isinstance(kept, bytes) else kept.queued_at
            if at < FOREVER:
                self._due.put(at, key)

    def _take(self, event: Event, log_at: int, out: Output) -> None:
        key = event.key
        ticket = self._hot.get(key) or self.get(key)
        if event.marks & OF_ALL:
            end_revision(self, event, log_at, out)
            return
        if event.marks:
            count_unknown(event, out)
        if ticket is None:
            if self._is_too_old(event, log_at):
                reject_old(event, out)
                return
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
                self._touch(ticket)
                ticket.add_row(row, event, self.interner)
                self._apply(ticket, event, out)
                return
        self._place(ticket, event, log_at, out)

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
        self._touch(ticket)
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

    def take_act(self, ticket: Ticket, act: Event, out: Output) -> None:
        """Apply a pseudo-act of the shard's own at its instant."""
        out = self._shade(ticket.key, out)
        effects: list[Given] = []
        self.fold.apply(ticket, act, effects)
        ticket.acts.insert(ticket.folded, act)
        ticket.folded += 1
        self._count(effects, act.occurred_at, out)
        self._settle(ticket, act.occurred_at, out)
        self.work.touched.add(ticket.key)

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
        self._touch(ticket)
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
        self._count(find_growth(before, after), ticket.last_at, out)

    def _count(self, effects: list[Given], at: int, out: Output) -> None:
        if at >= out.first_at:
            count_given(effects, out)

    def view(self, now: int) -> View:
        """Return the open work as of now."""
        self.work.touched.update([ticket.key for ticket in self._touched])
        return self.work.view(self.peek_work, self.scan_work, now)

    def adopt(self, other: Shard) -> None:
        """Take over another shard's packed tickets and its interner; times stay."""
        other.settler.complete = self.settler.complete
        self.interner, self.fold, self.settler = other.interner, other.fold, other.settler
        self.tickets, self._hot, self._touched, self._blank = other.tickets, {}, [], {}
        swept, self.work = self.work.swept, OpenWork(self.book, self.interner)
        self.work.swept = swept
        self.work.touched.update(self.tickets)
        self.rebuild()

    def cool(self) -> None:
        """Pack the tickets that have been unpacked the longest, once there are too many.

        Those of the instant that has not passed stay: they are about to be settled.
        """
        if len(self._hot) <= self._hot_limit:
            return
        self.park()
        idle = [key for key, ticket in self._hot.items() if not ticket.is_touched]
        for key in idle[: max(0, len(self._hot) - self._hot_limit // 2)]:
            ticket = self._hot.pop(key)
            self.tickets[key] = pack_ticket(ticket, self.interner)
