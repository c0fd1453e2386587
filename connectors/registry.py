"""Which connectors there are: built in, of installed packages, and of one's own folders.

All lie in the same way: `NAME.py` with one `CONNECTOR` (or `NAME.toml`, a mapping with how it is
received), its golden bodies in `golden/NAME/`, its page `NAME.md`. Nothing is imported before it
is asked for, so that what one connector needs is not needed by a desk without it.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import tomllib
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from connectors.connector import Connector, Secrets
from slawatch.config import SourceSettings
from slawatch.config_values import hint
from slawatch.errors import ConfigError, Problem

GROUP = "slawatch.connectors"
"""The group of entry points by which an installed package brings connectors."""

BUILT_IN = "built in"
_SYSTEMS = "connectors.systems"
_MAPPING_KEYS = frozenset(("kind", "format", "fields", "push"))
_HOLDS_ONE = re.compile(rb"^CONNECTOR\b\s*[:=]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """Be a connector that was found. `folder` holds its file, its golden bodies and its page."""

    name: str
    origin: str
    folder: Path
    load: Callable[[], Connector]

    @property
    def golden(self) -> Path:
        """Return the folder of its golden bodies."""
        return self.folder / "golden" / self.name

    @property
    def page(self) -> Path:
        """Return its reference page: beside it, or in the project's documentation."""
        if self.origin != BUILT_IN:
            return self.folder / f"{self.name}.md"
        return Path(__file__).parents[1] / "docs/reference/connectors" / f"{self.name}.md"


