"""Opening rules of one calendar version, and how they become instants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from slawatch.errors import ConfigError

Window = tuple[int, int]
"""Seconds of a local day, or instants: the first is inside, the last is not."""

DAY_SECONDS = 86_400
SECOND_US = 1_000_000
DAY_US = DAY_SECONDS * SECOND_US
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are naive until a zone is applied
_EPOCH_ORDINAL = EPOCH.toordinal()
_ONE_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hold one version of a calendar's rules.

    Windows are seconds of the local day. One that ends at or before its start runs overnight
    and belongs to the day it starts on. `week` has seven days, Monday first. `overrides` replace
    the week's windows of their date, `breaks` are cut out of whatever is open at that time.
    A holiday closes the windows that start on it; a make-up working day (date to the weekday,
    0 = Monday, whose windows are worked) beats a holiday.
    """

    zone: str
    week: tuple[tuple[Window, ...], ...]
    holidays: frozenset[date] = frozenset()
    annual_holidays: frozenset[tuple[int, int]] = frozenset()
    overrides: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)
    breaks: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)
    working_days: Mapping[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse rules that no instant could be computed from."""
        load_zone(self.zone)
        if len(self.week) != 7:  # noqa: PLR2004 - days of a week
            raise ConfigError(f"week must have 7 days, got {len(self.week)}")
        for windows in (*self.week, *self.overrides.values(), *self.breaks.values()):
            for start, end in windows:
                if not (0 <= start < DAY_SECONDS and 0 <= end <= DAY_SECONDS):
                    raise ConfigError(f"window {(start, end)!r} must lie within 0 to 86400 seconds")
        for day, weekday in self.working_days.items():
            if not 0 <= weekday <= 6:  # noqa: PLR2004 - Sunday
                raise ConfigError(f"working day {day} must name a weekday 0 to 6, got {weekday!r}")

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """Return the windows that start on a local date, before breaks."""
        weekday = self.working_days.get(day)
        if weekday is None:
            if day in self.holidays or (day.month, day.day) in self.annual_holidays:
                return ()
            weekday = day.weekday()
        special = self.overrides.get(day)
        return self.week[weekday] if special is None else special

    def is_always_open(self) -> bool:
        """Say whether no rule of this version ever closes."""
        dated = self.holidays or self.annual_holidays or self.overrides or self.breaks
        return not dated and all(_is_whole_day(windows) for windows in self.week)


def load_zone(zone: str) -> tzinfo:
    """Return an IANA zone by its name."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as ex:
        raise ConfigError(
            f"zone must be an IANA name such as 'Europe/Berlin', got {zone!r}"
        ) from ex


def parse_time_of_day(text: str) -> int:
    """Return the seconds since local midnight of ``HH:MM`` or ``HH:MM:SS``, up to ``24:00``."""
    parts = text.split(":")
    if len(parts) in {2, 3} and all(len(part) == 2 and part.isdecimal() for part in parts):  # noqa: PLR2004
        hours, minutes, seconds = (*map(int, parts), 0)[:3]
        total = hours * 3600 + minutes * 60 + seconds
        if minutes < 60 and seconds < 60 and total <= DAY_SECONDS:  # noqa: PLR2004
            return total
    raise ConfigError(f"time of day must be HH:MM or HH:MM:SS up to 24:00, got {text!r}")


def wall_to_utc(local: datetime, zone: str) -> int:
    """Return the instant of a naive local time.

    A time in a gap moves forward by the gap; an ambiguous one is its first occurrence.
    """
    wall = local.replace(tzinfo=load_zone(zone), fold=0)
    return (local - EPOCH) // _MICROSECOND - _offset_us(wall)


def day_span(day: date, zone: str) -> tuple[int, int]:
    """Return the first instant of a local date and the first one after it."""
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a local midnight
    return wall_to_utc(start, zone), wall_to_utc(start + _ONE_DAY, zone)


def to_local(at: int, zone: str) -> datetime:
    """Return the naive local time of an instant, with `fold` set in a repeated hour."""
    utc = (EPOCH + timedelta(microseconds=at)).replace(tzinfo=ZoneInfo("UTC"))
    return utc.astimezone(load_zone(zone)).replace(tzinfo=None)


def open_windows(schedule: Schedule, first: date, last: date) -> list[Window]:
    """Return the open windows that start on the local dates `first` to `last`, as instants.

    Sorted, merged and without breaks; the last may end on the day after `last`.
    """
    epoch = EPOCH.replace(tzinfo=load_zone(schedule.zone))
    days = list(_days(first, last))
    opened = (
        _to_instants(day, window, epoch) for day in days for window in schedule.windows_on(day)
    )
    cuts = (
        _to_instants(day, window, epoch)
        for day in (first - _ONE_DAY, *days, last + _ONE_DAY)
        for window in schedule.breaks.get(day, ())
    )
    return _subtract(merge(opened), merge(cuts))


def merge(windows: Iterable[Window]) -> list[Window]:
    """Sort windows, drop empty ones and join those that overlap or touch."""
    merged: list[Window] = []
    for start, end in sorted(windows):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def clip(windows: Iterable[Window], start: int, end: int) -> list[Window]:
    """Return the parts of windows that lie in [start, end)."""
    return [(max(a, start), min(b, end)) for a, b in windows if a < end and b > start]


def _subtract(windows: list[Window], cuts: list[Window]) -> list[Window]:
    if not cuts:
        return windows
    left: list[Window] = []
    for start, end in windows:
        cursor = start
        for cut_start, cut_end in clip(cuts, start, end):
            if cursor < cut_start:
                left.append((cursor, cut_start))
            cursor = cut_end
        if cursor < end:
            left.append((cursor, end))
    return left


def _to_instants(day: date, window: Window, epoch: datetime) -> Window:
    start, end = window
    if end <= start:
        end += DAY_SECONDS
    days = day.toordinal() - _EPOCH_ORDINAL
    return _to_instant(days, start, epoch), _to_instant(days, end, epoch)


def _to_instant(days: int, seconds: int, epoch: datetime) -> int:
    # Adding to a time in its zone is wall arithmetic, so 24:00 is the next local midnight.
    wall = epoch + timedelta(days, seconds)
    return days * DAY_US + seconds * SECOND_US - _offset_us(wall)


def _offset_us(wall: datetime) -> int:
    # With fold=0 zoneinfo answers a gap with the offset before it (so the time moves forward by
    # the gap) and a repeated hour with the first offset: both rules in one look-up.
    offset = wall.utcoffset() or timedelta()
    return offset.days * DAY_US + offset.seconds * SECOND_US


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _is_whole_day(windows: tuple[Window, ...]) -> bool:
    spans = merge((start, end if end > start else end + DAY_SECONDS) for start, end in windows)
    return any(start == 0 and end >= DAY_SECONDS for start, end in spans)
