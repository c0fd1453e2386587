from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import pytest

from slawatch.calendars import NEVER, Calendar, Schedule, Window
from slawatch.errors import ConfigError
from slawatch.schedule import to_local

HOUR = 3_600_000_000
NINE_TO_SIX: tuple[Window, ...] = ((9 * 3600, 18 * 3600),)
OFFICE: tuple[tuple[Window, ...], ...] = (*(NINE_TO_SIX,) * 5, (), ())
NIGHTS: tuple[tuple[Window, ...], ...] = ((((22 * 3600, 6 * 3600)),),) * 7


def at(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return round(moment.timestamp()) * 1_000_000


def office(zone: str = "Europe/Berlin", **rules: object) -> Calendar:
    return Calendar("office", [(None, Schedule(zone, OFFICE, **rules))])  # type: ignore[arg-type]  # rules are keywords


def nights(**rules: object) -> Calendar:
    return Calendar("nights", [(None, Schedule("UTC", NIGHTS, **rules))])  # type: ignore[arg-type]  # rules are keywords


def closed(**rules: object) -> Calendar:
    return Calendar("closed", [(None, Schedule("UTC", ((),) * 7, **rules))])  # type: ignore[arg-type]  # rules are keywords


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        pytest.param("2026-06-01T09:00+02:00", "2026-06-01T18:00+02:00", 9, id="a day"),
        pytest.param("2026-06-05T17:00+02:00", "2026-06-08T10:00+02:00", 2, id="a weekend"),
        pytest.param("2026-06-06T10:00+02:00", "2026-06-07T10:00+02:00", 0, id="closed"),
        pytest.param("2026-06-08T10:00+02:00", "2026-06-05T17:00+02:00", -2, id="reversed"),
        pytest.param("2025-12-31T17:00+01:00", "2026-01-01T10:00+01:00", 2, id="a year's end"),
        pytest.param("2020-01-01T00:00+01:00", "2024-12-31T00:00+01:00", 11_736, id="five years"),
    ],
)
def test_between_counts_open_time(start: str, end: str, hours: int) -> None:
    assert office().between(at(start), at(end)) == hours * HOUR


def test_time_runs_out_at_closing_time_twice() -> None:
    calendar, start = office(), at("2026-06-05T14:00+02:00")
    assert calendar.add(start, 4 * HOUR) == at("2026-06-05T18:00+02:00")
    assert calendar.add_last(start, 4 * HOUR) == at("2026-06-08T09:00+02:00")


def test_inside_a_window_both_ends_of_a_goal_are_one_instant() -> None:
    calendar, start = office(), at("2026-06-05T14:00+02:00")
    assert calendar.add(start, 3 * HOUR) == calendar.add_last(start, 3 * HOUR)


def test_nothing_has_elapsed_until_the_next_opening() -> None:
    calendar, saturday = office(), at("2026-06-06T12:00+02:00")
    assert calendar.add(saturday, 0) == saturday
    assert calendar.add_last(saturday, 0) == at("2026-06-08T09:00+02:00")


def test_the_past_lies_on_the_opening_side() -> None:
    tuesday = at("2026-06-02T18:00+02:00")
    assert office().sub(tuesday, 9 * HOUR) == at("2026-06-02T09:00+02:00")
    assert office().sub(tuesday, 10 * HOUR) == at("2026-06-01T17:00+02:00")


def test_a_negative_amount_goes_the_other_way() -> None:
    calendar, noon = office(), at("2026-06-02T12:00+02:00")
    assert calendar.add(noon, -4 * HOUR) == calendar.sub(noon, 4 * HOUR)
    assert calendar.add_last(noon, -4 * HOUR) == calendar.sub(noon, 4 * HOUR)
    assert calendar.sub(noon, -4 * HOUR) == calendar.add(noon, 4 * HOUR)


@pytest.mark.parametrize(
    ("when", "is_open", "following", "previous"),
    [
        pytest.param("05T12:00", True, "05T12:00", "05T12:00", id="open"),
        pytest.param("05T09:00", True, "05T09:00", "05T09:00", id="opening"),
        pytest.param("05T18:00", False, "08T09:00", "05T18:00", id="closing"),
        pytest.param("06T12:00", False, "08T09:00", "05T18:00", id="closed"),
    ],
)
def test_a_window_is_half_open(when: str, is_open: bool, following: str, previous: str) -> None:  # noqa: FBT001 - an expected value
    calendar, moment = office("UTC"), at(f"2026-06-{when}+00:00")
    assert calendar.is_open(moment) is is_open
    assert calendar.next_open(moment) == at(f"2026-06-{following}+00:00")
    assert calendar.prev_open(moment) == at(f"2026-06-{previous}+00:00")


