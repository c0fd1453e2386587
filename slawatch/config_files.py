"""Configuration files: found, read, checked one by one and laid over one another.

A file that is wrong in one place is used in all others, so that what it gets wrong elsewhere is
said in the same breath; nothing is built from it in the end.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slawatch.config_errors import delete_keys, describe, render_key
from slawatch.config_model import Document
from slawatch.config_values import hint
from slawatch.errors import Problem

DEFAULTS = Path(__file__).parent / "defaults"
SHIPPED = {
    "default": "policy.toml",
    "demo": "demo.toml",
    "targets": "targets.toml",
    "uci-label": "uci-label.toml",
    "uci-label-defaults": "uci-label-defaults.toml",
    "uci-normal": "uci-normal.toml",
}
"""The names by which what ships can be named, and their files."""

_NAMED = (
    "channels",
    "priorities",
    "regions",
    "teams",
    "sources",
    "calendars",
    "targets",
    "chains",
)
_SINGLE = ("desk", "server", "state", "intake", "connectors", "links", "paging")

Tables = dict[str, Any]


@dataclass(slots=True)
class Layer:
    """Be one file as read: `data` without what was wrong in it, `broken` what was.

    `places` are where policies stand in the file, by their identity.
    """

    label: str
    shipped: bool
    data: Tables = field(default_factory=dict)
    broken: set[tuple[str, str]] = field(default_factory=set)
    places: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class PolicyEntry:
    """Be a policy as written: where it stands, and what it replaced."""

    layer: Layer
    index: int
    data: Tables
    replaced: PolicyEntry | None = None

    @property
    def name(self) -> str:
        """Return the policy's name, "" where it has none."""
        name = self.data.get("name")
        return name if isinstance(name, str) else ""


@dataclass(slots=True)
class Stack:
    """Be all files laid over one another. `origins` says which file said a key last."""

    problems: list[Problem] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    tables: Tables = field(default_factory=dict)
    policies: list[PolicyEntry] = field(default_factory=list)
    origins: dict[tuple[str | int, ...], str] = field(default_factory=dict)

    def is_broken(self, section: str, name: str) -> bool:
        """Tell whether something in a named table was already found wrong."""
        return any((section, name) in layer.broken for layer in self.layers)

    def file_of(self, *path: str | int) -> str:
        """Return the file that said a key last, or its table."""
        while path and path not in self.origins:
            path = path[:-1]
        return self.origins.get(path, "")

    def complain(self, path: tuple[str | int, ...], message: str) -> None:
        """Note a problem of a key in a named table."""
        self.problems.append(Problem(self.file_of(*path), render_key(path), message))


def read_stack(names: Sequence[str | Path], *, shipped: bool) -> Stack:
    """Read files and what they include, each once, the included ones below."""
    stack = Stack()
    seen: dict[Path, bool] = {}
    for name in names:
        _read_file(stack, name, None, seen, shipped=shipped)
    for layer in stack.layers:
        _lay_over(stack, layer)
    return stack


def _find(name: str | Path, base: Path | None) -> tuple[Path, bool]:
    if isinstance(name, str) and name in SHIPPED:
        return DEFAULTS / SHIPPED[name], True
    path = Path(name) if base is None else base / name
    return path, path.resolve().parent == DEFAULTS.resolve()


def _read_file(
    stack: Stack, name: str | Path, parent: Layer | None, seen: dict[Path, bool], *, shipped: bool
) -> None:
    base = None if parent is None else Path(parent.label).parent
    path, is_shipped = _find(name, base)
    key = path.resolve()
    asked_by = (parent.label, "include") if parent else (str(name), "")
    if key in seen:
        if not seen[key]:
            stack.problems.append(Problem(*asked_by, f"{str(name)!r} includes itself"))
        return
    seen[key] = False
    data = _load(stack, path, name, asked_by)
    layer = Layer(str(path), is_shipped)
    if data is not None:
        layer.data = _check(stack, layer, data)
        _anchor(layer.data, path.parent)
    implied = ["default"] if shipped and not is_shipped else []
    for included in layer.data.get("include", implied):
        _read_file(stack, included, layer, seen, shipped=shipped)
    seen[key] = True
    stack.layers.append(layer)


