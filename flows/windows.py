"""Aggregate: the stateful step with the totals and the event-time panes of a partition."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from struct import Struct
from typing import NamedTuple

from bytewax.operators import StatefulBatchLogic

from flows.items import Said
from flows.store import Quantiles, Quarters, Results, Totals
from slawatch import conventions
from slawatch.panes import PaneSet
from slawatch.totals import Totals as TotalsState
from slawatch.verdicts import BREACHED, Booking, Duration, Labels, Row, Verdict

SHOW_SECONDS = 0.25
"""How often, in wall time, totals and windows are handed to the store."""

MINUTE_US = 60_000_000
KEPT_US = 26 * 3600 * 1_000_000
"""How far back a window can look: the longest local day, and an hour."""
OUTCOMES_KEPT_US = 51 * 3600 * 1_000_000
"""How far back outcomes are asked for: to the begin of the longest yesterday, and an hour."""
QUARTERS_SECONDS = 2.0
"""How often, in wall time, the history by quarters is made anew: some ten thousand pairs."""
_WAITING = 100_000
"""How much of what was said is kept to be brought in at once."""
_DIMENSIONS = conventions.DIMENSIONS
_RESULTS = conventions.RESULTS.name
_TEAM_RESULTS = conventions.TEAM_RESULTS.name
_DURATION = conventions.DURATION.name
_HOPS = conventions.HOPS.name
_LENGTHS = Struct("<BIIq")
VERSION = 1


class Shown(NamedTuple):
    """Be the absolute state of a partition, for the store."""

    values: Totals
    results: Results
    quantiles: Quantiles
    quarters: Quarters
    log_at: int
    watermark_at: int
    backlog: int
    delays: Mapping[str, int]
    exemplars: tuple[Verdict, ...]
    ahead_at: int


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """Be what the windows stage is built with. `buckets` are bounds in microseconds by target."""

    shards: int
    buckets: Mapping[str, tuple[int, ...]]
    day_starts: Callable[[int], int]
    team_labels: Callable[[str], tuple[str, str]]
    is_live: bool = True
    shadows: frozenset[str] = frozenset()


class WindowsLogic(StatefulBatchLogic[Said, Shown, bytes]):
    """Consumes (partition, Said). Emits Shown."""

    def __init__(self, options: WindowOptions, resume_state: bytes | None) -> None:
        """Start empty or from a snapshot."""
        self._options = options
        self._log_at: dict[str, int] = {}
        self._watermark_at = 0
        self._backlog = 0
        self._delays: dict[str, int] = {}
        self._exemplars: list[Verdict] = []
        self._shown = 0.0
        self._quarters: Quarters = {}
        self._quarters_at = 0.0
        self._ahead_at = 0
        self._counts: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
        self._results: list[tuple[Booking, int]] = []
        self._bookings: list[tuple[Booking, int]] = []
        self._durations: list[Duration] = []
        if resume_state is None:
            self.totals = TotalsState(options.buckets)
            self.panes = PaneSet(options.day_starts)
        else:
            self._restore(resume_state)

    def on_batch(self, values: list[Said]) -> tuple[Iterable[Shown], bool]:
        """Add up what was said."""
        for said in values:
            self._add(said)
        if self._options.is_live and time.monotonic() - self._shown >= SHOW_SECONDS:
            return [self._show()], False
        return [], False

    def on_eof(self) -> tuple[Iterable[Shown], bool]:
        """Show the last state."""
        self._quarters_at = 0.0
        return [self._show()], False

    def _add(self, said: Said) -> None:
        self._log_at[said.origin] = said.log_at
        if said.log_at > self._ahead_at:
            self._ahead_at = said.log_at
        counts = self._counts
        for key, amount in said.counts.items():
            counts[key] += amount
        # Few are of the same minute: to add them up here would cost more than it saves.
        self._results += said.results.items()
        self._bookings += said.bookings.items()
        self._durations += said.durations
        if said.watermark_at > self._watermark_at:
            self._watermark_at = said.watermark_at
        if said.origin == "read":
            self._backlog = said.backlog
            self._delays.update(said.delays)
        if said.verdicts:
            self._exemplars += [Verdict._make(v) for v in said.verdicts[-20:] if self._is_shown(v)]
        if len(self._durations) + len(self._results) + len(self._bookings) > _WAITING:
            self._settle()

    def _is_shown(self, verdict: Row) -> bool:
        ticket, _, _, kind = verdict[:4]
        return kind == BREACHED and ticket.partition("/")[0] not in self._options.shadows

    def _settle(self) -> None:
        """Bring what was said into totals and panes; what no window can show any more is left."""
        add = self.totals.add
        for (family, labels), amount in self._counts.items():
            if family == _HOPS:
                for _ in range(amount):
                    self.totals.observe(_HOPS, (), int(labels[0]))
            else:
                add(family, labels, amount)
        results: defaultdict[tuple[Labels, str, str], int] = defaultdict(int)
        for booking, count in self._results:
            results[booking[:3]] += count
        for ((channel, priority, team), target, outcome), count in results.items():
            add(_RESULTS, (channel, priority, target, outcome), count)
            team_labels = (team, *self._options.team_labels(team))
            add(_TEAM_RESULTS, (*team_labels, priority, target, outcome), count)
        oldest = (self._ahead_at - KEPT_US) // MINUTE_US
        oldest_outcome = (self._ahead_at - OUTCOMES_KEPT_US) // MINUTE_US
        for (labels, target, outcome, minute), count in chain(self._results, self._bookings):
            if minute >= oldest_outcome:
                for dimension, value in zip(_DIMENSIONS, labels, strict=True):
                    key = (dimension, value, target)
                    self.panes.book(key, minute * MINUTE_US, outcome, count)
        for labels, target, at, business, wall in self._durations:
            self.totals.observe(_DURATION, (labels[0], target, "business"), business)
            self.totals.observe(_DURATION, (labels[0], target, "wall"), wall)
            if at // MINUTE_US >= oldest:
                for dimension, value in zip(_DIMENSIONS, labels, strict=True):
                    self.panes.book_duration((dimension, value, target), at, business / 1e6)
        self._counts.clear()
        self._results.clear()
        self._bookings.clear()
        self._durations.clear()

    def _log_time(self) -> int:
        """Return how far every shard has come; 0 before all have been heard."""
        everyone = len(self._log_at) > self._options.shards  # the shards and "read"
        return min(self._log_at.values()) if everyone else 0

    def _show(self) -> Shown:
        self._shown = time.monotonic()
        self._settle()
        log_at = self._log_time()
        exemplars, self._exemplars = tuple(self._exemplars[-50:]), []
        self.panes.forget(log_at)
        if not self._quarters_at or self._shown - self._quarters_at >= QUARTERS_SECONDS:
            self._quarters, self._quarters_at = self.panes.quarters(), self._shown
        delays, self._delays = self._delays, {}
        return Shown(
            self.totals.values(),
            self.panes.results(log_at),
            self.panes.quantiles(log_at),
            self._quarters,
            log_at,
            self._watermark_at,
            self._backlog,
            delays,
            exemplars,
            self._ahead_at,
        )

    def snapshot(self) -> bytes:
        """Return totals, panes and the watermark, packed."""
        self._settle()
        totals, panes = self.totals.snapshot(), self.panes.snapshot()
        head = _LENGTHS.pack(VERSION, len(totals), len(panes), self._watermark_at)
        return head + totals + panes

    def _restore(self, data: bytes) -> None:
        _, n_totals, n_panes, self._watermark_at = _LENGTHS.unpack_from(data)
        start = _LENGTHS.size
        middle = start + n_totals
        self.totals = TotalsState.restore(data[start:middle], self._options.buckets)
        self.panes = PaneSet.restore(data[middle : middle + n_panes], self._options.day_starts)