class Registry:
    """Know the connectors by name."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        """Take the entries; of two with one name the later counts."""
        self._entries = {entry.name: entry for entry in entries}
        self._loaded: dict[str, Connector] = {}

    def names(self) -> list[str]:
        """Return every name, sorted."""
        return sorted(self._entries)

    def entry(self, name: str) -> Entry:
        """Return where a connector lies. Raises `ConfigError` for a name nobody has."""
        found = self._entries.get(name)
        if found is None:
            msg = f"there is no connector {name!r}{hint(name, self._entries)}"
            raise ConfigError(f"{msg}: `slawatch connectors list` tells which there are")
        return found

    def get(self, name: str) -> Connector:
        """Return a connector, loaded once. Raises `ConfigError` where that fails."""
        if name not in self._loaded:
            self._loaded[name] = self.entry(name).load()
        return self._loaded[name]

    def find_source(self, source: SourceSettings) -> tuple[Connector, Path]:
        """Return what a source is heard and decoded by, and where its golden bodies lie.

        A bus with the option `decode` brings another system's bodies: they are decoded, and show
        what they show, as that system's connector has it. Raises `ConfigError`.
        """
        carrier = self.get(source.connector)
        name = source.options.get("decode")
        if carrier.bus is None or name is None:
            return carrier, self.entry(source.connector).golden
        if not isinstance(name, str) or self.get(name).bus is not None:
            raise ConfigError(
                f"option 'decode' must be the name of a connector that is no bus, got {name!r}"
            )
        return _carry(carrier, self.get(name)), self.entry(name).golden


def _carry(carrier: Connector, other: Connector) -> Connector:
    """Return what decodes as one connector and is heard as another, a bus."""
    join = carrier.bus
    headers = other.push.headers if other.push is not None else ()

    def bus(options: Mapping[str, Any], secrets: Secrets) -> Any:  # noqa: ANN401 - a Bus
        own = {key: options[key] for key in carrier.options if key in options}
        return None if join is None else join({**own, "headers": headers}, secrets)

    return replace(
        other,
        push=None,
        pull=None,
        follow=None,
        bus=bus,
        grace_seconds=max(carrier.grace_seconds, other.grace_seconds),
        options={**other.options, **carrier.options},
    )


def load_registry(folders: Sequence[Path] = ()) -> Registry:
    """Look through what is built in, then packages, then the folders; a later one counts.

    Raises `ConfigError` for a folder that cannot be read and for two connectors of one name in
    folders, or in packages.
    """
    packages = _unique(_find_packaged())
    own = _unique(entry for folder in folders for entry in find_in_folder(folder))
    return Registry([*_find_built_in(), *packages, *own])


def find_in_folder(folder: Path) -> list[Entry]:
    """Return the connectors that lie in a folder."""
    try:
        paths = sorted(folder.iterdir())
    except OSError as ex:
        msg = f"cannot be read: {ex.strerror}"
        raise ConfigError([Problem(str(folder), "connectors.folders", msg)]) from ex
    return [Entry(path.stem, str(folder), folder, _loader(path)) for path in paths if _is_one(path)]


def _is_one(path: Path) -> bool:
    if path.suffix == ".toml":
        return path.is_file() and _is_mapping(path)
    return path.suffix == ".py" and _HOLDS_ONE.search(path.read_bytes()) is not None


def _is_mapping(path: Path) -> bool:
    """Tell a mapping from a policy that lies beside it; what cannot be read is told on loading."""
    try:
        return not _MAPPING_KEYS.isdisjoint(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError):
        return True


def _loader(path: Path) -> Callable[[], Connector]:
    if path.suffix == ".toml":
        return lambda: _load_mapped(path)
    return lambda: _take(path.stem, str(path), lambda: _import_file(path))


def _load_mapped(path: Path) -> Connector:
    from connectors.mapped import load_mapped  # noqa: PLC0415 - few desks have one

    return load_mapped(path)


def _find_built_in() -> list[Entry]:
    folder = Path(__file__).parent / "systems"
    return [
        Entry(path.stem, BUILT_IN, folder, _loader_of_module(path))
        for path in sorted(folder.glob("*"))
        if _is_one(path)
    ]


def _loader_of_module(path: Path) -> Callable[[], Connector]:
    if path.suffix == ".toml":
        return lambda: _load_mapped(path)
    module = f"{_SYSTEMS}.{path.stem}"
    return lambda: _take(path.stem, str(path), lambda: importlib.import_module(module))


def _find_packaged() -> list[Entry]:
    found = []
    for point in entry_points(group=GROUP):
        module, name = point.module, point.name
        package = point.dist.name if point.dist else module
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            spec = None
        folder = Path(spec.origin).parent if spec and spec.origin else Path()

        def load(name: str = name, module: str = module) -> Connector:
            return _take(name, module, lambda: importlib.import_module(module))

        found.append(Entry(name, package, folder, load))
    return found


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        other = found.setdefault(entry.name, entry)
        if other is not entry:
            msg = f"two connectors are named {entry.name!r}: in {other.origin} and {entry.origin}"
            raise ConfigError(f"{msg}; rename one, its file and its name")
    return list(found.values())


def _import_file(path: Path) -> ModuleType:
    name = f"slawatch_connector_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is no module's name")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def _take(name: str, file: str, load: Callable[[], ModuleType]) -> Connector:
    """Import a module and return its connector; whatever goes wrong is told in a sentence."""
    try:
        module = load()
    except ConfigError:
        raise
    except Exception as ex:
        raise ConfigError([Problem(file, "", f"cannot be imported: {_describe(ex, file)}")]) from ex
    connector = getattr(module, "CONNECTOR", None)
    if not isinstance(connector, Connector):
        msg = f"must be a Connector, got {type(connector).__name__}"
        raise ConfigError([Problem(file, "CONNECTOR", msg)])
    if connector.name != name:
        msg = f"must be {name!r}, as the file is named, got {connector.name!r}"
        raise ConfigError([Problem(file, "CONNECTOR.name", msg)])
    return connector


def _describe(ex: Exception, file: str) -> str:
    line = ex.lineno if isinstance(ex, SyntaxError) else None
    for frame in traceback.extract_tb(ex.__traceback__):
        if frame.filename == file:
            line = frame.lineno
    text = ex.msg if isinstance(ex, SyntaxError) else str(ex)
    place = f" (line {line})" if line else ""
    return f"{type(ex).__name__}: {text}{place}"
