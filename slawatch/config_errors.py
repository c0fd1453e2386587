"""Pydantic's complaints as ours: the key as it stands in the file, and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from slawatch.config_model import Document
from slawatch.config_values import hint

Path = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WANTED = {
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}


def render_key(path: Path) -> str:
    """Write a key path as one would in TOML, places in lists in brackets."""
    key = ""
    for part in path:
        if isinstance(part, int):
            key += f"[{part}]"
        else:
            name = part if _BARE.fullmatch(part) else f'"{part}"'
            key += f".{name}" if key else name
    return key


def describe(error: ErrorDetails, data: Mapping[str, Any]) -> tuple[Path, str]:
    """Return the key that an error is about, as it stands in the file, and what is wrong."""
    path = _as_written(error["loc"], data, missing=error["type"] == "missing")
    return path, _say(error)


def _say(error: ErrorDetails) -> str:
    value, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            *table, key = error["loc"]
            return f"is no key of this table{hint(key, _allowed(tuple(table)))}"
        case "value_error":
            return str(context["error"])
    wanted = _WANTED.get(error["type"], error["msg"].lower())
    return f"{wanted.format(**context)}, got {value!r:.80}"


def _as_written(location: Path, data: Mapping[str, Any], *, missing: bool) -> Path:
    """Drop the steps that a shorthand spares the file."""
    path: list[str | int] = []
    at: Any = data
    for number, step in enumerate(location):
        if _has(at, step):
            path.append(step)
            at = at[step]
        elif missing and number == len(location) - 1:
            path.append(step)
    return tuple(path)


def delete_keys(data: Any, paths: Iterable[Path]) -> None:  # noqa: ANN401 - see its callers
    """Take away what the paths name; of a missing key, the table that lacks it."""
    doomed = {path if _is_there(data, path) else path[:-1] for path in paths}
    outermost = [path for path in doomed if not any(path[:n] in doomed for n in range(len(path)))]
    # From the back, so that the places in lists still hold.
    for path in sorted(outermost, key=_from_the_back, reverse=True):
        *steps, last = path
        at = data
        for step in steps:
            at = at[step]
        del at[last]


def _from_the_back(path: Path) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in path]


def _is_there(data: Any, path: Path) -> bool:  # noqa: ANN401 - whatever stands in the file
    at = data
    for step in path:
        if not _has(at, step):
            return False
        at = at[step]
    return True


def _has(at: object, step: str | int) -> bool:
    if isinstance(at, list):
        return isinstance(step, int) and step < len(at)
    return isinstance(at, dict) and step in at


def _allowed(location: Path) -> list[str]:
    """Return the keys of the table at a location, found through the models' own fields."""
    model: Any = Document
    for step in location:
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields.get(str(step))
            model = None if field is None else field.annotation
        else:
            model = _inner(model)
        model = _unwrap(model)
    return list(model.model_fields) if _is_model(model) else []


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _unwrap(kind: Any) -> Any:  # noqa: ANN401 - a type annotation
    """Look through Annotated and Optional."""
    while not _is_model(kind) and getattr(kind, "__metadata__", None):
        kind = get_args(kind)[0]
    options = [option for option in get_args(kind) if option is not type(None)]
    if type(None) in get_args(kind) and len(options) == 1:
        return _unwrap(options[0])
    return kind


def _inner(kind: Any) -> Any:  # noqa: ANN401 - a type annotation
    """Return what a list or a dictionary holds."""
    arguments = get_args(kind)
    return arguments[-1] if arguments else None
