from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.panes import PaneSet
from slawatch.sketch import find_bucket, read_bucket

MINUTE = 60_000_000
QUARTER = 15 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PHONE = ("channel", "phone", "first_response")
URGENT = ("priority", "urgent", "first_response")
NOON = 20_000 * DAY + 12 * HOUR

bookings = st.lists(
    st.tuples(
        st.sampled_from((PHONE, URGENT)),
        st.integers(NOON - 30 * HOUR, NOON + HOUR),
        st.sampled_from(("met", "breached")),
        st.integers(1, 3),
    ),
    max_size=20,
)
Booking = tuple[tuple[str, str, str], int, str, int]


def utc_day(at: int) -> int:
    return at // DAY * DAY


def day_in(zone: str, at: int) -> int:
    local = datetime.fromtimestamp(at // 1_000_000, ZoneInfo(zone))
    start = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return int(start.timestamp()) * 1_000_000


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


def panes_with(*instants: int) -> PaneSet:
    panes = PaneSet(utc_day)
    for at in instants:
        panes.book(PHONE, at, "met")
        panes.book_duration(PHONE, at, 90.0)
    return panes


def booked(some: list[Booking]) -> PaneSet:
    panes = PaneSet(utc_day)
    for key, at, outcome, count in some:
        panes.book(key, at, outcome, count)
        panes.book_duration(key, at, at % 977 / 7, count)
    return panes


def windows(panes: PaneSet, now: int) -> set[str]:
    results = panes.results(now).get(PHONE, {})
    return {name for name, outcomes in results.items() if any(outcomes)}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(NOON + MINUTE - 1, {"15m", "1h", "8h", "today"}, id="later-in-this-minute"),
        pytest.param(NOON + MINUTE, {"8h", "today"}, id="next-minute-in-this-quarter"),
        pytest.param(NOON + QUARTER, set(), id="next-quarter"),
        pytest.param(NOON - 14 * MINUTE, {"15m", "1h", "8h", "today"}, id="first-of-15m"),
        pytest.param(NOON - 14 * MINUTE - 1, {"1h", "8h", "today"}, id="just-before-15m"),
        pytest.param(NOON - 59 * MINUTE, {"1h", "8h", "today"}, id="first-of-1h"),
        pytest.param(NOON - 59 * MINUTE - 1, {"8h", "today"}, id="just-before-1h"),
        pytest.param(NOON - 31 * QUARTER, {"8h", "today"}, id="first-of-8h"),
        pytest.param(NOON - 31 * QUARTER - 1, {"today"}, id="just-before-8h"),
        pytest.param(NOON - 12 * HOUR, {"today"}, id="midnight"),
        pytest.param(NOON - 12 * HOUR - 1, set(), id="yesterday"),
    ],
)
def test_a_booking_is_in_the_windows_that_reach_it(at: int, expected: set[str]) -> None:
    panes = panes_with(at)
    assert windows(panes, NOON) == expected
    assert set(panes.quantiles(NOON).get(PHONE, {})) == expected


@pytest.mark.parametrize(
    ("zone", "start", "end", "quarters"),
    [
        pytest.param(
            "Europe/Berlin", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", 92, id="23-hours"
        ),
        pytest.param(
            "Europe/Berlin", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", 100, id="25-hours"
        ),
        pytest.param(
            "Australia/Lord_Howe",
            "2026-04-05T00:00+11:00",
            "2026-04-06T00:00+10:30",
            98,
            id="24-and-a-half-hours",
        ),
        pytest.param(
            "Asia/Kathmandu", "2026-05-05T00:00+05:45", "2026-05-06T00:00+05:45", 96, id="05-45"
        ),
    ],
)
def test_today_is_the_local_day(zone: str, start: str, end: str, quarters: int) -> None:
    panes = PaneSet(lambda at: day_in(zone, at))
    first, beyond = instant(start), instant(end)
    panes.book(PHONE, first - 1, "breached")
    for at in range(first, beyond, QUARTER):
        panes.book(PHONE, at, "met")
    panes.forget(beyond - 1)
    assert panes.results(beyond - 1)[PHONE]["today"] == (quarters, 0)
    assert panes.results(beyond)[PHONE]["today"] == (0, 0)


