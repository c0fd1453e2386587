from __future__ import annotations

from pathlib import Path

from dashboards.paging.hours import find_region_hours, render_interval
from slawatch.calendars import Calendar, Schedule
from slawatch.config import load_config

HOUR = 3600


def test_a_region_has_its_own_zone() -> None:
    found = find_region_hours(load_config(["demo"]).rules)
    zones = {region: calendar.schedule().zone for region, calendar in found.items()}
    # North is the desk's own zone; south has a calendar of its own.
    assert zones == {"north": "Europe/Berlin", "south": "Asia/Shanghai"}


def test_days_with_the_same_hours_stand_together() -> None:
    office = ((9 * HOUR, 17 * HOUR + 1800),)
    week = (office,) * 5 + ((), ())
    calendar = Calendar("office", [(None, Schedule("Europe/Berlin", week))])
    assert render_interval("hours-north", calendar) == {
        "name": "hours-north",
        "time_intervals": [
            {
                "weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday"],
                "times": [{"start_time": "09:00", "end_time": "17:30"}],
                "location": "Europe/Berlin",
            }
        ],
    }


def test_a_night_is_cut_at_midnight() -> None:
    week = (((22 * HOUR, 6 * HOUR),), *((),) * 6)
    calendar = Calendar("night", [(None, Schedule("UTC", week))])
    assert render_interval("hours", calendar)["time_intervals"] == [
        {
            "weekdays": ["monday"],
            "times": [{"start_time": "22:00", "end_time": "24:00"}],
            "location": "UTC",
        },
        {
            "weekdays": ["tuesday"],
            "times": [{"start_time": "00:00", "end_time": "06:00"}],
            "location": "UTC",
        },
    ]


def test_a_desk_that_never_closes_has_no_hours(tmp_path: Path) -> None:
    policy = tmp_path / "desk.toml"
    policy.write_text(
        """
        include = ["targets"]
        [teams.one]
        region = "south"
        [[policies]]
        name = "all"
        calendar = "24x7"
        goals.resolution = "4h"
        """,
        "utf-8",
    )
    assert find_region_hours(load_config([policy]).rules) == {}
