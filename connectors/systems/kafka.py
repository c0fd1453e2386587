"""Kafka: native events, or the bodies of another system, from a topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.connector import Connector, Decode, NativeEvent, Secrets
from connectors.payload import Payload
from connectors.reading import as_object, parse_json
from connectors.registry import load_registry
from connectors.transports.bus import Bus
from slawatch.errors import ConfigError

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


def _find_other(options: Mapping[str, Any]) -> Connector | None:
    name = options["decode"]
    if name is None:
        return None
    if not isinstance(name, str) or name == "kafka":
        raise ConfigError(f"option 'decode' must be the name of another connector, got {name!r}")
    return load_registry().get(name)


def configure(options: Mapping[str, Any]) -> Decode:
    """Return the decoder of the connector that the option `decode` names, or the native one."""
    other = _find_other(options)
    return decode if other is None else other.decoder({})


def build_bus(options: Mapping[str, Any], secrets: Secrets) -> Bus:
    """Join the group that the options name. Raises `ConfigError`."""
    from connectors.transports import kafka  # noqa: PLC0415 - few desks need it

    other = _find_other(options)
    headers = other.push.headers if other is not None and other.push is not None else ()
    return kafka.build_bus(options, secrets, headers)


CONNECTOR = Connector(
    name="kafka",
    title="Kafka: events from a topic",
    decode=decode,
    channel="web",
    bus=build_bus,
    is_native=True,
    options=OPTIONS,
    configure=configure,
)
