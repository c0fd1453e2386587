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

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Final, final

from slawatch.labels import OUTCOMES, QUANTILES, WINDOWS
from slawatch.pane_series import MORE_QUARTERS, OF_MINUTES, Place, Series, Span
from slawatch.sketch import find_bucket
from slawatch.totals import migrate, pack_texts, unpack_texts

__all__ = ["MORE_QUARTERS", "SLOTS", "WINDOWS", "PaneSet", "SeriesKey"]

SeriesKey = tuple[str, str, str]
"""(dimension, label value, target)."""

MINUTE_US: Final = 60_000_000
QUARTER_US: Final = 15 * MINUTE_US
HELD_MINUTES: Final = 60
HELD_QUARTERS: Final = 100
BLOCK_MINUTES: Final = 4 * 60
BLOCK_QUARTERS: Final = 50 * 4
MAX_PLACES: Final = 1_000

VERSION: Final = 1
_MIGRATIONS: Final[Mapping[int, Callable[[bytes], bytes]]] = {}
_HEAD: Final = Struct("<BqqqI")
SLOTS: Final = {outcome: slot for slot, outcome in enumerate(OUTCOMES)}
"""Where each outcome is counted in [met, breached]."""
_NOTHING_YET: Final = -(1 << 62)
_NO_SPAN: Final = (0, -1)


@final
class PaneSet:
    """Hold the panes of many series, and answer what their windows say at a log time.

    `day_starts` gives the start of the desk's local day that contains an instant; both in
    microseconds. It must be pure.
    """

    def __init__(self, day_starts: Callable[[int], int]) -> None:
        """Start empty."""
        self._day_starts = day_starts
        # Compiled, a key typed as `SeriesKey` would be built anew for every look.
        self._series: dict[tuple[str, ...], Series] = {}
        self._first_minute = _NOTHING_YET
        self._first_quarter = _NOTHING_YET
        self._latest_minute = _NOTHING_YET
        self._spans: tuple[Span, ...] = (_NO_SPAN,) * len(WINDOWS)
        self._places: dict[int, Place] = {}

    def book(self, key: SeriesKey, at: int, outcome: str, count: int = 1) -> bool:
        """Count an outcome in the panes of `at`; a correction takes it back with a negative count.

        Return False where it was dropped: its quarter's outcomes are no longer kept.
        """
        return self.count(key, at // MINUTE_US, SLOTS[outcome], count)

    def book_duration(self, key: SeriesKey, at: int, seconds: float, count: int = 1) -> bool:
        """Count a duration in the panes of `at`; False where its quarter is no longer held."""
        return self.count_duration(key, at // MINUTE_US, find_bucket(seconds), count)

    def count(self, key: tuple[str, ...], minute: int, slot: int, count: int) -> bool:
        """Count an outcome, as `book`, in the panes of a minute since the epoch."""
        place = self._places.get(minute)
        if place is None:
            place = self._locate(minute)
        if not place.holds_outcome:
            return False
        series = self._open(key)
        series.count(place, slot, count)
        if count <= 0:
            self._tidy(key, series, place)
        return True

    def count_duration(self, key: tuple[str, ...], minute: int, bucket: int, count: int) -> bool:
        """Count a duration of a bucket, as `book_duration`, in the panes of a minute."""
        place = self._places.get(minute)
        if place is None:
            place = self._locate(minute)
        if not place.holds_quarter:
            return False
        series = self._open(key)
        series.count_duration(place, bucket, count)
        if count <= 0:
            self._tidy(key, series, place)
        return True

    def results(self, now: int) -> dict[SeriesKey, dict[str, tuple[int, int]]]:
        """Return (met, breached) by series and window.

        A series is listed while any of its panes is held, with (0, 0) for an empty window.
        """
        self._look_at(now)
        return {
            (dimension, value, target): {
                name: (sums.counts[0], sums.counts[1])
                for name, sums in zip(WINDOWS, series.sums, strict=True)
            }
            for (dimension, value, target), series in self._series.items()
        }

    def quantiles(self, now: int) -> dict[SeriesKey, dict[str, dict[float, float]]]:
        """Return the seconds of each quantile by series and window, without the empty ones."""
        self._look_at(now)
        found: dict[SeriesKey, dict[str, dict[float, float]]] = {}
        for (dimension, value, target), series in self._series.items():
            windows = {}
            for name, sums in zip(WINDOWS, series.sums, strict=True):
                sketch = sums.sketch
                if sketch.found is None:
                    sketch.found = sketch.find_quantiles(QUANTILES)
                if sketch.found:
                    windows[name] = dict(sketch.found)
            if windows:
                found[dimension, value, target] = windows
        return found

    def quarters(self) -> dict[SeriesKey, dict[int, tuple[int, int]]]:
        """Return (met, breached) by series and quarter (its number since the epoch)."""
        return {
            (dimension, value, target): {
                number: (pane[0], pane[1]) for number, pane in series.quarters.items()
            }
            for (dimension, value, target), series in self._series.items()
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

    def _open(self, key: tuple[str, ...]) -> Series:
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series()
        return series

    def _tidy(self, key: tuple[str, ...], series: Series, place: Place) -> None:
        series.tidy(place)
        if not series.holds_any():
            del self._series[key]

    def _locate(self, minute: int) -> Place:
        """Find the panes and windows of a minute, once until either moves."""
        if minute > self._latest_minute:
            self._latest_minute = minute
            self._drop(
                (minute // BLOCK_MINUTES - 1) * BLOCK_MINUTES,
                (minute // 15 // BLOCK_QUARTERS - 1) * BLOCK_QUARTERS,
            )
        place = Place(minute, self._first_minute, self._first_quarter)
        for index, (first, last) in enumerate(self._spans):
            of_minutes = index in OF_MINUTES
            number = minute if of_minutes else place.quarter
            is_held = place.holds_minute if of_minutes else place.holds_quarter
            if is_held and first <= number <= last:
                place.windows.append(index)
        if len(self._places) >= MAX_PLACES:
            self._places.clear()
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
        for key in sorted(self._series):
            parts += (pack_texts(key), self._series[key].pack())
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
            series = panes._series[dimension, value, target] = Series()
            at = series.take(data, at)
        return panes


def _clip(span: Span, first: int) -> Span:
    """Take what lies before `first` off a span; the empty one stays, and is empty anywhere."""
    if span[1] < first:
        return _NO_SPAN
    return max(span[0], first), span[1]