@pytest.mark.parametrize(
    ("zone", "day", "week", "hours"),
    [
        pytest.param("Europe/Berlin", "2026-03-29", (0, 86_400), 23, id="spring, whole day"),
        pytest.param("Europe/Berlin", "2026-10-25", (0, 86_400), 25, id="autumn, whole day"),
        pytest.param("Europe/Berlin", "2026-03-29", (7200, 10_800), 0, id="in the gap"),
        pytest.param("Europe/Berlin", "2026-03-29", (9000, 12_600), 0, id="half in the gap"),
        pytest.param("Europe/Berlin", "2026-03-29", (5400, 12_600), 1, id="across the gap"),
        pytest.param("Europe/Berlin", "2026-10-25", (7200, 10_800), 2, id="the repeated hour"),
        pytest.param("Europe/Berlin", "2026-10-25", (3600, 9000), 1.5, id="to its first half"),
        pytest.param("America/Sao_Paulo", "2018-11-04", (0, 7200), 1, id="gap at midnight"),
        pytest.param("Australia/Lord_Howe", "2026-04-05", (0, 86_400), 24.5, id="half an hour"),
        pytest.param("Pacific/Apia", "2011-12-30", (0, 86_400), 0, id="a day that never was"),
    ],
)
def test_local_windows_follow_daylight_saving(
    zone: str, day: str, week: Window, hours: float
) -> None:
    one_day = {date.fromisoformat(day): (week,)}
    calendar = Calendar("dst", [(None, Schedule(zone, ((),) * 7, overrides=one_day))])
    noon = at(f"{day}T12:00+00:00")
    assert calendar.between(noon - 48 * HOUR, noon + 48 * HOUR) == hours * HOUR


def test_a_night_belongs_to_the_day_it_starts_on() -> None:
    calendar = nights(holidays=frozenset({date(2026, 6, 10)}))
    assert calendar.is_open(at("2026-06-10T03:00+00:00"))
    assert not calendar.is_open(at("2026-06-10T23:00+00:00"))
    assert not calendar.is_open(at("2026-06-11T03:00+00:00"))


def test_a_night_runs_over_the_new_year() -> None:
    eve = at("2025-12-31T23:00+00:00")
    assert nights().windows(eve, 1, "after") == [(eve, at("2026-01-01T06:00+00:00"))]


def test_a_break_is_cut_from_whatever_is_open() -> None:
    calendar = nights(breaks={date(2026, 6, 10): ((0, 7200),)})
    eve, morning = at("2026-06-09T22:00+00:00"), at("2026-06-10T06:00+00:00")
    assert calendar.between(eve, morning) == 6 * HOUR


def test_a_break_runs_over_midnight() -> None:
    calendar = nights(breaks={date(2026, 6, 9): ((23 * 3600, 3600),)})
    eve, morning = at("2026-06-09T22:00+00:00"), at("2026-06-10T06:00+00:00")
    assert calendar.between(eve, morning) == 6 * HOUR


@pytest.mark.parametrize(
    ("rules", "hours"),
    [
        pytest.param({}, 9, id="the week's windows"),
        pytest.param({"holidays": frozenset({date(2026, 6, 1)})}, 0, id="holiday"),
        pytest.param({"annual_holidays": frozenset({(6, 1)})}, 0, id="annual holiday"),
        pytest.param({"overrides": {date(2026, 6, 1): ((0, 3600),)}}, 1, id="override"),
        pytest.param({"overrides": {date(2026, 6, 1): ()}}, 0, id="closed by override"),
        pytest.param(
            {
                "overrides": {date(2026, 6, 1): ((0, 3600),)},
                "holidays": frozenset({date(2026, 6, 1)}),
            },
            0,
            id="a holiday beats an override",
        ),
        pytest.param(
            {"holidays": frozenset({date(2026, 6, 1)}), "working_days": {date(2026, 6, 1): 4}},
            9,
            id="a working day beats a holiday",
        ),
        pytest.param({"working_days": {date(2026, 6, 1): 5}}, 0, id="worked as a saturday"),
        pytest.param(
            {
                "overrides": {date(2026, 6, 1): ((0, 3600),)},
                "working_days": {date(2026, 6, 1): 0},
                "holidays": frozenset({date(2026, 6, 1)}),
            },
            1,
            id="an override on a working day",
        ),
    ],
)
def test_rules_have_an_order(rules: dict[str, object], hours: int) -> None:
    calendar = office("UTC", **rules)
    start = at("2026-06-01T00:00+00:00")
    assert calendar.between(start, start + 24 * HOUR) == hours * HOUR


