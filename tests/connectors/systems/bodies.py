"""Real bodies of a system, read from beside the project, and what a decoder makes of a body."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.connector import Connector
from connectors.payload import Payload
from slawatch.errors import EventError
from slawatch.parsing import Vocabulary, parse_event

FOLDER = Path(__file__).parents[4] / "shared" / "payloads"


def list_bodies(system: str) -> list[str]:
    """Return the names of a system's real bodies, one that says so where there are none."""
    folder = FOLDER / system
    names = sorted(path.name for path in folder.glob("*.json"))
    return names or [f"no real bodies at {folder}"]


def read_body(system: str, name: str) -> Payload:
    """Read a real body; the test is skipped where it is not there."""
    path = FOLDER / system / name
    if not path.exists():
        pytest.skip(f"no real bodies at {FOLDER}")
    return Payload(path.read_bytes())


def decode_json(
    connector: Connector,
    body: object,
    headers: Mapping[str, str] | None = None,
    **options: object,
) -> list[dict[str, Any]]:
    """Decode a body, by a source's options."""
    payload = Payload(orjson.dumps(body), headers or {})
    return [tell(event) for event in connector.decoder(options)(payload)]


def decode_real(connector: Connector, system: str, name: str) -> list[dict[str, Any]]:
    """Decode a real body; whatever it gives must parse."""
    events = [tell(event) for event in connector.decode(read_body(system, name))]
    for event in events:
        parse_event(event, None, connector.name, Vocabulary())
    return events


def tell(event: object) -> dict[str, Any]:
    """Return an event as a plain object; a refusal as what it says."""
    if isinstance(event, EventError):
        return {"rejected": event.reason}
    assert isinstance(event, Mapping)
    return dict(event)


def pick(events: list[dict[str, Any]], *keys: str) -> list[tuple[object, ...]]:
    """Return some of each event's values."""
    return [tuple(event.get(key) for key in keys) for event in events]
