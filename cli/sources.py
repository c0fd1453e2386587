"""Sources that a command brings to the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from connectors.decoding import Decoder, build_decoder
from connectors.drift import Shape, find_baseline
from connectors.golden import load_golden
from connectors.mapping import Mapping
from connectors.opaque import load_key
from connectors.registry import Registry, load_registry
from connectors.replay import NATIVE
from connectors.sessions import FILE_NAME as SESSIONS_NAME
from connectors.sessions import Sessions
from connectors.shown import with_connectors
from slawatch.config import Config, load_config
from slawatch.policy import Source, with_source


def with_mapping(config: Config, mapping: Mapping | None) -> Config:
    """Let the rules know what a mapping can show: targets it cannot end do not start."""
    if mapping is None:
        return config
    source = Source(mapping.source, shows=mapping.shows)
    return replace(config, rules=with_source(config.rules, source))


class Desk(NamedTuple):
    """Be a configuration whose rules know what each source can show, and its connectors."""

    config: Config
    registry: Registry

    def build_decoders(self, state: Path) -> dict[str, Decoder]:
        """Return the decoder of each configured source that has a connector.

        The key of the persons' opaque ids is that of the state folder. Lines of native JSON are
        what the parser reads without one.
        """
        known = frozenset(self.registry.names())
        sources = {
            name: source
            for name, source in self.config.settings.sources.items()
            if source.connector in known and (source.connector != NATIVE or source.options)
        }
        key = load_key(state) if sources else b""
        connectors = {name: self.registry.find_source(one)[0] for name, one in sources.items()}
        are_threads = any(connector.session_gap_seconds for connector in connectors.values())
        sessions = Sessions(state / SESSIONS_NAME) if are_threads else None
        return {
            name: build_decoder(
                connectors[name], key, source.options, source=name, sessions=sessions
            )
            for name, source in sources.items()
        }

    def find_shapes(self) -> dict[str, Shape]:
        """Return what the golden bodies of each source's connector have: new fields are told."""
        known = frozenset(self.registry.names())
        shapes = {}
        for name, source in self.config.settings.sources.items():
            if source.connector not in known:
                continue
            connector, golden = self.registry.find_source(source)
            if not connector.is_native and (shape := find_baseline(load_golden(golden))):
                shapes[name] = shape
        return shapes


def load_desk(names: Sequence[str | Path]) -> Desk:
    """Load a configuration and the connectors that it names."""
    config = load_config(names)
    registry = load_registry(config.settings.connector_folders)
    return Desk(with_connectors(config, registry), registry)
