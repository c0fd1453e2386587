"""The words of a configuration file: durations, days, windows, levels, as they are written.

Every parser raises `ValueError` with a sentence that says what was read and what is allowed; the
caller adds file and key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches

from slawatch.errors import ConfigError
from slawatch.events import ACTORS, KINDS, OTHER, PAUSE_REASONS, PRIORITIES, Actor, Kind
from slawatch.policy import Level
from slawatch.schedule import DAY_SECONDS, SECOND_US, Window, load_zone, parse_time_of_day

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REGIONAL = "region"
"""The value that stands for the zone or country of the ticket's region."""

_UNITS_US = {
    "d": DAY_SECONDS * SECOND_US,
    "h": 3600 * SECOND_US,
    "m": 60 * SECOND_US,
    "s": SECOND_US,
}
_DURATION = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)%")
_OFFSET = re.compile(r"([+-])([0-9dhms]+)( business)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_LEAP_YEAR = 2024


def parse_duration(value: object) -> int:
    """Read "30s", "1h30m" or "1d" (24 hours) as microseconds, 0 or more."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        raise ValueError(f'must be a duration such as "30s", "15m", "1h30m" or "1d", got {value!r}')
    parts = zip(match.groups(), _UNITS_US.values(), strict=True)
    return sum(int(number) * unit for number, unit in parts if number)


def parse_positive_duration(value: object) -> int:
    """Read a duration that is not 0."""
    amount = parse_duration(value)
    if not amount:
        raise ValueError(f"must be longer than 0, got {value!r}")
    return amount


def render_duration(amount_us: int) -> str:
    """Write a duration in its largest units: 5,400 s are "1h30m", a day is "1d"."""
    parts = []
    for unit, unit_us in _UNITS_US.items():
        number, amount_us = divmod(amount_us, unit_us)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"


def parse_share(value: object) -> float:
    """Read "95%" or 0.95 as a share above 0, up to 1."""
    share: float | None = None
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
        share = float(match[1]) / 100
    elif isinstance(value, int | float) and not isinstance(value, bool):
        share = float(value)
    if share is None or not 0 < share <= 1:
        raise ValueError(f'must be a share such as "95%" or 0.95, got {value!r}')
    return share


def parse_level(value: object) -> Level:
    """Read a warning level: "75%" of the goal, "-30m" before due, "+1h" or "+1h business" after."""
    if isinstance(value, str):
        if (match := _PERCENT.fullmatch(value)) and 0 < float(match[1]) <= 100:  # noqa: PLR2004
            percent = float(match[1])
            return Level(f"{percent:g}", ratio=percent / 100)
        if match := _OFFSET.fullmatch(value):
            amount_us = parse_positive_duration(match[2])
            name = f"{match[1]}{render_duration(amount_us)}{match[3] or ''}"
            offset_us = amount_us if match[1] == "+" else -amount_us
            return Level(name, offset_us=offset_us, business=bool(match[3]))
    raise ValueError(
        f'must be a warning level such as "75%", "-30m", "+1h" or "-2h business", got {value!r}'
    )


def parse_windows(value: object) -> tuple[Window, ...]:
    """Read one or several "09:00-18:00"; one that ends before it starts runs overnight."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise ValueError(f'must be windows such as ["09:00-12:00", "13:00-18:00"], got {value!r}')  # noqa: TRY004 - collected with the others
    windows, problems = [], []
    for text in texts:
        try:
            windows.append(_parse_window(text))
        except ValueError as ex:
            problems.append(str(ex))
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(windows)


def _parse_window(text: object) -> Window:
    start, dash, end = text.partition("-") if isinstance(text, str) else ("", "", "")
    if not dash:
        raise ValueError(f'must be a window such as "09:00-18:00", got {text!r}')
    try:
        window = parse_time_of_day(start.strip()), parse_time_of_day(end.strip())
    except ConfigError as ex:
        raise ValueError(f"window {text!r} is wrong: {ex}") from ex
    if window[0] == window[1] or window[0] == DAY_SECONDS:
        raise ValueError(f'window {text!r} is empty; the whole day is "00:00-24:00"')
    return window


def parse_days(text: str) -> tuple[int, ...]:
    """Read "mon" or "mon-fri" as weekdays, Monday 0; "fri-mon" goes over the weekend."""
    first, dash, last = text.partition("-")
    if first in DAYS and (not dash or last in DAYS):
        start = DAYS.index(first)
        count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
        return tuple((start + step) % 7 for step in range(count))
    raise ValueError(f'must be a day such as "mon" or days such as "mon-fri", got {text!r}')


def build_week(hours: Mapping[str, tuple[Window, ...]]) -> tuple[tuple[Window, ...], ...]:
    """Lay hours by day out over a week; a single day beats a range that holds it.

    Raises `ValueError` where two ranges claim the same day.
    """
    week: list[tuple[Window, ...]] = [()] * 7
    taken: dict[int, str] = {}
    for text in sorted(hours, key=lambda text: "-" not in text):
        for day in parse_days(text):
            other = taken.get(day)
            if other is not None and "-" in text:
                raise ValueError(f"{other!r} and {text!r} both say when {DAYS[day]} is open")
            taken[day] = text
            week[day] = hours[text]
    return tuple(week)


def parse_weekday(value: object) -> int:
    """Read "mon" to "sun" as 0 to 6."""
    if isinstance(value, str) and value in DAYS:
        return DAYS.index(value)
    raise ValueError(f"must be a weekday ({', '.join(DAYS)}), got {value!r}")


def parse_date(value: object) -> date:
    """Read a TOML date or "2026-12-25"."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f'must be a date such as "2026-12-25", got {value!r}')


def parse_annual_date(value: object) -> tuple[int, int]:
    """Read "12-25" as month and day."""
    try:
        if isinstance(value, str) and _DATE.fullmatch(f"{_LEAP_YEAR}-{value}"):
            day = date.fromisoformat(f"{_LEAP_YEAR}-{value}")
            return day.month, day.day
    except ValueError:
        pass
    raise ValueError(f'must be a month and a day such as "12-25", got {value!r}')


def parse_zone(value: object) -> str:
    """Read an IANA zone."""
    if not isinstance(value, str):
        raise ValueError(f"must be an IANA name such as 'Europe/Berlin', got {value!r}")  # noqa: TRY004 - as every parser here
    try:
        load_zone(value)
    except ConfigError as ex:
        raise ValueError(str(ex).removeprefix("zone ")) from ex
    return value


def parse_regional_zone(value: object) -> str:
    """Read an IANA zone, or "region" for that of the ticket's region."""
    return REGIONAL if value == REGIONAL else parse_zone(value)


def parse_kind(value: object) -> Kind:
    """Read the type of an event."""
    return KINDS[_choose(value, KINDS, "a type of event")]


def parse_actor(value: object) -> Actor:
    """Read who did it."""
    return ACTORS[_choose(value, ACTORS, "an actor")]


def parse_pause_reason(value: object) -> str:
    """Read why a ticket may pause."""
    return _choose(value, PAUSE_REASONS, "a pause reason")


def parse_priority(value: object) -> str:
    """Read a priority, or "other" for every one that is not named."""
    return _choose(value, (*PRIORITIES, OTHER), "a priority")


def _choose(value: object, allowed: Iterable[str], what: str) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise ValueError(f"must be {what}, got {value!r}{hint(value, allowed)}")


def hint(value: object, allowed: Iterable[str]) -> str:
    """Return a clause that says which name was probably meant, and which there are."""
    names = list(allowed)
    close = get_close_matches(value, names, 1) if isinstance(value, str) else []
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"{meant} (there are: {', '.join(names)})" if names else f"{meant} (there are none)"
