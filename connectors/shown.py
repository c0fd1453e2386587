"""Which acts a connector can show: computed from its golden events, never claimed.

A target whose end a source cannot show is not started there; it could only breach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from connectors.acts import derive_shown
from connectors.golden import Plain, load_golden
from connectors.registry import Registry
from slawatch.config import Config
from slawatch.config_digest import digest_sources
from slawatch.events import KINDS, Kind
from slawatch.policy import Source


def find_shown(events: Iterable[Plain]) -> frozenset[Kind]:
    """Return the acts that these events are, or show by what they assert."""
    shown: set[Kind] = set()
    keys: set[str] = set()
    statuses: set[str] = set()
    for event in events:
        kind = KINDS.get(str(event.get("type")))
        if kind is None:
            continue
        if kind is not Kind.OBSERVED:
            shown.add(kind)
        if kind is not Kind.CREATED:  # what a ticket begins with is no change
            keys |= event.keys()
        if isinstance(status := event.get("status"), str):
            statuses.add(status)
    return frozenset(shown) | derive_shown(keys, statuses)


def shown_by(registry: Registry, name: str) -> Mapping[str, frozenset[Kind]]:
    """Return the acts that a connector can show by channel ("": any other).

    Empty where it can show every act: its events are the sender's own, or nobody wrote any down.
    """
    connector = registry.get(name)
    if connector.is_native:
        return {}
    golden = load_golden(registry.entry(name).golden)
    shown = find_shown(event for one in golden for event in one.expected or ())
    if not shown:
        return {}
    return {"": shown, **{channel: shown - acts for channel, acts in connector.blind.items()}}


def with_connectors(config: Config, registry: Registry) -> Config:
    """Let the rules know each configured source: what it shows, its grace, its channel.

    What the configuration says itself stays. Raises `ConfigError` for a connector that there is
    not, or that cannot be loaded.
    """
    rules = config.rules
    sources = dict(rules.sources)
    for name, settings in config.settings.sources.items():
        if settings.connector == name and name not in registry.names():
            continue  # its records are native
        connector = registry.get(settings.connector)
        said = sources.get(name, Source(name))
        grace_us = max(rules.grace_us, round(connector.grace_seconds * 1_000_000))
        sources[name] = Source(
            name,
            grace_us if settings.grace_us is None else settings.grace_us,
            said.shows or shown_by(registry, settings.connector),
            connector.channel,
            settings.shadow,
        )
    if sources == rules.sources:
        return config
    digest = digest_sources(rules.digest, sources)
    return replace(config, rules=replace(rules, sources=sources, digest=digest))
