"""Which acts a connector can show: computed from its golden events, never claimed.

A target whose end a source cannot show is not started there; it could only breach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from connectors.acts import derive_shown
from connectors.connector import Connector
from connectors.golden import Golden, Plain, load_golden
from connectors.registry import Registry
from slawatch.config import Config, SourceSettings
from slawatch.config_digest import digest_sources
from slawatch.config_values import hint
from slawatch.errors import ConfigError, Problem
from slawatch.events import ACTORS, KINDS, Actor, Kind
from slawatch.parsing import DEFAULT_ACTORS
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


def find_actors(events: Iterable[Plain]) -> dict[Kind, frozenset[Actor]]:
    """Return by whom these events show each act. What is asserted is shown by anybody."""
    found: dict[Kind, set[Actor]] = {}
    events = list(events)
    for event in events:
        kind = KINDS.get(str(event.get("type")))
        if kind is None or kind is Kind.OBSERVED:
            continue
        said = event.get("actor")
        actor = DEFAULT_ACTORS.get(kind, Actor.SYSTEM) if said is None else ACTORS.get(str(said))
        found.setdefault(kind, set()).add(Actor.SYSTEM if actor is None else actor)
    asserted = find_shown({**event, "type": "observed"} for event in events)
    return {kind: frozenset(by) for kind, by in found.items() if kind not in asserted}


def shown_by(registry: Registry, name: str) -> Mapping[str, frozenset[Kind]]:
    """Return the acts that a registered connector can show by channel ("": any other)."""
    return find_shown_acts(registry.get(name), load_golden(registry.entry(name).golden))


def find_shown_acts(
    connector: Connector, golden: Iterable[Golden]
) -> Mapping[str, frozenset[Kind]]:
    """Return the acts that a connector can show by channel ("": any other).

    Empty where it can show every act: its events are the sender's own, or nobody wrote any down.
    """
    if connector.is_native:
        return {}
    found = find_shown(event for one in golden for event in one.expected or ())
    if not found:
        return {}
    shown = found - connector.blind.get("", frozenset())
    narrower = {channel: shown - acts for channel, acts in connector.blind.items() if channel}
    return {"": shown, **narrower}


def build_source(
    connector: Connector, golden: Sequence[Golden], name: str, grace_us: int
) -> Source:
    """Return a source as its connector's golden events have it."""
    shows = find_shown_acts(connector, golden)
    events = (event for one in golden for event in one.expected or ())
    actors = find_actors(events) if shows else {}
    return Source(name, grace_us, shows, connector.channel, actors=actors)


def _find_grace(connector: Connector, settings: SourceSettings) -> float:
    """Return the seconds after which what happened has been heard.

    What is only fetched is heard an interval later; what is pushed as well is there at once.
    """
    options = {**connector.options, **settings.options}
    interval = options.get("interval_seconds")
    if not _is_only_fetched(connector, settings) or not isinstance(interval, int | float):
        return connector.grace_seconds
    return max(connector.grace_seconds, interval + connector.lag_seconds)


def _is_only_fetched(connector: Connector, settings: SourceSettings) -> bool:
    options = {**connector.options, **settings.options}
    proof = connector.push.signature if connector.push is not None else None
    is_received = settings.auth and (proof is not None or "scheme" in settings.auth)
    is_fetched = connector.pull is not None and options.get("url")
    is_fetched = is_fetched or (connector.follow is not None and settings.options)
    return bool(is_fetched and not is_received)


def _check_options(connector: Connector, name: str, settings: SourceSettings) -> None:
    for key in settings.options:
        if key not in connector.options:
            known = sorted(connector.options)
            msg = f"is no option of connector {settings.connector!r}{hint(key, known)}"
            raise ConfigError([Problem("", f"sources.{name}.options.{key}", msg)])


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
        connector, folder = registry.find_source(settings)
        _check_options(connector, name, settings)
        grace_us = max(rules.grace_us, round(_find_grace(connector, settings) * 1_000_000))
        if settings.grace_us is not None:
            grace_us = settings.grace_us
        source = build_source(connector, load_golden(folder), name, grace_us)
        if connector.shows is not None:
            shows = connector.shows({**connector.options, **settings.options})
            source = replace(source, shows=shows, actors={})
        said = sources.get(name, source).shows
        if said:  # the configuration's word goes before what was computed
            source = replace(source, shows=said, actors={})
        polled = settings.sweep_us is None and _is_only_fetched(connector, settings)
        sources[name] = replace(source, shadow=settings.shadow, polled=polled)
    if sources == rules.sources:
        return config
    digest = digest_sources(rules.digest, sources)
    return replace(config, rules=replace(rules, sources=sources, digest=digest))
