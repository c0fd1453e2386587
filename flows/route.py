"""Route: a batch's events to the shards of its partition. Has no state and counts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zlib import crc32

from flows.items import Batch, Said, ShardBatch
from slawatch import conventions
from slawatch.events import CAME_BY_SWEEP, OF_ALL, Event

Routed = tuple[str, ShardBatch | Said]

_EVENTS = conventions.EVENTS.name
_QUARANTINED = conventions.QUARANTINED.name


def shard_key(partition: str, number: int) -> str:
    """Return the key of a shard; a partition's state moves between processes by this prefix."""
    return f"{partition}/{number}"


def build_router(shards: int) -> Callable[[list[Batch]], Iterable[Routed]]:
    """Build the router. Consumes Batch. Emits (shard, ShardBatch) to every shard, and Said.

    Every shard hears every tick, so that deadlines pass where no event comes.
    """
    keys: dict[str, list[str]] = {}

    def route(batches: list[Batch]) -> Iterable[Routed]:
        for batch in batches:
            partition = batch.partition
            names = keys.get(partition)
            if names is None:
                names = keys[partition] = [shard_key(partition, n) for n in range(shards)]
            parts: list[list[Event]] = [[] for _ in range(shards)]
            for event in batch.events:
                if event.marks & OF_ALL:
                    for part in parts:
                        part.append(event)
                    continue
                parts[crc32(event.case.encode("utf-8", "surrogatepass")) % shards].append(event)
            for name, part in zip(names, parts, strict=True):
                yield name, ShardBatch(batch.tick, part, batch.completions)
            yield partition, say_read(batch)

    return route


def say_read(batch: Batch) -> Said:
    """Say what was read: rejects to count, how far event time and the backlog are."""
    counts: dict[tuple[str, tuple[str, ...]], int] = {}
    for reject in batch.rejects:
        for key in (
            (_EVENTS, (reject.connector, "rejected")),
            (_QUARANTINED, (reject.connector, reject.reason)),
        ):
            counts[key] = counts.get(key, 0) + 1
    delays: dict[str, int] = {}
    watermark_at = 0
    for event in batch.events:
        occurred_at = event.occurred_at
        if occurred_at > watermark_at:
            watermark_at = occurred_at
        if event.marks >= CAME_BY_SWEEP:
            continue  # it tells nothing of how long deliveries take
        delay = event.received_at - occurred_at
        if delay > delays.get(event.connector, -1):
            delays[event.connector] = delay
    return Said(
        batch.partition,
        "read",
        batch.tick,
        counts,
        {},
        {},
        (),
        (),
        None,
        batch.rejects,
        watermark_at,
        batch.backlog,
        delays,
    )


def is_for_shard(routed: Routed) -> bool:
    """Tell shard batches from what goes straight to the windows."""
    return type(routed[1]) is ShardBatch
