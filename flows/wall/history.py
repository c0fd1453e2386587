"""History: outcomes by the quarter of an hour, today beside yesterday at the same local time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple, TypedDict

from flows.store import Contents
from flows.wall.screen import Screen
from slawatch.calendars import day_span, wall_to_utc
from slawatch.schedule import to_local

MINUTE_US = 60_000_000
QUARTER_US = 15 * MINUTE_US
SHOWN_QUARTERS = 8 * 4
"""How far back a chart goes: a shift."""
ROLLED_QUARTERS = 4
"""Each point of a chart is an hour's attainment: of a quarter alone it would be noise."""

Pair = tuple[int, int]
"""(met, breached)."""
Pairs = Mapping[int, Pair]
"""By quarter since the epoch."""


class Chart(TypedDict):
    """Be two lines over the same instants (seconds), a share or `None` where nothing ended.

    `so_far` is what today comes to, `before` what yesterday had come to at `until`.
    """

    target: str
    at: list[int]
    today: list[float | None]
    yesterday: list[float | None]
    objective: float | None
    so_far: float | None
    before: float | None
    until: float


class Yesterday(NamedTuple):
    """Be the part of yesterday that compares with today so far: half-open, microseconds."""

    start_at: int
    until_at: int


def find_yesterday(now: int, zone: str) -> Yesterday:
    """Return yesterday up to the same local time, in whole quarters.

    A time that yesterday had twice is its first; one it skipped is moved by what was skipped.
    """
    local = to_local(now, zone)
    before = local.replace(fold=0) - timedelta(days=1)
    start_at = day_span(before.date(), zone)[0]
    same_at = wall_to_utc(before, zone)
    return Yesterday(start_at, same_at - (same_at - start_at) % QUARTER_US)


def sum_quarters(contents: Contents, screen: Screen) -> dict[str, dict[int, Pair]]:
    """Return the outcomes of a screen by target and quarter."""
    found: dict[str, dict[int, Pair]] = {}
    for part in contents.totals.values():
        for (dimension, value, target), quarters in part.quarters.items():
            if screen.holds(dimension, value):
                into = found.setdefault(target, {})
                for number, (met, breached) in quarters.items():
                    had = into.get(number, (0, 0))
                    into[number] = (had[0] + met, had[1] + breached)
    return found


def sum_span(quarters: Pairs, start_at: int, until_at: int) -> Pair:
    """Add up the quarters that begin in a half-open span."""
    pairs = [quarters.get(n, (0, 0)) for n in range(start_at // QUARTER_US, until_at // QUARTER_US)]
    return sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)


def share(pair: Pair) -> float | None:
    """Return which part was met; `None` where nothing ended."""
    return pair[0] / (pair[0] + pair[1]) if pair[0] + pair[1] else None


def draw_chart(
    target: str,
    quarters: Pairs,
    now: int,
    zone: str,
    so_far: float | None,
    objective: float | None,
) -> Chart:
    """Return an hour's attainment at each quarter of the last hours, and a day before."""
    last = now // QUARTER_US
    yesterday = find_yesterday(now, zone)
    numbers = range(last - SHOWN_QUARTERS, last + 1)
    ends = [(number + 1) * QUARTER_US for number in numbers]
    ends[-1] = max(now - now % MINUTE_US, last * QUARTER_US + 1)  # it has not ended yet
    return {
        "target": target,
        "at": [at // 1_000_000 for at in ends],
        "today": [share(_roll(quarters, number)) for number in numbers],
        "yesterday": [share(_roll(quarters, _day_before(number, zone))) for number in numbers],
        "objective": objective,
        "so_far": so_far,
        "before": share(sum_span(quarters, yesterday.start_at, yesterday.until_at)),
        "until": yesterday.until_at / 1_000_000,
    }


def _roll(quarters: Pairs, last: int) -> Pair:
    first_at, until_at = (last - ROLLED_QUARTERS + 1) * QUARTER_US, (last + 1) * QUARTER_US
    return sum_span(quarters, first_at, until_at)


def _day_before(number: int, zone: str) -> int:
    # Quarter by quarter: a change of the clocks may lie within the chart.
    local = to_local(number * QUARTER_US, zone).replace(fold=0)
    return wall_to_utc(local - timedelta(days=1), zone) // QUARTER_US
