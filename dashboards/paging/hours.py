"""The hours in which a region's people work, as Alertmanager's time intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from slawatch.calendars import Calendar
from slawatch.policy import Rules
from slawatch.schedule import Window

DAY = 86_400
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def find_region_hours(rules: Rules) -> dict[str, Calendar]:
    """Return each region's calendar: the first that policies promise which has closing hours.

    A region without one of its own keeps the desk's; none where everything is always open.
    """
    calendars = {
        goal.calendar.name: goal.calendar
        for policy in rules.policies
        for goal in policy.goals.values()
        if not goal.calendar.always
    }
    regions = dict.fromkeys(team.region for team in rules.teams.values() if team.region)
    found: dict[str, Calendar] = {}
    for region in regions:
        own = [name for name in calendars if name.endswith(f"@{region}")]
        shared = [name for name in calendars if "@" not in name]
        for name in (own or shared)[:1]:
            found[region] = calendars[name]
    return found


def render_interval(name: str, calendar: Calendar) -> dict[str, Any]:
    """Return one time interval: open hours by weekday in the calendar's zone.

    Holidays are not in it: on those a ticket is sent as on any other day.
    """
    schedule = calendar.schedule()
    days: dict[tuple[Window, ...], list[str]] = defaultdict(list)
    for day, windows in zip(WEEKDAYS, _split_nights(schedule.week), strict=True):
        if windows:
            days[windows].append(day)
    return {
        "name": name,
        "time_intervals": [
            {
                "weekdays": names,
                "times": [_render_times(window) for window in windows],
                "location": schedule.zone,
            }
            for windows, names in days.items()
        ],
    }


def _split_nights(week: tuple[tuple[Window, ...], ...]) -> list[tuple[Window, ...]]:
    """Cut windows that run overnight at midnight: Alertmanager's stay within a day."""
    days: list[list[Window]] = [[] for _ in week]
    for number, windows in enumerate(week):
        for start, end in windows:
            days[number].append((start, end if end > start else DAY))
            if 0 < end <= start:
                days[(number + 1) % len(week)].append((0, end))
    return [tuple(sorted(windows)) for windows in days]


def _render_times(window: Window) -> Mapping[str, str]:
    start, end = window
    return {"start_time": _clock(start), "end_time": _clock(end)}


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
