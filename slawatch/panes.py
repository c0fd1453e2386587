"""Event-time panes: what the windows 15m, 1h, 8h and today are summed from.

A window is a question asked at log time `now`; nothing closes. A series is (dimension, label
value, target), e.g. ("channel", "phone", "first_response"); it counts outcomes and durations in
panes of one minute and of fifteen, aligned to the epoch. At `now` a window covers

- 15m and 1h: the minute of `now` and the 14 or 59 before it,
- 8h: the quarter of `now` and the 31 before it,
- today: from the quarter in which the local day began to that of `now`, at most 100 (25 hours).

A pane counts whole: what is later than `now` in its pane is in, what is in a later pane is not.

Held are at least 60 one-minute and 100 fifteen-minute panes up to the latest `now` that `forget`
was told. Where it is told none (a replay) the oldest go by the latest booking: all before the
block of 4 (minutes) or 50 hours (quarters) that precedes its own. A booking or correction for a
pane that is gone is dropped; the quarter of a minute that is gone may still be held.

The outcomes of quarters, without their durations, are kept for 25 hours more: no window looks at
them, but today can be compared with yesterday, as corrected as today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from struct import Struct, pack, unpack_from
from typing import Any, NamedTuple

from slawatch.labels import OUTCOMES, QUANTILES, WINDOWS
from slawatch.pane_packing import list_counts, list_durations, take_counts, take_durations
from slawatch.sketch import BLOCK_BITS, Sketch, SketchSum, find_bucket
from slawatch.totals import migrate, pack_texts, unpack_texts

__all__ = ["WINDOWS", "PaneSet", "SeriesKey"]

SeriesKey = tuple[str, str, str]
"""(dimension, label value, target)."""
Span = tuple[int, int]
"""First and last pane, both inside."""

MINUTE_US = 60_000_000
QUARTER_US = 15 * MINUTE_US
HELD_MINUTES = 60
HELD_QUARTERS = 100
MORE_QUARTERS = 100
"""How much longer outcomes are kept: the longest yesterday begins 50 hours ago."""
BLOCK_MINUTES = 4 * 60
BLOCK_QUARTERS = 50 * 4
OF_MINUTES = (0, 1)
"""The windows that are summed from minutes; the others are from quarters."""
MAX_PLACES = 1_000

VERSION = 1
_MIGRATIONS: Mapping[int, Callable[[bytes], bytes]] = {}
_HEAD = Struct("<BqqqI")
_LENGTH = Struct("<I")
_SLOTS = {outcome: slot for slot, outcome in enumerate(OUTCOMES)}
_NOTHING_YET = -(1 << 62)
_NO_SPAN = (0, -1)


class _Place(NamedTuple):
    """Be where the bookings of a minute go; `windows` are those whose sums now hold it."""

    quarter: int
    holds_minute: bool
    holds_quarter: bool
    holds_outcome: bool
    windows: tuple[int, ...]


class _Sums:
    """Hold what a window of a series adds up to: [met, breached], and the durations."""

    __slots__ = ("counts", "sketch")

    def __init__(self) -> None:
        self.counts = [0, 0]
        self.sketch = SketchSum()


class _Series:
    """Hold one series' panes by number, and the sums of its four windows.

    Outcomes are [met, breached]. No pane is kept that is all 0.
    """

    __slots__ = ("minute_sketches", "minutes", "quarter_sketches", "quarters", "sums")

    def __init__(self) -> None:
        self.minutes = defaultdict[int, list[int]](_no_counts)
        self.quarters = defaultdict[int, list[int]](_no_counts)
        self.minute_sketches = defaultdict[int, Sketch](_no_durations)
        self.quarter_sketches = defaultdict[int, Sketch](_no_durations)
        self.sums = [_Sums() for _ in WINDOWS]

    def move(self, index: int, old: Span, new: Span) -> None:
        """Move a window's sums to another span: add the panes that enter, take the others away."""
        if old[1] < new[0] or new[1] < old[0]:
            self.sums[index] = _Sums()
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
            if number in panes:
                pane = panes[number]
                sums.counts[0] += sign * pane[0]
                sums.counts[1] += sign * pane[1]
            if number in sketches:
                sums.sketch.add(sketches[number], sign)

    def tidy(self, minute: int, quarter: int) -> bool:
        """Drop the panes of a correction that are back at 0; tell whether any pane is left."""
        for panes, number in ((self.minutes, minute), (self.quarters, quarter)):
            if number in panes and not any(panes[number]):
                del panes[number]
        for sketches, number in (
            (self.minute_sketches, minute),
            (self.quarter_sketches, quarter),
        ):
            if number in sketches:
                sketch = sketches[number]
                for bucket in [bucket for bucket, count in sketch.items() if not count]:
                    del sketch[bucket]
                if not sketch:
                    del sketches[number]
        return self.holds_any()

    def holds_any(self) -> bool:
        """Tell whether any pane is held."""
        return bool(self.quarters or self.quarter_sketches or self.minutes or self.minute_sketches)

    def drop(self, first_minute: int, first_quarter: int) -> None:
        """Drop the panes before the first that are held."""
        for kept, first in (
            (self.minutes, first_minute),
            (self.minute_sketches, first_minute),
            (self.quarters, first_quarter - MORE_QUARTERS),
            (self.quarter_sketches, first_quarter),
        ):
            panes: dict[int, Any] = kept
            for number in [number for number in panes if number < first]:
                del panes[number]


