from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.config_values import (
    build_week,
    parse_annual_date,
    parse_date,
    parse_days,
    parse_duration,
    parse_level,
    parse_positive_duration,
    parse_share,
    parse_windows,
    render_duration,
)
from slawatch.policy import Level
from tests.configs import DAY_US, HOUR_US, MINUTE_US, SECOND_US


@pytest.mark.parametrize(
    ("text", "amount_us"),
    [
        pytest.param("30s", 30 * SECOND_US, id="seconds"),
        pytest.param("15m", 15 * MINUTE_US, id="minutes"),
        pytest.param("4h", 4 * HOUR_US, id="hours"),
        pytest.param("1d", DAY_US, id="a day is 24 hours"),
        pytest.param("1h30m", 90 * MINUTE_US, id="several units"),
        pytest.param("0s", 0, id="nothing"),
        pytest.param("90m", 90 * MINUTE_US, id="more than the next unit"),
    ],
)
def test_a_duration_is_read(text: str, amount_us: int) -> None:
    assert parse_duration(text) == amount_us


@pytest.mark.parametrize("value", ["", "15", "15 m", "m", "1.5h", "30m1h", "-5m", "1w", 15, None])
def test_what_is_no_duration_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="must be a duration") as raised:
        parse_duration(value)
    assert repr(value) in str(raised.value)


def test_a_goal_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 0, got '0m'"):
        parse_positive_duration("0m")


@given(st.integers(0, 10**9))
def test_a_duration_survives_being_written(seconds: int) -> None:
    assert parse_duration(render_duration(seconds * SECOND_US)) == seconds * SECOND_US


@pytest.mark.parametrize(
    ("text", "level"),
    [
        pytest.param("75%", Level("75", ratio=0.75), id="a share of the goal"),
        pytest.param("12.5%", Level("12.5", ratio=0.125), id="a fraction of a percent"),
        pytest.param("+1h", Level("+1h", offset_us=HOUR_US), id="after due"),
        pytest.param("-30m", Level("-30m", offset_us=-30 * MINUTE_US), id="before due"),
        pytest.param("+90m", Level("+1h30m", offset_us=90 * MINUTE_US), id="one name a level"),
        pytest.param(
            "-2h business", Level("-2h business", offset_us=-2 * HOUR_US, business=True), id="open"
        ),
    ],
)
def test_a_warning_level_is_read(text: str, level: Level) -> None:
    assert parse_level(text) == level


@pytest.mark.parametrize("value", ["75", "0%", "101%", "+0m", "1h", "+1x", "-2h  business", 0.75])
def test_what_is_no_warning_level_is_named(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        parse_level(value)


@pytest.mark.parametrize(
    ("value", "share"),
    [("95%", 0.95), (0.95, 0.95), (1, 1.0), ("99.5%", 0.995)],
)
def test_a_share_is_read(value: object, share: float) -> None:
    assert parse_share(value) == pytest.approx(share)


@pytest.mark.parametrize("value", [0, 1.01, "0%", "150%", "95", 95, True, None])
def test_what_is_no_share_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="must be a share"):
        parse_share(value)


@pytest.mark.parametrize(
    ("value", "windows"),
    [
        pytest.param("09:00-18:00", ((32_400, 64_800),), id="one"),
        pytest.param(["09:00-12:00", "13:00-18:00"], ((32_400, 43_200), (46_800, 64_800)), id="2"),
        pytest.param("22:00-06:00", ((79_200, 21_600),), id="overnight"),
        pytest.param("00:00-24:00", ((0, 86_400),), id="the whole day"),
        pytest.param([], (), id="closed"),
    ],
)
def test_windows_are_read(value: object, windows: tuple[tuple[int, int], ...]) -> None:
    assert parse_windows(value) == windows


@pytest.mark.parametrize("value", ["9-18", "09:00", "09:00-09:00", "24:00-06:00", 9, [9]])
def test_what_is_no_window_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="window"):
        parse_windows(value)


def test_every_wrong_window_of_a_day_is_named() -> None:
    with pytest.raises(ValueError, match=r"'9-12'.*'13-18'"):
        parse_windows(["9-12", "13-18"])


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon", (0,)), ("mon-fri", (0, 1, 2, 3, 4)), ("sat-sun", (5, 6)), ("sun-mon", (6, 0))],
)
def test_days_are_read(text: str, days: tuple[int, ...]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["monday", "mon-", "-fri", "mon-xyz", ""])
def test_what_is_no_day_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="must be a day"):
        parse_days(text)


def test_a_single_day_beats_a_range() -> None:
    long, short = ((32_400, 64_800),), ((32_400, 50_400),)
    assert build_week({"fri": short, "mon-fri": long}) == (long,) * 4 + (short, (), ())


def test_two_ranges_cannot_claim_a_day() -> None:
    with pytest.raises(ValueError, match="both say when wed is open"):
        build_week({"mon-wed": (), "wed-fri": ()})


@pytest.mark.parametrize("value", ["2026-13-01", "2026-1-1", "20261225", 20_261_225, "2026-W53-1"])
def test_what_is_no_date_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        parse_date(value)


def test_a_holiday_of_every_year_may_be_a_leap_day() -> None:
    assert parse_annual_date("02-29") == (2, 29)


@pytest.mark.parametrize("value", ["02-30", "12/25", "1225", 12.25])
def test_what_is_no_day_of_the_year_is_named(value: object) -> None:
    with pytest.raises(ValueError, match="must be a month and a day"):
        parse_annual_date(value)
