"""Recording rules: their names and expressions, for alerts and boards alike.

Names are level:metric:operation. Counts are net: a result counts once, corrections are taken in,
so that no panel and no alert adds the same breach twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from typing import NamedTuple

from dashboards import promql as p
from slawatch import conventions as c
from slawatch import labels as v

SHORT_WINDOWS = ("5m", "30m", "1h", "2h", "6h")
"""Asked of the counters themselves."""
LONG_WINDOWS = {
    "1d": "23h59m59s",
    "3d": "2d23h59m59s",
    "7d": "6d23h59m59s",
    "30d": "29d23h59m59s",
}
"""Summed from whole hours: 30 days of raw samples would take the server seconds an evaluation.

The range is a second short of the window because Prometheus 2 counts a sample at its left edge
and Prometheus 3 does not: with the edge left out both count the same hours.
"""
WINDOWS = (*SHORT_WINDOWS, *LONG_WINDOWS)
AGREED_WINDOWS = ("7d", "30d")
"""Windows for which the share without excused breaches is recorded as well."""
USUAL_WEEKS = 4
USUAL_WINDOW = "1h"
"""The window gauge whose value at this hour of the week is compared with earlier weeks."""
CATCHING_UP_RECENTLY = "slawatch:catching_up:min5m"
"""1 while catching up has lasted five minutes: a restart's first scrapes do not count."""
_SEEN_STEPS = 10
"""Of the 20 steps in five minutes: a server that begins has seen one, a missed scrape takes two."""
EVENTS_HOUR = "connector:slawatch_events:increase1h"
EVENTS_USUAL = "connector:slawatch_events:usual1h"
EVENTS_EXPECTED = "connector:slawatch_events:expected1h"
"""What a connector usually brings at this hour of the week; without history, an hour's share of
the last day."""

_LONG_INTERVAL = "2m"


class Level(Enum):
    """Say by what counts are summed, always beside the target."""

    PRIORITY = "priority"
    CHANNEL = "channel"
    TEAM = "team"

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels that are kept; a team's region and tier ride with it."""
        ride = ("region", "tier") if self is Level.TEAM else ()
        return (self.value, *ride, "target")

    @property
    def prefix(self) -> str:
        """Return the first part of a record's name."""
        return f"{self.value}_target"


COUNTED = (Level.PRIORITY, Level.CHANNEL)
"""Levels whose counters are recorded: corrections are not kept by team."""


class Record(NamedTuple):
    """Be one recording rule."""

    name: str
    expr: str


class RecordGroup(NamedTuple):
    """Be recording rules that are evaluated one after another. No interval: the server's own."""

    name: str
    records: tuple[Record, ...]
    interval: str = ""


def breaches(level: Level, window: str) -> str:
    """Return the name of the net breaches found in a window.

    Negative where more of earlier breaches was taken back: longer windows need that to be right.
    """
    return f"{_counted(level)}:sla_breaches:increase{_known(window)}"


def results(level: Level, window: str) -> str:
    """Return the name of the net results, met or breached, in a window."""
    return f"{_counted(level)}:sla_results:increase{_known(window)}"


def error_ratio(level: Level, window: str) -> str:
    """Return the name of the share of results that breached; absent where there was none."""
    return f"{_counted(level)}:sla_errors:ratio{_known(window)}"


def excused(window: str) -> str:
    """Return the name of the breaches excused in a window, by priority and target."""
    return f"{Level.PRIORITY.prefix}:sla_excused:increase{window}"


def agreed_error_ratio(window: str) -> str:
    """Return the name of the share that breached and was not excused, by priority and target."""
    return f"{Level.PRIORITY.prefix}:sla_errors_agreed:ratio{window}"


def budget_remaining(window: str, *, agreed: bool = False) -> str:
    """Return the name of the share of the error budget that is left; negative when overspent.

    Absent where the objective is 100 %: there is no budget then.
    """
    kind = "_agreed" if agreed else ""
    return f"{Level.PRIORITY.prefix}:sla_budget{kind}_remaining:ratio{window}"


def window_breaches(level: Level, offset: str = "") -> str:
    """Return the query of the breaches in the last hour, event time."""
    family = c.WINDOW_RESULTS[level.value]
    selector = p.select(family, window=USUAL_WINDOW, outcome=v.BREACHED)
    return p.total(f"{selector} offset {offset}" if offset else selector, *level.labels)


