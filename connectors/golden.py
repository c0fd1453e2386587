"""Golden bodies: deliveries with the events that they must decode to, written by hand.

In `golden/NAME/`: `ACT.json` (or .txt, .eml, .xml) is the raw body, `ACT.headers.json` holds its
headers and query where the decoder needs them, `ACT.events.jsonl` the expected native events, none
for a body that concerns no clock. There a person is `{"opaque": "wa:49151…"}`, and what is refused
`{"rejected": "bad_time"}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from connectors.connector import Decode
from connectors.opaque import TEST_KEY, Opaque, hide
from connectors.payload import Payload
from slawatch.errors import ConfigError, EventError, Problem
from slawatch.parsing import parse_instant

_EVENTS, _HEADERS = ".events.jsonl", ".headers.json"
_INSTANTS = ("occurred_at", "opened_at", "waiting_since", "promised_at")

Plain = dict[str, Any]
"""A native event as plain JSON, or `{"rejected": reason}`."""


@dataclass(frozen=True, slots=True)
class Golden:
    """Be one golden body. `expected` is `None` where nobody has said what it decodes to."""

    act: str
    path: Path
    payload: Payload
    expected: tuple[Plain, ...] | None


def load_golden(folder: Path) -> list[Golden]:
    """Load a connector's golden bodies, by name; none where there is no folder.

    Raises `ConfigError` for a file beside them that is not as it must be.
    """
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        Golden(path.stem, path, load_payload(path), _load_expected(path))
        for path in paths
        if is_body(path)
    ]


def is_body(path: Path) -> bool:
    """Tell a body from what stands beside it."""
    beside = path.name.endswith((_EVENTS, _HEADERS)) or path.name.startswith(".")
    return path.is_file() and not beside and path.name != "SOURCE.txt"


def load_payload(path: Path) -> Payload:
    """Load a body with the headers and the query that lie beside it."""
    beside = path.with_name(path.stem + _HEADERS)
    if not beside.is_file():
        return Payload(path.read_bytes())
    try:
        said = orjson.loads(beside.read_bytes())
        headers, query = said.get("headers", {}), said.get("query", {})
        return Payload(path.read_bytes(), dict(headers), dict(query))
    except (ValueError, AttributeError, TypeError) as ex:
        wanted = '{"headers": {"lower-case": "text"}, "query": {}}'
        raise ConfigError([Problem(str(beside), "", f"must be as {wanted}: {ex}")]) from ex


def _load_expected(path: Path) -> tuple[Plain, ...] | None:
    beside = path.with_name(path.stem + _EVENTS)
    if not beside.is_file():
        return None
    lines = [line for line in beside.read_bytes().splitlines() if line.strip()]
    try:
        found = tuple(orjson.loads(line) for line in lines)
    except orjson.JSONDecodeError as ex:
        raise ConfigError([Problem(str(beside), "", f"must hold an event a line: {ex}")]) from ex
    if all(isinstance(event, dict) for event in found):
        return found
    raise ConfigError([Problem(str(beside), "", "must hold one JSON object a line")])


def decode_plain(decode: Decode, payload: Payload) -> list[Plain]:
    """Decode as a golden file has it: persons marked, refusals in their place.

    Every other exception than `EventError` escapes.
    """
    try:
        return [_write_plain(event) for event in decode(payload)]
    except EventError as ex:
        return [{"rejected": ex.reason}]


def _write_plain(value: Any) -> Any:  # noqa: ANN401 - whatever a decoder gives
    if isinstance(value, EventError):
        return {"rejected": value.reason}
    if isinstance(value, Opaque):
        return {"opaque": value.person}
    if isinstance(value, Mapping):
        return {key: _write_plain(one) for key, one in value.items()}
    return value


def hide_plain(events: Iterable[Plain]) -> list[Plain]:
    """Put opaque ids, made with the kit's key, where a golden file has persons."""
    return [_hide(event) for event in events]


def _hide(value: Any) -> Any:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        return value
    if value.keys() == {"opaque"}:
        return hide(value["opaque"], TEST_KEY)
    return {key: _hide(one) for key, one in value.items()}


def to_comparable(events: Iterable[Plain]) -> list[Plain]:
    """Write instants in one way and leave out what is not said, so that events compare."""
    return [
        {key: _to_us(key, value) for key, value in event.items() if value is not None}
        for event in hide_plain(events)
    ]


def _to_us(key: str, value: object) -> object:
    try:
        return parse_instant(value, key) if key in _INSTANTS else value
    except EventError:
        return value
