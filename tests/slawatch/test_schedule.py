from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.errors import ConfigError
from slawatch.schedule import (
    Schedule,
    Window,
    clip,
    day_span,
    merge,
    open_windows,
    parse_time_of_day,
    to_local,
    wall_to_utc,
)
from tests.strategies import ZONES, instants

EMPTY_WEEK: tuple[tuple[Window, ...], ...] = ((),) * 7


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("00:00", 0, id="midnight"),
        pytest.param("09:30", 34_200, id="minutes"),
        pytest.param("23:59:59", 86_399, id="seconds"),
        pytest.param("24:00", 86_400, id="the next midnight"),
    ],
)
def test_a_time_of_day_is_read(text: str, seconds: int) -> None:
    assert parse_time_of_day(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["9:30", "09:60", "24:01", "25:00", "09", "09:00:60", "-9:00", "09:00:00:00", "", "ab:cd"],
)
def test_a_wrong_time_of_day_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="HH:MM") as raised:
        parse_time_of_day(text)
    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        pytest.param("2026-06-01T12:00", "Europe/Berlin", "2026-06-01T10:00", id="summer"),
        pytest.param("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30", id="gap"),
        pytest.param("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30", id="ambiguous"),
        pytest.param("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45", id="half hour"),
    ],
)
def test_wall_time_becomes_an_instant(local: str, zone: str, utc: str) -> None:
    wanted = datetime.fromisoformat(f"{utc}+00:00").timestamp() * 1_000_000
    assert wall_to_utc(datetime.fromisoformat(local), zone) == wanted


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 3, 29), 23, id="spring"),
        pytest.param(date(2026, 6, 1), 24, id="summer"),
        pytest.param(date(2026, 10, 25), 25, id="autumn"),
    ],
)
def test_a_day_spans_what_its_clock_shows(day: date, hours: int) -> None:
    start, end = day_span(day, "Europe/Berlin")
    assert end - start == hours * 3_600_000_000


@given(instants(), st.sampled_from(ZONES))
def test_an_instant_survives_the_way_over_wall_time(at: int, zone: str) -> None:
    local = to_local(at, zone)
    back = wall_to_utc(local, zone)
    assert back == at or (local.fold and 0 < at - back <= timedelta(days=1) // timedelta.resolution)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_merged_windows_hold_the_same_points(windows: list[Window]) -> None:
    points = {point for start, end in windows for point in range(start, end)}
    merged = merge(windows)
    assert {point for start, end in merged for point in range(start, end)} == points
    assert all(one[1] < two[0] for one, two in pairwise(merged))


def test_windows_are_cut_to_a_span() -> None:
    assert clip([(0, 4), (5, 7), (8, 12)], 2, 10) == [(2, 4), (5, 7), (8, 10)]
    assert clip([(0, 4)], 4, 10) == []


@pytest.mark.parametrize(
    ("break_day", "break_", "expected"),
    [
        pytest.param(9, (79_200, 7_200), [(2, 25)], id="of the day before"),
        pytest.param(11, (0, 7_200), [(1, 24)], id="of the day after"),
    ],
)
def test_a_break_of_a_neighbouring_day_cuts(
    break_day: int, break_: Window, expected: list[Window]
) -> None:
    all_day_from_one: tuple[tuple[Window, ...], ...] = (((3_600, 3_600),),) * 7
    rules = Schedule("UTC", all_day_from_one, breaks={date(2026, 6, break_day): (break_,)})
    day = date(2026, 6, 10)
    midnight, _ = day_span(day, "UTC")
    hours = [
        ((a - midnight) // 3_600_000_000, (b - midnight) // 3_600_000_000)
        for a, b in open_windows(rules, day, day)
    ]
    assert hours == expected


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        pytest.param({"zone": "Europe/Atlantis"}, "'Europe/Atlantis'", id="unknown zone"),
        pytest.param({"zone": "../etc/passwd"}, "IANA", id="path for a zone"),
        pytest.param({"week": ((),) * 6}, "7 days, got 6", id="short week"),
        pytest.param({"week": (((0, 86_401),),) * 7}, "86401", id="late end"),
        pytest.param({"overrides": {date(2026, 1, 1): ((-1, 5),)}}, "-1", id="early start"),
        pytest.param({"breaks": {date(2026, 1, 1): ((86_400, 5),)}}, "86400", id="late start"),
        pytest.param({"working_days": {date(2026, 1, 1): 7}}, "got 7", id="eighth weekday"),
    ],
)
def test_impossible_rules_stop_the_start(rules: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Schedule(**{"zone": "UTC", "week": EMPTY_WEEK, **rules})  # type: ignore[arg-type]  # rules are keywords
