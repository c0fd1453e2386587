"""Open work of a shard as counts, kept up ticket by ticket and rebuilt, never remembered.

A ticket's share in the counts is a small tuple that many tickets have in common; touched tickets
are looked at once a view, however many events they had.
"""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from typing import TYPE_CHECKING, NamedTuple

from slawatch.clocks import Published, State
from slawatch.labels import STATE_AT_RISK, STATE_BREACHED, STATE_PAUSED, STATE_RUNNING
from slawatch.lifecycle import WAITING
from slawatch.ticket import CLOSED, STATUS_NAMES, Ticket
from slawatch.views import Held, Urgent, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from slawatch.book import Book
    from slawatch.clocks import Clock
    from slawatch.interning import Interner

URGENT = 20
_KEPT = 64
"""Entries kept of each ranking: refilled by a scan when as many have left."""


class Share(NamedTuple):
    """Be what a ticket adds to the counts; equal shares are one object."""

    labels: tuple[str, ...]
    status: int
    waiting: bool
    clocks: tuple[tuple[str, str], ...]


class Ranking:
    """Keep the lowest values under each label, refilled by a scan when they run out.

    Members are (ticket, target). A label is complete while nothing was ever crowded out.
    """

    def __init__(self, least: int) -> None:
        """Answer for the `least` lowest of each label."""
        self._least = least
        self._rows: dict[tuple[str, ...], dict[tuple[str, str], int]] = {}
        self._floor: dict[tuple[str, ...], int] = {}
        self._where: dict[str, list[tuple[tuple[str, ...], tuple[str, str]]]] = {}

    def drop(self, key: str) -> None:
        """Forget a ticket."""
        for label, member in self._where.pop(key, ()):
            self._rows[label].pop(member, None)

    def put(self, label: tuple[str, ...], key: str, target: str, value: int) -> None:
        """Enter a ticket's value under a label."""
        if value >= self._floor.get(label, value + 1):
            return
        rows = self._rows.setdefault(label, {})
        rows[key, target] = value
        self._where.setdefault(key, []).append((label, (key, target)))
        if len(rows) > 2 * _KEPT:
            kept = dict(nsmallest(_KEPT, rows.items(), key=lambda row: (row[1], row[0])))
            self._floor[label] = max(kept.values()) + 1
            self._rows[label] = kept

    def wanting(self) -> bool:
        """Tell whether a label lost so many that only a scan can answer."""
        return any(len(self._rows[label]) < self._least for label in self._floor)

    def clear(self) -> None:
        """Start over, before a scan."""
        self._rows.clear()
        self._floor.clear()
        self._where.clear()

    def lowest(self) -> Iterable[tuple[tuple[str, ...], list[tuple[int, str, str]]]]:
        """Yield each label with its lowest (value, ticket, target)."""
        for label, rows in self._rows.items():
            ranked = ((value, *member) for member, value in rows.items())
            if found := nsmallest(self._least, ranked):
                yield label, found


