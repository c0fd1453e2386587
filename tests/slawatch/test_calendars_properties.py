"""What holds of every calendar."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from slawatch.calendars import NEVER, Calendar, Schedule
from slawatch.schedule import EPOCH
from tests.strategies import DAY_US, QUARTER_US, instants, schedules

AMOUNTS = st.integers(0, 60 * DAY_US)


def calendars() -> st.SearchStrategy[Calendar]:
    return schedules().map(lambda schedule: Calendar("drawn", [(None, schedule)]))


@given(calendars(), st.tuples(instants(), instants(), instants()))
def test_open_time_adds_up(calendar: Calendar, ats: tuple[int, int, int]) -> None:
    one, two, three = ats
    whole = calendar.between(one, three)
    assert calendar.between(one, two) + calendar.between(two, three) == whole


@given(calendars(), instants(), AMOUNTS, AMOUNTS)
def test_open_time_never_runs_back_nor_faster_than_the_clock(
    calendar: Calendar, start: int, wall: int, more: int
) -> None:
    elapsed = calendar.between(start, start + wall)
    assert 0 <= elapsed <= wall
    assert elapsed <= calendar.between(start, start + wall + more)


@given(calendars(), instants(), AMOUNTS)
def test_a_goal_is_elapsed_exactly_at_its_two_instants(
    calendar: Calendar, start: int, amount: int
) -> None:
    due_at, breach_at = calendar.add(start, amount), calendar.add_last(start, amount)
    assert start <= due_at <= breach_at < NEVER
    assert calendar.between(start, due_at) == calendar.between(start, breach_at) == amount


@given(calendars(), instants(), AMOUNTS)
def test_due_is_the_earliest_instant_and_breach_the_last(
    calendar: Calendar, start: int, amount: int
) -> None:
    due_at, breach_at = calendar.add(start, amount + 1), calendar.add_last(start, amount)
    assert calendar.between(start, due_at - 1) < amount + 1
    assert calendar.between(start, breach_at + 1) > amount


@given(calendars(), instants(), AMOUNTS)
def test_the_way_back_mirrors_the_way_there(calendar: Calendar, end: int, amount: int) -> None:
    start = calendar.sub(end, amount)
    assert -NEVER < start <= end
    assert calendar.between(start, end) == amount
    assert amount == 0 or calendar.between(start + 1, end) < amount


@given(calendars(), instants())
def test_the_next_and_previous_opening_enclose_closed_time(calendar: Calendar, at: int) -> None:
    before, after = calendar.prev_open(at), calendar.next_open(at)
    assert before <= at <= after
    assert calendar.between(before, after) == 0
    assert calendar.is_open(after)
    assert calendar.is_open(at) == (after == at)
    assert before == at or calendar.is_open(before - 1)


@given(calendars(), instants(), st.integers(1, 20))
def test_windows_hold_all_open_time(calendar: Calendar, at: int, count: int) -> None:
    after = calendar.windows(at, count, "after")
    before = calendar.windows(at, count, "before")
    assert len(after) == len(before) == count
    assert sum(b - a for a, b in after) == calendar.between(at, after[-1][1])
    assert sum(b - a for a, b in before) == calendar.between(before[-1][0], at)
    assert all(one[1] < two[0] for one, two in pairwise(after))


@given(schedules(), schedules(), instants(), instants(), instants())
def test_a_version_change_splits_open_time_at_the_change(
    old: Schedule, new: Schedule, start: int, change: int, end: int
) -> None:
    start, change, end = sorted((start, change, end))
    both = Calendar("both", [(None, old), (change, new)])
    first = Calendar("old", [(None, old)]).between(start, change)
    assert both.between(start, end) == first + both.latest().between(change, end)


@given(schedules(), st.lists(instants(), min_size=2, max_size=6))
def test_the_order_of_questions_changes_no_answer(rules: Schedule, ats: list[int]) -> None:
    asked = Calendar("asked", [(None, rules)])
    answers = [asked.between(one, two) for one, two in pairwise(ats)]
    fresh = [Calendar("fresh", [(None, rules)]).between(one, two) for one, two in pairwise(ats)]
    assert answers == fresh


@given(schedules(zones=("UTC",)), st.dates(date(2014, 12, 20), date(2016, 1, 10)))
def test_a_day_counted_by_the_quarter_hour_comes_out_the_same(rules: Schedule, day: date) -> None:
    start = (day - EPOCH.date()).days * DAY_US
    quarters = sum(_works(rules, day, index * 900) for index in range(96))
    calendar = Calendar("counted", [(None, rules)])
    assert calendar.between(start, start + DAY_US) == quarters * QUARTER_US


def _works(rules: Schedule, day: date, second: int) -> bool:
    """Apply the rules to one quarter hour, without the code under test."""
    eve = day - timedelta(days=1)
    cut = _covers(rules.breaks.get(day, ()), second) or _covers(
        rules.breaks.get(eve, ()), second + 86_400
    )
    today, yesterday = _of_day(rules, day), _of_day(rules, eve)
    return not cut and (_covers(today, second) or _covers(yesterday, second + 86_400))


def _of_day(rules: Schedule, day: date) -> tuple[tuple[int, int], ...]:
    closed = day in rules.holidays or (day.month, day.day) in rules.annual_holidays
    if closed and day not in rules.working_days:
        return ()
    week = rules.week[rules.working_days.get(day, day.weekday())]
    return rules.overrides.get(day, week)


def _covers(windows: tuple[tuple[int, int], ...], second: int) -> bool:
    return any(start <= second < (end if end > start else end + 86_400) for start, end in windows)