def usual_breaches(level: Level) -> str:
    """Return the name of what `window_breaches` was at this hour in the last four weeks.

    The mean of those weeks that have a value; absent while there is no history.
    """
    return f"{level.prefix}:sla_window_breaches:usual{USUAL_WINDOW}"


def build_groups() -> tuple[RecordGroup, ...]:
    """Return the groups of all recording rules, in the order of the file."""
    return (
        RecordGroup("slawatch-records", tuple(_short_records())),
        RecordGroup("slawatch-records-long", tuple(_long_records()), _LONG_INTERVAL),
        RecordGroup("slawatch-records-usual", tuple(_usual_records()), _LONG_INTERVAL),
    )


def _short_records() -> Iterator[Record]:
    minutes = f"(max({c.CATCHING_UP.name})[5m:15s])"
    seen = f"(count_over_time{minutes} >= bool {_SEEN_STEPS})"
    yield Record(CATCHING_UP_RECENTLY, f"min_over_time{minutes} * {seen}")
    for level in COUNTED:
        for window in SHORT_WINDOWS:
            yield Record(breaches(level, window), p.net_breached(window, *level.labels))
            yield Record(results(level, window), p.net_results(window, *level.labels))
            yield _ratio(level, window)
    yield Record(excused("1h"), p.excused("1h", *Level.PRIORITY.labels))


def _long_records() -> Iterator[Record]:
    for level in COUNTED:
        for window in LONG_WINDOWS:
            for name in (breaches, results):
                yield Record(name(level, window), _sum_hours(name(level, "1h"), window))
            yield _ratio(level, window)
    for window in AGREED_WINDOWS:
        yield Record(excused(window), _sum_hours(excused("1h"), window))
        found = breaches(Level.PRIORITY, window)
        unexcused = f"clamp_min({found} - ({excused(window)} or 0 * {found}), 0)"
        total = results(Level.PRIORITY, window)
        yield Record(agreed_error_ratio(window), f"{unexcused} / ({total} > 0)")
        for ratio, agreed in (
            (error_ratio(Level.PRIORITY, window), False),
            (agreed_error_ratio(window), True),
        ):
            # At 100 % nothing may breach: there is no budget to be left.
            allowed = f"(1 - ({p.objective(*Level.PRIORITY.labels)} < 1))"
            yield Record(budget_remaining(window, agreed=agreed), f"1 - {ratio} / {allowed}")


def _ratio(level: Level, window: str) -> Record:
    share = f"{breaches(level, window)} / ({results(level, window)} > 0)"
    return Record(error_ratio(level, window), f"clamp({share}, 0, 1)")


def _sum_hours(name: str, window: str) -> str:
    return f"sum_over_time({name}[{LONG_WINDOWS[window]}:1h])"


def _usual_records() -> Iterator[Record]:
    for level in Level:
        yield Record(
            usual_breaches(level),
            _mean_of_weeks(partial(window_breaches, level), level.labels),
        )
    yield Record(EVENTS_HOUR, p.total(p.increase(p.select(c.EVENTS), "1h"), "connector"))
    yield Record(
        EVENTS_USUAL, _mean_of_weeks(lambda week: f"{EVENTS_HOUR} offset {week}", ("connector",))
    )
    day = f"{_sum_hours(EVENTS_HOUR, '1d')} / 24"
    yield Record(EVENTS_EXPECTED, f"{EVENTS_USUAL} or {day}")


def _mean_of_weeks(query: Callable[[str], str], labels: tuple[str, ...]) -> str:
    # The label keeps the weeks apart until `avg` has counted those that exist.
    weeks = (
        f'label_replace({query(f"{week}w")}, "week", "{week}", "", "")'
        for week in range(1, USUAL_WEEKS + 1)
    )
    return f"avg by ({', '.join(labels)}) ({' or '.join(weeks)})"


def _counted(level: Level) -> str:
    if level not in COUNTED:
        raise ValueError(f"counts are recorded by priority and by channel, got {level.value!r}")
    return level.prefix


def _known(window: str) -> str:
    if window not in WINDOWS:
        raise ValueError(f"window must be one of {', '.join(WINDOWS)}, got {window!r}")
    return window
