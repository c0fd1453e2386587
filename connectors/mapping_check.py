"""What pydantic cannot see in a mapping file: how its keys fit together, and what it can show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from connectors.acts import derive_shown
from connectors.columns import parse_template
from connectors.mapping_model import (
    CLOSED_VALUES,
    Act,
    Condition,
    Created,
    MappingFile,
    PushTable,
    SignatureTable,
    Times,
)
from slawatch.config_values import hint
from slawatch.events import KINDS, Kind

_NEEDED = {
    "event": ("event_id", "ticket_id", "occurred_at"),
    "update": ("event_id", "ticket_id", "occurred_at"),
    "wide": ("ticket_id",),
}
_ONLY = {
    "created": ("event", "update"),
    "type_column": ("event",),
    "types": ("event",),
    "acts": ("event",),
    "unmatched": ("event",),
    "columns": ("wide",),
}
_NO_WIDE_FIELDS = ("event_id", "occurred_at", "sequence")
_ENDS = frozenset((Kind.RESOLVED, Kind.CLOSED))

Found = Iterator[tuple[str, str]]


def describe_error(error: ErrorDetails, data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the key that an error of pydantic's is about, as in the file, and a sentence."""
    location = error["loc"]
    key = _as_written(location, data, missing=error["type"] == "missing")
    match error["type"]:
        case "missing":
            return key, "is required"
        case "extra_forbidden":
            table = location[0] if len(location) > 1 else ""
            return key, f"is no key of this table{hint(location[-1], _ALLOWED.get(table, ()))}"
        case "value_error":
            return key, str(error["ctx"]["error"])
    message = error["msg"]
    return key, f"{message[:1].lower()}{message[1:]}, got {error['input']!r:.80}"


_ALLOWED: dict[int | str, tuple[str, ...]] = {
    "": tuple(MappingFile.model_fields),
    "times": tuple(Times.model_fields),
    "created": tuple(Created.model_fields),
    "types": tuple(Act.model_fields),
    "columns": tuple(Act.model_fields),
    "acts": tuple(Condition.model_fields),
    "push": (*PushTable.model_fields, *SignatureTable.model_fields),
}


def _as_written(location: tuple[int | str, ...], data: object, *, missing: bool) -> str:
    """Drop the steps that are pydantic's own, such as the branch of a union."""
    path = []
    for number, step in enumerate(location):
        is_there = (
            step in data
            if isinstance(data, dict)
            else isinstance(data, list) and isinstance(step, int)
        )
        if is_there:
            data = data[step]  # type: ignore[index]  # one of the two above
            path.append(str(step))
        elif missing and number == len(location) - 1:
            path.append(str(step))
    return ".".join(path)


def find_problems(data: Mapping[str, Any]) -> Found:
    """Find what does not fit together in the file as it stands, whatever the types of its keys."""
    kind = data.get("kind")
    if kind not in _NEEDED:
        return
    fields = _table(data.get("fields"))
    yield from _find_missing(data, kind, fields)
    for key, kinds in _ONLY.items():
        if key in data and kind not in kinds:
            yield key, f"belongs to kind {' or '.join(map(repr, kinds))}, this is {kind!r}"
    if data.get("rows") is not None and data.get("format") != "json":
        yield "rows", "belongs to format 'json': where in the document the list of rows stands"
    yield from _find_bad_fields(data, kind, fields)
    yield from _find_bad_values(_table(data.get("values")), _used_columns(data, fields))


def _find_missing(data: Mapping[str, Any], kind: str, fields: Mapping[str, Any]) -> Found:
    for key in _NEEDED[kind]:
        if key not in fields:
            why = (
                'a column, or a template such as "{number}/{count}" that no two acts share'
                if key == "event_id"
                else "the column that holds it"
            )
            yield f"fields.{key}", f"is required for kind {kind!r}: {why}"
    if kind == "wide" and not data.get("columns"):
        yield "columns", "is required for kind 'wide': time column = type of the act"
    if kind == "event" and not data.get("acts") and not data.get("types"):
        yield "types", "is required for kind 'event', unless [[acts]] say what a row is"
    if data.get("types") and not data.get("type_column"):
        yield "type_column", "is required: the column whose values [types] explains"
    if data.get("type_column") and not data.get("types"):
        yield "types", "is required: the values of type_column"


