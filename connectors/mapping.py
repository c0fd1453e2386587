"""Mapping files: other systems' rows to native events, without Python.

Three kinds: `event` (a row is an act), `update` (a row is the whole ticket after a change) and
`wide` (a row is a ticket with several time columns).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from connectors.mapping_model import Act, MappingFile
from connectors.times import build_time_parser
from slawatch.errors import ConfigError, EventError, Problem
from slawatch.events import KINDS, Kind

Row = Map[str, object]

_INSTANTS = frozenset(("occurred_at", "opened_at", "waiting_since", "promised_at"))
_INTEGERS = frozenset(("sequence", "tier", "score"))
_NUMBERS = frozenset(("handle_seconds",))
_FIELDS = frozenset(
    (
        *("event_id", "ticket_id", "type", "sequence", "actor", "channel", "priority", "tier"),
        *("team", "region", "customer_tier", "category", "assignee", "tags", "origin", "status"),
        *("public", "reason", "handle_seconds", "score", "case", *_INSTANTS),
    )
)
_FIRST = ("channel", "priority", "customer_tier", "category", "region", "origin", "case")
"""What a ticket's `created` takes from its first row."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """Be a mapping file, checked. `shows` are the acts it can show, by channel ("": any)."""

    name: str
    file: MappingFile
    shows: Map[str, frozenset[Kind]]

    @property
    def source(self) -> str:
        """Return the source's name, part of every ticket's identity."""
        return self.file.source


def shipped_mappings() -> list[str]:
    """Return the names of the mappings that ship."""
    folder = files("connectors") / "mappings"
    return sorted(
        entry.name.removesuffix(".toml")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    )


