"""What a connector is: a pure decoder, and what the transports need to know about its system.

A connector's module holds one `CONNECTOR`. It does no I/O and asks no clock: receiving, polling
and storing are done once, for all, by the transports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.payload import Payload, hash_body
from connectors.signature import Verifier
from slawatch.errors import EventError
from slawatch.events import Kind

NativeEvent = Mapping[str, object]
"""One native event as docs/reference/events.md has it: what `slawatch.parsing` parses."""

Decode = Callable[[Payload], Iterable[NativeEvent | EventError]]
"""Turn one delivery into native events, none for acts that concern no clock.

Raises `EventError` alone; of a delivery with several acts a bad one may stand among the others as
the error. The same payload always gives the same events with the same ids.
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """Be an answer to a request that is no delivery: a handshake's."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Secrets = tuple[str, ...]
"""Every secret that is valid now: two while one is being rotated."""

Handshake = Callable[[str, Payload, Secrets], Reply | None]
"""Answer a request (method, payload, secrets) by which a vendor tests the address.

`None` where the request is a delivery.
"""


@dataclass(frozen=True, slots=True)
class Push:
    """Be how a system calls us: `headers` are kept for the decoder, lower-case."""

    signature: Verifier | None = None
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    handshake: Handshake | None = None
    methods: tuple[str, ...] = ("POST",)
    # Data that arrives enciphered is opened before it is stored (WeCom): payload, options.
    unwrap: Callable[[Payload, Secrets, Mapping[str, Any]], Payload] | None = None


@dataclass(frozen=True, slots=True)
class Connector:
    """Describe a channel's system. docs/reference/connectors has a page for each.

    `grace_seconds` is how long a verdict waits for its events under way; where a source is only
    fetched it is the interval and `lag_seconds`, if that is longer. `channel` is that of events
    that name none. `ticket_url` is the link into the desk, with `{ticket_id}`; a source's own
    setting beats it. `options` are the keys that `[sources.NAME.options]` may hold, with their
    defaults (a default of "" is required).
    `unseen` are acts that it cannot show, with the reason for people; `blind` those that it shows
    on other channels only, by channel ("": nowhere as a target asks for them, such as replies that
    are never an agent's). `is_native`: its events are the sender's own, any act.
    `session_gap_seconds`: its tickets are `connectors.sessions.Thread`s, cut after such a silence.
    `bus` joins a broker by options and secrets (a `connectors.transports.bus.Bus`). `follow`
    builds, by the same, what fetches in its own way: a mailbox, a followed file, a table (a
    `connectors.transports.pulling.Puller`).
    `configure` returns the decoder for such options, where they change what a body means; then
    `decode` is that of the defaults. Whoever decodes for a source takes `decoder(options)`.
    `shows` are the acts by channel that a source with such options can show, where the golden
    bodies cannot tell; none: any act.
    """

    name: str
    title: str
    decode: Decode
    channel: str
    dedup_key: Callable[[Payload], str] = hash_body
    push: Push | None = None
    pull: Callable[..., Any] | None = None
    bus: Callable[[Mapping[str, Any], Secrets], Any] | None = None
    follow: Callable[[Mapping[str, Any], Secrets], Any] | None = None
    grace_seconds: float = 1.0
    lag_seconds: float = 1.0
    ticket_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    unseen: Mapping[Kind, str] = field(default_factory=dict)
    blind: Mapping[str, frozenset[Kind]] = field(default_factory=dict)
    is_native: bool = False
    session_gap_seconds: float = 0.0
    configure: Callable[[Mapping[str, Any]], Decode] | None = None
    shows: Callable[[Mapping[str, Any]], Mapping[str, frozenset[Kind]]] | None = None

    def decoder(self, options: Mapping[str, Any]) -> Decode:
        """Return what decodes for a source with these options. Raises `ConfigError`."""
        if self.configure is None:
            return self.decode
        return self.configure({**self.options, **options})
