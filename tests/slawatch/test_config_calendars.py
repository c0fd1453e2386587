from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from slawatch.calendars import Calendar
from slawatch.config import Config
from tests.configs import complain, load, pick

POLICY = """
[[policies]]
name = "a"
calendar = "c"
goals.resolution = "1h"
"""
OFFICE = 'hours = { mon-fri = "09:00-18:00" }\n'


def calendar_of(config: Config, region: str | None = None) -> Calendar:
    """Return the calendar of the one goal, as a region has it."""
    for policy in pick(config, "a"):
        if region is None or region in policy.match.regions or not policy.match.regions:
            return policy.goals["resolution"].calendar
    raise AssertionError(region)


def load_calendar(folder: Path, text: str) -> Calendar:
    """Load a calendar by its table."""
    return calendar_of(load(folder, f"[calendars.c]\n{text}\n{POLICY}"))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("table", "open_at", "closed_at"),
    [
        pytest.param(OFFICE, "2026-03-02T09:00", "2026-03-02T18:00", id="hours"),
        pytest.param(
            'zone = "Asia/Shanghai"\n' + OFFICE, "2026-03-02T01:00", "2026-03-02T10:00", id="zone"
        ),
        pytest.param(
            OFFICE + "holidays = [2026-03-03]", "2026-03-04T10:00", "2026-03-03T10:00", id="date"
        ),
        pytest.param(
            OFFICE + 'annual_holidays = ["12-25"]',
            "2026-12-24T10:00",
            "2026-12-25T10:00",
            id="annual holiday",
        ),
        pytest.param(
            OFFICE + 'overrides = { 2026-12-24 = ["09:00-12:00"] }',
            "2026-12-24T11:00",
            "2026-12-24T13:00",
            id="override",
        ),
        pytest.param(
            OFFICE + 'breaks = { 2026-03-02 = "12:00-13:00" }',
            "2026-03-02T13:00",
            "2026-03-02T12:30",
            id="break",
        ),
        pytest.param(
            OFFICE + 'working_days = { "2026-03-07" = "mon" }',
            "2026-03-07T10:00",
            "2026-03-08T10:00",
            id="make-up day",
        ),
        pytest.param(
            'country = "DE"\n' + OFFICE, "2026-10-02T10:00", "2026-10-05T20:00", id="open days"
        ),
        pytest.param(
            'country = "DE"\n' + OFFICE, "2026-12-24T10:00", "2026-12-25T10:00", id="country"
        ),
        pytest.param(
            'country = "DE"\nsubdivision = "BY"\n' + OFFICE,
            "2026-01-07T10:00",
            "2026-01-06T10:00",
            id="subdivision",
        ),
        pytest.param(
            'hours = { sat = "22:00-06:00" }', "2026-03-08T05:00", "2026-03-08T06:00", id="night"
        ),
    ],
)
def test_a_calendar_is_read(tmp_path: Path, table: str, open_at: str, closed_at: str) -> None:
    calendar = load_calendar(tmp_path, table)
    assert calendar.is_open(at(open_at))
    assert not calendar.is_open(at(closed_at))


def test_china_rests_in_golden_week_and_works_the_sunday_that_pays_for_it(tmp_path: Path) -> None:
    table = 'zone = "Asia/Shanghai"\ncountry = "CN"\n' + OFFICE
    calendar = load_calendar(tmp_path, table)
    assert not calendar.is_open(at("2025-10-01T02:00"))  # a Wednesday, National Day
    assert calendar.is_open(at("2025-09-28T02:00"))  # a Sunday, worked
    assert not calendar.is_open(at("2025-09-21T02:00"))  # a Sunday like any other


def test_an_ics_file_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "closed.ics").write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\n"
        "DTSTART;VALUE=DATE:20260303\nSUMMARY:Audit\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    calendar = load_calendar(tmp_path, OFFICE + 'holidays_ics = "closed.ics"')
    assert not calendar.is_open(at("2026-03-03T10:00"))
    assert calendar.is_open(at("2026-03-04T10:00"))


def test_a_version_keeps_what_it_does_not_say(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        f"""
        [calendars.c]
        zone = "Asia/Shanghai"
        {OFFICE}
        [[calendars.c.versions]]
        valid_from = 2026-07-01
        hours = {{ mon-fri = "08:00-18:00" }}
        {POLICY}""",
    )
    calendar = calendar_of(config)
    assert not calendar.is_open(at("2026-06-30T00:30"))
    assert calendar.is_open(at("2026-07-01T00:30"))
    assert not calendar.is_open(at("2026-07-01T10:30"))


