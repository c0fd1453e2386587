"""Numbers for what a shard counts again and again: to count by a name costs several times more.

A line is a label set and target: what is booked under one number. The numbers of a shard are its
own, in the order in which they were given; nothing that is stored or sent to another process
holds any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from slawatch.effects import Key

MINUTE_US: Final = 60_000_000
MINUTE_BITS: Final = 34
FIRST_MINUTE: Final = 1 << 33
"""Added to a minute, so that none of the years 1 to 9999 is negative."""
MINUTES: Final = (1 << 34) - 1
KEY_BITS: Final = 16
KEYS: Final = (1 << 16) - 1

Labels = tuple[str, ...]
"""(channel, priority, team)."""


@final
class Numbers:
    """Give lines and counters their numbers.

    `lines` holds (labels, target) by number, `keys` (family, label values).
    """

    __slots__ = ("_line_of", "_number_of", "keys", "lines")

    def __init__(self) -> None:
        """Start empty."""
        self.lines: list[tuple[Any, ...]] = []
        self.keys: list[Any] = []
        self._line_of: dict[Any, int] = {}
        self._number_of: dict[Any, int] = {}

    def line(self, labels: Labels, target: str) -> int:
        """Return the number of a line."""
        key: Any = (labels, target)  # as a tuple of known types it would be made anew at each use
        number = self._line_of.get(key)
        if number is None:
            number = self._line_of[key] = len(self.lines)
            self.lines.append(key)
        return number

    def key(self, key: Key) -> int:
        """Return the number of a counter, -1 where there are too many."""
        number = self._number_of.get(key)
        if number is None:
            number = len(self.keys)
            if number > KEYS:
                return -1
            self._number_of[key] = number
            self.keys.append(key)
        return number
