"""What is to be looked at when: a shard's deadlines, in the order in which they come."""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from slawatch.clocks import FOREVER

if TYPE_CHECKING:
    from mypy_extensions import i64

_SLOT_BITS: Final = 30
"""A slot is 18 minutes of log time: some ten deadlines of a desk, thousands of a large one."""


class Deadlines:
    """Keep (instant, ticket) pairs and give them back by instant, then by ticket.

    They lie in slots by their instant, and a slot is put in order when its first deadline comes:
    that costs a third of a heap. `next_at` is the first instant, `FOREVER` if there is none.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.next_at: i64 = FOREVER
        self.count: int = 0
        self._slots: dict[int, list[tuple[int, str]]] = {}
        self._order: list[int] = []
        self._now: list[tuple[int, str]] = []
        self._place: i64 = 0
        self._slot: i64 = -FOREVER

    def put(self, at: i64, key: str) -> None:
        """Add a deadline, whether or not the ticket has others."""
        self.count += 1
        self.next_at = min(self.next_at, at)
        slot = at >> _SLOT_BITS
        if slot <= self._slot:
            insort(self._now, (at, key), self._place)
            return
        kept = self._slots.get(slot)
        if kept is None:
            self._slots[slot] = [(at, key)]
            heappush(self._order, slot)
        else:
            kept.append((at, key))

    def pop(self) -> str:
        """Take the first deadline away and return its ticket; there must be one."""
        if self._place == len(self._now):
            slot = heappop(self._order)
            self._slot, self._place = slot, 0
            self._now = self._slots.pop(slot)
            self._now.sort()
        now = self._now
        key = now[self._place][1]
        self.count -= 1
        self._place += 1
        if self._place < len(now):
            self.next_at = now[self._place][0]
        elif self._order:
            self.next_at = _find_first(self._slots[self._order[0]])
        else:
            self.next_at = FOREVER
        return key

    def clear(self) -> None:
        """Drop all."""
        self.next_at, self.count = FOREVER, 0
        self._slots.clear()
        self._order.clear()
        self._now = []
        self._place, self._slot = 0, -FOREVER


def _find_first(slot: list[tuple[int, str]]) -> i64:
    first: i64 = FOREVER
    for at, _ in slot:
        if at < first:  # noqa: PLR1730 - compiled, a call costs ten times as much
            first = at
    return first
