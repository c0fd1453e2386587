"""NATS JetStream: native events, or the bodies of another system, from a stream."""

from __future__ import annotations

from connectors.connector import Connector
from connectors.systems.kafka import decode
from connectors.transports import jetstream

CONNECTOR = Connector(
    name="nats",
    title="NATS JetStream: events from a stream",
    decode=decode,
    channel="portal",
    bus=jetstream.build_stream,
    is_native=True,
    options={"decode": None, **jetstream.OPTIONS},
)
