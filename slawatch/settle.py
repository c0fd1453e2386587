"""Publication: compare what the fold says of a ticket with what was published of it.

The one rule: a verdict is published when log time reaches its instant (a breach: `breach_at`
plus the source's grace) and corrected when a later arrival changes it. Of a polled source nothing
is told by the passing of time beyond the instant up to which it has told everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from librt.strings import BytesWriter, write_i64_le

from slawatch import conventions
from slawatch.clocks import FOREVER, Clock, Published, State
from slawatch.completeness import Completeness
from slawatch.numbering import FIRST_MINUTE, MINUTE_BITS, MINUTE_US
from slawatch.policy import Blame
from slawatch.retell import open_blank
from slawatch.ticket import RESOLVED, Ticket
from slawatch.verdicts import (
    BREACHED,
    MET,
    TO_BREACHED,
    TO_MET,
    WARNING,
    WITHDRAWN,
    Output,
)

if TYPE_CHECKING:
    from mypy_extensions import i64

    from slawatch.book import Book
    from slawatch.interning import Interner
    from slawatch.lifecycle import Fold

_CORRECTIONS: Final = conventions.CORRECTIONS.name
_WARNINGS: Final = conventions.WARNINGS.name
_OUTCOMES: Final = (Published.MET, Published.BREACHED)


class Settler:
    """Publish the verdicts of tickets by one version of the rules."""

    def __init__(self, book: Book, interner: Interner, fold: Fold) -> None:
        """Take the compiled rules, the shard's interner and fold."""
        self.book = book
        self.interner = interner
        self.fold = fold
        self.complete = Completeness(book.polled)
        self._holds = False
        self._blames_last = book.rules.blame is Blame.LAST
        self._blames_longest = book.rules.blame is Blame.LONGEST
        self._expire_us = book.rules.expire_us
        self._retention_us = book.rules.retention_us

    def is_settled(self, ticket: Ticket, now: i64) -> bool:
        """Tell whether there is certainly nothing to publish: no clock has changed, none is due."""
        next_at: i64 = ticket.next_at
        return (
            now < next_at < FOREVER
            and not ticket.is_moved
            and not self.complete.known
            and ticket.folded == ticket.count()
        )

    def settle(self, ticket: Ticket, now: int, out: Output) -> None:
        """Publish all that log time `now` allows and set the ticket's `next_at`."""
        until = now
        if self.complete.known:
            until = min(now, self.complete.find_limit(ticket.key))
        judged_to = min(now - ticket.grace_us, until)
        if ticket.triggers_at <= judged_to:
            self.fold.cross(ticket, judged_to + 1)
        ticket.is_moved = False
        next_at: i64 = FOREVER
        is_done = False
        for clock in ticket.watched:
            at = clock.next_at
            if at <= now:
                at = self._settle_clock(ticket, clock, now, until, out)
                is_done |= at == FOREVER and clock.state > State.PAUSED
            if at < next_at:
                next_at = at
        if self._holds:
            self._holds = False
            self.complete.hold(ticket.key)
        if is_done:
            ticket.watched = [clock for clock in ticket.watched if clock.is_watched()]
        if ticket.folded < ticket.count():
            next_at = min(next_at, ticket.waits_until())
        elif ticket.live:
            silent_at = ticket.last_at + self._expire_us
            if silent_at < next_at:
                next_at = silent_at
        elif next_at == FOREVER:
            next_at = self._ends_at(ticket)
        ticket.next_at = next_at

    def _ends_at(self, ticket: Ticket) -> int:
        clocks = ticket.clocks
        if not clocks:
            kept_us = self._expire_us if ticket.status < RESOLVED else self._retention_us
            return ticket.last_at + kept_us
        ended_at: i64 = clocks[0].stopped_at
        for clock in clocks:
            if clock.stopped_at > ended_at:
                ended_at = clock.stopped_at
        return ended_at + self._retention_us

    def _settle_clock(self, ticket: Ticket, clock: Clock, now: int, until: int, out: Output) -> i64:
        """Publish what is due of one clock; return when to look again.

        What is due, but later than `until`, holds the ticket: no instant of log time brings it.
        """
        grace_us = ticket.grace_us
        holds = False
        published = clock.published
        breached_at = clock.breached_at
        next_at: i64 = FOREVER
        if breached_at:
            if published != Published.BREACHED:
                if breached_at + grace_us <= now and breached_at <= until:
                    self._publish(ticket, clock, Published.BREACHED, breached_at, out)
                else:
                    next_at = breached_at + grace_us
        elif clock.state == State.STOPPED:
            if published != Published.MET:
                if clock.stopped_at <= now:
                    self._publish(ticket, clock, Published.MET, clock.stopped_at, out)
                else:
                    next_at = clock.stopped_at
        elif published == Published.BREACHED or (
            clock.state == State.CANCELLED and published == Published.MET
        ):
            self.withdraw(ticket, clock, now, out)
        if clock.state <= State.PAUSED:
            if clock.state == State.RUNNING and not breached_at:
                next_at = clock.breach_at + grace_us
            level_at, index = clock.next_level()
            while level_at <= until:
                clock.fired |= 1 << index
                self._warn(ticket, clock, index, level_at, out)
                level_at, index = clock.next_level()
            if level_at <= now:
                holds = True
            elif level_at < next_at:
                next_at = level_at
        elif clock.state == State.STOPPED and not clock.observed and clock.stopped_at <= now:
            clock.observed = True
            self._observe(clock, out)
        if next_at <= now:
            next_at, holds = FOREVER, True
        clock.next_at = 0 if holds else next_at
        self._holds |= holds
        return next_at

    # -- what is said ------------------------------------------------------------------------

    def _publish(
        self,
        ticket: Ticket,
        clock: Clock,
        outcome: int,
        at: int,
        out: Output,
        index: int | None = None,
    ) -> None:
        """Publish an outcome for the first time, or its correction; `index` is whose it is."""
        was = clock.published
        if index is None:
            index = self._responsible(ticket, clock)
        into = out.outcomes if at >= out.first_at else out.booked
        if was in (Published.MET, Published.BREACHED):
            kind = TO_MET if outcome == Published.MET else TO_BREACHED
            self._book(clock, out.taken, out)
            self._correct(clock, kind, at, out)
            into = out.booked
        else:
            kind = MET if outcome == Published.MET else BREACHED
        clock.published = outcome
        clock.booked = index
        clock.booked_at = at
        self._book(clock, into, out)
        clock.revisions += 1
        self._say(ticket, clock, kind, at, index, out, clock.revisions, "")

    def withdraw(self, ticket: Ticket, clock: Clock, at: int, out: Output) -> None:
        """Take back an outcome that no longer holds and has no successor yet.

        "withdrawn" always takes a breach away; a met cycle is therefore corrected to breached
        first, so that net results can be told from the counters alone.
        """
        self._book(clock, out.taken, out)
        if clock.published == Published.MET:
            self._correct(clock, TO_BREACHED, at, out)
        self._correct(clock, WITHDRAWN, at, out)
        clock.published = Published.WITHDRAWN
        clock.revisions += 1
        self._say(ticket, clock, WITHDRAWN, at, clock.booked, out, clock.revisions, "")

    def carry_over(self, ticket: Ticket, fresh: Ticket, at: int, out: Output) -> None:
        """Take what was published of a ticket's cycles into the ticket told anew."""
        published = {(clock.target, clock.cycle): clock for clock in ticket.clocks}
        fresh.watched = list(fresh.clocks)
        for clock in fresh.clocks:
            was = published.pop((clock.target, clock.cycle), None)
            if was is not None:
                clock.published, clock.fired = was.published, was.fired
                clock.booked, clock.booked_at = was.booked, was.booked_at
                clock.revisions, clock.observed = was.revisions, was.observed
                if clock.published == Published.MET and clock.never_ended(at):
                    self.withdraw(ticket, clock, at, out)
            clock.next_at = 0
        for clock in published.values():
            if clock.published in (Published.MET, Published.BREACHED):
                self.withdraw(ticket, clock, at, out)

    def move(self, ticket: Ticket, now: int, out: Output) -> None:
        """Let standing outcomes go where acts that were decoded anew put them.

        An outcome that no instant would have had is withdrawn. Within its labels one moves to
        another pane; under other labels it is withdrawn, and published again. After other late
        acts it stays where it is.
        """
        until = min(now - ticket.grace_us, self.complete.find_limit(ticket.key))
        self.fold.cross(ticket, until + 1)
        told = {(clock.target, clock.cycle): clock for clock in self._rehear(ticket, now).clocks}
        for clock in ticket.clocks:
            was = told.get((clock.target, clock.cycle))
            stands = was is not None and was.published in _OUTCOMES
            if was is not None:
                clock.fired &= was.fired
            if clock.published in _OUTCOMES and not (
                stands and was is not None and self._are_alike(was.booked, clock.booked)
            ):
                self.withdraw(ticket, clock, now, out)
                clock.next_at = 0
            if was is None or not stands:
                continue
            if was.published != clock.published:
                self._publish(ticket, clock, was.published, was.booked_at, out, was.booked)
            elif was.booked_at // MINUTE_US != clock.booked_at // MINUTE_US:
                self._book(clock, out.taken, out)
                clock.booked_at = was.booked_at
                self._book(clock, out.booked, out)

    def _are_alike(self, one: int, other: int) -> bool:
        profiles = self.interner.profiles
        return profiles[one].labels == profiles[other].labels

    def _rehear(self, ticket: Ticket, now: int) -> Ticket:
        """Return the ticket as if each of its acts had been heard when it happened."""
        fresh, unheard = open_blank(self.fold, ticket), Output()
        acts = fresh.acts = ticket.acts[: ticket.folded]
        for index, act in enumerate(acts):
            self._pass_until(fresh, act.occurred_at, unheard)
            self.fold.apply(fresh, act, [])
            fresh.folded = index + 1
            if index + 1 == len(acts) or acts[index + 1].occurred_at > act.occurred_at:
                self.settle(fresh, act.occurred_at, unheard)
        self._pass_until(fresh, now + 1, unheard)
        return fresh

    def _pass_until(self, ticket: Ticket, until: int, out: Output) -> None:
        """Settle a ticket at each of its instants before one, while it changes."""
        at = 0
        while ticket.watched and at < ticket.next_at < until:
            at = ticket.next_at
            self.settle(ticket, at, out)

    def _warn(self, ticket: Ticket, clock: Clock, index: int, at: int, out: Output) -> None:
        level = clock.goal.levels[index].name
        profile = self.interner.profiles[ticket.profile]
        if at >= out.first_at:
            out.add((_WARNINGS, (profile.labels[1], self.book.names[clock.target], level)), 1)
        self._say(ticket, clock, WARNING, at, ticket.profile, out, index + 1, level)

    def _responsible(self, ticket: Ticket, clock: Clock) -> int:
        """Return the number of the profile that answers for the outcome."""
        if clock.breached_at and self._blames_last:
            return ticket.profile
        if clock.breached_at and self._blames_longest:
            profile = self.interner.profiles[clock.labels]
            team = self.holders(ticket, clock.breached_at)[0][0]
            attrs = profile.attrs._replace(team=team or None, tier=None, region=None)
            return self.interner.profile_index(profile.facts.source, attrs)
        return clock.labels if clock.labels >= 0 else ticket.profile

    def holders(self, ticket: Ticket, now: int) -> tuple[tuple[str, int, int], ...]:
        """Return (team, wall, business) microseconds held until `now`, the longest first."""
        sums: dict[str, list[int]] = {}
        for (team, _), (wall, business) in ticket.held.items():
            row = sums.setdefault(team, [0, 0])
            row[0] += wall
            row[1] += business
        if ticket.status < RESOLVED and now > ticket.holder_since:
            calendar = self.fold.desk_calendar(ticket)
            wall = now - ticket.holder_since
            team = self.interner.profiles[ticket.profile].attrs.team or ""
            row = sums.setdefault(team, [0, 0])
            row[0] += wall
            row[1] += calendar.between(ticket.holder_since, now) if calendar else wall
        rows = [(team, wall, business) for team, (wall, business) in sums.items()]
        return tuple(sorted(rows, key=lambda row: (-row[1], row[0]))) or (("", 0, 0),)

    def _say(
        self,
        ticket: Ticket,
        clock: Clock,
        kind: str,
        at: int,
        index: int,
        out: Output,
        number: int,
        level: str,
    ) -> None:
        """Say it; `index` is the profile whose labels it bears."""
        profile = self.interner.profiles[index]
        attrs = profile.attrs
        channel, priority, _ = profile.labels
        goal = clock.goal
        ended = clock.state == State.STOPPED
        is_breach = kind in (BREACHED, TO_BREACHED)
        if is_breach:  # told as of the breach, whenever it is published
            elapsed, wall, ended = clock.breach_elapsed_us, clock.breach_wall_us, False
        elif ended:
            elapsed, wall = clock.elapsed_us, clock.wall_us
        else:
            elapsed, wall = clock.elapsed(at), clock.wall(at)
        row: Any = (  # of known types it would be taken apart and built anew
            ticket.key,
            self.book.names[clock.target],
            clock.cycle,
            kind,
            number,
            at,
            clock.started_at,
            clock.stopped_at if ended else 0,
            clock.due or clock.due_at(),
            clock.breached_at,
            goal.goal_us,
            elapsed,
            wall,
            level,
            channel,
            priority,
            attrs.team or "",
            profile.tier,
            profile.region,
            attrs.customer_tier or "",
            ticket.assignee or "",
            goal.policy,
            clock.reason,
            self.holders(ticket, clock.breached_at) if is_breach else (),
        )
        out.say(row)

    # -- what it adds to the metrics -----------------------------------------------------------

    def _correct(self, clock: Clock, change: str, at: int, out: Output) -> None:
        channel, priority, _ = self.interner.profiles[clock.booked].labels
        if max(at, clock.booked_at) >= out.first_at:
            labels = (channel, priority, self.book.names[clock.target], change)
            out.add((_CORRECTIONS, labels), 1)

    def _line(self, profile: int, clock: Clock, out: Output) -> i64:
        """Return the number under which a clock is counted."""
        interner = self.interner
        if out.numbers is not interner.numbers:
            out.take_numbers(interner.numbers)
        return interner.line(profile, clock.target, self.book.names)

    def _book(self, clock: Clock, into: BytesWriter, out: Output) -> None:
        """Book the published outcome in its pane, or take it back."""
        line = self._line(clock.booked, clock, out) << 1
        if clock.published != Published.MET:
            line |= 1
        minute: i64 = clock.booked_at // MINUTE_US
        write_i64_le(into, (line << MINUTE_BITS) + minute + FIRST_MINUTE)

    def _observe(self, clock: Clock, out: Output) -> None:
        index = clock.labels if clock.labels >= 0 else clock.profile
        line = self._line(index, clock, out)
        minute: i64 = clock.stopped_at // MINUTE_US
        lasted = out.lasted
        write_i64_le(lasted, (line << MINUTE_BITS) + minute + FIRST_MINUTE)
        write_i64_le(lasted, clock.elapsed_us)
        write_i64_le(lasted, clock.wall_us)
