"""The store between the flow and the exporter: absolute totals and views, in memory.

The flow's threads put, a scrape reads. Whatever is put replaces what its partition or shard had
put before, so that nothing is counted twice when a restart plays records again. Mappings are
kept, not copied: whoever puts one must not change it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import NamedTuple, cast

from slawatch.views import Held, View

Key = tuple[str, ...]
HistogramTotal = tuple[tuple[int, ...], int, int]
"""(cumulative count for each bound, sum, count); the sum of seconds in microseconds."""
Totals = Mapping[str, Mapping[Key, int | HistogramTotal]]
"""By family; keys are label values in the order of conventions, seconds are microseconds."""
Place = tuple[str, str, str]
"""(dimension, its value, target)."""
Results = Mapping[Place, Mapping[str, tuple[int, int]]]
"""By window: (met, breached)."""
Quantiles = Mapping[Place, Mapping[str, Mapping[float, float]]]
"""By window and q: seconds."""
Quarters = Mapping[Place, Mapping[int, tuple[int, int]]]
"""By quarter of an hour since the epoch: (met, breached)."""


class PartitionTotals(NamedTuple):
    """Be what the windows stage says of one partition.

    `log_at` is the log time of the part of the flow furthest behind, `ahead_at` of the part
    furthest ahead whose counts are already in the totals.
    """

    totals: Totals
    results: Results
    quantiles: Quantiles
    log_at: int
    ahead_at: int
    quarters: Quarters


class Progress(NamedTuple):
    """Be how far one partition has been read. Instants in microseconds; 0: no event yet."""

    log_at: int
    watermark_at: int
    backlog: int


class Exemplar(NamedTuple):
    """Be the ticket that stands for a series."""

    ticket: str
    seconds: float
    at: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Be what the store held at one instant."""

    totals: Mapping[str, PartitionTotals] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    progress: Mapping[str, Progress] = field(default_factory=dict)
    exemplars: Mapping[Key, Exemplar] = field(default_factory=dict)
    gauges: Mapping[tuple[str, Key], float] = field(default_factory=dict)
    history_at: int = 0
    """When the newest record of history that was read had been brought in."""
    began_at: int | None = None
    """The log time at which this process began, of the partition furthest behind."""

    @property
    def log_at(self) -> int | None:
        """Return the log time of the partition furthest behind, `None` before the first."""
        return min((part.log_at for part in self.progress.values()), default=None)


class Store:
    """Hold the newest absolute values; every call is one short lock."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._totals: dict[str, PartitionTotals] = {}
        self._views: dict[str, View] = {}
        self._held: dict[str, dict[str, int]] = {}
        self._progress: dict[str, Progress] = {}
        self._exemplars: dict[Key, Exemplar] = {}
        self._gauges: dict[tuple[str, Key], float] = {}
        self._history_at = 0
        self._began_at: dict[str, int] = {}

    def put_totals(  # one value of each kind, put at one instant
        self,
        partition: str,
        values: Totals,
        results: Results,
        quantiles: Quantiles,
        log_at: int,
        ahead_at: int | None = None,
        quarters: Quarters | None = None,
    ) -> None:
        """Replace a partition's totals, window results, window quantiles and history by quarters.

        `ahead_at` may be left out where all parts of the flow are at `log_at`.
        """
        ahead_at = log_at if ahead_at is None else ahead_at
        whole = PartitionTotals(values, results, quantiles, log_at, ahead_at, quarters or {})
        with self._lock:
            self._totals[partition] = whole

    def put_view(self, shard: str, view: View) -> None:
        """Replace a shard's view of its open work; what it tells of tickets adds up."""
        with self._lock:
            self._views[shard] = view._replace(held=())
            held = self._held.setdefault(shard, {})
            for ticket, heard_at in view.held:
                if heard_at:
                    held[ticket] = heard_at
                else:
                    held.pop(ticket, None)

    def put_progress(self, partition: str, log_at: int, watermark_at: int, backlog: int) -> None:
        """Replace how far a partition has been read."""
        with self._lock:
            self._progress[partition] = Progress(log_at, watermark_at, backlog)

    def put_begin(self, partition: str, log_at: int) -> None:
        """Say at which log time this process began to read a partition."""
        with self._lock:
            self._began_at[partition] = log_at

    def put_exemplar(self, labels: Key, ticket: str, value_seconds: float, at: int) -> None:
        """Replace the ticket that stands for a series of `sla_results_total`."""
        with self._lock:
            self._exemplars[labels] = Exemplar(ticket, value_seconds, at)

    def put_gauge(self, family: str, labels: Key, value: float) -> None:
        """Replace a value about the program itself, in the family's unit."""
        with self._lock:
            self._gauges[family, labels] = value

    def put_history(self, at: int) -> None:
        """Say that history (what was brought in, or decoded anew) of that log time is read.

        It must be said before anything that the history changes is put.
        """
        with self._lock:
            self._history_at = max(at, self._history_at)

    def drop_partition(self, partition: str) -> None:
        """Forget a partition that another process has taken over, and its shards."""
        with self._lock:
            self._totals.pop(partition, None)
            self._progress.pop(partition, None)
            self._began_at.pop(partition, None)
            for shard in [name for name in self._views if name.startswith(f"{partition}/")]:
                del self._views[shard]
                del self._held[shard]

    def read_held(self, source: str) -> list[Held]:
        """Return the tickets of a swept source that are held open, by the source's own ids."""
        begin = f"{source}/"
        with self._lock:
            return [
                Held(ticket.removeprefix(begin), heard_at)
                for held in self._held.values()
                for ticket, heard_at in held.items()
                if ticket.startswith(begin)
            ]

    def read(self) -> Contents:
        """Return everything as it is now."""
        with self._lock:
            return Contents(
                dict(self._totals),
                dict(self._views),
                dict(self._progress),
                dict(self._exemplars),
                dict(self._gauges),
                self._history_at,
                min(self._began_at.values(), default=None),
            )


def add_totals(contents: Contents) -> Totals:
    """Add the partitions' totals up."""
    parts = [part.totals for part in contents.totals.values()]
    if len(parts) == 1:
        return parts[0]
    sums: dict[str, dict[Key, int | HistogramTotal]] = {}
    for part in parts:
        for name, values in part.items():
            into = sums.setdefault(name, {})
            for key, value in values.items():
                into[key] = _add(into[key], value) if key in into else value
    return sums


def _add(one: int | HistogramTotal, other: int | HistogramTotal) -> int | HistogramTotal:
    if isinstance(one, tuple) and isinstance(other, tuple):
        buckets = tuple(a + b for a, b in zip(one[0], other[0], strict=True))
        return buckets, one[1] + other[1], one[2] + other[2]
    return cast("int", one) + cast("int", other)