class OpenWork:
    """Answer for the open work of one shard."""

    def __init__(self, book: Book, interner: Interner) -> None:
        """Start with no tickets."""
        self._book = book
        self._interner = interner
        self._shares: dict[str, Share] = {}
        self._known: dict[Share, Share] = {}
        self._counts: Counter[Share] = Counter()
        self._oldest = Ranking(1)
        self._urgent = Ranking(URGENT)
        self._waiting: dict[str, tuple[str, int]] = {}
        self.touched: set[str] = set()
        self.swept: frozenset[str] = frozenset()
        """Sources that are compared with their systems: their held tickets are told."""

    def view(
        self,
        get: Callable[[str], Ticket | None],
        scan: Callable[[], Iterable[Ticket]],
        now: int,
    ) -> View:
        """Return the counts as of now. `get` finds a ticket, `scan` yields all of them."""
        held = []
        for key in self.touched:
            ticket = get(key)
            self._refresh(key, ticket)
            if self.swept and key.partition("/")[0] in self.swept:
                held.append(_tell_held(key, ticket))
        self.touched.clear()
        if self._oldest.wanting() or self._urgent.wanting():
            self._oldest.clear()
            self._urgent.clear()
            for ticket in scan():
                if not self._book.is_shadow(ticket.key):
                    self._rank(ticket)
        return self._render(now, get)._replace(held=tuple(held))

    def _refresh(self, key: str, ticket: Ticket | None) -> None:
        old = self._shares.pop(key, None)
        if old is not None:
            self._counts[old] -= 1
            if not self._counts[old]:
                del self._counts[old]
                del self._known[old]
        self._oldest.drop(key)
        self._urgent.drop(key)
        self._waiting.pop(key, None)
        if ticket is None or (ticket.status == CLOSED and not ticket.live):
            return
        if self._book.is_shadow(key):
            return
        share = self._share(ticket)
        if share.waiting:
            self._waiting[key] = (share.labels[0], ticket.created_at)
        share = self._known.setdefault(share, share)
        self._shares[key] = share
        self._counts[share] += 1
        self._rank(ticket)

    def _share(self, ticket: Ticket) -> Share:
        names = self._book.names
        return Share(
            self._interner.profiles[ticket.profile].labels,
            ticket.status,
            ticket.contact == WAITING,
            tuple((names[c.target], clock_state(c)) for c in ticket.live.values()),
        )

    def _rank(self, ticket: Ticket) -> None:
        channel, priority, _ = self._interner.profiles[ticket.profile].labels
        first = self._book.rules.priorities[:1]
        for clock in ticket.live.values():
            if clock.state != State.RUNNING:
                continue
            target = self._book.names[clock.target]
            label = (channel, priority, target)
            self._oldest.put(label, ticket.key, target, clock.started_at)
            if not clock.breached_at or priority in first:
                due = clock.breached_at or clock.breach_at
                self._urgent.put((), ticket.key, target, due)

    def _render(self, now: int, get: Callable[[str], Ticket | None]) -> View:
        tickets: Counter[tuple[str, str, str]] = Counter()
        team_tickets: Counter[tuple[str, str]] = Counter()
        clocks: Counter[tuple[str, str, str, str]] = Counter()
        waiting = Counter(channel for channel, _ in self._waiting.values())
        since = now - self._book.rules.answer_within_us
        past = Counter(channel for channel, at in self._waiting.values() if at < since)
        for share, count in self._counts.items():
            channel, priority, team = share.labels
            if share.status != CLOSED:
                status = STATUS_NAMES[share.status]
                tickets[channel, priority, status] += count
                team_tickets[team, status] += count
            for target, state in share.clocks:
                clocks[channel, priority, target, state] += count
        oldest = {
            (label[0], label[1], label[2]): rows[0][0] for label, rows in self._oldest.lowest()
        }
        urgent = []
        for _, rows in self._urgent.lowest():
            for due, key, target in rows:
                ticket = get(key)
                if ticket is not None:
                    labels = self._interner.profiles[ticket.profile].labels
                    urgent.append(Urgent(due, key, target, labels[0], labels[2]))
        return View(
            tickets=dict(tickets),
            team_tickets=dict(team_tickets),
            clocks=dict(clocks),
            oldest=oldest,
            urgent=tuple(sorted(urgent)[:URGENT]),
            waiting=dict(waiting),
            waiting_past=dict(past),
            log_at=now,
        )


def _tell_held(key: str, ticket: Ticket | None) -> Held:
    is_held = ticket is not None and (ticket.is_open() or bool(ticket.live))
    return Held(key, ticket.last_at if ticket is not None and is_held else 0)


def clock_state(clock: Clock) -> str:
    """Return the first state that is true of a live clock: breached, at risk, paused, running."""
    if clock.published == Published.BREACHED or clock.breached_at:
        return STATE_BREACHED
    shares = clock.goal.shares
    if shares and clock.fired >> shares[-1][0] & 1:
        return STATE_AT_RISK
    return STATE_PAUSED if clock.state == State.PAUSED else STATE_RUNNING
