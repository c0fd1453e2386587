"""The clocks of a ticket: started, paused, stopped, retargeted and reopened by one act.

`slawatch.lifecycle` says what an act is; this says what it does to the clocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slawatch.book import CANCEL, RESET, START, STOP, STOP_TIER, Book, TargetGoal
from slawatch.clocks import FOREVER, Clock, State
from slawatch.policy import Adopt, OnCalendarChange, OnChange, OnRelax, Reopen
from slawatch.ticket import Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_extensions import i64

    from slawatch.effects import Given
    from slawatch.events import Event, Extras
    from slawatch.interning import Interner


class Reaction:
    """Be what an act does to a target's clock: its number, and the bits of START, STOP, …."""

    __slots__ = ("flags", "target")

    def __init__(self, target: int, flags: int) -> None:
        """Take the target's number and the bits."""
        self.target = target
        self.flags = flags


class Clockwork:
    """Drive the clocks of tickets by one version of the rules.

    `trace`, where given, is called with (instant, word, clock) at each change of a clock.
    """

    def __init__(
        self,
        book: Book,
        interner: Interner,
        trace: Callable[[int, str, Clock], None] | None = None,
    ) -> None:
        """Take the compiled rules and the shard's interner."""
        self.book = book
        self.interner = interner
        self.trace = trace
        self._goals: dict[int, tuple[TargetGoal | None, ...]] = {}

    def goals(self, profile: int) -> tuple[TargetGoal | None, ...]:
        """Return the goals of a profile, by target."""
        found = self._goals.get(profile)
        if found is None:
            found = self.book.goals(self.interner.profiles[profile].facts)
            self._goals[profile] = found
        return found

    def cross(self, ticket: Ticket, at: int) -> None:
        """Note the breaches that happened before `at`, with the holder of that moment."""
        for clock in ticket.live.values():
            if clock.breach_at < at and not clock.breached_at and clock.state == State.RUNNING:
                self._breach(ticket, clock, clock.breach_at, "")
        self._set_trigger(ticket)

    def _breach(self, ticket: Ticket, clock: Clock, at: int, reason: str) -> None:
        clock.due = clock.due_at()
        clock.breach_elapsed_us, clock.breach_wall_us = clock.elapsed(at), clock.wall(at)
        clock.next_at = 0
        clock.breached_at = max(at, ticket.adopted_at)
        clock.reason = reason or clock.reason
        clock.labels = ticket.profile
        if not reason:  # found by the passing of time, which an act told later may undo
            ticket.crossed_at = max(ticket.crossed_at, at)
        self._traced(clock.breached_at, "breached", clock)

    @staticmethod
    def _set_trigger(ticket: Ticket) -> None:
        trigger: i64 = FOREVER
        for clock in ticket.live.values():
            if clock.breach_at < trigger and not clock.breached_at:
                trigger = clock.breach_at
        ticket.triggers_at = trigger
        ticket.is_moved = True

    def _react(self, ticket: Ticket, at: int, tier: int, reactions: list[Reaction]) -> None:
        live, was_moved = ticket.live, ticket.is_moved
        ticket.is_moved = False
        for reaction in reactions:
            index, flags = reaction.target, reaction.flags
            clock = live.get(index)
            if clock is not None:
                if flags & CANCEL:
                    self._end(ticket, clock, at, "cancelled")
                    clock = None
                elif flags & STOP or (flags & STOP_TIER and tier >= clock.tier):
                    self._stop(ticket, clock, at)
                    clock = None
                elif flags & RESET:
                    clock.reset(at)
                    ticket.is_moved = True
                    self._traced(at, "reset", clock)
            if flags & START:
                if clock is not None and self.book.targets[index].restarts:
                    self._end(ticket, clock, at, "superseded")
                    clock = None
                if clock is None:
                    self._start(ticket, index, at)
        if ticket.is_moved:
            self._set_trigger(ticket)
        else:
            ticket.is_moved = was_moved

    def _start(self, ticket: Ticket, index: int, at: int) -> None:
        """Start a cycle, or pass the start on along the chain where no clock runs."""
        target = self.book.targets[index]
        goal = self.goals(ticket.profile)[index]
        if goal is None:
            for follower in target.followers:
                self._start(ticket, follower, at)
            return
        cycle = ticket.cycles.get(index, 0)
        if index in ticket.live or (cycle and not target.has_cycles):
            return
        ticket.cycles[index] = cycle + 1
        clock = Clock(index, cycle + 1, at, goal, ticket.profile)
        clock.tier = self.interner.profiles[ticket.profile].tier
        ticket.clocks.append(clock)
        ticket.watched.append(clock)
        ticket.live[index] = clock
        ticket.is_moved = True
        if ticket.pauses & target.pause_bits:
            clock.pause(at)
        self._traced(at, "started", clock)

    def _stop(self, ticket: Ticket, clock: Clock, at: int) -> None:
        clock.stop(at)
        if not clock.breached_at:
            clock.labels = ticket.profile
        del ticket.live[clock.target]
        ticket.is_moved = True
        self._traced(at, "stopped", clock)
        for follower in self.book.targets[clock.target].followers:
            self._start(ticket, follower, at)

    def _end(self, ticket: Ticket, clock: Clock, at: int, reason: str) -> None:
        clock.cancel(at, reason)
        del ticket.live[clock.target]
        ticket.is_moved = True
        self._traced(at, reason, clock)

    def _retarget(self, ticket: Ticket, at: int, before: tuple[TargetGoal | None, ...]) -> None:
        """Give every live clock the goal of the ticket as it is now; start what is new."""
        goals = self.goals(ticket.profile)
        if goals == before:
            return
        anew = before is self.book.no_goals
        for clock in list(ticket.live.values()):
            goal = goals[clock.target]
            spec = self.book.targets[clock.target].spec
            if goal is None:
                self._end(ticket, clock, at, "policy_change")
            elif (anew or goal is not clock.goal) and spec.on_change is OnChange.RECOMPUTE:
                self._take_goal(ticket, clock, goal, at)
        for index, goal in enumerate(goals):
            if goal is not None and before[index] is None and index not in ticket.cycles:
                self._start_late(ticket, index, goal, at)
        self._set_trigger(ticket)

    def _take_goal(self, ticket: Ticket, clock: Clock, goal: TargetGoal, at: int) -> None:
        spec = self.book.targets[clock.target].spec
        if clock.breach_at < at and not clock.breached_at:
            self._breach(ticket, clock, clock.breach_at, "")
        clock.retarget(
            goal,
            ticket.profile,
            at,
            last_only=spec.on_calendar_change is OnCalendarChange.LAST_ONLY,
        )
        exceeded = clock.elapsed(at) > goal.goal_us
        if exceeded and not clock.breached_at:
            self._breach(ticket, clock, at, "policy_change")
        elif not exceeded and clock.breached_at and spec.on_relax is OnRelax.RETRACT:
            clock.breached_at = clock.due = 0
            clock.labels = -1
            clock.reason = ""
            self._traced(at, "retracted", clock)
        self._traced(at, "goal", clock)

    def alone(self, index: int, goal: TargetGoal) -> Clockwork:
        """Return a fold that knows one target alone."""
        raise NotImplementedError

    def apply(self, ticket: Ticket, act: Event, effects: list[Given]) -> None:
        """Advance a ticket by its next act in order."""
        raise NotImplementedError

    def _start_late(self, ticket: Ticket, index: int, goal: TargetGoal, at: int) -> None:
        """Start a clock that the ticket would have had, had the policy been there before.

        Its acts are told over again for this target alone, so the start and the pauses are those
        of the past; a goal already exceeded breaches at the change.
        """
        twin = Ticket(ticket.key, ticket.profile)
        twin.adopted_at = ticket.adopted_at
        solo = self.alone(index, goal)
        for act in ticket.acts[: ticket.folded]:
            solo.apply(twin, act, [])
        clock = twin.live.get(index)
        if clock is None or ticket.base is not None:
            return
        clock.profile = ticket.profile  # a packed clock finds its goal by it
        if not clock.breached_at and clock.elapsed(at) > goal.goal_us:
            self._breach(ticket, clock, at, "policy_change")
        ticket.cycles[index] = clock.cycle
        ticket.clocks.append(clock)
        ticket.watched.append(clock)
        ticket.live[index] = clock
        self._traced(at, "started", clock)

    def _reopen(self, ticket: Ticket, at: int) -> None:
        """Wake the clocks whose target says so, by its mode."""
        goals = self.goals(ticket.profile)
        for index in self.book.reviving:
            goal = goals[index]
            if goal is None or index in ticket.live:
                continue
            mode = self.book.targets[index].spec.reopen
            if mode is Reopen.NEW_CYCLE:
                if index in ticket.cycles:
                    self._start_cycle(ticket, index, at)
                continue
            clock = _last_stopped(ticket, index)
            if clock is not None:
                self._revive(ticket, clock, goal, at, mode)
        self._set_trigger(ticket)

    def _start_cycle(self, ticket: Ticket, index: int, at: int) -> None:
        cycles = ticket.cycles.pop(index)
        self._start(ticket, index, at)
        clock = ticket.live[index]
        clock.cycle = ticket.cycles[index] = cycles + 1

    def _revive(
        self, ticket: Ticket, clock: Clock, goal: TargetGoal, at: int, mode: Reopen
    ) -> None:
        if mode is Reopen.RESET:
            clock.reset(at)
            clock.breached_at = 0
        else:
            clock.revive(at, closed_stretch_runs=mode is Reopen.LAST_STOP)
        ticket.live[clock.target] = clock
        if clock not in ticket.watched:
            ticket.watched.append(clock)
        if goal is not clock.goal:
            self._take_goal(ticket, clock, goal, at)
        if clock.breach_at < at and not clock.breached_at:
            self._breach(ticket, clock, clock.breach_at, "")
        self._traced(at, "reopened", clock)

    def _move_stop(self, ticket: Ticket, index: int, at: int) -> None:
        """Move a clock's stop to `at`: the stretch since the last one runs."""
        clock = _last_stopped(ticket, index)
        goal = self.goals(ticket.profile)[index]
        if clock is None or goal is None or index in ticket.live or clock.stopped_at == at:
            return
        self._revive(ticket, clock, goal, at, Reopen.LAST_STOP)
        self._stop(ticket, clock, at)
        self._set_trigger(ticket)

    def _adopt(self, ticket: Ticket, extras: Extras, at: int) -> None:
        """Start the clocks whose start is known from the attributes of a ticket met mid-life."""
        for index, attribute in self.book.adopting:
            instant = extras.opened_at if attribute is Adopt.OPENED_AT else extras.waiting_since
            if instant is None or instant > at or index in ticket.cycles:
                continue
            if ticket.is_open():
                self._start(ticket, index, instant)
        if extras.opened_at is not None:
            ticket.created_at = min(ticket.created_at, extras.opened_at)
        self._set_trigger(ticket)

    def _traced(self, at: int, word: str, clock: Clock) -> None:
        if self.trace is not None:
            self.trace(at, word, clock)

    def _pause_clocks(self, ticket: Ticket, at: int) -> None:
        """Pause and resume the live clocks as the ticket's pause reasons say."""
        pauses = ticket.pauses
        for clock in ticket.live.values():
            bits = self.book.targets[clock.target].pause_bits
            if not bits:
                continue
            if pauses & bits:
                if clock.state == State.RUNNING:
                    clock.pause(at)
                    self._traced(at, "paused", clock)
            elif clock.state == State.PAUSED:
                clock.resume(at)
                self._traced(at, "resumed", clock)
        self._set_trigger(ticket)


def _last_stopped(ticket: Ticket, index: int) -> Clock | None:
    for clock in reversed(ticket.clocks):
        if clock.target == index:
            return clock if clock.state == State.STOPPED else None
    return None
