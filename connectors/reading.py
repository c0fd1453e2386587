"""Readers of foreign JSON: whatever a system sends, a decoder gets the type it asked for.

`require_…` raises `EventError` where the value is missing or of another type; `find_…` gives
`None` there, as an optional key must not cost the event. A path is a key, or dotted: "a.b.0.c".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

from connectors.columns import find_column
from connectors.decoding import explain_body
from connectors.mapping_model import EPOCH_MS, EPOCH_S, RFC3339
from connectors.payload import Payload
from connectors.times import build_time_parser, write_instant
from slawatch.errors import EventError

__all__ = ["EPOCH_MS", "EPOCH_S", "RFC3339", "Object"]

Object = dict[str, Any]
"""A JSON object; what it holds is anybody's guess until it is read by one of these."""

_SHOWN = 80
_MAX_MS = 253_402_300_799_000


def parse_json(payload: Payload) -> object:
    """Parse the body. Raises `EventError` malformed, bad_encoding or oversize."""
    try:
        return orjson.loads(payload.body)
    except orjson.JSONDecodeError as ex:
        raise explain_body(payload.body, ex) from ex


def parse_object(payload: Payload) -> Object:
    """Parse a body that must be one JSON object."""
    return as_object(parse_json(payload), "the body")


def parse_objects(payload: Payload) -> list[Object]:
    """Parse a body that is a JSON object, or a list of them."""
    data = parse_json(payload)
    return [as_object(one, "the body") for one in (data if isinstance(data, list) else [data])]


def parse_form(payload: Payload) -> dict[str, str]:
    """Parse an `application/x-www-form-urlencoded` body; of a repeated key the last counts."""
    try:
        pairs = parse_qsl(payload.body.decode(), keep_blank_values=True, max_num_fields=1000)
    except UnicodeDecodeError as ex:
        raise EventError("bad_encoding", f"not UTF-8 at byte {ex.start}") from ex
    except ValueError as ex:
        raise EventError("malformed", f"not a form: {ex}") from ex
    return dict(pairs)


def as_object(value: object, what: str) -> Object:
    """Return a value that must be a JSON object; `what` names it in the error."""
    if isinstance(value, dict):
        return value
    raise _wrong_type(what, "an object", value)


def find(data: object, path: str) -> object:
    """Return what stands at the path, or `None`."""
    return find_column(data, path) if isinstance(data, dict) else None


def find_text(data: object, path: str) -> str | None:
    """Return a text that is not empty."""
    value = find(data, path)
    return value if isinstance(value, str) and value else None


def require_text(data: object, path: str) -> str:
    """Return a text that is not empty."""
    value = find(data, path)
    if isinstance(value, str) and value:
        return value
    raise _complain(path, "a text", value)


def find_id(data: object, path: str) -> str | None:
    """Return an id that may be written as a text or as an integer."""
    value = find(data, path)
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def require_id(data: object, path: str) -> str:
    """Return an id that may be written as a text or as an integer."""
    found = find_id(data, path)
    if found is None:
        raise _complain(path, "an id (text or integer)", find(data, path))
    return found


def find_integer(data: object, path: str) -> int | None:
    """Return an integer; digits in quotes count, true and false do not."""
    value = find(data, path)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _SHOWN:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def require_integer(data: object, path: str) -> int:
    """Return an integer; digits in quotes count, true and false do not."""
    found = find_integer(data, path)
    if found is None:
        raise _complain(path, "an integer", find(data, path))
    return found


def find_number(data: object, path: str) -> float | None:
    """Return a number."""
    value = find(data, path)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def find_flag(data: object, path: str) -> bool | None:
    """Return true or false."""
    value = find(data, path)
    return value if isinstance(value, bool) else None


def find_object(data: object, path: str) -> Object:
    """Return an object, an empty one where there is none."""
    value = find(data, path)
    return value if isinstance(value, dict) else {}


def require_object(data: object, path: str) -> Object:
    """Return an object."""
    value = find(data, path)
    if isinstance(value, dict):
        return value
    raise _complain(path, "an object", value)


def find_objects(data: object, path: str) -> list[Object]:
    """Return the objects of a list; what else is in it is left out, no list is an empty one."""
    value = find(data, path)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def require_list(data: object, path: str) -> list[Any]:
    """Return a list."""
    value = find(data, path)
    if isinstance(value, list):
        return value
    raise _complain(path, "a list", value)


def find_texts(data: object, path: str) -> list[str]:
    """Return the texts of a list, such as tags."""
    value = find(data, path)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def instant(value: object, *formats: str, zone: str = "UTC", key: str = "the instant") -> int | str:
    """Return an instant as a native event has it.

    `formats` are tried in this order: `RFC3339` (the default), `EPOCH_S`, `EPOCH_MS`, or strptime
    patterns, whose local times are of `zone`. Raises `EventError`: missing_key for no value,
    bad_time for one that does not fit.
    """
    if value is None:
        raise EventError("missing_key", f"{key!r} is required: it says when")
    if formats == (EPOCH_MS,) and type(value) is int and 0 <= value <= _MAX_MS:
        return value
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise EventError("bad_time", f"{key!r} must say when, got {value!r:.80}")
    parse = _time_parser(formats or (RFC3339,), zone)
    return write_instant(parse(str(value), key))


def require_instant(data: object, path: str, *formats: str, zone: str = "UTC") -> int | str:
    """Return the instant at the path, as a native event has it; see `instant`."""
    return instant(find(data, path), *formats, zone=zone, key=path)


def find_instant(data: object, path: str, *formats: str, zone: str = "UTC") -> int | str | None:
    """Return the instant at the path, as a native event has it, `None` where there is none."""
    try:
        return require_instant(data, path, *formats, zone=zone)
    except EventError:
        return None


def require_second(data: object, path: str) -> int | str:
    """Return the whole second of the instant at the path, where a system has two precisions."""
    at = require_instant(data, path)
    us = at * 1000 if isinstance(at, int) else _time_parser((RFC3339,), "UTC")(at, path)
    return write_instant(us // 1_000_000 * 1_000_000)


def find_us(data: object, path: str) -> int | None:
    """Return the RFC 3339 instant at the path in microseconds, `None` where there is none."""
    text = find_text(data, path)
    try:
        return None if text is None else _time_parser((RFC3339,), "UTC")(text, path)
    except EventError:
        return None


@lru_cache(maxsize=256)
def _time_parser(formats: tuple[str, ...], zone: str) -> Callable[[str, str], int]:
    return build_time_parser(formats, zone)


def _complain(path: str, wanted: str, value: object) -> EventError:
    if value is None or value == "":
        return EventError("missing_key", f"{path!r} is required: {wanted}")
    return _wrong_type(repr(path), wanted, value)


def _wrong_type(what: str, wanted: str, value: object) -> EventError:
    return EventError("bad_type", f"{what} must be {wanted}, got {repr(value)[:_SHOWN]}")