def _load(stack: Stack, path: Path, name: str | Path, asked_by: tuple[str, str]) -> Tables | None:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as ex:
        wrong = f"cannot be read: {ex.strerror}"
        if isinstance(name, str) and isinstance(ex, FileNotFoundError):
            wrong = f"{name!r} is neither a file nor a policy that ships{hint(name, SHIPPED)}"
        stack.problems.append(Problem(*asked_by, wrong))
    except UnicodeDecodeError as ex:
        stack.problems.append(Problem(str(path), "", f"is not UTF-8 (byte {ex.start})"))
    except tomllib.TOMLDecodeError as ex:
        text = str(ex)
        stack.problems.append(Problem(str(path), "", f"is not TOML: {text[:1].lower()}{text[1:]}"))
    return None


def _check(stack: Stack, layer: Layer, data: Tables) -> Tables:
    """Note everything that is wrong in a file and return the rest of it."""
    if isinstance(policies := data.get("policies"), list):
        layer.places = {id(policy): place for place, policy in enumerate(policies)}
    first = True
    while True:
        try:
            Document.model_validate(data)
        except ValidationError as ex:
            found = [describe(error, data) for error in ex.errors(include_url=False)]
            # The first look sees everything; what comes later is missing because we took it away.
            if first:
                for path, message in found:
                    stack.problems.append(Problem(layer.label, render_key(path), message))
            layer.broken |= {(str(path[0]), _entry_name(data, path)) for path, _ in found}
            delete_keys(data, (path for path, _ in found))
            first = False
        else:
            return data


def _entry_name(data: Tables, path: tuple[str | int, ...]) -> str:
    if len(path) < 2:  # noqa: PLR2004 - section and name
        return ""
    name = path[1]
    if isinstance(name, int):
        entry = data["policies"][name]
        return str(entry.get("name", "")) if isinstance(entry, dict) else ""
    return name


def _anchor(data: Tables, folder: Path) -> None:
    """Make the paths in a file independent of where it lies."""
    for calendar in data.get("calendars", {}).values():
        for version in (calendar, *calendar.get("versions", ())):
            files = version.get("holidays_ics")
            if files is not None:
                files = files if isinstance(files, list) else [files]
                version["holidays_ics"] = [str(folder / file) for file in files]


def _lay_over(stack: Stack, layer: Layer) -> None:
    for section in _SINGLE:
        for key, value in layer.data.get(section, {}).items():
            stack.tables.setdefault(section, {})[key] = value
            stack.origins[section, key] = layer.label
    for section in _NAMED:
        for name, table in layer.data.get(section, {}).items():
            own = stack.tables.setdefault(section, {}).setdefault(name, {})
            stack.origins[section, name] = layer.label
            for key, value in table.items():
                stack.origins[section, name, key] = layer.label
                own[key] = _merge(own.get(key), key, value)
    _lay_policies(stack, layer)


def _merge(old: object, key: str, new: object) -> object:
    """Add to what is a set by nature; everything else is replaced."""
    if key == "aliases" and isinstance(old, list) and isinstance(new, list):
        return [*old, *(alias for alias in new if alias not in old)]
    if key == "goals" and isinstance(old, dict) and isinstance(new, dict):
        return old | new
    return new


def _lay_policies(stack: Stack, layer: Layer) -> None:
    """Put a file's policies before those below it; a name that is there keeps its place."""
    new = []
    places = {entry.name: place for place, entry in enumerate(stack.policies)}
    seen: set[str] = set()
    for data in layer.data.get("policies", ()):
        entry = PolicyEntry(layer, layer.places[id(data)], data)
        if entry.name in seen:
            stack.problems.append(
                Problem(
                    layer.label, f"policies[{entry.index}].name", f"{entry.name!r} is there twice"
                )
            )
            new.append(entry)
        elif entry.name in places:
            place = places[entry.name]
            entry.replaced = stack.policies[place]
            stack.policies[place] = entry
        else:
            new.append(entry)
        seen.add(entry.name)
    stack.policies[:0] = new
