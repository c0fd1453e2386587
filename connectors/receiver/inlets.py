"""Which sources are received, and how: their connectors' part and the configuration's."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from connectors.auth import Auth, build_auth
from connectors.connector import Connector, Push
from connectors.intake import Pending
from connectors.payload import Payload, hash_body, pack_payload
from connectors.rate import RateLimit, parse_rate
from slawatch.config import Settings
from slawatch.errors import ConfigError, EventError, Problem

LOGGER = logging.getLogger(__name__)

_MAX_KEY_LETTERS = 200


class Connectors(Protocol):
    """Know the connectors by name."""

    def get(self, name: str) -> Connector:
        """Return a connector. Raises `ConfigError` for a name nobody has."""


@dataclass(frozen=True, slots=True)
class Inlet:
    """Be one source that is received."""

    source: str
    connector: Connector
    push: Push
    auth: Auth
    options: Mapping[str, Any]
    rate: RateLimit | None = None

    def build_record(self, payload: Payload) -> Pending:
        """Open what is enciphered, and keep of the rest what the decoder needs.

        What cannot be opened is kept as it came, and rejected where it is decoded: its sender
        could do nothing better by sending it again.
        """
        if self.push.unwrap is not None:
            try:
                payload = self.push.unwrap(payload, self.auth.secrets(), self.options)
            except Exception as ex:  # noqa: BLE001 - a connector's mistake loses no delivery
                self.note_error("opening", ex)
        kept = Payload(
            payload.body,
            _pick(payload.headers, self.push.headers),
            _pick(payload.query, self.push.query),
        )
        return Pending(self.source, self._find_key(payload), pack_payload(kept))

    def note_error(self, doing: str, ex: Exception) -> None:
        """Tell of a connector's mistake, without what it was about; a rejection is none."""
        if not isinstance(ex, EventError):
            kind = type(ex).__name__
            LOGGER.warning("connector broke source=%s while=%s error=%s", self.source, doing, kind)

    def _find_key(self, payload: Payload) -> str:
        try:
            key = self.connector.dedup_key(payload)
        except Exception as ex:  # noqa: BLE001 - a connector's mistake loses no delivery
            self.note_error("finding the delivery key", ex)
            key = ""
        if not key:
            return hash_body(payload)
        if len(key) > _MAX_KEY_LETTERS:
            return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
        return key


def _pick(found: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: found[name] for name in names if name in found}


def build_inlets(settings: Settings, connectors: Connectors, host: str = "") -> dict[str, Inlet]:
    """Build an inlet for each source with an `auth` table, by the source's name.

    `host` is where the receiver listens, if not where the settings say. Raises `ConfigError` with
    every problem.
    """
    inlets: dict[str, Inlet] = {}
    problems: list[Problem] = []
    for name, source in settings.sources.items():
        if not source.auth:
            continue
        try:
            connector = connectors.get(source.connector)
            if not _is_received(name, connector, source.auth):
                continue
            push = connector.push or Push()
            auth = build_auth(
                name,
                source.auth,
                push,
                host=host or settings.intake_host,
                has_client_ca=settings.intake_client_ca is not None,
            )
            options = {**connector.options, **source.options}
            rate = _build_rate(name, source.auth)
            inlets[name] = Inlet(name, connector, push, auth, options, rate)
        except ConfigError as ex:
            problems += ex.problems
    if problems:
        raise ConfigError(problems)
    return inlets


def _is_received(source: str, connector: Connector, auth: Mapping[str, Any]) -> bool:
    """Tell whether a source's `auth` is that of its deliveries, and not of what is fetched."""
    fetches = any((connector.follow, connector.pull, connector.bus))
    if connector.push is None:
        if fetches and "scheme" not in auth:
            return False
        message = f"is not received over HTTP: connector {connector.name!r} fetches or follows"
        raise ConfigError([Problem("", f"sources.{source}.auth", message)])
    return not fetches or connector.push.signature is not None or "scheme" in auth


def _build_rate(source: str, auth: Mapping[str, Any]) -> RateLimit | None:
    if "rate" not in auth:
        return None
    try:
        count, seconds = parse_rate(auth["rate"])
    except ValueError as ex:
        raise ConfigError([Problem("", f"sources.{source}.auth.rate", str(ex))]) from ex
    return RateLimit(count, seconds, monotonic)
