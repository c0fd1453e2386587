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
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from struct import Struct, pack, unpack_from

from slawatch.labels import OUTCOMES, QUANTILES, WINDOWS
from slawatch.sketch import Sketch, add, find_bucket, find_quantiles
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
BLOCK_MINUTES = 4 * 60
BLOCK_QUARTERS = 50 * 4

VERSION = 1
_MIGRATIONS: Mapping[int, Callable[[bytes], bytes]] = {}
_HEAD = Struct("<BqqqI")
_ROWS = Struct("<4I")
_SLOTS = {outcome: slot for slot, outcome in enumerate(OUTCOMES)}
_NOTHING_YET = -(1 << 62)


class _Window:
    """Hold the sums over a span of panes, kept right by every booking; empty at first."""

    __slots__ = ("counts", "durations", "first", "last", "quantiles")

    def __init__(self) -> None:
        self.first, self.last = 0, -1
        self.counts = [0, 0]
        self.durations: Sketch = {}
        self.quantiles: dict[float, float] | None = {}


class _Grid:
    """Hold one series' panes of one width and the windows over them.

    By pane number: (met, breached), and the sketch of durations. No pane is kept that is all 0.
    """

    __slots__ = ("counts", "durations", "windows")

    def __init__(self) -> None:
        self.counts: dict[int, list[int]] = {}
        self.durations: dict[int, Sketch] = {}
        self.windows = (_Window(), _Window())

    def book(self, number: int, slot: int, count: int) -> None:
        counts = self.counts
        if number in counts:
            pane = counts[number]
        else:
            pane = counts[number] = [0, 0]
        pane[slot] += count
        if count <= 0 and not any(pane):
            del counts[number]
        for window in self.windows:
            if window.first <= number <= window.last:
                window.counts[slot] += count

    def book_duration(self, number: int, bucket: int, count: int) -> None:
        durations = self.durations
        if number in durations:
            pane = durations[number]
        else:
            pane = durations[number] = {}
        _count(pane, bucket, count)
        if not pane:
            del durations[number]
        for window in self.windows:
            if window.first <= number <= window.last:
                _count(window.durations, bucket, count)
                window.quantiles = None

    def ask(self, index: int, span: Span) -> _Window:
        """Return a window moved to `span`, by the panes that enter and those that leave."""
        window = self.windows[index]
        first, last = span
        if (window.first, window.last) == span:
            return window
        if last < window.first or window.last < first:
            window.counts, window.durations = [0, 0], {}
            self._move(window, range(first, last + 1), 1)
        else:
            self._move(window, range(first, window.first), 1)
            self._move(window, range(window.last + 1, last + 1), 1)
            self._move(window, range(window.first, first), -1)
            self._move(window, range(last + 1, window.last + 1), -1)
        window.first, window.last = span
        window.quantiles = None
        return window

    def _move(self, window: _Window, numbers: Iterable[int], sign: int) -> None:
        sums = window.counts
        for number in numbers:
            counts = self.counts.get(number)
            if counts is not None:
                sums[0] += sign * counts[0]
                sums[1] += sign * counts[1]
            durations = self.durations.get(number)
            if durations is not None:
                add(window.durations, durations, sign)

    def drop(self, first: int) -> None:
        """Drop the panes before `first`, from the windows as well."""
        for index, window in enumerate(self.windows):
            if window.first < first:
                self.ask(index, (first, max(window.last, first - 1)))
        for panes in (self.counts, self.durations):
            for number in [number for number in panes if number < first]:
                del panes[number]

    def pack_counts(self) -> Iterator[tuple[int, int, int]]:
        for number, (met, breached) in sorted(self.counts.items()):
            yield number, met, breached

    def pack_durations(self) -> Iterator[tuple[int, int, int]]:
        for number, sketch in sorted(self.durations.items()):
            for bucket, count in sorted(sketch.items()):
                yield number, bucket, count

    def __bool__(self) -> bool:
        return bool(self.counts or self.durations)


