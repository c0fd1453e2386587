"""Redis Streams: native events, or the bodies of another system, from a stream."""

from __future__ import annotations

from connectors.connector import Connector
from connectors.systems.kafka import decode
from connectors.transports import redis_streams

CONNECTOR = Connector(
    name="redis",
    title="Redis Streams: events from a stream",
    decode=decode,
    channel="portal",
    bus=redis_streams.build_stream,
    is_native=True,
    options={"decode": None, **redis_streams.OPTIONS},
)