def test_hours_follow_the_zone_and_holidays_of_the_region(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        f"""
        [desk]
        zone = "Europe/Berlin"
        [regions.south]
        zone = "Asia/Shanghai"
        country = "CN"
        [regions.north]
        [calendars.c]
        zone = "region"
        country = "region"
        {OFFICE}
        {POLICY}""",
    )
    south, north = calendar_of(config, "south"), calendar_of(config, "north")
    assert south.is_open(at("2025-03-03T02:00"))
    assert not north.is_open(at("2025-03-03T02:00"))
    assert not south.is_open(at("2025-10-01T02:00"))
    assert north.is_open(at("2025-10-01T10:00"))
    assert len(pick(config, "a")) == 2


def test_a_region_of_the_desks_zone_may_have_holidays_of_its_own(tmp_path: Path) -> None:
    text = '[regions.bavaria]\ncountry = "DE"\nsubdivision = "BY"\n[calendars.c]\n'
    config = load(tmp_path, f'{text}country = "region"\n{OFFICE}{POLICY}')
    assert not calendar_of(config, "bavaria").is_open(at("2026-01-06T10:00"))
    assert calendar_of(config, "elsewhere").is_open(at("2026-01-06T10:00"))


def test_round_the_clock_needs_no_table(tmp_path: Path) -> None:
    config = load(tmp_path, POLICY.replace('"c"', '"24x7"'), shipped=True)
    assert calendar_of(config).always


def test_a_goal_without_a_calendar_is_counted_round_the_clock(tmp_path: Path) -> None:
    assert calendar_of(load(tmp_path, POLICY.replace('calendar = "c"', ""))).always


def test_goals_share_one_calendar(tmp_path: Path) -> None:
    text = f'[calendars.c]\n{OFFICE}{POLICY}goals.first_response = "1h"'
    (policy,) = pick(load(tmp_path, text), "a")
    assert policy.goals["resolution"].calendar is policy.goals["first_response"].calendar


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        pytest.param('zone = "UTC"', "c.hours", "is required", id="no hours"),
        pytest.param('hours = "09:00-18:00"', "c.hours", "must be a table", id="no days"),
        pytest.param(
            'hours = { mon-wed = "09:00-10:00", tue-fri = "09:00-10:00" }',
            "c.hours",
            "both say when tue is open",
            id="ranges",
        ),
        pytest.param(OFFICE + 'country = "XX"', "c.country", "got 'XX'", id="country"),
        pytest.param(
            OFFICE + 'country = "DE"\nsubdivision = "ZZ"',
            "c.subdivision",
            "got 'ZZ'",
            id="subdivision",
        ),
        pytest.param(
            OFFICE + 'holidays_ics = "none.ics"', "c.holidays_ics", "cannot be read", id="file"
        ),
        pytest.param(
            OFFICE + 'holidays = ["25.12.2026"]', "c.holidays[0]", "must be a date", id="date"
        ),
        pytest.param(
            OFFICE + 'working_days = { "2026-02-14" = "monday" }',
            "c.working_days.2026-02-14",
            "must be a weekday",
            id="weekday",
        ),
        pytest.param(
            OFFICE + "versions = [{ valid_from = 2026-02-01 }, { valid_from = 2026-01-01 }]",
            "c",
            "ascending valid_from",
            id="order of versions",
        ),
        pytest.param(
            OFFICE + "versions = [{ zone = 'UTC' }]",
            "c.versions[0].valid_from",
            "is required",
            id="version without a date",
        ),
    ],
)
def test_a_wrong_calendar_is_named(tmp_path: Path, text: str, key: str, message: str) -> None:
    found = complain(tmp_path, f"[calendars.c]\n{text}\n{POLICY}")
    assert list(found) == [f"calendars.{key}"]
    assert message in found[f"calendars.{key}"]


def test_the_calendar_of_wall_time_cannot_be_redefined(tmp_path: Path) -> None:
    found = complain(tmp_path, f"[calendars.24x7]\n{OFFICE}")
    assert found == {"calendars.24x7": "is built in and always open: use another name"}
