"""Mapping files: other systems' rows to native events, without Python.

Three kinds: `event` (a row is an act), `update` (a row is the whole ticket after a change) and
`wide` (a row is a ticket with several time columns). docs/reference/mappings.md has every key.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping as Map
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.columns import FieldReader, Row, Template, find_column, render_text
from connectors.mapping_check import describe_error, find_problems, find_shown
from connectors.mapping_model import Act, MappingFile
from slawatch.errors import ConfigError, EventError, Problem
from slawatch.events import Kind

_FIRST = ("channel", "priority", "customer_tier", "category", "region", "origin", "case")
"""What a ticket's `created` takes from its first row: what a policy may match from the start.

The team is not among them: rows tell who holds a ticket, not who will have been given it.
"""

_STANDING = ("status", "reason")
"""What a wide row says of the day it was written: only an `observed` act may assert it."""


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
    label, text = _load_text(name_or_path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as ex:
        raise ConfigError([Problem(label, "", f"not TOML: {ex}")]) from ex
    found: dict[str, str] = {}
    file = None
    try:
        file = MappingFile.model_validate(data)
    except ValidationError as ex:
        for error in ex.errors():
            key, message = describe_error(error, data)
            found.setdefault(key, message)
    for key, message in find_problems(data):
        found.setdefault(key, message)
    if found or file is None:
        raise ConfigError([Problem(label, key, message) for key, message in found.items()])
    return Mapping(Path(label).stem, file, find_shown(file))


def _load_text(name_or_path: str) -> tuple[str, str]:
    if name_or_path in shipped_mappings():
        file = files("connectors") / "mappings" / f"{name_or_path}.toml"
        return f"{name_or_path}.toml", file.read_text("utf-8")
    path = Path(name_or_path)
    try:
        return str(path), path.read_text("utf-8")
    except (OSError, ValueError) as ex:
        names = ", ".join(shipped_mappings())
        msg = f"cannot be read ({ex}): name a file, or one of the shipped mappings: {names}"
        raise ConfigError([Problem(str(path), "", msg)]) from ex


class _ActReader:
    """Add an act's own keys, and the fields that are read for it alone."""

    def __init__(self, file: MappingFile, act: Act) -> None:
        self._keys = act.model_dump(exclude={"fields", "when"}, exclude_none=True)
        self._reader = FieldReader(file, act.fields) if act.fields else None

    def add(self, row: Row, said: dict[str, Any]) -> None:
        said.update(self._keys)
        if self._reader is not None:
            self._reader.read(row, said)


class RowDecoder:
    """Decode the rows of one log. It remembers which tickets it has seen created.

    A pure one remembers none, so that the same row always gives the same events, and leaves the
    source to whoever hears it.
    """

    def __init__(self, mapping: Mapping, *, is_pure: bool = False) -> None:
        """Compile the mapping."""
        file = mapping.file
        self._file = file
        self._empty = frozenset(file.empty)
        source = {} if is_pure else {"source": file.source}
        self._base: dict[str, Any] = {**source, **file.constants}
        self._is_pure = is_pure
        fields = {key: column for key, column in file.fields.items() if key != "event_id"}
        self._reader = FieldReader(file, fields, required=("ticket_id", "occurred_at"))
        self._event_id = Template(file.fields.get("event_id", "ticket_id"))
        self._seen: set[str] = set()
        self._types = {value: _ActReader(file, act) for value, act in file.types.items()}
        self._conditions = [
            (_compile_condition(act.when), _ActReader(file, act)) for act in file.acts
        ]
        kinds = Counter(act.type for act in file.columns.values())
        self._columns = [
            (column, act.type, kinds[act.type] > 1, _ActReader(file, act))
            for column, act in file.columns.items()
        ]

    def decode(self, row: Row) -> list[dict[str, Any]]:
        """Return the native events of a row, in no order. Raises `EventError` alone."""
        said = self._base.copy()
        self._reader.read(row, said)
        ticket_id = said.get("ticket_id")
        if not ticket_id:
            raise self._lacks("ticket_id")
        if self._file.kind == "wide":
            return self._decode_wide(row, said, ticket_id)
        if said.get("occurred_at") is None:
            raise self._lacks("occurred_at")
        if self._file.kind == "update":
            said["type"] = "observed"
        elif not self._apply_act(row, said):
            return []
        said["event_id"] = self._event_id.render(row, self._empty)
        if self._file.created is None or ticket_id in self._seen:
            return [said]
        return [*self._create(row, said, ticket_id), said]

    def _lacks(self, key: str) -> EventError:
        column = self._file.fields[key]
        return EventError("missing_key", f"column {column!r} is required: it holds {key}")

    def _apply_act(self, row: Row, said: dict[str, Any]) -> bool:
        """Say what the row is; `False` if the mapping skips such rows."""
        for conditions, act in self._conditions:
            if all(_read_text(row, column) in texts for column, texts in conditions):
                act.add(row, said)
                return True
        column = self._file.type_column
        found = self._types.get(_read_text(row, column)) if column else None
        if found is not None:
            found.add(row, said)
            return True
        if self._file.unmatched == "skip":
            return False
        if column:
            text = _read_text(row, column)
            raise EventError("unknown_type", f"column {column!r} has no type for {text!r:.80}")
        raise EventError("unknown_type", "the row meets no condition of [[acts]]")

    def _create(self, row: Row, said: dict[str, Any], ticket_id: str) -> list[dict[str, Any]]:
        """Return the act that opened the ticket, or nothing while no row says when."""
        created = self._file.created
        text = _read_text(row, created.at) if created else ""
        if created is None or text in self._empty or not text:
            return []
        at = self._reader.try_instant(text, created.at)
        if at is not text and not self._is_pure:
            self._seen.add(ticket_id)
        return [
            {
                "ticket_id": ticket_id,
                "event_id": f"{ticket_id}/created",
                "type": "created",
                "actor": created.actor,
                "occurred_at": at,
                **{key: said[key] for key in ("source", *_FIRST) if key in said},
            }
        ]

    def _decode_wide(self, row: Row, said: dict[str, Any], ticket_id: str) -> list[dict[str, Any]]:
        events = []
        standing = {key: said.pop(key) for key in _STANDING if key in said}
        for column, kind, is_shared, act in self._columns:
            text = _read_text(row, column)
            if text in self._empty or not text:
                continue
            at = self._reader.try_instant(text, column)
            event = {**said, **standing} if kind == "observed" else said.copy()
            event["occurred_at"] = at
            event["event_id"] = f"{ticket_id}/{column if is_shared else kind}"
            if kind == "observed":  # the next export tells of another day: that is another act
                event["event_id"] += f"/{at}"
            act.add(row, event)
            events.append(event)
        if not events:
            names = ", ".join(self._file.columns)
            raise EventError("missing_key", f"one of the columns {names} must say when")
        return events


def _compile_condition(when: Map[str, str | list[str]]) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple(
        (column, frozenset([texts] if isinstance(texts, str) else texts))
        for column, texts in when.items()
    )


def _read_text(row: Row, column: str) -> str:
    raw = find_column(row, column)
    return render_text(raw) if isinstance(raw, str | bool | int | float) else ""
