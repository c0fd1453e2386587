"""What a connector makes of a body, and the bodies that lie beside the project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.connector import Connector
from connectors.opaque import TEST_KEY, hide_persons
from connectors.payload import Payload
from slawatch.errors import EventError
from slawatch.events import Event
from slawatch.parsing import Vocabulary, parse_event

BODIES = Path(__file__).resolve().parents[4] / "shared" / "payloads"
needs_bodies = pytest.mark.skipif(
    not BODIES.is_dir(), reason="needs the shared bodies beside the project, ../shared/payloads"
)

Told = dict[str, Any]


def tell(
    connector: Connector,
    body: bytes | str,
    headers: Mapping[str, str] | None = None,
    **options: object,
) -> list[Told]:
    """Decode a body as a source with these options does."""
    raw = body.encode() if isinstance(body, str) else body
    decode = connector.decoder(options)
    return [dict(one) for one in decode(Payload(raw, headers or {})) if isinstance(one, Mapping)]


def tell_one(
    connector: Connector,
    body: bytes | str,
    headers: Mapping[str, str] | None = None,
    **options: object,
) -> Told:
    """Decode a body that holds one act."""
    (event,) = tell(connector, body, headers, **options)
    return event


def parse(connector: Connector, payload: Payload) -> Iterator[Event]:
    """Parse what a body decodes to, persons hidden, as the monitor does."""
    for event in hide_persons(connector.decode(payload), TEST_KEY):
        if isinstance(event, EventError):
            raise event
        yield parse_event(event, None, connector.name, Vocabulary())


def outcome(connector: Connector, payload: Payload) -> str:
    """Return the types that a body decodes to, or the reason of its refusal."""
    try:
        kinds = [str(event["type"]) for event in connector.decode(payload)]  # type: ignore[index]  # an error among them has no types: it fails the test
        list(parse(connector, payload))
    except EventError as ex:
        return f"refused: {ex.reason}"
    return " ".join(kinds) or "none"
