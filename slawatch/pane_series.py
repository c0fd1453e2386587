"""One series of panes: what its minutes and quarters hold, and the sums of its windows."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Final, final

from slawatch.labels import WINDOWS
from slawatch.pane_packing import Counts, SketchPanes, pack_counts, take_counts
from slawatch.sketch import SketchSum

OF_MINUTES: Final = (0, 1)
"""The windows that are summed from minutes; the others are from quarters."""
MORE_QUARTERS: Final = 100
"""How much longer outcomes are kept: the longest yesterday begins 50 hours ago."""
Span = tuple[int, int]
"""First and last pane, both inside."""
_LENGTH: Final = Struct("<I")


@final
class Place:
    """Be where the bookings of a minute go; `windows` are those whose sums now hold it."""

    __slots__ = ("holds_minute", "holds_outcome", "holds_quarter", "minute", "quarter", "windows")

    def __init__(self, minute: int, first_minute: int, first_quarter: int) -> None:
        """Tell which panes of a minute are held; it is in no window yet."""
        self.minute = minute
        self.quarter = quarter = minute // 15
        self.holds_minute = minute >= first_minute
        self.holds_quarter = quarter >= first_quarter
        self.holds_outcome = quarter >= first_quarter - MORE_QUARTERS
        self.windows: list[int] = []


@final
class Sums:
    """Hold what a window of a series adds up to: [met, breached], and the durations."""

    __slots__ = ("counts", "sketch")

    def __init__(self) -> None:
        """Start empty."""
        self.counts = [0, 0]
        self.sketch = SketchSum()


@final
class Series:
    """Hold one series' panes by number, and the sums of its four windows.

    Outcomes are [met, breached]. No pane is kept that is all 0.
    """

    __slots__ = ("minute_sketches", "minutes", "quarter_sketches", "quarters", "sums")

    def __init__(self) -> None:
        """Start empty."""
        self.minutes: Counts = {}
        self.quarters: Counts = {}
        self.minute_sketches = SketchPanes()
        self.quarter_sketches = SketchPanes()
        self.sums = [Sums() for _ in WINDOWS]

    def count(self, place: Place, slot: int, count: int) -> None:
        """Count an outcome in the panes and windows of its minute."""
        _count(self.quarters, place.quarter, slot, count)
        if place.holds_minute:
            _count(self.minutes, place.minute, slot, count)
        for index in place.windows:
            self.sums[index].counts[slot] += count

    def count_duration(self, place: Place, bucket: int, count: int) -> None:
        """Count a duration in the panes and windows of its minute."""
        self.quarter_sketches.count(place.quarter, bucket, count)
        if place.holds_minute:
            self.minute_sketches.count(place.minute, bucket, count)
        for index in place.windows:
            self.sums[index].sketch.count(bucket, count)

    def move(self, index: int, old: Span, new: Span) -> None:
        """Move a window's sums to another span: add the panes that enter, take the others away."""
        if old[1] < new[0] or new[1] < old[0]:
            self.sums[index] = Sums()
            self._add(index, range(new[0], new[1] + 1), 1)
        else:
            self._add(index, range(new[0], old[0]), 1)
            self._add(index, range(old[1] + 1, new[1] + 1), 1)
            self._add(index, range(old[0], new[0]), -1)
            self._add(index, range(new[1] + 1, old[1] + 1), -1)

    def _add(self, index: int, numbers: Iterable[int], sign: int) -> None:
        of_minutes = index in OF_MINUTES
        panes = self.minutes if of_minutes else self.quarters
        sketches = self.minute_sketches if of_minutes else self.quarter_sketches
        sums = self.sums[index]
        for number in numbers:
            pane = panes.get(number)
            if pane is not None:
                sums.counts[0] += sign * pane[0]
                sums.counts[1] += sign * pane[1]
            sketch = sketches.find(number)
            if sketch is not None:
                sums.sketch.add(sketch, sign)

    def tidy(self, place: Place) -> None:
        """Drop the panes of a correction that are back at 0."""
        _tidy(self.minutes, place.minute)
        _tidy(self.quarters, place.quarter)
        self.minute_sketches.tidy(place.minute)
        self.quarter_sketches.tidy(place.quarter)

    def holds_any(self) -> bool:
        """Tell whether any pane is held."""
        return bool(
            len(self.quarters)
            or len(self.quarter_sketches)
            or len(self.minutes)
            or len(self.minute_sketches)
        )

    def drop(self, first_minute: int, first_quarter: int) -> None:
        """Drop the panes before the first that are held."""
        _drop(self.minutes, first_minute)
        _drop(self.quarters, first_quarter - MORE_QUARTERS)
        self.minute_sketches.drop(first_minute)
        self.quarter_sketches.drop(first_quarter)

    def pack(self) -> bytes:
        """Return how many numbers follow, and these, as `PaneSet.snapshot` says."""
        packed = b"".join(
            (
                pack_counts(self.minutes),
                pack_counts(self.quarters),
                self.minute_sketches.pack(),
                self.quarter_sketches.pack(),
            )
        )
        return _LENGTH.pack(len(packed) // 4) + packed

    def take(self, data: bytes, at: int) -> int:
        """Fill the panes from what `pack` returned; return where it ends."""
        at = take_counts(data, at + _LENGTH.size, self.minutes)
        at = take_counts(data, at, self.quarters)
        at = self.minute_sketches.take(data, at)
        return self.quarter_sketches.take(data, at)


def _count(panes: Counts, number: int, slot: int, count: int) -> None:
    pane = panes.get(number)
    if pane is None:
        pane = panes[number] = [0, 0]
    pane[slot] += count


def _tidy(panes: Counts, number: int) -> None:
    if number in panes and not any(panes[number]):
        del panes[number]


def _drop(panes: Counts, first: int) -> None:
    for number in [number for number in panes if number < first]:
        del panes[number]
