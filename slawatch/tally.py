"""Add up what shards say, before it goes into totals and panes: there many are one.

A line is a label set and target. What is said of it in one minute is held under one plain number,
and what is never asked for, because it is too old by then, is never booked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

from librt.strings import BytesWriter, read_i64_le, write_i64_le

from slawatch import conventions
from slawatch.numbering import (
    FIRST_MINUTE,
    KEY_BITS,
    KEYS,
    MINUTE_BITS,
    MINUTE_US,
    MINUTES,
    Numbers,
)
from slawatch.panes import SLOTS, PaneSet
from slawatch.sketch import BUCKET_BITS, find_bucket
from slawatch.totals import Histogram, Totals
from slawatch.writing import NUMBER_BYTES, read_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_extensions import i64

    from slawatch.verdicts import Output

KEPT_US: Final = 26 * 3600 * 1_000_000
"""How far back a window can look: the longest local day, and an hour."""
OUTCOMES_KEPT_US: Final = 51 * 3600 * 1_000_000
"""How far back outcomes are asked for: to the begin of the longest yesterday, and an hour."""
WAITING: Final = 100_000
"""How much is kept to be booked at once."""

_RESULTS: Final = conventions.RESULTS.name
_TEAM_RESULTS: Final = conventions.TEAM_RESULTS.name
_DURATION: Final = conventions.DURATION.name
_HOPS: Final = conventions.HOPS.name
_DIMENSIONS: Final = conventions.DIMENSIONS
_LINE_SHIFT: Final = MINUTE_BITS + 1
_BUCKETS: Final = (1 << BUCKET_BITS) - 1


@final
class _Line:
    """Be a label set and target: where it is counted, and the results not yet in the totals."""

    __slots__ = ("business", "labels", "number", "results", "series", "target", "wall")

    def __init__(self, number: int, labels: tuple[str, ...], target: str) -> None:
        self.number: i64 = number
        self.labels = labels
        self.target = target
        self.results = [0, 0]
        self.series: list[tuple[str, ...]] = [
            (dimension, value, target) for dimension, value in zip(_DIMENSIONS, labels, strict=True)
        ]
        self.business: Histogram | None = None
        self.wall: Histogram | None = None


@final
class _Source:
    """Be who counts by numbers of its own: what they stand for, and what was counted by them."""

    __slots__ = ("amounts", "lines", "numbers")

    def __init__(self, numbers: Numbers) -> None:
        self.numbers = numbers
        self.lines: list[_Line] = []
        self.amounts: list[int] = []


@final
class Tally:
    """Take what shards say; `settle` brings it into the totals and panes.

    `team_labels` gives the region and tier that ride with a team.
    """

    def __init__(
        self, totals: Totals, panes: PaneSet, team_labels: Callable[[str], tuple[str, str]]
    ) -> None:
        """Start with nothing waiting."""
        self._totals = totals
        self._panes = panes
        self._team_labels = team_labels
        self._lines: list[_Line] = []
        self._lines_of: dict[tuple[str, ...], dict[str, _Line]] = {}
        self._sources: dict[str, _Source] = {}
        self._counts: dict[Any, int] = {}
        self._outcomes = BytesWriter()
        self._corrections: dict[int, int] = {}
        self._durations = BytesWriter()

    def take(self, origin: str, out: Output) -> None:
        """Take what a shard said at once."""
        if out.is_named:
            self.add(out.counts, out.results, out.bookings, out.durations)
            return
        source = self._meet(origin, out.numbers)
        lines, amounts = source.lines, source.amounts
        code: i64
        at: i64 = 0
        row = out.given.getvalue()
        end: i64 = len(row)
        while at < end:
            code = read_i64_le(row, at)
            amounts[code & KEYS] += code >> KEY_BITS
            at += NUMBER_BYTES
        outcomes = self._outcomes
        at = 0
        row = out.outcomes.getvalue()
        end = len(row)
        while at < end:
            code = read_i64_le(row, at)
            line = lines[code >> _LINE_SHIFT]
            slot = code >> MINUTE_BITS & 1
            line.results[slot] += 1
            write_i64_le(outcomes, (line.number << 1 | slot) << MINUTE_BITS | code & MINUTES)
            at += NUMBER_BYTES
        for code in read_numbers(out.booked):
            self._correct(lines, code, 1)
        for code in read_numbers(out.taken):
            self._correct(lines, code, -1)
        at = 0
        row = out.lasted.getvalue()
        end = len(row)
        while at < end:
            code = read_i64_le(row, at)
            business: i64 = read_i64_le(row, at + NUMBER_BYTES)
            wall: i64 = read_i64_le(row, at + 2 * NUMBER_BYTES)
            self._observe(lines[code >> MINUTE_BITS], code & MINUTES, business, wall)
            at += 3 * NUMBER_BYTES

    def _correct(self, lines: list[_Line], code: i64, count: int) -> None:
        line = lines[code >> _LINE_SHIFT]
        slot = code >> MINUTE_BITS & 1
        own = (line.number << 1 | slot) << MINUTE_BITS | code & MINUTES
        self._corrections[own] = self._corrections.get(own, 0) + count

    def _meet(self, origin: str, numbers: Numbers) -> _Source:
        """Return what a shard's numbers stand for, those too that it gave since the last time."""
        source = self._sources.get(origin)
        if source is None or source.numbers is not numbers:
            if source is not None:
                self._name(source)
            source = self._sources[origin] = _Source(numbers)
        lines = source.lines
        while len(lines) < len(numbers.lines):
            labels, target = numbers.lines[len(lines)]
            lines.append(self._line(labels, target))
        while len(source.amounts) < len(numbers.keys):
            source.amounts.append(0)
        return source

    def _name(self, source: _Source) -> None:
        """Add what a shard counted by its numbers to what is counted by name."""
        sums = self._counts
        for number, amount in enumerate(source.amounts):
            if amount:
                key = source.numbers.keys[number]
                sums[key] = sums.get(key, 0) + amount
                source.amounts[number] = 0

    def add(
        self,
        counts: Mapping[Any, int],
        results: Mapping[Any, int],
        bookings: Mapping[Any, int],
        durations: Iterable[Any],
    ) -> None:
        """Take what was said at once, as `slawatch.verdicts.Output` says it by name.

        Compiled, a tuple whose parts are typed would be taken apart and built anew at each step.
        """
        sums = self._counts
        for key, amount in counts.items():
            sums[key] = sums.get(key, 0) + amount
        outcomes, corrections = self._outcomes, self._corrections
        booking: tuple[Any, ...]
        for booking, count in results.items():
            line, slot = self._line(booking[0], booking[1]), SLOTS[booking[2]]
            line.results[slot] += count
            code = ((line.number << 1 | slot) << MINUTE_BITS) + booking[3] + FIRST_MINUTE
            for _ in range(count):
                write_i64_le(outcomes, code)
        for booking, count in bookings.items():
            line, slot = self._line(booking[0], booking[1]), SLOTS[booking[2]]
            code = ((line.number << 1 | slot) << MINUTE_BITS) + booking[3] + FIRST_MINUTE
            corrections[code] = corrections.get(code, 0) + count
        duration: tuple[Any, ...]
        for duration in durations:
            line = self._line(duration[0], duration[1])
            minute = duration[2] // MINUTE_US + FIRST_MINUTE
            self._observe(line, minute, duration[3], duration[4])

    def _line(self, labels: tuple[str, ...], target: str) -> _Line:
        lines = self._lines_of.get(labels)
        if lines is None:
            lines = self._lines_of[labels] = {}
        line = lines.get(target)
        if line is None:
            line = lines[target] = _Line(len(self._lines), labels, target)
            self._lines.append(line)
        return line

    def _observe(self, line: _Line, minute: i64, business: int, wall: int) -> None:
        if line.business is None or line.wall is None:
            labels = (line.labels[0], line.target)
            line.business = self._totals.histogram(_DURATION, (*labels, "business"))
            line.wall = self._totals.histogram(_DURATION, (*labels, "wall"))
        line.business.observe(business)
        line.wall.observe(wall)
        number = line.number << BUCKET_BITS | find_bucket(business / 1e6)
        write_i64_le(self._durations, (number << MINUTE_BITS) + minute)

    def is_full(self, ahead_at: int) -> bool:
        """Tell whether it is time to settle, once what is too old by `ahead_at` has left."""
        if self._count_waiting() <= WAITING:
            return False
        self._outcomes = _drop(self._outcomes, ahead_at - OUTCOMES_KEPT_US)
        self._durations = _drop(self._durations, ahead_at - KEPT_US)
        return self._count_waiting() > WAITING // 2

    def _count_waiting(self) -> int:
        return (len(self._outcomes) + len(self._durations)) // NUMBER_BYTES

    def settle(self, ahead_at: int) -> None:
        """Bring all into totals and panes; what no window can show at `ahead_at` is in no pane."""
        self._count()
        panes, lines = self._panes, self._lines
        oldest = (ahead_at - OUTCOMES_KEPT_US) // MINUTE_US + FIRST_MINUTE
        for code, count in _sum(self._outcomes, self._corrections, oldest).items():
            minute = (code & MINUTES) - FIRST_MINUTE
            number = code >> MINUTE_BITS
            for key in lines[number >> 1].series:
                panes.count(key, minute, number & 1, count)
        oldest = (ahead_at - KEPT_US) // MINUTE_US + FIRST_MINUTE
        for code, count in _sum(self._durations, {}, oldest).items():
            minute = (code & MINUTES) - FIRST_MINUTE
            number = code >> MINUTE_BITS
            for key in lines[number >> BUCKET_BITS].series:
                panes.count_duration(key, minute, number & _BUCKETS, count)
        self._outcomes.truncate(0)
        self._corrections.clear()
        self._durations.truncate(0)

    def _count(self) -> None:
        add = self._totals.add
        for source in self._sources.values():
            self._name(source)
        for (family, labels), amount in self._counts.items():
            if family == _HOPS:
                hops = self._totals.histogram(_HOPS, ())
                for _ in range(amount):
                    hops.observe(int(labels[0]))
            else:
                add(family, labels, amount)
        self._counts.clear()
        for line in self._lines:
            channel, priority, team = line.labels
            for outcome, slot in SLOTS.items():
                count = line.results[slot]
                if count:
                    line.results[slot] = 0
                    add(_RESULTS, (channel, priority, line.target, outcome), count)
                    team_labels = (team, *self._team_labels(team))
                    add(_TEAM_RESULTS, (*team_labels, priority, line.target, outcome), count)


def _drop(codes: BytesWriter, before: int) -> BytesWriter:
    """Return the codes whose minute does not lie before an instant."""
    oldest: i64 = before // MINUTE_US + FIRST_MINUTE
    kept = BytesWriter()
    row = codes.getvalue()
    at: i64 = 0
    end: i64 = len(row)
    while at < end:
        code: i64 = read_i64_le(row, at)
        if code & MINUTES >= oldest:
            write_i64_le(kept, code)
        at += NUMBER_BYTES
    return kept


def _sum(codes: BytesWriter, more: dict[int, int], oldest: int) -> dict[int, int]:
    """Return how often each code of a minute that is not too old is there, `more` included."""
    sums: dict[int, int] = {}
    for code in read_numbers(codes):
        if code & MINUTES >= oldest:
            sums[code] = sums.get(code, 0) + 1
    for code, count in more.items():
        if code & MINUTES >= oldest:
            sums[code] = sums.get(code, 0) + count
    return sums
