from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.calendars import day_span, wall_to_utc
from slawatch.contact_centre import (
    HOUR_US,
    SERVICE_LEVELS,
    ContactCounts,
    WazoCalls,
    asterisk_average,
    asterisk_perf,
    asterisk_perf2,
    hour_start,
    hourly_histograms,
    wait_histogram,
    wazo_answered_rate,
    wazo_average_waiting_time,
    wazo_blocking,
    wazo_qos,
    wazo_saturated,
)
from slawatch.schedule import EPOCH, to_local

COUNTS = ContactCounts(
    answered=80,
    answered_within=60,
    abandoned=20,
    abandoned_within=8,
    abandoned_short=4,
    waiting_past=10,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("F1", 68 / 100, id="early abandons met"),
        pytest.param("F2", 60 / 80, id="abandons ignored"),
        pytest.param("F3", 60 / 100, id="abandons against"),
        pytest.param("F4", 60 / 92, id="early abandons removed"),
        pytest.param("F5", 64 / 100, id="short calls credited"),
        pytest.param("ignored", 60 / 102, id="cisco ignores early abandons"),
        pytest.param("negative", 60 / 110, id="cisco counts abandons against"),
        pytest.param("positive", 68 / 110, id="cisco counts early abandons for"),
    ],
)
def test_each_formula_counts_abandons_in_its_own_way(name: str, expected: float) -> None:
    assert SERVICE_LEVELS[name](COUNTS) == pytest.approx(expected)


@pytest.mark.parametrize("formula", SERVICE_LEVELS.values(), ids=SERVICE_LEVELS.keys())
def test_a_window_without_contacts_has_no_service_level(
    formula: Callable[[ContactCounts], float | None],
) -> None:
    assert formula(ContactCounts()) is None


def test_a_caller_who_waits_past_the_threshold_counts_before_he_is_answered() -> None:
    waiting = ContactCounts(answered=1, answered_within=1, waiting_past=1)
    assert SERVICE_LEVELS["negative"](waiting) == 0.5


def test_asterisk_says_zero_percent_before_the_first_call() -> None:
    assert (asterisk_perf(ContactCounts()), asterisk_perf2(ContactCounts())) == (0.0, 0.0)


def test_asterisk_says_percent() -> None:
    assert (asterisk_perf(COUNTS), asterisk_perf2(COUNTS)) == pytest.approx((75.0, 68.0))


@given(st.lists(st.integers(1, 10_000), min_size=1))
def test_the_integer_average_stays_within_its_samples(samples: list[int]) -> None:
    averages = asterisk_average(samples)
    assert averages[0] == samples[0]
    assert all(min(samples) - 1 <= average <= max(samples) for average in averages)


def test_the_integer_average_truncates() -> None:
    assert asterisk_average([10, 11]) == [10, 10]


def test_wazo_leaves_diverted_calls_out_of_the_answered_rate() -> None:
    calls = WazoCalls(answered=6, abandoned=1, full=1, leaveempty=1, timeout=1, divert_waittime=5)
    assert wazo_answered_rate(calls) == 0.6


def test_wazo_averages_the_wait_of_those_who_entered() -> None:
    calls = WazoCalls(answered=2, abandoned=1, timeout=1, full=9, total_wait_seconds=60)
    assert wazo_average_waiting_time(calls) == 15


def test_wazo_tells_blocked_from_saturated_calls() -> None:
    calls = WazoCalls(
        answered=4, answered_within=3, full=1, divert_waittime=2, divert_ca_ratio=4, joinempty=8
    )
    assert (wazo_blocking(calls), wazo_saturated(calls), wazo_qos(calls)) == (8, 7, 0.75)


def test_a_wait_on_the_threshold_falls_in_the_bin_above() -> None:
    low, high = wait_histogram([(4.999, "answered"), (5, "answered"), (5, "abandoned")], [5])
    assert low == (0, 5, 1, 0)
    assert high == (5, None, 1, 1)


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["answered", "abandoned"]))))
def test_every_wait_falls_in_exactly_one_bin(contacts: list[tuple[float, str]]) -> None:
    bins = wait_histogram(contacts, [5, 10, 30])
    assert sum(row.answered + row.abandoned for row in bins) == len(contacts)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        pytest.param("America/New_York", "2020-11-01", 25, id="autumn"),
        pytest.param("America/New_York", "2020-03-08", 23, id="spring"),
        pytest.param("Asia/Kolkata", "2020-11-01", 24, id="half-hour zone"),
        pytest.param("UTC", "2020-11-01", 24, id="no daylight saving"),
    ],
)
def test_a_day_has_as_many_hours_as_its_clock_shows(zone: str, day: str, hours: int) -> None:
    start_at, end_at = day_span(EPOCH.fromisoformat(day).date(), zone)
    found = {hour_start(at, zone) for at in range(start_at, end_at, HOUR_US // 4)}
    assert len(found) == hours
    assert min(found) == start_at


@given(st.integers(1_500_000_000, 1_900_000_000))
def test_an_hour_begins_at_minute_zero_of_the_local_clock(second: int) -> None:
    at = second * 1_000_000
    start_at = hour_start(at, "Asia/Kathmandu")
    assert 0 <= at - start_at < HOUR_US
    assert to_local(start_at, "Asia/Kathmandu").minute == 0


def test_contacts_are_binned_by_their_hour() -> None:
    nine = wall_to_utc(EPOCH.replace(year=2026, hour=9), "Europe/Berlin")
    contacts = [(nine + HOUR_US, 1.0, "answered"), (nine, 7.0, "abandoned")]
    found = hourly_histograms(contacts, [5], "Europe/Berlin")
    assert list(found) == [nine, nine + HOUR_US]
    assert found[nine][1] == (5, None, 0, 1)