def _find_bad_fields(data: Mapping[str, Any], kind: str, fields: Mapping[str, Any]) -> Found:
    if isinstance(template := fields.get("event_id"), str):
        try:
            parse_template(template)
        except ValueError as ex:
            yield "fields.event_id", str(ex)
    if kind == "wide":
        for key in _NO_WIDE_FIELDS:
            if key in fields:
                yield f"fields.{key}", "cannot be said of a wide row: every act has its own"
    for key in _table(data.get("constants")):
        if key in fields:
            yield f"constants.{key}", f"is given by fields.{key} already: defaults go to [values]"
        elif key in ("event_id", "ticket_id", "occurred_at"):
            yield f"constants.{key}", "cannot be the same for every row"


def _find_bad_values(values: Mapping[str, Any], used: Mapping[str, set[str]]) -> Found:
    for name, table in values.items():
        if name not in used:
            yield f"values.{name}", f"maps a field or column that nothing reads{hint(name, used)}"
            continue
        for text, value in _table(table).items():
            said = value if isinstance(value, dict) else dict.fromkeys(used[name], value)
            for key, meant in said.items():
                allowed = CLOSED_VALUES.get(key)
                if allowed and meant not in allowed:
                    yield (
                        f"values.{name}.{text}",
                        f"{key} {meant!r} is unknown{hint(meant, allowed)}",
                    )


def _used_columns(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the names a value map may have, and the native keys that it then gives values to."""
    used: dict[str, set[str]] = {}
    acts = [*_table(data.get("types")).values(), *_table(data.get("columns")).values()]
    listed = data.get("acts")
    acts += listed if isinstance(listed, list) else []
    tables = [fields, *(_table(act.get("fields")) for act in acts if isinstance(act, dict))]
    for table in tables:
        for key, column in table.items():
            used.setdefault(key, set()).add(key)
            used.setdefault(str(column), set()).add(key)
    return used


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def find_shown(file: MappingFile) -> dict[str, frozenset[Kind]]:
    """Return the acts that a mapping can show by channel ("": any), declared or computed."""
    if isinstance(file.shows, dict):
        return {channel: _kinds(names) for channel, names in file.shows.items()}
    if file.shows is not None:
        return {"": _kinds(file.shows)}
    shown = {Kind.CREATED} if file.created else set()
    if file.kind == "update":
        return {"": frozenset(shown | _changes(file, file.fields))}
    acts: list[Act] = [*file.types.values(), *file.acts, *file.columns.values()]
    for act in acts:
        kind = KINDS[act.type]
        if kind is not Kind.OBSERVED:
            shown.add(kind)
            continue
        changes = _changes(file, {**file.fields, **act.fields})
        # A wide row tells how the ticket stands, not what it has been through.
        shown |= changes & _ENDS if file.kind == "wide" else changes
    return {"": frozenset(shown)}


def _changes(file: MappingFile, fields: Mapping[str, str]) -> frozenset[Kind]:
    """Return what becomes visible when a ticket is told as a whole after each change."""
    statuses = _find_statuses(file, fields["status"]) if "status" in fields else set()
    return derive_shown(fields, statuses)


def _find_statuses(file: MappingFile, column: str) -> set[str]:
    mapped = {**file.values.get(column, {}), **file.values.get("status", {})}
    if not mapped:
        return set(CLOSED_VALUES["status"])
    said = (value.get("status") if isinstance(value, dict) else value for value in mapped.values())
    return {status for status in said if isinstance(status, str)}


def _kinds(names: Iterable[str]) -> frozenset[Kind]:
    return frozenset(KINDS[name] for name in names)