def test_today_reaches_back_a_hundred_quarters_at_most() -> None:
    panes = PaneSet(lambda _: 0)
    panes.book(PHONE, NOON - 99 * QUARTER, "met")
    panes.book(PHONE, NOON - 99 * QUARTER - 1, "met")
    assert panes.results(NOON)[PHONE]["today"] == (1, 0)


def test_outcomes_are_counted_apart() -> None:
    panes = panes_with(NOON)
    panes.book(PHONE, NOON, "breached", 3)
    assert panes.results(NOON)[PHONE]["15m"] == (1, 3)


def test_series_are_counted_apart() -> None:
    panes = panes_with(NOON)
    panes.book(URGENT, NOON, "met", 2)
    results = panes.results(NOON)
    assert (results[PHONE]["1h"], results[URGENT]["1h"]) == ((1, 0), (2, 0))
    assert set(panes.quantiles(NOON)) == {PHONE}


def test_an_unknown_outcome_is_no_breach() -> None:
    with pytest.raises(KeyError):
        panes_with(NOON).book(PHONE, NOON, "withdrawn")


def test_quantiles_are_those_of_the_durations_in_the_window() -> None:
    panes = PaneSet(utc_day)
    panes.book_duration(PHONE, NOON - 30 * MINUTE, 7200.0, 9)
    panes.book_duration(PHONE, NOON, 10.0, 11)
    short, long = (read_bucket(find_bucket(seconds)) for seconds in (10.0, 7200.0))
    found = panes.quantiles(NOON)[PHONE]
    assert found["15m"] == {0.5: short, 0.9: short, 0.95: short, 0.99: short}
    assert found["1h"] == {0.5: short, 0.9: long, 0.95: long, 0.99: long}


def test_an_idle_series_empties_by_itself() -> None:
    panes = panes_with(NOON)
    assert windows(panes, NOON + 15 * MINUTE) == {"1h", "8h", "today"}
    assert panes.results(NOON + 15 * MINUTE)[PHONE]["15m"] == (0, 0)
    assert windows(panes, NOON + HOUR) == {"8h", "today"}
    assert windows(panes, NOON + 12 * HOUR) == set()
    assert panes.quantiles(NOON + 12 * HOUR) == {}


def test_a_stalled_flow_keeps_what_it_last_said() -> None:
    panes = panes_with(NOON)
    before = (panes.results(NOON), panes.quantiles(NOON))
    panes.forget(NOON)
    assert (panes.results(NOON), panes.quantiles(NOON)) == before


def test_a_booking_ahead_counts_when_log_time_reaches_it() -> None:
    panes = panes_with(NOON + 4 * MINUTE)
    assert "15m" not in windows(panes, NOON)
    assert "15m" in windows(panes, NOON + 4 * MINUTE)


def test_a_late_booking_lands_where_it_belongs() -> None:
    panes = panes_with(NOON)
    panes.forget(NOON)
    assert panes.results(NOON)[PHONE]["1h"] == (1, 0)
    assert panes.book(PHONE, NOON - 20 * MINUTE, "breached")
    assert panes.results(NOON)[PHONE]["15m"] == (1, 0)
    assert panes.results(NOON)[PHONE]["1h"] == (1, 1)


def test_a_booking_for_a_minute_that_is_gone_counts_in_its_quarter() -> None:
    panes = panes_with(NOON)
    panes.forget(NOON)
    assert panes.book(PHONE, NOON - 2 * HOUR, "met")
    assert panes.results(NOON - 2 * HOUR)[PHONE]["15m"] == (0, 0)
    assert panes.results(NOON)[PHONE]["8h"] == (2, 0)