def test_a_make_up_saturday_is_worked() -> None:
    calendar = office("Asia/Shanghai", working_days={date(2024, 2, 17): 4})
    friday, sunday = at("2024-02-16T18:00+08:00"), at("2024-02-18T00:00+08:00")
    assert calendar.between(friday, sunday) == 9 * HOUR


def test_overlapping_windows_count_once() -> None:
    week = (((9 * 3600, 13 * 3600), (12 * 3600, 17 * 3600)),) * 7
    calendar = Calendar("double", [(None, Schedule("UTC", week))])
    start = at("2026-06-01T00:00+00:00")
    assert calendar.between(start, start + 24 * HOUR) == 8 * HOUR


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        pytest.param("after", [("05T12", "05T18"), ("08T09", "08T18")], id="after"),
        pytest.param("before", [("05T09", "05T12"), ("04T09", "04T18")], id="before"),
    ],
)
def test_windows_are_cut_at_the_instant(
    direction: Literal["after", "before"], expected: list[tuple[str, str]]
) -> None:
    found = office("UTC").windows(at("2026-06-05T12:00+00:00"), 2, direction)
    assert found == [(at(f"2026-06-{a}:00Z"), at(f"2026-06-{b}:00Z")) for a, b in expected]


def test_windows_go_on_over_many_years() -> None:
    calendar, start = office("UTC"), at("2026-06-05T12:00Z")
    assert len(calendar.windows(start, 3000, "after")) == 3000
    assert len(calendar.windows(start, 3000, "before")) == 3000


def test_a_version_change_splits_the_time() -> None:
    longer = Schedule("UTC", (((9 * 3600, 20 * 3600),),) * 7)
    change = at("2026-06-03T12:00+00:00")
    calendar = Calendar("two", [(None, Schedule("UTC", OFFICE)), (change, longer)])
    start, end = at("2026-06-02T00:00+00:00"), at("2026-06-05T00:00+00:00")
    assert calendar.between(start, end) == (9 + 3 + 8 + 11) * HOUR


def test_windows_of_two_versions_join_at_the_change() -> None:
    rules, change = Schedule("UTC", OFFICE), at("2026-06-03T12:00+00:00")
    calendar = Calendar("same", [(None, rules), (change, rules)])
    (window,) = calendar.windows(at("2026-06-03T09:00+00:00"), 1, "after")
    assert window[1] == at("2026-06-03T18:00+00:00")


def test_the_latest_version_can_stand_alone() -> None:
    change = at("2026-06-03T12:00+00:00")
    calendar = Calendar(
        "two", [(None, Schedule("UTC", ((),) * 7)), (change, Schedule("UTC", OFFICE))]
    )
    start = at("2026-06-01T00:00+00:00")
    assert calendar.between(start, start + 24 * HOUR) == 0
    assert calendar.latest().between(start, start + 24 * HOUR) == 9 * HOUR


@pytest.mark.parametrize(
    "week",
    [
        pytest.param((((0, 86_400),),) * 7, id="one window"),
        pytest.param((((0, 0),),) * 7, id="overnight to midnight"),
        pytest.param((((43_200, 86_400), (0, 50_000)),) * 7, id="two windows"),
    ],
)
def test_a_calendar_that_never_closes_is_wall_time(week: tuple[tuple[Window, ...], ...]) -> None:
    calendar = Calendar("always", [(None, Schedule("America/Sao_Paulo", week))])
    assert calendar.always
    assert calendar.between(5, 12) == 7


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"holidays": frozenset({date(2026, 1, 1)})}, id="holiday"),
        pytest.param({"breaks": {date(2026, 1, 1): ((0, 60),)}}, id="break"),
        pytest.param({"overrides": {date(2026, 1, 1): ()}}, id="override"),
    ],
)
def test_a_calendar_that_closes_once_is_not_wall_time(rules: dict[str, object]) -> None:
    schedule = Schedule("UTC", (((0, 86_400),),) * 7, **rules)  # type: ignore[arg-type]  # rules are keywords
    calendar = Calendar("nearly", [(None, schedule)])
    eve, day_after = at("2025-12-31T12:00Z"), at("2026-01-02T12:00Z")
    assert not calendar.always
    assert calendar.between(eve, day_after) < 48 * HOUR


