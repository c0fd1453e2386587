"""Business calendars: exact open time between instants, and the way back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

from slawatch.errors import ConfigError
from slawatch.schedule import (
    DAY_US,
    EPOCH,
    Schedule,
    Window,
    clip,
    day_span,
    merge,
    open_windows,
    parse_time_of_day,
    to_local,
    wall_to_utc,
)

__all__ = [
    "NEVER",
    "Calendar",
    "Schedule",
    "Window",
    "day_span",
    "parse_time_of_day",
    "wall_to_utc",
]

NEVER: int = 2**62
"""Stand for an instant that does not come; `-NEVER` for one that never was."""

FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Bound the years a calendar knows: it is closed outside, so a wild instant costs no memory."""

SEARCH_US = 3653 * DAY_US
"""Give up a search after ten years without open time: then the calendar is closed for good."""

_STEPS: Final = 8
"""How many edges are looked at one by one before they are searched: goals end soon."""

_Table = tuple[int, int, list[int], list[int], list[int]]
_WHOLE_DAY = ((0, 86_400),)


class Calendar:
    """Answer how much open time lies between instants.

    Instants and amounts are integer microseconds. Years are laid out on first use and kept, so
    a question costs two binary searches. Each version's rules hold from its `valid_from_at` to
    the next one's; before the first version, the first version's rules hold.
    """

    # _table is one tuple, replaced whole, so that a second thread never sees half an extension:
    #   lo, hi   the years laid out, as instants
    #   edges    opening, closing, opening, closing, … instants
    #   base     at an odd index (inside a window) open time since lo = base + instant;
    #            at an even one (between windows) open time since lo = base
    #   opened   open time since lo at each edge
    #
    # _hint is where the last instant lay among the edges: most questions are about the present.
    __slots__ = ("_hint", "_table", "_versions", "always", "name")

    def __init__(self, name: str, versions: Sequence[tuple[int | None, Schedule]]) -> None:
        """Take the versions in the order of their `valid_from_at` (None for the first)."""
        if not versions:
            raise ConfigError(f"calendar {name!r} must have at least one version")
        starts = [-NEVER, *(start for start, _ in versions[1:] if start is not None), NEVER]
        if len(starts) != len(versions) + 1 or any(
            later <= earlier for earlier, later in pairwise(starts)
        ):
            raise ConfigError(f"versions of calendar {name!r} must have ascending valid_from")
        self.name = name
        self.always = all(schedule.is_always_open() for _, schedule in versions)
        self._versions = [
            (starts[index], starts[index + 1], schedule)
            for index, (_, schedule) in enumerate(versions)
        ]
        self._table: _Table = (0, 0, [], [0], [])
        self._hint = 0

    def __repr__(self) -> str:
        """Name the calendar and how many versions it has."""
        return f"Calendar({self.name!r}, versions={len(self._versions)})"

    @classmethod
    def always_open(cls, name: str = "24x7") -> Calendar:
        """Build the calendar of wall time."""
        return cls(name, [(None, Schedule(zone="UTC", week=(_WHOLE_DAY,) * 7))])

    def latest(self) -> Calendar:
        """Return the last version alone, valid for all time."""
        return Calendar(self.name, [(None, self._versions[-1][2])])

    def schedule(self) -> Schedule:
        """Return the rules of the last version."""
        return self._versions[-1][2]

    def between(self, start_at: int, end_at: int) -> int:
        """Return the open time in [start_at, end_at); of a reversed interval, its negative."""
        if self.always:
            return end_at - start_at
        lo, hi, edges, base, _ = self._table
        if not (lo <= start_at < hi and lo <= end_at < hi):
            _, _, edges, base, _ = self._cover(start_at, end_at)
        i = self._find(edges, start_at)
        k = self._find(edges, end_at)
        opened = base[k] + end_at if k & 1 else base[k]
        return opened - base[i] - start_at if i & 1 else opened - base[i]

    def add(self, start_at: int, amount_us: int) -> int:
        """Return the earliest instant at which `amount_us` of open time have elapsed.

        A negative amount goes back as `sub` does; zero is `start_at` itself.
        """
        if self.always:
            return start_at + amount_us
        if amount_us <= 0:
            return self.sub(start_at, -amount_us)
        return self._forward(start_at, amount_us, last=False)

    def add_last(self, start_at: int, amount_us: int) -> int:
        """Return the last instant at which no more than `amount_us` of open time have elapsed.

        It differs from `add` where the amount runs out at closing time: then it is the next
        opening. A negative amount goes back as `sub` does.
        """
        if self.always:
            return start_at + amount_us
        if amount_us < 0:
            return self.sub(start_at, -amount_us)
        return self._forward(start_at, amount_us, last=True)

    def sub(self, end_at: int, amount_us: int) -> int:
        """Return the latest instant from which `amount_us` of open time lead to `end_at`.

        `-NEVER` where the past holds too little of it; a negative amount goes on as `add` does.
        """
        if self.always:
            return end_at - amount_us
        if amount_us <= 0:
            return self.add(end_at, -amount_us) if amount_us else end_at
        table: _Table | None = self._covering(end_at)
        while table is not None:
            _, _, edges, base, opened = table
            i = bisect_right(edges, end_at)
            target = (base[i] + end_at if i & 1 else base[i]) - amount_us
            if target >= 0 and opened:
                return target - base[bisect_right(opened, target)]
            table = self._grow_before(end_at)
        return -NEVER

    def is_open(self, at: int) -> bool:
        """Say whether an instant lies in an open window (its closing instant does not)."""
        return self.always or bool(bisect_right(self._covering(at)[2], at) & 1)

    def next_open(self, at: int) -> int:
        """Return `at` when it is open, else the next opening."""
        return self.add_last(at, 0)

    def prev_open(self, at: int) -> int:
        """Return `at` when it is open, else the last closing at or before it."""
        if self.always:
            return at
        table: _Table | None = self._covering(at)
        while table is not None:
            edges = table[2]
            i = bisect_right(edges, at)
            if i & 1:
                return at
            if i:
                return edges[i - 1]
            table = self._grow_before(at)
        return -NEVER

    def windows(self, at: int, count: int, direction: Literal["after", "before"]) -> list[Window]:
        """Return the first `count` open windows from `at` on (or back), nearest first, cut at `at`.

        Fewer when the calendar stays closed for ten years.
        """
        if self.always:
            return [(at, NEVER) if direction == "after" else (-NEVER, at)][:count]
        found: list[Window] = []
        table: _Table | None = self._covering(at)
        while table is not None:
            lo, hi, edges, _, _ = table
            spans = zip(edges[::2], edges[1::2], strict=True)
            # A window that touches the end of the years laid out may go on beyond it.
            if direction == "after":
                found = clip(spans, at, NEVER)[:count]
                whole = not found or found[-1][1] < hi
            else:
                found = clip(spans, -NEVER, at)[::-1][:count]
                whole = not found or found[-1][0] > lo
            if whole and len(found) == count:
                break
            table = self._grow_after(at) if direction == "after" else self._grow_before(at)
        return found

    def add_days(self, at: int, days: int) -> int:
        """Return the instant `days` working days later (or earlier), at the same local time.

        A working day is a local date on which a window starts. `at` itself need not be one.
        """
        local = to_local(at, self._schedule_at(at).zone)
        day, left, closed = local.date(), abs(days), 0
        step = timedelta(days=1 if days > 0 else -1)
        while left:
            day += step
            midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a local midnight
            rules = self._schedule_at((midnight - EPOCH) // timedelta(microseconds=1))
            works = bool(rules.windows_on(day))
            left, closed = left - works, 0 if works else closed + 1
            if closed * DAY_US > SEARCH_US:
                return NEVER if days > 0 else -NEVER
        return wall_to_utc(datetime.combine(day, local.time()), self._schedule_at(at).zone)

    def ends_at(self) -> int | None:
        """Return the end of the year of the last listed holiday, None where none is listed.

        After it the calendar's dated knowledge has run out.
        """
        schedule = self.schedule()
        dated = [*schedule.holidays, *schedule.working_days]
        return day_span(date(max(dated).year, 12, 31), schedule.zone)[1] if dated else None

    def _forward(self, start_at: int, amount_us: int, *, last: bool) -> int:
        table = self._table
        if not table[0] <= start_at < table[1]:
            table = self._cover(start_at, start_at)
        while True:
            _, _, edges, base, opened = table
            i = self._find(edges, start_at)
            target = (base[i] + start_at if i & 1 else base[i]) + amount_us
            # opened is equal at a closing and the next opening: the earliest instant lies before
            # the closing, the last one in the window after it.
            k = _walk(opened, target if last else target - 1, i)
            if k < len(opened):
                return target - base[k]
            grown = self._grow_after(start_at)
            if grown is None:
                return NEVER
            table = grown

    def _find(self, edges: list[int], at: int) -> int:
        """Return what `bisect_right` does, at once where the last question lay."""
        hint = self._hint
        if 0 < hint < len(edges) and edges[hint - 1] <= at < edges[hint]:
            return hint
        self._hint = hint = bisect_right(edges, at)
        return hint

    def _schedule_at(self, at: int) -> Schedule:
        index = bisect_right(self._versions, at, key=lambda version: version[0])
        return self._versions[max(index - 1, 0)][2]

    def _covering(self, at: int) -> _Table:
        table = self._table
        return table if table[0] <= at < table[1] else self._cover(at, at)

    def _cover(self, one_at: int, other_at: int) -> _Table:
        """Lay out the years of two instants, and all between them and what is there."""
        years = {_year_of(one_at), _year_of(other_at)}
        lo, hi = self._table[:2]
        if lo < hi:
            years |= {_year_of(lo), _year_of(hi - 1)}
        return self._lay_out(min(years), max(years) + 1)

    def _grow_after(self, at: int) -> _Table | None:
        lo, hi, edges, _, _ = self._table
        last = max(edges[-1], at) if edges else at
        if hi >= _year_at(LAST_YEAR) or hi - last > SEARCH_US:
            return None
        return self._lay_out(_year_of(lo), _year_of(hi) + 1)

    def _grow_before(self, at: int) -> _Table | None:
        lo, hi, edges, _, _ = self._table
        first = min(edges[0], at) if edges else at
        if lo <= _year_at(FIRST_YEAR) or first - lo > SEARCH_US:
            return None
        return self._lay_out(_year_of(lo) - 1, _year_of(hi - 1) + 1)

    def _lay_out(self, first_year: int, end_year: int) -> _Table:
        old_lo, old_hi, old_edges, _, _ = self._table
        lo, hi = _year_at(first_year), _year_at(end_year)
        if (lo, hi) == (old_lo, old_hi):
            return self._table
        windows = list(zip(old_edges[::2], old_edges[1::2], strict=True))
        for year in range(first_year, end_year):
            if not old_lo <= _year_at(year) < old_hi:
                windows += self._windows_of_year(year)
        edges = [edge for window in merge(windows) for edge in window]
        base, total = [0], 0
        opened: list[int] = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            opened += (total, total + end - start)
            base.append(total - start)
            total += end - start
            base.append(total)
        self._table = (lo, hi, edges, base, opened)
        return self._table

    def _windows_of_year(self, year: int) -> list[Window]:
        lo, hi = _year_at(year), _year_at(year + 1)
        windows: list[Window] = []
        for from_at, to_at, schedule in self._versions:
            start, end = max(lo, from_at), min(hi, to_at)
            if start < end:
                # Two days more on either side: zones reach 14 hours from UTC, nights run over.
                days = date(year - 1, 12, 29), date(year + 1, 1, 3)
                windows += clip(open_windows(schedule, *days), start, end)
        return windows


def _walk(opened: list[int], target: int, start: int) -> int:
    """Return what `bisect_right` does, knowing that nothing before `start` is beyond the target."""
    count = len(opened)
    for place in range(start, min(start + _STEPS, count)):
        if opened[place] > target:
            return place
    return bisect_right(opened, target, min(start + _STEPS, count))


def _year_at(year: int) -> int:
    return (date(year, 1, 1).toordinal() - EPOCH.toordinal()) * DAY_US


def _year_of(at: int) -> int:
    if at < _year_at(FIRST_YEAR):
        return FIRST_YEAR
    if at >= _year_at(LAST_YEAR):
        return LAST_YEAR - 1
    return (EPOCH + timedelta(microseconds=at)).year
