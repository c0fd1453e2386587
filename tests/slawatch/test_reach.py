from __future__ import annotations

from dataclasses import replace
from datetime import date

from slawatch.calendars import Calendar, Schedule
from slawatch.policy import Goal, Match, Policy, Rules
from slawatch.reach import find_calendar_ends
from tests.desks import HOUR, SMALL_DESK


def promise(*calendars: Calendar) -> Rules:
    goals = {str(number): Goal({"": HOUR}, calendar) for number, calendar in enumerate(calendars)}
    return replace(SMALL_DESK, policies=(Policy("all", Match(), goals),))


def closed_on(name: str, *days: date) -> Calendar:
    return Calendar(name, [(None, Schedule("UTC", ((),) * 7, holidays=frozenset(days)))])


def test_a_calendar_ends_with_the_year_of_its_last_holiday() -> None:
    rules = promise(
        closed_on("north", date(2026, 1, 1), date(2026, 12, 25)),
        closed_on("south", date(2027, 5, 1)),
    )
    # 2027-01-01T00:00Z and a year more.
    assert find_calendar_ends(rules) == {
        "north": 1_798_761_600_000_000,
        "south": 1_830_297_600_000_000,
    }


def test_a_calendar_without_dates_has_no_end() -> None:
    assert find_calendar_ends(promise(closed_on("office"), Calendar.always_open())) == {}
