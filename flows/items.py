"""What travels between the steps of the dataflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from connectors.decoding import Reject
from flows.told import Told
from slawatch.completeness import Completion
from slawatch.events import Event
from slawatch.verdicts import Output, Row
from slawatch.views import View


class Batch(NamedTuple):
    """Be what a source read at once from one partition, parsed, and the tick after it.

    Everything with `received_at` up to `tick` has been read. `backlog` records still wait.
    `completions` say how far polled sources have told everything.
    """

    partition: str
    tick: int
    events: Sequence[Event]
    rejects: Sequence[Reject]
    backlog: int
    completions: Sequence[Completion] = ()


class ShardBatch(NamedTuple):
    """Be a batch's part for one shard; the completions are for all."""

    tick: int
    events: Sequence[Event]
    completions: Sequence[Completion] = ()


class Said(NamedTuple):
    """Be what one part of the flow says at once: what to count, book and publish.

    `origin` is the shard (or "read"), whose log time is `log_at`. `out` says what to count; its
    verdicts are in `told`. `watermark_at` is the latest
    event time in the batch, 0 without events; `delays` the longest delivery by connector in
    microseconds. `lateness_us` is how long after its instant a deadline was passed.
    """

    partition: str
    origin: str
    log_at: int
    out: Output
    told: Told
    view: View | None
    rejects: Sequence[Reject] = ()
    watermark_at: int = 0
    backlog: int = 0
    delays: Mapping[str, int] = {}
    lateness_us: int = 0

    @property
    def verdicts(self) -> list[Row]:
        """Return the verdicts, read back."""
        rows: list[Row] = orjson.loads(self.told.text)
        return rows