@pytest.mark.parametrize(
    "count", [pytest.param(1, id="booking"), pytest.param(-1, id="correction")]
)
def test_what_comes_for_a_quarter_that_is_gone_is_dropped(count: int) -> None:
    panes = panes_with(NOON)
    panes.forget(NOON)
    before = panes.snapshot()
    assert not panes.book(PHONE, NOON - 200 * QUARTER, "met", count)
    assert not panes.book_duration(PHONE, NOON - 100 * QUARTER, 1.0, count)
    assert panes.snapshot() == before


def test_a_correction_counts_where_the_outcome_was_booked() -> None:
    panes = panes_with(NOON - 30 * MINUTE, NOON)
    assert panes.results(NOON)[PHONE]["1h"] == (2, 0)
    panes.book(PHONE, NOON - 30 * MINUTE, "met", -1)
    panes.book(PHONE, NOON - 30 * MINUTE, "breached")
    results = panes.results(NOON)[PHONE]
    assert (results["15m"], results["1h"], results["8h"]) == ((1, 0), (1, 1), (1, 1))


@given(bookings, bookings, st.lists(st.just(NOON), max_size=1))
def test_a_booking_taken_back_was_never_made(
    kept: list[Booking], taken: list[Booking], asked: list[int]
) -> None:
    panes, expected = booked(kept + taken), booked(kept)
    for now in asked:
        panes.quantiles(now)
    for key, at, outcome, count in taken:
        panes.book(key, at, outcome, -count)
        panes.book_duration(key, at, at % 977 / 7, -count)
    for each in (panes, expected):
        each.forget(NOON + HOUR)
    assert panes.results(NOON + HOUR) == expected.results(NOON + HOUR)
    assert panes.quantiles(NOON + HOUR) == expected.quantiles(NOON + HOUR)


def test_a_pane_that_is_back_at_zero_is_gone() -> None:
    panes, outcome, duration = panes_with(NOON), panes_with(NOON), panes_with(NOON)
    for each in (panes, outcome):
        each.book(URGENT, NOON, "met")
        each.book(URGENT, NOON, "met", -1)
    for each in (panes, duration):
        each.book_duration(URGENT, NOON, 5.0)
        each.book_duration(URGENT, NOON, 5.0, -1)
    assert outcome.snapshot() == duration.snapshot() == panes.snapshot()
    assert panes.snapshot() == panes_with(NOON).snapshot()
    assert set(panes.results(NOON)) == {PHONE}


@given(bookings, st.integers(0, 26 * 60), st.integers(0, 26 * 60))
def test_forgetting_changes_no_later_answer(some: list[Booking], told: int, later: int) -> None:
    panes, forgetful = booked(some), booked(some)
    forgetful.forget(NOON + told * MINUTE)
    now = NOON + (told + later) * MINUTE
    answers, expected = forgetful.results(now), panes.results(now)
    nothing = {"15m": (0, 0), "1h": (0, 0), "8h": (0, 0), "today": (0, 0)}
    assert {key: answers.get(key, nothing) for key in expected} == expected
    assert forgetful.quantiles(now) == panes.quantiles(now)


@given(bookings, st.lists(st.integers(NOON - 4 * HOUR, NOON + DAY), min_size=1, max_size=5))
def test_a_question_changes_no_other_answer(some: list[Booking], nows: list[int]) -> None:
    panes = booked(some)
    for now in nows:
        assert panes.results(now) == booked(some).results(now)
        assert panes.quantiles(now) == booked(some).quantiles(now)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(NOON - 40 * MINUTE, id="a-little-earlier"),
        pytest.param(NOON - 20 * HOUR, id="long-before"),
        pytest.param(NOON + 40 * MINUTE, id="a-little-later"),
        pytest.param(NOON + 20 * HOUR, id="long-after"),
    ],
)
def test_a_window_moves_both_ways(now: int) -> None:
    instants = range(NOON - 30 * HOUR, NOON + 30 * HOUR, 10 * MINUTE)
    panes, fresh = panes_with(*instants), panes_with(*instants)
    panes.quantiles(NOON)
    assert panes.results(now) == fresh.results(now)
    assert panes.quantiles(now) == fresh.quantiles(now)


