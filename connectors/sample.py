"""Guess what the keys of a system's body mean, from one sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from connectors.reading import EPOCH_MS, EPOCH_S, RFC3339

_HOLDERS = "ticket|case|conversation|issue|call|incident|request|chat"
_TICKET = (
    rf"(?:{_HOLDERS})(?:_?id|_?number|_?key|\.id|\.number|\.key|\.no|\.ref)$",
    r"(?:^|\.)(?:number|key|ref|reference)$",
    r"(?:^|\.)id$",
    rf"(?:^|\.)(?:{_HOLDERS})(?:[._]?(?:uuid|guid|code|no|nr|ref))?$",
    r"(?:id|uuid|guid)$",
)
_EVENT = (
    r"^(?:event|delivery|message|update|change)_?(?:id|uuid)$",
    r"^(?:uuid|id)$",
    r"event\.id$",
)
_TYPE = (
    r"^(?:event_?type|type|event|action|topic|trigger|act|what|webhookevent|kind)$",
    r"(?:event_?type|type|event|action|topic|trigger|act|what|kind)$",
)
_TIME = (
    r"^(?:occurred|happened|created|updated|event|sent)?_?(?:at|time|timestamp|date|ts|when)$",
    r"(?:occurred|happened)_?(?:at|time|on)$",
    r"(?:updated|modified|changed)_?(?:at|time|on)$",
    r"(?:at|time|timestamp|date|on)$",
    r"(?:^|[._])(?:ts|when|opened|created|updated|changed|modified)$",
)
_OPTIONAL = {
    "channel": (r"(?:^|\.)(?:channel|via|medium)$",),
    "priority": (r"(?:^|\.)(?:priority|severity|urgency)$",),
    "team": (r"(?:^|\.)(?:team|group|queue|department)(?:\.name)?$",),
    "status": (r"(?:^|\.)(?:status|state)$",),
}
_KINDS = (
    ("created", r"creat|open|new|start|submit|received|raised"),
    ("reopened", r"re-?open"),
    ("resolved", r"resolv|solv|done|complete"),
    ("closed", r"clos|end|finish"),
    ("assigned", r"assign|transfer|rout"),
    ("replied", r"repl|comment|messag|answer|respon"),
    ("escalated", r"escalat"),
    ("rated", r"rat|feedback|survey|csat"),
)
_STATUSES = (
    ("new", r"^new"),
    ("pending", r"pend|wait|hold|snooz"),
    ("resolved", r"resolv|solv|done"),
    ("closed", r"clos|cancel"),
    ("open", r"."),
)
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800


class Guess(NamedTuple):
    """Be what the keys seem to mean: dotted paths, "" where none fits. `words` are the values."""

    ticket: str
    event: str
    kind: str
    at: str
    time_format: str
    optional: dict[str, str]
    words: dict[str, Any]


def guess(sample: dict[str, Any]) -> Guess:
    """Guess from one body."""
    words = dict(_flatten(sample))
    kind = _find(words, _TYPE, lambda value: isinstance(value, str))
    times = {path: _time_format(value) for path, value in words.items()}
    at = _find(words, _TIME, lambda value: bool(_time_format(value)))
    ids = {path: value for path, value in words.items() if not times[path] and path != kind}
    ticket = _find(ids, _TICKET, _is_id)
    event = _find({path: value for path, value in ids.items() if path != ticket}, _EVENT, _is_id)
    optional = {
        key: found
        for key, patterns in _OPTIONAL.items()
        if (found := _find(words, patterns, lambda value: isinstance(value, str)))
    }
    return Guess(ticket, event, kind, at, times.get(at, ""), optional, words)


def guess_kind(word: str) -> str:
    """Guess the type of event that a word names."""
    kinds = dict(_KINDS)
    if re.search(kinds["reopened"], word, re.IGNORECASE):
        return "reopened"
    found = (kind for kind, pattern in _KINDS if re.search(pattern, word, re.IGNORECASE))
    return next(found, "note")


def guess_status(word: str) -> str:
    """Guess the status that a word names."""
    found = (name for name, pattern in _STATUSES if re.search(pattern, word, re.IGNORECASE))
    return next(found, "open")


def _flatten(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted paths and plain values; shallow ones first, as what matters stands on top."""
    waiting: list[tuple[str, object]] = [(path, value)]
    while waiting:
        place, one = waiting.pop(0)
        if isinstance(one, dict):
            dot = f"{place}." if place else ""
            waiting += [(f"{dot}{key}", inner) for key, inner in one.items() if "." not in key]
        elif isinstance(one, str | int | float) and not isinstance(one, bool):
            yield place, one


def _find(words: dict[str, Any], patterns: tuple[str, ...], fits: Any) -> str:  # noqa: ANN401 - a test
    for pattern in patterns:
        for path, value in words.items():
            if re.search(pattern, path, re.IGNORECASE) and fits(value):
                return path
    return ""


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and value != ""


def _time_format(value: object) -> str:
    """Return how a value writes an instant, "" where it does not look like one."""
    if isinstance(value, str):
        if value.isdigit():
            return _time_format(int(value)) if len(value) < 14 else ""  # noqa: PLR2004 - of ms
        try:
            return RFC3339 if datetime.fromisoformat(value).tzinfo else ""
        except ValueError:
            return ""
    if isinstance(value, int | float):
        if _FIRST_S <= value < _LAST_S:
            return EPOCH_S
        if _FIRST_S * 1000 <= value < _LAST_S * 1000:
            return EPOCH_MS
    return ""
