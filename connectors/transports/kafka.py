"""Kafka as a bus: a consumer group whose offsets follow what the intake log has committed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from connectors.connector import Secrets
from connectors.payload import Payload
from connectors.transports.bus import Message
from slawatch.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from confluent_kafka import Consumer
    from confluent_kafka import Message as KafkaMessage

LOGGER = logging.getLogger(__name__)

_OURS = ("bootstrap.servers", "group.id", "enable.auto.commit", "enable.auto.offset.store")
"""Properties that `client` may not say: the other options do, or no event would be safe."""


class KafkaBus:
    """Consume one topic in a group. Raises `ConfigError` for properties that do not fit."""

    def __init__(
        self, properties: Mapping[str, Any], topic: str, headers: tuple[str, ...] = ()
    ) -> None:
        """Join the group; `headers` are kept for the decoder, lower-case."""
        kafka = _import()
        self._headers = frozenset(headers)
        self._ended: dict[tuple[str, int], int] = {}
        self._kafka = kafka
        try:
            self._consumer: Consumer = kafka.Consumer(dict(properties), logger=LOGGER)
            self._consumer.subscribe([topic])
        except (kafka.KafkaException, TypeError, ValueError) as ex:
            raise ConfigError(f"kafka cannot be used: {ex}") from ex

    def fetch(self, limit: int, seconds: float) -> list[Message]:
        """Return what is there, waiting so long for the first."""
        try:
            # Asked for many at once the client waits until it has as many.
            first = self._consumer.poll(seconds)
            rest = [] if first is None else self._consumer.consume(limit - 1, timeout=0)
        except self._kafka.KafkaException as ex:
            raise ConnectorError(f"kafka cannot be read: {ex}") from ex
        found = [] if first is None else [first, *rest]
        errors = [str(one.error()) for one in found if one.error() is not None]
        messages = [self._take(one) for one in found if one.error() is None]
        if errors and not messages:
            raise ConnectorError(f"kafka cannot be read: {errors[0]}")
        return [one for one in messages if one.payload.body]

    def confirm(self) -> None:
        """Commit the offsets that follow all that was fetched."""
        ends = [
            self._kafka.TopicPartition(topic, partition, end)
            for (topic, partition), end in self._ended.items()
        ]
        self._ended.clear()
        try:
            self._consumer.commit(offsets=ends, asynchronous=False)
        except self._kafka.KafkaException as ex:
            raise ConnectorError(f"kafka took no offsets, messages come again: {ex}") from ex

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _take(self, message: KafkaMessage) -> Message:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        if topic is None or partition is None or offset is None:
            raise ConnectorError("kafka gave a message without its place")
        self._ended[topic, partition] = offset + 1
        # The time: a topic that was deleted and made anew counts its messages from 0 again.
        key = f"{topic}/{partition}/{offset}/{message.timestamp()[1]}"
        headers = {
            name: value.decode("utf-8", "replace")
            for given, value in cast("list[tuple[str, object]]", message.headers() or [])
            if (name := _header_name(given)) in self._headers and isinstance(value, bytes)
        }
        return Message(key, Payload(message.value() or b"", headers))


def build_bus(options: Mapping[str, Any], secrets: Secrets) -> KafkaBus:
    """Build the consumer that a source's options describe; `headers` are kept for the decoder.

    Raises `ConfigError`.
    """
    client = options["client"]
    if not isinstance(client, Mapping):
        raise ConfigError(f"option 'client' must be a table of properties, got {client!r}")
    if wrong := sorted(set(client) & {*_OURS, "sasl.password"}):
        raise ConfigError(f"option 'client' may not hold {wrong[0]!r}: it is set by another key")
    properties: dict[str, Any] = {
        "auto.offset.reset": "earliest",
        "client.id": "slawatch",
        **client,
        "bootstrap.servers": _require(options, "brokers"),
        "group.id": _require(options, "group"),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
    }
    if secrets:
        properties["sasl.password"] = secrets[0]
    return KafkaBus(properties, _require(options, "topic"), options.get("headers", ()))


def _require(options: Mapping[str, Any], key: str) -> str:
    value = options.get(key)
    if isinstance(value, str) and value:
        return value
    raise ConfigError(f"option {key!r} must be a text that is not empty, got {value!r}")


def _header_name(name: str) -> str:
    """Return a header's name as over HTTP: CloudEvents over Kafka write `ce_id` for `ce-id`."""
    name = name.lower()
    return f"ce-{name[3:]}" if name.startswith("ce_") else name


def _import() -> Any:  # noqa: ANN401 - the module is there or not
    try:
        import confluent_kafka  # noqa: PLC0415 - few desks need it
    except ImportError as ex:
        msg = "Kafka needs the package confluent-kafka: install slawatch[kafka]"
        raise ConfigError(msg) from ex
    return confluent_kafka