def load_mapping(name_or_path: str) -> Mapping:
    """Load a shipped mapping by name, or a file by path.

    Raises `ConfigError` with every problem: file, key, what was read and what is allowed.
    """
    label, text = _read_text(name_or_path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as ex:
        raise ConfigError([Problem(label, "", f"not TOML: {ex}")]) from ex
    try:
        file = MappingFile.model_validate(data)
    except ValidationError as ex:
        raise ConfigError(
            [
                Problem(label, ".".join(map(str, error["loc"])), _explain(error))
                for error in ex.errors()
            ]
        ) from ex
    problems = [Problem(label, key, message) for key, message in _find_problems(file)]
    if problems:
        raise ConfigError(problems)
    return Mapping(Path(label).stem, file, find_shown(file))


def _read_text(name_or_path: str) -> tuple[str, str]:
    if name_or_path in shipped_mappings():
        file = files("connectors") / "mappings" / f"{name_or_path}.toml"
        return f"{name_or_path}.toml", file.read_text("utf-8")
    path = Path(name_or_path)
    try:
        return str(path), path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as ex:
        names = ", ".join(shipped_mappings())
        msg = f"cannot be read ({ex}): name a file, or one of the shipped mappings: {names}"
        raise ConfigError([Problem(str(path), "", msg)]) from ex


def _explain(error: Any) -> str:
    read = f", got {error['input']!r:.80}" if "input" in error else ""
    message: str = error["msg"]
    return message[:1].lower() + message[1:] + read


def _find_problems(file: MappingFile) -> Iterator[tuple[str, str]]:
    for key in (*file.fields, *file.constants):
        if key not in _FIELDS:
            yield f"fields.{key}", f"unknown field, must be one of {', '.join(sorted(_FIELDS))}"
    for key in file.values:
        if key not in file.fields and key not in file.fields.values():
            yield f"values.{key}", "maps the values of a field that [fields] does not name"
    for place, acts in (("types", file.types), ("columns", file.columns)):
        for key, act in acts.items():
            kind = act if isinstance(act, str) else act.type
            if kind not in KINDS:
                yield f"{place}.{key}", f"unknown type {kind!r}, must be one of {', '.join(KINDS)}"
    shows = file.shows if isinstance(file.shows, dict) else {"": file.shows or []}
    for channel, names in shows.items():
        for name in names:
            if name not in KINDS:
                yield f"shows.{channel}", f"unknown act {name!r}, must be one of {', '.join(KINDS)}"
    try:
        ZoneInfo(file.times.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield "times.zone", f"must be an IANA zone, got {file.times.zone!r}"
    try:
        "".encode(file.encoding)
    except LookupError:
        yield "encoding", f"unknown encoding {file.encoding!r}"


def find_shown(file: MappingFile) -> dict[str, frozenset[Kind]]:
    """Return the acts that a mapping can show, declared or computed."""
    if isinstance(file.shows, dict):
        return {channel: frozenset(KINDS[n] for n in names) for channel, names in file.shows.items()}
    if file.shows is not None:
        return {"": frozenset(KINDS[name] for name in file.shows)}
    acts = [*file.types.values(), *file.columns.values()]
    kinds = {KINDS[act if isinstance(act, str) else act.type] for act in acts}
    if file.created:
        kinds.add(Kind.CREATED)
    if {"team", "assignee"} & set(file.fields):
        kinds.add(Kind.ASSIGNED)
    if "priority" in file.fields:
        kinds.add(Kind.PRIORITY_CHANGED)
    if file.kind == "update" and "status" in file.fields:
        kinds |= {Kind.RESOLVED, Kind.CLOSED, Kind.REOPENED, Kind.PAUSED, Kind.RESUMED}
    return {"": frozenset(kinds)}


class RowDecoder:
    """Decode the rows of one log. It remembers which tickets it has seen created."""

    def __init__(self, mapping: Mapping) -> None:
        """Take the mapping."""
        self._file = mapping.file
        self._parse_time = build_time_parser(mapping.file.times.formats, mapping.file.times.zone)
        self._empty = frozenset(mapping.file.empty)
        self._seen: set[str] = set()
        self._fields = {
            key: column for key, column in mapping.file.fields.items() if key != "event_id"
        }

    def decode(self, row: Row) -> list[dict[str, object]]:
        """Return the native events of a row. Raises `EventError` alone."""
        file = self._file
        said: dict[str, object] = {"source": file.source, **file.constants}
        for key, column in self._fields.items():
            value = self._value(row, key, column)
            if isinstance(value, dict):
                said.update(value)
            elif value is not None:
                said[key] = value
        ticket_id = said.get("ticket_id")
        if not isinstance(ticket_id, str) or not ticket_id:
            msg = f"column {file.fields.get('ticket_id')!r} must name the ticket, got {ticket_id!r}"
            raise EventError("missing_key", msg)
        if file.kind == "wide":
            return self._decode_wide(row, said, ticket_id)
        if file.kind == "event":
            self._apply_type(row, said)
        else:
            said["type"] = "observed"
        said["event_id"] = self._event_id(row, ticket_id, said)
        events = [said]
        if file.created and ticket_id not in self._seen:
            events.insert(0, self._created(row, said, ticket_id))
        return events

    def _value(self, row: Row, key: str, column: str) -> object:
        raw = find_column(row, column)
        if raw is None:
            return None
        text = raw if isinstance(raw, str) else str(raw)
        mapped = self._file.values.get(key) or self._file.values.get(column)
        if mapped is not None and text in mapped:
            value = mapped[text]
            return dict(value) if isinstance(value, dict) else value
        if text in self._empty:
            return None
        if key in _INSTANTS:
            return write_instant(self._parse_time(text, column))
        if key in _INTEGERS or key in _NUMBERS:
            return _number(text, column, whole=key in _INTEGERS)
        if key == "public":
            return text.strip().lower() in ("true", "1", "yes", "t", "y")
        if key == "tags" and not isinstance(raw, list):
            return [tag.strip() for tag in text.split(",") if tag.strip()]
        return raw if key == "tags" else text

    def _apply_type(self, row: Row, said: dict[str, object]) -> None:
        column = self._file.type_column
        if column is None:
            return
        raw = find_column(row, column)
        act = self._file.types.get(str(raw))
        if act is None:
            raise EventError("unknown_type", f"column {column!r} has no type for {raw!r}")
        said.update(_act_keys(act))

    def _event_id(self, row: Row, ticket_id: str, said: dict[str, object]) -> str:
        template = self._file.fields.get("event_id")
        if template is None:
            return f"{ticket_id}/{said.get('type')}/{said.get('sequence', '')}/{said['occurred_at']}"
        if "{" not in template:
            return str(find_column(row, template))
        try:
            return template.format_map(_Columns(row))
        except (ValueError, IndexError) as ex:
            raise EventError("missing_key", f"event_id {template!r}: {ex}") from ex

    def _created(self, row: Row, said: dict[str, object], ticket_id: str) -> dict[str, object]:
        created = self._file.created
        assert created is not None
        raw = find_column(row, created.at)
        if not isinstance(raw, str) or raw in self._empty:
            raise EventError("missing_key", f"column {created.at!r} is required")
        at = self._parse_time(raw, created.at)
        self._seen.add(ticket_id)
        first = {key: said[key] for key in _FIRST if key in said}
        return {
            **first,
            "source": self._file.source,
            "ticket_id": ticket_id,
            "event_id": f"{ticket_id}/created",
            "type": "created",
            "actor": created.actor,
            "occurred_at": write_instant(at),
        }

    def _decode_wide(
        self, row: Row, said: dict[str, object], ticket_id: str
    ) -> list[dict[str, object]]:
        events = []
        for column, act in self._file.columns.items():
            raw = find_column(row, column)
            if raw is None or str(raw) in self._empty:
                continue
            keys = _act_keys(act)
            events.append(
                {
                    **said,
                    **keys,
                    "event_id": f"{ticket_id}/{column}",
                    "occurred_at": write_instant(self._parse_time(str(raw), column)),
                }
            )
        return events


class _Columns(dict[str, object]):
    def __init__(self, row: Row) -> None:
        super().__init__()
        self._row = row

    def __missing__(self, key: str) -> object:
        value = find_column(self._row, key)
        if value is None:
            raise EventError("missing_key", f"column {key!r} is required for event_id")
        return value


def _act_keys(act: str | Act) -> dict[str, object]:
    if isinstance(act, str):
        return {"type": act}
    return {key: value for key, value in act.model_dump().items() if value is not None}


def _number(text: str, column: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError as ex:
        raise EventError("bad_type", f"column {column!r} must be a number, got {text!r}") from ex


def find_column(row: Row, path: str) -> object:
    """Return a column by its name, or a value inside an object by its dotted path."""
    if path in row:
        return row[path]
    value: object = row
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def write_instant(at: int) -> int | str:
    """Write microseconds as the native event has it: epoch milliseconds where that is exact."""
    if at % 1000 == 0 and at >= 0:
        return at // 1000
    from datetime import UTC, datetime, timedelta

    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).isoformat()
