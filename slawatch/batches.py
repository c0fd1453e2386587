"""What is done to the events of a batch, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from slawatch.events import CAME_BY_SWEEP, OF_ALL, Event

if TYPE_CHECKING:
    from collections.abc import Sequence


def stamp(items: list[Any], received_at: int) -> tuple[list[Event], list[Any], int]:
    """Return a replay's events with their arrival, all other items, and the last arrival.

    An event arrives with its own time, or with the latest before it in the log: `received_at` is
    where that stood.
    """
    events: list[Event] = []
    others: list[Any] = []
    for item in items:
        if not isinstance(item, Event):
            others.append(item)
        elif item.occurred_at >= received_at:
            received_at = item.occurred_at
            events.append(item)
        else:
            events.append(item.arrive(received_at))
    return events, others, received_at


def spread(events: Sequence[Event], shards: int) -> list[list[Event]]:
    """Return the events of each shard: an event's is chosen by its case, one of all is each's."""
    parts: list[list[Event]] = [[] for _ in range(shards)]
    for event in events:
        if event.marks & OF_ALL:
            for part in parts:
                part.append(event)
        else:
            parts[crc32(_encode(event.case)) % shards].append(event)
    return parts


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def find_delays(events: Sequence[Event]) -> tuple[int, dict[str, int]]:
    """Return the latest event time, 0 without events, and the longest delivery by connector.

    What a sweep asked for or an import brought tells nothing of how long deliveries take.
    """
    delays: dict[str, int] = {}
    watermark_at = 0
    for event in events:
        occurred_at = event.occurred_at
        watermark_at = max(watermark_at, occurred_at)
        if event.marks >= CAME_BY_SWEEP:
            continue
        delay = event.received_at - occurred_at
        if delay > delays.get(event.connector, -1):
            delays[event.connector] = delay
    return watermark_at, delays
