"""Read conformance cases and turn their words into our values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from slawatch.calendars import Calendar, Schedule, Window, parse_time_of_day

Case = dict[str, Any]
Note = Callable[[str], None]

FAMILIES = ("business-time", "contact-centre", "sla-clock")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def load_cases(folder: Path, family: str) -> list[Case]:
    """Return the cases of one family from every JSON file of a folder, known by their keys."""
    documents = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    cases = [case for document in documents for case in document.get("cases", ())]
    return [case for case in cases if family_of(case) == family]


def family_of(case: Case) -> str:
    """Return the format a case is written in."""
    if "op" in case:
        return "business-time"
    return "sla-clock" if "policy" in case or "events" in case else "contact-centre"


def parametrize(
    metafunc: pytest.Metafunc,
    family: str,
    marks: Callable[[Case], Iterable[pytest.MarkDecorator]] = lambda _: (),
) -> None:
    """Give a test's argument `case` every case of a family, by id; skip when there is none."""
    if "case" not in metafunc.fixturenames:
        return
    folder: Path = metafunc.config.getoption("cases")
    params = [
        pytest.param(case, id=case["id"], marks=tuple(marks(case)))
        for case in load_cases(folder, family)
    ]
    absent = pytest.mark.skip(reason=f"no {family} cases in {folder}")
    metafunc.parametrize("case", params or [pytest.param({}, id="absent", marks=absent)])


def parse_at(text: str) -> int:
    """Return the instant of an ISO 8601 time with an offset, in microseconds."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(microseconds=1)


def parse_local(text: str) -> datetime:
    """Return a naive local time, where 24:00 is the next midnight."""
    day, _, time = text.partition("T")
    midnight = datetime.fromisoformat(day)
    return midnight + timedelta(seconds=parse_time_of_day(time))


def amount_us(seconds: float | str) -> int:
    """Return seconds as exact microseconds (0.555 is 555,000, not 554,999)."""
    return int(Decimal(str(seconds)) * 1_000_000)


def build_calendar(obj: Case, name: str = "case") -> Calendar:
    """Build the calendar that a case describes."""
    return Calendar(name, [(None, build_schedule(obj))])


def build_schedule(obj: Case) -> Schedule:
    """Build the rules that a case's `calendar` describes."""
    week = obj.get("week", {})
    return Schedule(
        zone=obj["tz"],
        week=tuple(_windows(week.get(day, ())) for day in DAYS),
        holidays=frozenset(map(date.fromisoformat, obj.get("holidays", ()))),
        annual_holidays=frozenset(
            (int(text[:2]), int(text[3:])) for text in obj.get("annual_holidays", ())
        ),
        overrides=_dated(obj.get("special", {})),
        breaks=_dated(obj.get("breaks", {})),
    )


def _dated(obj: dict[str, list[list[str]]]) -> dict[date, tuple[Window, ...]]:
    return {date.fromisoformat(day): _windows(windows) for day, windows in obj.items()}


def _windows(windows: Iterable[list[str]]) -> tuple[Window, ...]:
    return tuple((parse_time_of_day(start), parse_time_of_day(end)) for start, end in windows)