class _Series:
    __slots__ = ("minutes", "quarters")

    def __init__(self) -> None:
        self.minutes = _Grid()
        self.quarters = _Grid()


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

    def book(self, key: SeriesKey, at: int, outcome: str, count: int = 1) -> bool:
        """Count an outcome in the panes of `at`; a correction takes it back with a negative count.

        Return False where it was dropped: its quarter is no longer held.
        """
        slot = _SLOTS[outcome]
        minute = at // MINUTE_US
        quarter = minute // 15
        if minute > self._latest_minute:
            self._follow(minute)
        if quarter < self._first_quarter:
            return False
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.quarters.book(quarter, slot, count)
        if minute >= self._first_minute:
            series.minutes.book(minute, slot, count)
        if count <= 0:
            self._leave_if_empty(key, series)
        return True

    def book_duration(self, key: SeriesKey, at: int, seconds: float, count: int = 1) -> bool:
        """Count a duration in the panes of `at`, as `book` does an outcome."""
        bucket = find_bucket(seconds)
        minute = at // MINUTE_US
        quarter = minute // 15
        if minute > self._latest_minute:
            self._follow(minute)
        if quarter < self._first_quarter:
            return False
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.quarters.book_duration(quarter, bucket, count)
        if minute >= self._first_minute:
            series.minutes.book_duration(minute, bucket, count)
        if count <= 0:
            self._leave_if_empty(key, series)
        return True

    def results(self, now: int) -> dict[SeriesKey, dict[str, tuple[int, int]]]:
        """Return (met, breached) by series and window.

        A series is listed while any of its panes is held, with (0, 0) for an empty window.
        """
        return {
            key: {name: (window.counts[0], window.counts[1]) for name, window in windows}
            for key, windows in self._ask(now)
        }

    def quantiles(self, now: int) -> dict[SeriesKey, dict[str, dict[float, float]]]:
        """Return the seconds of each quantile by series and window, without the empty ones."""
        found: dict[SeriesKey, dict[str, dict[float, float]]] = {}
        for key, windows in self._ask(now):
            answers = {}
            for name, window in windows:
                if window.quantiles is None:
                    window.quantiles = find_quantiles(window.durations, QUANTILES)
                if window.quantiles:
                    answers[name] = window.quantiles.copy()
            if answers:
                found[key] = answers
        return found

    def _ask(self, now: int) -> Iterator[tuple[SeriesKey, tuple[tuple[str, _Window], ...]]]:
        minute, quarter = now // MINUTE_US, now // QUARTER_US
        today = max(self._day_starts(now) // QUARTER_US, quarter - HELD_QUARTERS + 1)
        last_15m, last_1h = (minute - 14, minute), (minute - 59, minute)
        last_8h, of_today = (quarter - 31, quarter), (today, quarter)
        of_15m, of_1h, of_8h, of_day = WINDOWS
        for key, series in self._series.items():
            minutes, quarters = series.minutes, series.quarters
            yield (
                key,
                (
                    (of_15m, minutes.ask(0, last_15m)),
                    (of_1h, minutes.ask(1, last_1h)),
                    (of_8h, quarters.ask(0, last_8h)),
                    (of_day, quarters.ask(1, of_today)),
                ),
            )

    def forget(self, now: int) -> None:
        """Drop the panes that no question at `now` or later asks for."""
        self._drop(now // MINUTE_US - HELD_MINUTES + 1, now // QUARTER_US - HELD_QUARTERS + 1)

    def _follow(self, minute: int) -> None:
        self._latest_minute = minute
        self._drop(
            (minute // BLOCK_MINUTES - 1) * BLOCK_MINUTES,
            (minute // 15 // BLOCK_QUARTERS - 1) * BLOCK_QUARTERS,
        )

    def _drop(self, first_minute: int, first_quarter: int) -> None:
        drops_minutes = first_minute > self._first_minute
        drops_quarters = first_quarter > self._first_quarter
        if not (drops_minutes or drops_quarters):
            return
        self._first_minute = max(first_minute, self._first_minute)
        self._first_quarter = max(first_quarter, self._first_quarter)
        for key, series in list(self._series.items()):
            if drops_minutes:
                series.minutes.drop(self._first_minute)
            if drops_quarters:
                series.quarters.drop(self._first_quarter)
            self._leave_if_empty(key, series)

    def _leave_if_empty(self, key: SeriesKey, series: _Series) -> None:
        if not series.quarters and not series.minutes:
            del self._series[key]

    def snapshot(self) -> bytes:
        """Pack the panes: the same bytes for the same panes, however they came about.

        Version 1: how far was forgotten and the latest minute, then by series, sorted: its three
        words, how many rows of four kinds follow, and the rows: (pane, met, breached) by minute
        and by quarter, (pane, bucket, count) by minute and by quarter. A count takes 32 bits:
        at 60,000 bookings a second a pane gets 54 million.
        """
        head = (self._first_minute, self._first_quarter, self._latest_minute, len(self._series))
        parts = [_HEAD.pack(VERSION, *head)]
        for key, series in sorted(self._series.items()):
            kinds = (
                list(series.minutes.pack_counts()),
                list(series.quarters.pack_counts()),
                list(series.minutes.pack_durations()),
                list(series.quarters.pack_durations()),
            )
            parts.append(pack_texts(key))
            parts.append(_ROWS.pack(*map(len, kinds)))
            numbers = [*chain.from_iterable(chain.from_iterable(kinds))]
            parts.append(pack(f"<{len(numbers)}i", *numbers))
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
            lengths = _ROWS.unpack_from(data, at)
            numbers = unpack_from(f"<{3 * sum(lengths)}i", data, at + _ROWS.size)
            at += _ROWS.size + 4 * len(numbers)
            rows = iter(zip(*[iter(numbers)] * 3, strict=True))
            panes._series[dimension, value, target] = _unpack_series(rows, *lengths)
        return panes


def _unpack_series(rows: Iterator[tuple[int, int, int]], *lengths: int) -> _Series:
    series = _Series()
    minute_counts, quarter_counts, minute_durations, quarter_durations = (
        islice(rows, length) for length in lengths
    )
    for grid, counts in ((series.minutes, minute_counts), (series.quarters, quarter_counts)):
        for number, met, breached in counts:
            grid.counts[number] = [met, breached]
    for grid, sketches in (
        (series.minutes, minute_durations),
        (series.quarters, quarter_durations),
    ):
        for number, bucket, count in sketches:
            grid.durations.setdefault(number, {})[bucket] = count
    return series


def _count(sketch: Sketch, bucket: int, count: int) -> None:
    total = sketch.get(bucket, 0) + count
    if total:
        sketch[bucket] = total
    else:
        sketch.pop(bucket, None)
