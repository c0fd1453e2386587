"""What the kit looks at: a connector with its golden bodies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectors.connector import Connector
from connectors.golden import Golden, load_golden
from connectors.registry import Registry

FUZZ_COUNT = 300
"""How many mutations a body-breaking check makes where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Be a connector under test. `folder` holds its file, `page` is its reference page."""

    connector: Connector
    golden: list[Golden]
    folder: Path
    page: Path
    fuzz_count: int = FUZZ_COUNT
    seed: int = 1


def load_subject(
    registry: Registry, name: str, *, fuzz_count: int = FUZZ_COUNT, seed: int = 1
) -> Subject:
    """Load a connector for the kit. Raises `ConfigError`."""
    entry = registry.entry(name)
    return Subject(
        registry.get(name), load_golden(entry.golden), entry.folder, entry.page, fuzz_count, seed
    )
