"""A shard: the tickets of one part of the key space, their deadlines, and the log time they are at.

Of each ticket the shard passes every deadline before an event, then takes the event; a tick passes
the rest. Tickets are independent, so a batch is taken ticket by ticket: what one needs is near at
hand then. The answer does not depend on how events are batched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slawatch.acts import ActTable
from slawatch.arrival import count_accepted
from slawatch.clocks import FOREVER
from slawatch.deadlines import Deadlines
from slawatch.effects import Given
from slawatch.events import EXPIRED, OF_ALL, Event, build_pseudo
from slawatch.openwork import OpenWork
from slawatch.record import is_over, pack_ticket, read_next_at
from slawatch.revision import end_revision
from slawatch.ticket import RESOLVED, Ticket
from slawatch.verdicts import Output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_extensions import i64

    from slawatch.book import Book
    from slawatch.completeness import Completion
    from slawatch.views import View


class Shard(ActTable):
    """Hold tickets, most of them packed, and their deadlines.

    `hot` tickets at most are kept unpacked. `digest` is that of the rules it was judged by.
    """

    def __init__(self, book: Book, *, first_at: int = 0, hot: int = 512) -> None:
        """Start empty. What happened before `first_at` is in no counter."""
        super().__init__(book, first_at, hot)
        self.digest = book.rules.digest
        self.log_at = 0
        self.work = OpenWork(book, self.interner)
        self._due = Deadlines()
        self._groups: dict[str, list[Event]] = {}
        self._disorder_us: i64 = 0
        self._touched: list[Ticket] = []
        self._touched_at: i64 = 0

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
        complete, groups = self.settler.complete, self._groups
        self._disorder_us = disorder_us
        if completions:
            complete.note(completions)
        if not self.began_at and events:
            self.began_at = events[0].received_at
        log_at: i64 = 0
        for event in events:
            log_at = event.received_at - disorder_us
            if complete.next_at < log_at:
                self._complete(log_at, out)
            if event.marks & OF_ALL:
                self._pass_until(log_at - 1, out)
                self._touched_at = log_at
                end_revision(self, event, log_at, out)
                continue
            group = groups.get(event.key)
            if group is None:
                groups[event.key] = [event]
            else:
                group.append(event)
        if complete.next_at <= now:
            self._complete(now + 1, out)
        self._pass_until(max(now, log_at - 1), out)
        if self._due.count > 4 * len(self.tickets) + 1024:
            self.rebuild()
        count_accepted(events, out)
        self.log_at = max(self.log_at, now)
        self.cool()

    def _pass_until(self, until: i64, out: Output) -> None:
        """Take the events that wait, and publish what the instants up to `until` say."""
        groups, touched_at = self._groups, self._touched_at
        if self._touched:
            if groups:
                self._touched = [one for one in self._touched if one.key not in groups]
            if touched_at <= until:
                self._settle_touched(out)
        if groups:
            for key, events in groups.items():
                self._take_events(key, events, touched_at, until, out)
            groups.clear()
        self.pass_deadlines(until, out)

    def _take_events(
        self, key: str, events: list[Event], touched_at: i64, until: i64, out: Output
    ) -> None:
        """Take the events of one ticket, and pass its instants up to `until`.

        `touched_at` is when it was touched if it waits for that instant to pass.
        """
        said = out if not self._shadows else self._shade(key, out)
        ticket = self._hot.get(key) or self.get(key)
        was: i64 = FOREVER if ticket is None else ticket.queued_at
        for event in events:
            log_at: i64 = event.received_at - self._disorder_us
            if ticket is not None:
                if ticket.is_touched and touched_at < log_at:
                    self._settle_acts(ticket, touched_at, said)
                if ticket.queued_at < log_at:
                    ticket = self._pass_own(ticket, log_at - 1, said)
            touched_at = log_at
            ticket = self.take(ticket, event, log_at, out)
        self.work.touched.add(key)
        if ticket is None:
            return
        if ticket.is_touched:
            if touched_at <= until:
                self._settle_acts(ticket, touched_at, said)
            else:
                self._touched.append(ticket)
                self._touched_at = touched_at
        if ticket.queued_at <= until:
            ticket = self._pass_own(ticket, until, said)
        if ticket is not None:
            self._queue(ticket, was)

    def _pass_own(self, ticket: Ticket, until: i64, out: Output) -> Ticket | None:
        """Pass the deadlines of one ticket up to and including `until`; `None` if it is gone."""
        while ticket.queued_at <= until:
            at = ticket.queued_at
            ticket.queued_at = FOREVER
            if not self._pass(ticket, at, out):
                return None
        return ticket

    def _queue(self, ticket: Ticket, was: i64) -> None:
        """Add a ticket's deadline to those of all, if it has another than it `was`."""
        at: i64 = ticket.queued_at
        if at < FOREVER and at != was:
            self._due.put(at, ticket.key)

    def _settle_touched(self, out: Output) -> None:
        """Publish what the acts of the last instant say, now that it has passed."""
        for ticket in self._touched:
            was: i64 = ticket.queued_at
            self._settle_acts(ticket, self._touched_at, self._shade(ticket.key, out))
            self._queue(ticket, was)
            self.work.touched.add(ticket.key)
        self._touched.clear()

    def _settle_acts(self, ticket: Ticket, at: i64, out: Output) -> None:
        """Publish what the acts of an instant say, now that it has passed."""
        ticket.is_touched = False
        if self.settler.is_settled(ticket, at) and not self._anew:
            return
        if ticket.waits_until() <= at:
            self._fold_due(ticket, at, out)
        if self._anew and ticket.key in self._anew:
            self._anew.remove(ticket.key)
            self.settler.move(ticket, at, out)
        self.settler.settle(ticket, at, out)
        next_at = ticket.next_at
        if next_at <= at:  # told long after its end: more of it may be on the way
            next_at = ticket.next_at = at + self.book.rules.retention_us
        if next_at < ticket.queued_at:
            ticket.queued_at = next_at

    def _complete(self, before: int, out: Output) -> None:
        """Judge on what polled sources cover by completions that came before an instant."""
        complete = self.settler.complete
        while complete.next_at < before:
            at = complete.next_at
            self._pass_until(at, out)
            for key in complete.take():
                ticket = self.get(key)
                if ticket is not None:
                    self._look_at(ticket, at, out)

    def _look_at(self, ticket: Ticket, at: i64, out: Output) -> None:
        """Settle a ticket at an instant, and queue it for its next."""
        was: i64 = ticket.queued_at
        self.work.touched.add(ticket.key)
        if self._pass(ticket, at, self._shade(ticket.key, out)):
            self._queue(ticket, was)

    def park(self) -> None:
        """Queue what waits for its instant to pass, so that a snapshot holds it."""
        for ticket in self._touched:
            if self._touched_at < ticket.queued_at:
                ticket.queued_at = self._touched_at
                self._due.put(self._touched_at, ticket.key)

    def touch(self, ticket: Ticket) -> None:
        """Let a ticket be settled once the instant of the shard's last event has passed."""
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
                self._look_at(kept, at, out)

    def _pass(self, ticket: Ticket, at: i64, out: Output) -> bool:
        """Settle a ticket at one of its instants; tell whether it is still there."""
        if ticket.waits_until() <= at:
            self._fold_due(ticket, at, out)
        self._settle(ticket, at, out)
        return ticket.next_at > at or self._end(ticket, at, out)

    def _end(self, ticket: Ticket, at: int, out: Output) -> bool:
        """Expire a ticket that fell silent, or forget one whose retention is over."""
        if ticket.live or (ticket.status < RESOLVED and not ticket.clocks):
            self._take_pseudo(ticket, build_pseudo(EXPIRED, at, ticket.key), out)
            return True
        self.forget(ticket.key)
        return False

    def forget(self, key: str) -> None:
        """Drop a ticket of which nothing is left to tell."""
        kept = self.tickets.pop(key)
        if isinstance(kept, Ticket) and kept.is_touched:
            self._touched.remove(kept)
        self._anew.discard(key)
        self._hot.pop(key, None)
        self.work.touched.add(key)

    def _settle(self, ticket: Ticket, now: i64, out: Output) -> None:
        """Publish what `now` allows, and set when to look at the ticket next."""
        self.settler.settle(ticket, now, out)
        at = ticket.next_at
        if at < ticket.queued_at and at > now:
            ticket.queued_at = at

    def rebuild(self) -> None:
        """Drop the stale deadlines."""
        self._due.clear()
        for key, kept in self.tickets.items():
            at = read_next_at(kept) if isinstance(kept, bytes) else kept.queued_at
            if at < FOREVER:
                self._due.put(at, key)

    def take_act(self, ticket: Ticket, act: Event, out: Output) -> None:
        """Apply a pseudo-act of the shard's own at its instant."""
        was: i64 = ticket.queued_at
        self._take_pseudo(ticket, act, self._shade(ticket.key, out))
        self._queue(ticket, was)
        self.work.touched.add(ticket.key)

    def _take_pseudo(self, ticket: Ticket, act: Event, out: Output) -> None:
        effects: list[Given] = []
        self.fold.apply(ticket, act, effects)
        ticket.acts.insert(ticket.folded, act)
        ticket.folded += 1
        self._count(effects, act.occurred_at, out)
        self._settle(ticket, act.occurred_at, out)

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