def test_what_was_forgotten_leaves_the_windows_too() -> None:
    panes = panes_with(*range(NOON - 30 * HOUR, NOON + HOUR, MINUTE))
    panes.quantiles(NOON)
    panes.forget(NOON + 20 * MINUTE)
    assert panes.results(NOON)[PHONE]["1h"] == (40, 0)
    assert panes.results(NOON + 20 * MINUTE)[PHONE]["1h"] == (60, 0)
    assert panes.results(NOON + 20 * MINUTE)[PHONE]["8h"] == (31 * 15 + 15, 0)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        pytest.param(4 * HOUR - 1, {"15m", "8h"}, id="same-block"),
        pytest.param(8 * HOUR - 1, {"15m", "8h"}, id="next-block"),
        pytest.param(8 * HOUR, {"8h"}, id="minutes-gone"),
        pytest.param(100 * HOUR - 1, {"8h"}, id="next-block-of-quarters"),
        pytest.param(100 * HOUR, set(), id="all-gone"),
    ],
)
def test_unasked_the_oldest_panes_go_by_the_latest_booking(ahead: int, expected: set[str]) -> None:
    start = NOON // (200 * HOUR) * 200 * HOUR
    panes = panes_with(start, start + ahead)
    assert windows(panes, start) & {"15m", "8h"} == expected


def test_what_an_answer_holds_is_the_asker_s() -> None:
    panes = panes_with(NOON)
    panes.results(NOON)[PHONE]["15m"] = (9, 9)
    panes.quantiles(NOON)[PHONE]["15m"][0.5] = 9.0
    assert panes.results(NOON)[PHONE]["15m"] == (1, 0)
    assert panes.quantiles(NOON)[PHONE]["15m"][0.5] == read_bucket(find_bucket(90.0))


def test_a_year_without_a_question_holds_a_bounded_number_of_panes() -> None:
    panes = panes_with(*range(NOON, NOON + 365 * DAY, 7 * MINUTE))
    assert len(panes.snapshot()) < 60_000


def test_forgetting_leaves_sixty_minutes_a_hundred_quarters_and_more_outcomes() -> None:
    panes = PaneSet(utc_day)
    for minute in range(60 * 60):
        panes.book(PHONE, NOON + minute * MINUTE, "met")
        panes.book_duration(PHONE, NOON + minute * MINUTE, 1.0)
    panes.forget(NOON + 60 * HOUR - 1)
    series = panes._series[PHONE]
    assert (len(series.minutes), len(series.minute_sketches)) == (60, 60)
    assert (len(series.quarters), len(series.quarter_sketches)) == (200, 100)


def test_outcomes_of_quarters_are_told_for_fifty_hours() -> None:
    panes = panes_with(NOON - 49 * HOUR, NOON - 26 * HOUR, NOON)
    panes.forget(NOON)
    panes.book(PHONE, NOON - 49 * HOUR, "breached")
    quarter = NOON // QUARTER
    assert panes.quarters()[PHONE] == {
        quarter - 196: (1, 1),
        quarter - 104: (1, 0),
        quarter: (1, 0),
    }


def test_no_window_shows_an_outcome_that_is_kept_longer_than_its_pane() -> None:
    panes = panes_with(NOON - 26 * HOUR)
    panes.forget(NOON)
    nothing = {"15m": (0, 0), "1h": (0, 0), "8h": (0, 0), "today": (0, 0)}
    assert panes.results(NOON)[PHONE] == nothing
    assert panes.results(NOON - 26 * HOUR)[PHONE] == nothing


def test_log_time_never_takes_back_what_was_forgotten() -> None:
    panes = panes_with(NOON)
    panes.forget(NOON + 3 * DAY)
    panes.forget(0)
    assert not panes.book(PHONE, NOON, "met")
    assert panes.results(NOON) == {}
