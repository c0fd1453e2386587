from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from slawatch.errors import ConfigError
from slawatch.holiday_sources import country_holidays, load_ics


def write_ics(folder: Path, *events: str) -> Path:
    bodies = [f"BEGIN:VEVENT\n{event}\nEND:VEVENT" for event in events]
    text = "\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN", *bodies, "END:VCALENDAR", ""]
    )
    path = folder / "holidays.ics"
    path.write_text(text.replace("\n", "\r\n"), "utf-8")
    return path


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param("DTSTART;VALUE=DATE:20260501", ["2026-05-01"], id="one day"),
        pytest.param(
            "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
            ["2026-12-24", "2026-12-25", "2026-12-26"],
            id="several days, the end excluded",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260501", ["2026-05-01"], id="empty end"
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nDURATION:P2D", ["2026-05-01", "2026-05-02"], id="duration"
        ),
        pytest.param(
            "DTSTART:20260501T000000\nDTEND:20260502T000000", ["2026-05-01"], id="midnight on"
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;COUNT=2",
            ["2026-05-01", "2027-05-01"],
            id="yearly, counted",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;UNTIL=20280501T000000Z",
            ["2026-05-01", "2027-05-01", "2028-05-01"],
            id="yearly, until",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20261126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2",
            ["2026-11-26", "2027-11-25"],
            id="fourth thursday of november",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;COUNT=3\nEXDATE;VALUE=DATE:20270501",
            ["2026-05-01", "2028-05-01"],
            id="one year left out",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRDATE;VALUE=DATE:20260511,20260521",
            ["2026-05-01", "2026-05-11", "2026-05-21"],
            id="further dates",
        ),
    ],
)
def test_an_all_day_event_closes_its_days(tmp_path: Path, event: str, expected: list[str]) -> None:
    path = write_ics(tmp_path, f"UID:1\nSUMMARY:Holiday\n{event}")
    assert sorted(map(str, load_ics(path))) == expected


def test_a_yearly_rule_without_end_stops_at_the_horizon(tmp_path: Path) -> None:
    path = write_ics(tmp_path, "UID:1\nDTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY")
    days = load_ics(path, range(2025, 2028))
    assert sorted(days) == [date(2025, 1, 1), date(2026, 1, 1), date(2027, 1, 1)]


def test_a_leap_day_comes_every_fourth_year(tmp_path: Path) -> None:
    path = write_ics(tmp_path, "UID:1\nDTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;COUNT=2")
    assert load_ics(path) == {date(2024, 2, 29), date(2028, 2, 29)}


def test_a_cancelled_event_closes_nothing(tmp_path: Path) -> None:
    path = write_ics(
        tmp_path,
        "UID:1\nDTSTART;VALUE=DATE:20260501",
        "UID:2\nDTSTART;VALUE=DATE:20260502\nSTATUS:CANCELLED",
    )
    assert load_ics(path) == {date(2026, 5, 1)}


def test_a_moved_occurrence_replaces_its_original_day(tmp_path: Path) -> None:
    moved = "UID:1\nDTSTART;VALUE=DATE:20270503\nRECURRENCE-ID;VALUE=DATE:20270501"
    rule = "UID:1\nDTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;COUNT=2"
    assert load_ics(write_ics(tmp_path, moved, rule)) == {date(2026, 5, 1), date(2027, 5, 3)}


def test_a_cancelled_occurrence_is_worked(tmp_path: Path) -> None:
    gone = "UID:1\nSTATUS:CANCELLED\nDTSTART;VALUE=DATE:20270501\nRECURRENCE-ID;VALUE=DATE:20270501"
    rule = "UID:1\nDTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;COUNT=2"
    assert load_ics(write_ics(tmp_path, gone, rule)) == {date(2026, 5, 1)}


def test_events_without_uid_do_not_hide_each_other(tmp_path: Path) -> None:
    path = write_ics(tmp_path, "DTSTART;VALUE=DATE:20260501", "DTSTART;VALUE=DATE:20260502")
    assert load_ics(path) == {date(2026, 5, 1), date(2026, 5, 2)}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param("DTSTART:20260501T090000Z", "not all-day", id="an appointment"),
        pytest.param("DTSTART;VALUE=DATE:2026051", "is broken", id="a broken date"),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;BYDAY=XX",
            "expected one FREQ=YEARLY",
            id="broken rule",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;INTERVAL=0",
            "expected one FREQ=YEARLY",
            id="a step of no years",
        ),
        pytest.param("DESCRIPTION:no start", "has no DTSTART", id="no start"),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=WEEKLY",
            "expected one FREQ=YEARLY",
            id="weekly",
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20260501\nDURATION:PT5H", "expected whole days", id="five hours"
        ),
    ],
)
def test_an_event_that_is_no_holiday_stops_the_start(
    tmp_path: Path, event: str, message: str
) -> None:
    path = write_ics(tmp_path, f"UID:1\nSUMMARY:Party\n{event}")
    with pytest.raises(ConfigError, match=message) as raised:
        load_ics(path)
    assert raised.value.problems[0].file == str(path)
    assert "'Party'" in raised.value.problems[0].message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b"not a calendar", "is not an iCalendar file", id="text"),
        pytest.param(b"\xff\xfe\x00", "is not an iCalendar file", id="binary"),
        pytest.param(b"", "holds no VEVENT", id="empty"),
        pytest.param(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "holds no VEVENT", id="no events"),
    ],
)
def test_a_file_that_holds_no_calendar_stops_the_start(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "wrong.ics"
    _ = content is not None and path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load_ics(path)


def test_a_subdivision_adds_its_own_holidays() -> None:
    germany, _ = country_holidays("DE", None, [2026])
    bavaria, working_days = country_holidays("DE", "BY", [2026])
    assert date(2026, 1, 6) in bavaria - germany
    assert not working_days


def test_only_the_years_asked_for_are_returned() -> None:
    days, working_days = country_holidays("CN", None, [2024])
    assert {day.year for day in days} == {day.year for day in working_days} == {2024}


@pytest.mark.parametrize(
    ("make_up_day", "weekday"),
    [
        pytest.param(date(2024, 2, 4), 3, id="sunday worked for thursday 15 february"),
        pytest.param(date(2024, 2, 18), 4, id="sunday worked for friday 16 february"),
        pytest.param(date(2024, 9, 14), 0, id="saturday worked for monday 16 september"),
    ],
)
def test_a_chinese_make_up_day_works_as_the_day_off_it_pays_for(
    make_up_day: date, weekday: int
) -> None:
    _, working_days = country_holidays("CN", None, [2024])
    assert working_days[make_up_day] == weekday


@pytest.mark.parametrize(
    ("country", "subdivision", "key"),
    [
        pytest.param("XX", None, "country", id="country"),
        pytest.param("DE", "ZZ", "subdivision", id="subdivision"),
    ],
)
def test_an_unknown_place_is_named(country: str, subdivision: str | None, key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        country_holidays(country, subdivision, [2026], file="calendars.toml")
    (problem,) = raised.value.problems
    assert (problem.file, problem.key) == ("calendars.toml", key)
    assert repr(subdivision or country) in problem.message


def test_no_year_is_an_error() -> None:
    with pytest.raises(ConfigError, match="at least one year"):
        country_holidays("DE", None, [])
