"""What is done to the events of a batch, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from slawatch.events import CAME_BY_SWEEP, OF_ALL, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_extensions import i64


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


class Spread:
    """Be a batch's events by shard, and what their arrival says.

    `watermark_at` is the latest event time, 0 without events; `delays` the longest delivery by
    connector in microseconds. What a sweep asked for or an import brought tells nothing of how
    long deliveries take.
    """

    def __init__(self, events: Sequence[Event], shards: int) -> None:
        """Choose an event's shard by its case; one of all is each's."""
        self.parts: list[list[Event]] = [[] for _ in range(shards)]
        self.watermark_at = 0
        self.delays: dict[str, int] = {}
        known: dict[str, list[Event]] = {}
        watermark_at: i64 = 0
        longest: i64 = -1
        connector = ""
        for event in events:
            occurred_at: i64 = event.occurred_at
            if occurred_at > watermark_at:
                watermark_at = occurred_at
            if event.marks < CAME_BY_SWEEP:
                if event.connector is not connector:
                    self._note(connector, longest)
                    connector, longest = event.connector, -1
                delay: i64 = event.received_at - occurred_at
                if delay > longest:
                    longest = delay
            elif event.marks & OF_ALL:
                for each in self.parts:
                    each.append(event)
                continue
            part = known.get(event.case)
            if part is None:
                place = crc32(_encode(event.case)) % shards
                part = known[event.case] = self.parts[place]
            part.append(event)
        self._note(connector, longest)
        self.watermark_at = watermark_at

    def _note(self, connector: str, longest_us: i64) -> None:
        if longest_us > self.delays.get(connector, -1):
            self.delays[connector] = longest_us


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
