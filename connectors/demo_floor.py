"""The demo's floor: a small event-driven simulation of tickets that wait for finite seats.

A story is a generator. It yields how long nothing happens (microseconds), or a `Seat` it waits
for, and is resumed with the agent's name, or with "" when its patience ran out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, TypeVar


@dataclass(slots=True)
class Queue:
    """Hold one line of seats: who sits where, and who waits in which order."""

    name: str
    seats: int = 0
    # Seats that people have left, lowest first; beyond them, seats never sat on.
    free: list[int] = field(default_factory=list)
    used: int = 0
    busy: int = 0
    waiting: list[tuple[int, int, int, _Waiter]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seat:
    """Ask for a seat of a queue: low ranks first, then who waits longest.

    `patience_us` 0 waits for ever. `since_at` is when the wait began.
    """

    queue: Queue
    rank: int
    since_at: int
    patience_us: int = 0


T = TypeVar("T")
Scene = Generator[int | Seat, str | None, T]
"""A part of a story, told by `yield from`."""
Story = Scene[None]


@dataclass(slots=True)
class _Waiter:
    story: Story
    is_waiting: bool = True


class Floor:
    """Run stories in the order of time. Instants are microseconds, whole milliseconds."""

    def __init__(self, started_at: int) -> None:
        """Begin at an instant, with nobody there."""
        self.now = started_at
        self._heap: list[tuple[int, int, Story, _Waiter | None]] = []
        self._ready: deque[tuple[int, dict[str, Any]]] = deque()
        self._number = 0

    def start(self, story: Story) -> None:
        """Let a story begin now."""
        self._push(self.now, story, None)

    def emit(self, event: dict[str, Any]) -> None:
        """Say that an act happens now."""
        self._ready.append((self.now, event))

    def leave(self, queue: Queue, agent: str) -> None:
        """Give an agent's seat back, and to whom waits for it."""
        queue.busy -= 1
        heappush(queue.free, int(agent.rpartition("-")[2]))
        self._fill(queue)

    def staff(self, queue: Queue, seats: int) -> None:
        """Set how many seats a queue has; who sits above them stays until the work is done."""
        queue.seats = seats
        self._fill(queue)

    def next_at(self) -> int | None:
        """Return an instant before which nothing more happens, `None` if nothing ever does."""
        if self._ready:
            return self._ready[0][0]
        return self._heap[0][0] if self._heap else None

    def run(self, until_at: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Emit (instant, act) of everything before `until_at`, in order."""
        while True:
            while self._ready and self._ready[0][0] < until_at:
                yield self._ready.popleft()
            if self._ready or not self._heap or self._heap[0][0] >= until_at:
                return
            self.now, _, story, waiter = heappop(self._heap)
            if waiter is None:
                self._resume(story, None)
            elif waiter.is_waiting:
                waiter.is_waiting = False
                self._resume(story, "")

    def _push(self, at: int, story: Story, waiter: _Waiter | None) -> None:
        self._number += 1
        heappush(self._heap, (at, self._number, story, waiter))

    def _resume(self, story: Story, answer: str | None) -> None:
        try:
            step = story.send(answer)
        except StopIteration:
            return
        if isinstance(step, int):
            self._push(self.now + step, story, None)
            return
        waiter = _Waiter(story)
        self._number += 1
        heappush(step.queue.waiting, (step.rank, step.since_at, self._number, waiter))
        if step.patience_us:
            self._push(self.now + step.patience_us, story, waiter)
        self._fill(step.queue)

    def _fill(self, queue: Queue) -> None:
        while queue.waiting and queue.busy < queue.seats:
            waiter = heappop(queue.waiting)[3]
            if not waiter.is_waiting:
                continue
            waiter.is_waiting = False
            queue.busy += 1
            if queue.free:
                number = heappop(queue.free)
            else:
                queue.used += 1
                number = queue.used
            self._resume(waiter.story, f"{queue.name}-{number:02d}")
