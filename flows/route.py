"""Route: a batch's events to the shards of its partition. Has no state and counts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flows.items import Batch, Said, ShardBatch
from flows.told import NOTHING
from slawatch import conventions
from slawatch.batches import Spread
from slawatch.verdicts import Output

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
            spread = Spread(batch.events, shards)
            for name, part in zip(names, spread.parts, strict=True):
                yield name, ShardBatch(batch.tick, part, batch.completions)
            yield partition, say_read(batch, spread)

    return route


def say_read(batch: Batch, spread: Spread) -> Said:
    """Say what was read: rejects to count, how far event time and the backlog are."""
    out = Output()
    for reject in batch.rejects:
        out.add((_EVENTS, (reject.connector, "rejected")), 1)
        out.add((_QUARANTINED, (reject.connector, reject.reason)), 1)
    return Said(
        batch.partition,
        "read",
        batch.tick,
        out,
        NOTHING,
        None,
        batch.rejects,
        spread.watermark_at,
        batch.backlog,
        spread.delays,
    )


def is_for_shard(routed: Routed) -> bool:
    """Tell shard batches from what goes straight to the windows."""
    return type(routed[1]) is ShardBatch
