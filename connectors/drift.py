"""Drift: fields, their types, and types of deliveries that nobody had seen before.

A shape names fields and never what they hold, but for the words by which a system names its kinds
of deliveries. Only bodies of JSON have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import orjson

from connectors.golden import Golden
from connectors.payload import Payload
from connectors.scrub import EMAIL, PHONE

Shape = frozenset[str]
"""Entries as `detail.tags[] (text)` and `type = ticket.created`."""

MAX_DEPTH = 12
MAX_VALUES = 2_000
"""How much of one body is looked at."""
_MAX_KEYS = 64
_ANY = "*"
_ID = re.compile(r"[+-]?\d+|[0-9a-fA-F-]{16,}|(?=.*\d)[A-Z0-9]{8,}|.{65,}")
_KIND_KEY = re.compile(
    r"(?:type|kind|event|topic|action|event_?type|event_?name|webhook_?event|object_?kind|"
    r"msg_?type|message_?type)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z][\w.:/-]{0,63}")
_KIND_DEPTH = 2


def find_shape(payload: Payload) -> Shape:
    """Return what a body has; empty where it is no JSON object or list."""
    try:
        data = orjson.loads(payload.body)
    except orjson.JSONDecodeError:
        return frozenset()
    if not isinstance(data, dict | list):
        return frozenset()
    return frozenset(_walk(data))


def find_baseline(golden: Iterable[Golden]) -> Shape:
    """Return what a connector's golden bodies have together."""
    return frozenset().union(*(find_shape(one.payload) for one in golden))


def _walk(data: object) -> Iterator[str]:
    waiting: list[tuple[str, object, int]] = [("", data, 0)]
    left = MAX_VALUES
    while waiting and left:
        path, value, depth = waiting.pop()
        left -= 1
        if path and value is not None:  # nothing has no type, and may become any
            yield f"{path} ({_name_type(value)})"
        if depth >= MAX_DEPTH:
            continue
        if isinstance(value, dict):
            is_map = len(value) > _MAX_KEYS
            for key, one in value.items():
                name = _ANY if is_map else _name_key(key)
                inner = f"{path}.{name}" if path else name
                waiting.append((inner, one, depth + 1))
                if depth < _KIND_DEPTH and _names_kind(key, one):
                    yield f"{inner} = {one}"
        elif isinstance(value, list):
            waiting += [(f"{path}[]", one, depth + 1) for one in value[:_MAX_KEYS]]


def _name_type(value: object) -> str:
    match value:
        case bool():
            return "flag"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
    return "object"


@lru_cache(4096)  # three patterns a key, and keys come again and again
def _name_key(key: str) -> str:
    """Return a field's name; a key that is an id, or a person's, stands for any."""
    return _ANY if _ID.fullmatch(key) or EMAIL.search(key) or PHONE.search(key) else key


def _names_kind(key: str, value: object) -> bool:
    if not isinstance(value, str) or not _KIND_KEY.fullmatch(key):
        return False
    return bool(_WORD.fullmatch(value)) and not _ID.fullmatch(value)
