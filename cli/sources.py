"""Sources that a command brings to the configuration."""

from __future__ import annotations

from dataclasses import replace

from connectors.mapping import Mapping
from slawatch.config import Config
from slawatch.policy import Source, with_source


def with_mapping(config: Config, mapping: Mapping | None) -> Config:
    """Let the rules know what a mapping can show: targets it cannot end do not start."""
    if mapping is None:
        return config
    source = Source(mapping.source, shows=mapping.shows)
    return replace(config, rules=with_source(config.rules, source))
