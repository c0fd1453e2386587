"""Instants as other systems write them, parsed once a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from slawatch.errors import EventError
from slawatch.parsing import parse_instant

RFC3339, EPOCH_S, EPOCH_MS = "rfc3339", "epoch_s", "epoch_ms"
_KNOWN = 50_000
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?")
_DAY_FIRST_FORMATS = frozenset(("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"))


def build_time_parser(formats: Sequence[str], zone: str) -> Callable[[str, str], int]:
    """Return what parses (text, column) to microseconds UTC; texts repeat, so it remembers.

    It raises `EventError("bad_time")`. A local time in a gap moves forward, an ambiguous one is
    the first.
    """
    local = ZoneInfo(zone)
    known: dict[str, int] = {}

    def parse(text: str, column: str) -> int:
        found = known.get(text)
        if found is None:
            if len(known) > _KNOWN:
                known.clear()
            found = known[text] = _parse(text, column, formats, local)
        return found

    return parse


def _parse(text: str, column: str, formats: Sequence[str], zone: ZoneInfo) -> int:
    for pattern in formats:
        try:
            return _parse_one(text, pattern, zone)
        except (ValueError, EventError):
            continue
    msg = f"column {column!r} must be written as {' or '.join(map(repr, formats))}, got {text!r}"
    raise EventError("bad_time", msg)


def _parse_one(text: str, pattern: str, zone: ZoneInfo) -> int:
    if pattern == RFC3339:
        return parse_instant(text, "")
    if pattern == EPOCH_S:
        return round(float(text) * 1_000_000)
    if pattern == EPOCH_MS:
        return round(float(text) * 1000)
    found = _DAY_FIRST.fullmatch(text) if pattern in _DAY_FIRST_FORMATS else None
    if found:
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        at = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    else:
        at = datetime.strptime(text, pattern)
        if at.tzinfo is None:
            at = at.replace(tzinfo=zone)
    return round(at.astimezone(UTC).timestamp() * 1_000_000)
