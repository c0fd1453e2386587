"""Holidays from where people keep them: iCalendar files and the `holidays` package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slawatch.errors import ConfigError, Problem

if TYPE_CHECKING:  # a third of a start's time, and most desks need neither
    import holidays

HORIZON_YEARS = range(1970, 2051)
"""Bound a yearly rule that has no end of its own."""

_ONE_DAY = timedelta(days=1)
_Event = Any  # icalendar types each property as a union of all its value classes
_Occurrences = dict[date, list[date]]


def load_ics(path: Path, years: range = HORIZON_YEARS) -> frozenset[date]:
    """Return the local dates that an iCalendar file's all-day events cover.

    Events of several days, yearly rules (within `years`), RDATE, EXDATE and moved occurrences
    count; cancelled events do not. An event that does not cover whole days is an error: a
    holiday closes the whole day, and a silent guess would shift every deadline.
    """
    import icalendar  # noqa: PLC0415 - as holidays

    try:
        calendars = icalendar.Calendar.from_ical(path.read_bytes(), multiple=True)
    except OSError as ex:
        raise _error(path, f"cannot be read: {ex.strerror}") from ex
    except (ValueError, IndexError) as ex:
        raise _error(path, f"is not an iCalendar file: {ex}") from ex
    events: list[_Event] = [event for part in calendars for event in part.walk("VEVENT")]
    if not calendars or not events:
        raise _error(path, "holds no VEVENT, expected at least one all-day event")
    by_uid: dict[str, _Occurrences] = {}
    # Moved occurrences come after the event they belong to, wherever they stand in the file.
    for event in sorted(events, key=lambda event: "RECURRENCE-ID" in event):
        occurrences = by_uid.setdefault(str(event.get("UID", id(event))), {})
        try:
            _read_event(path, event, occurrences, years)
        except ValueError as ex:  # icalendar parses leniently and complains on use
            raise _error(path, f"event {_title(event)} is broken: {ex}") from ex
    return frozenset(
        day for occurrences in by_uid.values() for days in occurrences.values() for day in days
    )


def country_holidays(
    country: str, subdivision: str | None, years: Iterable[int], *, file: str = ""
) -> tuple[frozenset[date], Mapping[date, int]]:
    """Return a country's public holidays and its make-up working days in some years.

    A make-up day maps to the weekday (0 = Monday) of the day off that it pays for, whose
    windows are worked; Monday where the package does not say which. `file` is named in errors.
    """
    import holidays  # noqa: PLC0415 - as said above

    wanted = sorted(set(years))
    if not wanted:
        raise ConfigError([Problem(file, "years", "must name at least one year")])
    # A day off in January may be paid for in December, and the package fills the years asked for.
    padded = range(wanted[0] - 1, wanted[-1] + 2)
    try:
        default = holidays.country_holidays(country).default_language
        known = holidays.country_holidays(country, subdivision, padded, language=default)
    except NotImplementedError as ex:
        key = "subdivision" if country in holidays.list_supported_countries() else "country"
        value = subdivision if key == "subdivision" else country
        message = f"must be an ISO 3166 code that the holidays package knows, got {value!r}"
        raise ConfigError([Problem(file, key, message)]) from ex
    paid_for = _days_off_by_make_up_day(known)
    return (
        frozenset(day for day in known if day.year in wanted),
        {day: paid_for.get(day, 0) for day in sorted(known.weekend_workdays) if day.year in wanted},
    )


def _days_off_by_make_up_day(known: holidays.HolidayBase) -> dict[date, int]:
    # The package tells which make-up day pays for a day off only in the holiday's name.
    if not known.weekend_workdays:
        return {}
    label, day_format = known.substituted_label, known.substituted_date_format
    names = {label % day.strftime(day_format): day for day in known.weekend_workdays}
    return {
        names[name]: day_off.weekday()
        for day_off in known
        for name in known.get_list(day_off)
        if name in names
    }


def _read_event(path: Path, event: _Event, occurrences: _Occurrences, years: range) -> None:
    """Add to `occurrences` (by their original first day) the days that an event covers."""
    if event.get("STATUS") == "CANCELLED":
        if "RECURRENCE-ID" in event:
            occurrences.pop(_day(path, event, event["RECURRENCE-ID"]), None)
        return
    if "DTSTART" not in event:
        raise _error(path, f"event {_title(event)} has no DTSTART")
    first = _day(path, event, event["DTSTART"])
    length = _length(path, event, first)
    if "RECURRENCE-ID" in event:
        starts, moved = iter((first,)), _day(path, event, event["RECURRENCE-ID"])
        occurrences.pop(moved, None)
    else:
        starts = _starts(path, event, first, years)
    for start in starts:
        occurrences[start] = [start + _ONE_DAY * offset for offset in range(length)]


def _starts(path: Path, event: _Event, first: date, years: range) -> Iterator[date]:
    left_out = set(_dates(path, event, "EXDATE"))
    starts = {first, *_dates(path, event, "RDATE")}
    rule: Any = event.get("RRULE")
    if rule is not None:
        text = "" if isinstance(rule, list) else rule.to_ical().decode()
        parts = text.upper().split(";")
        # Dateutil would never come back from a step of no years.
        if "FREQ=YEARLY" not in parts or "INTERVAL=0" in parts:
            message = f"event {_title(event)} has the rule {text!r}, expected one FREQ=YEARLY"
            raise _error(path, message)
        begin = datetime.combine(first, time.min)
        # A date-only UNTIL keeps its day; dateutil wants naive rules to end naively.
        rule_text = text.upper().replace("Z", "")
        end = datetime(years.stop - 1, 12, 31)  # noqa: DTZ001 - dates have no zone
        from dateutil.rrule import rrulestr  # type: ignore[import-untyped]  # noqa: PLC0415 - slow; ships no annotations

        found = rrulestr(rule_text, dtstart=begin).between(begin, end, inc=True)
        starts |= {moment.date() for moment in found}
    return iter(sorted(start for start in starts - left_out if start.year in years))


def _length(path: Path, event: _Event, first: date) -> int:
    if "DTEND" in event:
        # DTEND is exclusive; some writers repeat the start, and mean one day.
        return max((_day(path, event, event["DTEND"]) - first).days, 1)
    if "DURATION" in event:
        duration: timedelta = event["DURATION"].dt
        if duration % _ONE_DAY:
            raise _error(path, f"event {_title(event)} lasts {duration}, expected whole days")
        return max(duration.days, 1)
    return 1


def _dates(path: Path, event: _Event, key: str) -> Iterator[date]:
    value = event.get(key, [])
    for entry in value if isinstance(value, list) else [value]:
        for moment in entry.dts:
            yield _day(path, event, moment)


def _day(path: Path, event: _Event, property_: Any) -> date:  # noqa: ANN401 - see _Event
    value = getattr(property_, "dt", property_)
    if isinstance(value, datetime):
        # Outlook writes all-day events as midnight to midnight.
        if value.time() == time.min:
            return value.date()
    elif isinstance(value, date):
        return value
    raise _error(path, f"event {_title(event)} at {value} is not all-day, as a holiday must be")


def _title(event: _Event) -> str:
    return repr(str(event.get("SUMMARY", event.get("UID", ""))))


def _error(path: Path, message: str) -> ConfigError:
    return ConfigError([Problem(str(path), "", message)])
