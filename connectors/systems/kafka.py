"""Kafka: native events, or the bodies of another system, from a topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.connector import Connector, NativeEvent, Secrets
from connectors.payload import Payload
from connectors.reading import as_object, parse_json
from connectors.transports.bus import Bus

OPTIONS: Mapping[str, Any] = {
    "brokers": "",
    "topic": "",
    "group": "slawatch",
    "decode": None,
    "client": {},
}


def decode(payload: Payload) -> Iterable[NativeEvent]:
    """Decode one native event, or an array of them."""
    data = parse_json(payload)
    return [as_object(one, "an event") for one in (data if isinstance(data, list) else [data])]


def build_bus(options: Mapping[str, Any], secrets: Secrets) -> Bus:
    """Join the group that the options name. Raises `ConfigError`."""
    from connectors.transports import kafka  # noqa: PLC0415 - few desks need it

    return kafka.build_bus(options, secrets)


CONNECTOR = Connector(
    name="kafka",
    title="Kafka: events from a topic",
    decode=decode,
    channel="portal",
    bus=build_bus,
    is_native=True,
    options=OPTIONS,
)