def test_wall_time_answers_every_question() -> None:
    calendar = Calendar.always_open()
    assert (calendar.add(3, 4), calendar.add_last(3, 4), calendar.sub(7, 4)) == (7, 7, 3)
    assert calendar.is_open(3)
    assert (calendar.next_open(3), calendar.prev_open(3)) == (3, 3)
    assert calendar.windows(3, 2, "after") == [(3, NEVER)]
    assert calendar.windows(3, 2, "before") == [(-NEVER, 3)]


def test_a_closed_calendar_never_comes_due() -> None:
    now = at("2026-06-01T00:00Z")
    assert closed().between(now, now + 10_000 * HOUR) == 0
    assert (closed().add(now, 1), closed().add_last(now, 0)) == (NEVER, NEVER)
    assert (closed().sub(now, 1), closed().prev_open(now)) == (-NEVER, -NEVER)
    assert closed().next_open(now) == NEVER
    assert closed().windows(now, 1, "after") == closed().windows(now, 1, "before") == []


def test_a_calendar_that_closes_for_good_is_due_at_its_last_closing() -> None:
    calendar = closed(overrides={date(2026, 6, 1): NINE_TO_SIX})
    start = at("2026-06-01T00:00Z")
    assert calendar.add(start, 9 * HOUR) == start + 18 * HOUR
    assert calendar.add_last(start, 9 * HOUR) == NEVER
    assert calendar.add(start, 9 * HOUR + 1) == NEVER


def test_a_rare_opening_is_found_within_ten_years() -> None:
    calendar = closed(overrides={date(2034, 6, 1): NINE_TO_SIX})
    assert calendar.add(at("2026-06-01T00:00Z"), HOUR) == at("2034-06-01T10:00Z")
    assert calendar.sub(at("2042-06-01T00:00Z"), HOUR) == at("2034-06-01T17:00Z")


def test_a_goal_may_take_longer_than_ten_years() -> None:
    due = office("UTC").add(at("2026-06-01T00:00Z"), 30_000 * HOUR)
    assert to_local(due, "UTC").year == 2039


@pytest.mark.parametrize("wild", [-(2**62), -(10**16), 10**16, 2**62], ids=str)
def test_a_wild_instant_is_closed_and_costs_no_endless_search(wild: int) -> None:
    calendar, now = office(), at("2026-06-01T00:00Z")
    assert not calendar.is_open(wild)
    assert calendar.between(wild, now) == -calendar.between(now, wild)
    assert calendar.between(wild, wild + HOUR) == 0


def test_dated_knowledge_ends_with_the_year_of_the_last_holiday() -> None:
    calendar = office(holidays=frozenset({date(2026, 12, 25), date(2027, 1, 1)}))
    assert calendar.ends_at() == at("2028-01-01T00:00+01:00")


def test_a_calendar_without_listed_holidays_does_not_end() -> None:
    assert office(annual_holidays=frozenset({(12, 25)})).ends_at() is None


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        pytest.param("05T12:00", 1, "08T12:00", id="over a weekend"),
        pytest.param("08T12:00", -1, "05T12:00", id="back over a weekend"),
        pytest.param("06T12:00", 1, "08T12:00", id="from a closed day"),
        pytest.param("08T12:00", 3, "12T12:00", id="over a holiday"),
        pytest.param("06T12:00", 0, "06T12:00", id="no day"),
    ],
)
def test_working_days_keep_the_time_of_day(start: str, days: int, expected: str) -> None:
    calendar = office("UTC", holidays=frozenset({date(2026, 6, 10)}))
    assert calendar.add_days(at(f"2026-06-{start}Z"), days) == at(f"2026-06-{expected}Z")


def test_working_days_keep_the_local_time_across_daylight_saving() -> None:
    friday, monday = at("2026-03-27T12:00+01:00"), at("2026-03-30T12:00+02:00")
    assert office().add_days(friday, 1) == monday


def test_a_closed_calendar_has_no_working_day() -> None:
    now = at("2026-06-01T00:00Z")
    assert (closed().add_days(now, 1), closed().add_days(now, -1)) == (NEVER, -NEVER)


@pytest.mark.parametrize(
    "starts",
    [
        pytest.param([], id="none"),
        pytest.param([None, 5, 5], id="twice the same"),
        pytest.param([None, 5, 4], id="descending"),
        pytest.param([None, None], id="a second without start"),
    ],
)
def test_versions_must_ascend(starts: list[int | None]) -> None:
    with pytest.raises(ConfigError, match="calendar 'odd'"):
        Calendar("odd", [(start, Schedule("UTC", OFFICE)) for start in starts])


def test_a_calendar_names_itself() -> None:
    assert repr(office()) == "Calendar('office', versions=1)"
