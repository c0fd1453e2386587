"""One clock: a target's cycle on one ticket, as integer microseconds.

Nothing here knows of tickets, log time or publication: `slawatch.lifecycle` drives these
functions act by act, `slawatch.settle` compares what they say with what was published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mypy_extensions import i64

    from slawatch.book import TargetGoal

FOREVER: Final = 1 << 62
"""Later than any instant: no deadline."""


class State:
    """Say where a clock stands. The numbers are stored in ticket state: never renumber."""

    RUNNING: Final = 0
    PAUSED: Final = 1
    STOPPED: Final = 2
    CANCELLED: Final = 3


class Published:
    """Say what was last published of a cycle's outcome. Stored: never renumber."""

    NOTHING: Final = 0
    MET: Final = 1
    BREACHED: Final = 2
    WITHDRAWN: Final = 3


class Clock:
    """Hold one cycle of one target.

    The fold's facts: `elapsed_us` and `wall_us` are open and wall time before `run_from`;
    `breached_at` is 0 until the clock is known to have breached, `labels` the label set of that
    moment or of the stop, `breach_elapsed_us` and `breach_wall_us`
    the time spent until then. The publication's: `published`, `fired` (a bit a level), `booked`
    (label set) and `booked_at` (instant, hence pane) of the published outcome, `revisions`.
    `has_stopped` is not packed: of a clock that was, it is true where it may have stopped.
    """

    # Defaults on the class: most clocks never need more than a start, and a start must be cheap.
    state: int = 0  # running
    elapsed_us: i64 = 0
    wall_us: i64 = 0
    tier: int = 0
    due: i64 = 0
    breach_elapsed_us: int = 0
    breach_wall_us: int = 0
    breached_at: i64 = 0
    stopped_at: i64 = 0
    reason: str = ""
    labels: int = -1
    pauses: list[tuple[int, int]] | None = None
    published: int = 0  # nothing
    fired: int = 0
    booked: int = -1
    booked_at: int = 0
    revisions: int = 0
    observed: bool = False
    has_stopped: bool = False
    next_at: i64 = 0

    def __init__(
        self,
        target: int,
        cycle: int,
        started_at: int,
        goal: TargetGoal,
        profile: int,
        breach_at: int | None = None,
    ) -> None:
        """Start a running clock; `goal` is that of the ticket with this profile.

        `breach_at` is given where it was worked out before.
        """
        self.target = target
        self.cycle = cycle
        self.started_at: i64 = started_at
        self.run_from: i64 = started_at
        self.goal = goal
        self.profile = profile
        if breach_at is None:
            breach_at = goal.calendar.add_last(started_at, goal.goal_us)
        self.breach_at: i64 = breach_at

    def is_live(self) -> bool:
        """Tell whether the clock runs or is paused."""
        return self.state <= State.PAUSED

    def never_ended(self, now: int) -> bool:
        """Tell whether the cycle has no outcome by now, and had none before a reopen."""
        return self.is_live() and not self.has_stopped and self.is_within(now)

    def is_within(self, now: int) -> bool:
        """Tell whether a live clock has not breached by now."""
        return not self.breached_at and self.breach_at >= now

    def is_watched(self) -> bool:
        """Tell whether there may be something to publish of it yet."""
        return self.state <= State.PAUSED or self.next_at != FOREVER

    def elapsed(self, now: int) -> int:
        """Return the open time counted until `now` (business microseconds, pauses left out)."""
        if self.state == State.RUNNING and now > self.run_from:
            return self.elapsed_us + self.goal.calendar.between(self.run_from, now)
        return self.elapsed_us

    def wall(self, now: int) -> int:
        """Return the wall time counted until `now` (pauses left out)."""
        if self.state == State.RUNNING and now > self.run_from:
            return self.wall_us + now - self.run_from
        return self.wall_us

    def due_at(self) -> int:
        """Return the earliest instant at which elapsed equals the goal.

        Of a clock that no longer runs: what it was when it breached or stopped, 0 if unknown.
        """
        if self.state != State.RUNNING:
            return self.due
        left = self.goal.goal_us - self.elapsed_us
        if left < 0:
            return self.run_from
        return self.goal.calendar.add(self.run_from, left)

    def _aim(self) -> None:
        self.next_at = 0
        left = self.goal.goal_us - self.elapsed_us
        self.breach_at = (
            self.goal.calendar.add_last(self.run_from, left) if left >= 0 else self.run_from
        )

    def _count(self, at: int) -> None:
        if at > self.run_from:
            self.elapsed_us += self.goal.calendar.between(self.run_from, at)
            self.wall_us += at - self.run_from
            self.run_from = at

    def pause(self, at: int) -> None:
        """Stop counting at `at`."""
        self._count(at)
        self.run_from = at
        self.state = State.PAUSED
        self.breach_at = FOREVER
        self.next_at = 0

    def resume(self, at: int) -> None:
        """Count again from `at`; the time since the pause is remembered as a pause."""
        if self.pauses is None:
            self.pauses = []
        self.pauses.append((self.run_from, at))
        self.run_from = at
        self.state = State.RUNNING
        self._aim()

    def stop(self, at: int) -> None:
        """End the cycle at `at`. Stopping exactly on the goal is met."""
        if self.state == State.RUNNING:
            if not self.breached_at:
                self.due = self.due_at()
            self._count(at)
        self.state = State.STOPPED
        self.has_stopped = True
        self.stopped_at = at
        self.breach_at = FOREVER
        self.next_at = 0

    def cancel(self, at: int, reason: str) -> None:
        """End the cycle without an outcome of its own (a breach that was stays)."""
        self.stop(at)
        self.state = State.CANCELLED
        self.reason = self.reason or reason

    def reset(self, at: int) -> None:
        """Start the same cycle over at `at`."""
        self.state = State.RUNNING
        self.started_at = self.run_from = at
        self.elapsed_us = self.wall_us = self.stopped_at = 0
        self.pauses = None
        self._aim()

    def revive(self, at: int, *, closed_stretch_runs: bool) -> None:
        """Run again after a reopen at `at`; the closed stretch runs or counts as a pause."""
        if closed_stretch_runs:
            self.run_from = self.stopped_at
            self.state = State.RUNNING
            self._aim()
        else:
            self.run_from = self.stopped_at
            self.resume(at)
        self.stopped_at = 0
        if not self.breached_at:
            self.labels = -1
            self.due = 0

    def retarget(self, goal: TargetGoal, profile: int, at: int, *, last_only: bool) -> None:
        """Take a new goal at `at`, same start and pauses.

        Another calendar splits the elapsed time at the change, or, with `last_only`, counts all
        of it anew by the new calendar.
        """
        old = self.goal
        self.profile = profile
        self.next_at = 0
        if goal.calendar is not old.calendar:
            if last_only:
                self.goal = goal
                self._recount(at)
            elif self.state == State.RUNNING:
                self._count(at)
        self.goal = goal
        if self.state == State.RUNNING:
            self._aim()

    def _recount(self, at: int) -> None:
        until = self.run_from if self.state == State.PAUSED else max(at, self.run_from)
        between = self.goal.calendar.between
        counted = between(self.started_at, until)
        for pause_from, pause_to in self.pauses or ():
            counted -= between(pause_from, min(pause_to, until))
        if self.state == State.RUNNING:
            self.wall_us += until - self.run_from
            self.run_from = until
        self.elapsed_us = counted

    def paused_us(self, now: int) -> tuple[int, int]:
        """Return business and wall time in pauses until `now`."""
        between = self.goal.calendar.between
        spans = list(self.pauses or ())
        if self.state == State.PAUSED:
            spans.append((self.run_from, now))
        return sum(between(*span) for span in spans), sum(b - a for a, b in spans)

    def next_level(self) -> tuple[int, int]:
        """Return instant and index of the next warning level that has not fired.

        A level after due waits for the breach, which is never later than the level.
        """
        best, index = FOREVER, -1
        fired = self.fired
        goal = self.goal
        if self.state == State.RUNNING:
            if goal.first_index >= 0 and not (fired or self.breached_at or goal.has_early_offsets):
                return self._at_elapsed(goal.first_us), goal.first_index
            for i, amount in goal.shares:
                if not fired >> i & 1:
                    best, index = self._at_elapsed(amount), i
                    break
        for i, offset_us, _ in goal.offsets:
            if fired >> i & 1 or (offset_us > 0 and not self.breached_at):
                continue
            at = self.level_at(i)
            if at < best:
                best, index = at, i
        return best, index

    def level_at(self, index: int) -> int:
        """Return the instant of a level by its index, whether or not it has fired."""
        for i, amount in self.goal.shares:
            if i == index:
                return self._at_elapsed(amount) if self.state == State.RUNNING else FOREVER
        level = self.goal.levels[index]
        offset_us = level.offset_us or 0
        if self.state == State.RUNNING:
            base = self.due_at()
        elif self.breached_at and offset_us > 0:
            base = self.breached_at
        else:
            return FOREVER
        if not level.business:
            at = base + offset_us
        elif offset_us > 0:
            at = self.goal.calendar.add(base, offset_us)
        else:
            at = self.goal.calendar.sub(base, -offset_us)
        return max(at, self.breached_at) if offset_us > 0 else at

    def _at_elapsed(self, amount: int) -> int:
        left = amount - self.elapsed_us
        return self.goal.calendar.add(self.run_from, left) if left > 0 else self.run_from