class PaneSet:
    """Hold the panes of many series, and answer what their windows say at a log time.

    `day_starts` gives the start of the desk's local day that contains an instant; both in
    microseconds. It must be pure.
    """

    def __init__(self, day_starts: Callable[[int], int]) -> None:
        """Start empty."""
        self._day_starts = day_starts
        self._series: dict[SeriesKey, _Series] = {}
        self._first_minute = _NOTHING_YET
        self._first_quarter = _NOTHING_YET
        self._latest_minute = _NOTHING_YET
        self._spans: tuple[Span, ...] = (_NO_SPAN,) * len(WINDOWS)
        self._places: dict[int, _Place] = {}

    def book(self, key: SeriesKey, at: int, outcome: str, count: int = 1) -> bool:
        """Count an outcome in the panes of `at`; a correction takes it back with a negative count.

        Return False where it was dropped: its quarter's outcomes are no longer kept.
        """
        minute = at // MINUTE_US
        place = self._places.get(minute) or self._locate(minute)
        if not place.holds_outcome:
            return False
        slot = _SLOTS[outcome]
        series = self._series.get(key) or self._open(key)
        series.quarters[place.quarter][slot] += count
        if place.holds_minute:
            series.minutes[minute][slot] += count
        sums = series.sums
        for index in place.windows:
            sums[index].counts[slot] += count
        if count <= 0 and not series.tidy(minute, place.quarter):
            del self._series[key]
        return True

    def book_duration(self, key: SeriesKey, at: int, seconds: float, count: int = 1) -> bool:
        """Count a duration in the panes of `at`; False where its quarter is no longer held."""
        minute = at // MINUTE_US
        place = self._places.get(minute) or self._locate(minute)
        if not place.holds_quarter:
            return False
        bucket = find_bucket(seconds)
        series = self._series.get(key) or self._open(key)
        series.quarter_sketches[place.quarter][bucket] += count
        if place.holds_minute:
            series.minute_sketches[minute][bucket] += count
        sums, block = series.sums, bucket >> BLOCK_BITS
        for index in place.windows:
            sketch = sums[index].sketch
            sketch.counts[bucket] += count
            sketch.blocks[block] += count
            sketch.found = None
        if count <= 0 and not series.tidy(minute, place.quarter):
            del self._series[key]
        return True

    def results(self, now: int) -> dict[SeriesKey, dict[str, tuple[int, int]]]:
        """Return (met, breached) by series and window.

        A series is listed while any of its panes is held, with (0, 0) for an empty window.
        """
        self._look_at(now)
        return {
            key: {
                name: (sums.counts[0], sums.counts[1])
                for name, sums in zip(WINDOWS, series.sums, strict=True)
            }
            for key, series in self._series.items()
        }

    def quantiles(self, now: int) -> dict[SeriesKey, dict[str, dict[float, float]]]:
        """Return the seconds of each quantile by series and window, without the empty ones."""
        self._look_at(now)
        found: dict[SeriesKey, dict[str, dict[float, float]]] = {}
        for key, series in self._series.items():
            windows = {}
            for name, sums in zip(WINDOWS, series.sums, strict=True):
                sketch = sums.sketch
                if sketch.found is None:
                    sketch.found = sketch.find_quantiles(QUANTILES)
                if sketch.found:
                    windows[name] = dict(sketch.found)
            if windows:
                found[key] = windows
        return found

    def quarters(self) -> dict[SeriesKey, dict[int, tuple[int, int]]]:
        """Return (met, breached) by series and quarter (its number since the epoch)."""
        return {
            key: {number: (pane[0], pane[1]) for number, pane in series.quarters.items()}
            for key, series in self._series.items()
        }

    def forget(self, now: int) -> None:
        """Drop the panes that no question at `now` or later asks for."""
        self._drop(now // MINUTE_US - HELD_MINUTES + 1, now // QUARTER_US - HELD_QUARTERS + 1)

    def _look_at(self, now: int) -> None:
        minute, quarter = now // MINUTE_US, now // QUARTER_US
        today = max(self._day_starts(now) // QUARTER_US, quarter - HELD_QUARTERS + 1)
        spans = ((minute - 14, minute), (minute - 59, minute), (quarter - 31, quarter))
        self._move(self._clip((*spans, (today, quarter)), self._first_minute, self._first_quarter))

    def _move(self, spans: tuple[Span, ...]) -> None:
        """Move every window of every series: between questions all stand on the same spans."""
        if spans == self._spans:
            return
        for index, (old, new) in enumerate(zip(self._spans, spans, strict=True)):
            if old != new:
                for series in self._series.values():
                    series.move(index, old, new)
        self._spans = spans
        self._places.clear()

    @staticmethod
    def _clip(spans: tuple[Span, ...], first_minute: int, first_quarter: int) -> tuple[Span, ...]:
        """Take off the windows what is no longer held: older outcomes are in none."""
        return tuple(
            _clip(span, first_minute if index in OF_MINUTES else first_quarter)
            for index, span in enumerate(spans)
        )

    def _open(self, key: SeriesKey) -> _Series:
        series = self._series[key] = _Series()
        return series

    def _locate(self, minute: int) -> _Place:
        """Find the panes and windows of a minute, once until either moves."""
        quarter = minute // 15
        if minute > self._latest_minute:
            self._latest_minute = minute
            self._drop(
                (minute // BLOCK_MINUTES - 1) * BLOCK_MINUTES,
                (quarter // BLOCK_QUARTERS - 1) * BLOCK_QUARTERS,
            )
        holds_minute = minute >= self._first_minute
        holds_quarter = quarter >= self._first_quarter
        holds_outcome = quarter >= self._first_quarter - MORE_QUARTERS
        windows = tuple(
            index
            for index, (first, last) in enumerate(self._spans)
            if (
                holds_minute and first <= minute <= last
                if index in OF_MINUTES
                else holds_quarter and first <= quarter <= last
            )
        )
        if len(self._places) >= MAX_PLACES:
            self._places.clear()
        place = _Place(quarter, holds_minute, holds_quarter, holds_outcome, windows)
        self._places[minute] = place
        return place

    def _drop(self, first_minute: int, first_quarter: int) -> None:
        first_minute = max(first_minute, self._first_minute)
        first_quarter = max(first_quarter, self._first_quarter)
        if (first_minute, first_quarter) == (self._first_minute, self._first_quarter):
            return
        # Out of the windows first: afterwards nobody knows what there was to take away.
        self._move(self._clip(self._spans, first_minute, first_quarter))
        self._first_minute, self._first_quarter = first_minute, first_quarter
        self._places.clear()
        for key, series in list(self._series.items()):
            series.drop(first_minute, first_quarter)
            if not series.holds_any():
                del self._series[key]

    def snapshot(self) -> bytes:
        """Pack the panes: the same bytes for the same panes, however they came about.

        Version 1: how far was forgotten and the latest minute, then by series, sorted: its three
        words, how many numbers follow, and these: how many minutes have outcomes, (number, met,
        breached) of each, the same of quarters; how many minutes have durations, (number, size,
        the buckets, the counts) of each, the same of quarters. A number takes 32 bits: at 60,000
        bookings a second a pane gets 54 million.
        """
        head = (self._first_minute, self._first_quarter, self._latest_minute, len(self._series))
        parts = [_HEAD.pack(VERSION, *head)]
        for key, series in sorted(self._series.items()):
            numbers = [
                *list_counts(series.minutes),
                *list_counts(series.quarters),
                *list_durations(series.minute_sketches),
                *list_durations(series.quarter_sketches),
            ]
            parts.append(pack_texts(key))
            parts.append(pack(f"<I{len(numbers)}i", len(numbers), *numbers))
        return b"".join(parts)

    @classmethod
    def restore(cls, data: bytes, day_starts: Callable[[int], int]) -> PaneSet:
        """Unpack a snapshot. Raises `ConfigError` for one written by a newer slawatch."""
        data = migrate(data, "panes", VERSION, _MIGRATIONS)
        panes = cls(day_starts)
        _, first_minute, first_quarter, latest, n_series = _HEAD.unpack_from(data)
        panes._first_minute, panes._first_quarter = first_minute, first_quarter
        panes._latest_minute = latest
        at = _HEAD.size
        for _ in range(n_series):
            (dimension, value, target), at = unpack_texts(data, at, 3)
            (length,) = _LENGTH.unpack_from(data, at)
            numbers = unpack_from(f"<{length}i", data, at + _LENGTH.size)
            at += _LENGTH.size + 4 * length
            series = panes._series[dimension, value, target] = _Series()
            left = iter(numbers)
            take_counts(left, series.minutes)
            take_counts(left, series.quarters)
            take_durations(left, series.minute_sketches)
            take_durations(left, series.quarter_sketches)
        return panes


def _clip(span: Span, first: int) -> Span:
    """Take what lies before `first` off a span; the empty one stays, and is empty anywhere."""
    if span[1] < first:
        return _NO_SPAN
    return max(span[0], first), span[1]


def _no_counts() -> list[int]:
    return [0, 0]


def _no_durations() -> Sketch:
    return defaultdict(int)
