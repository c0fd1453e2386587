"""Aggregate: the stateful step with the totals and the event-time panes of a partition."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from bytewax.operators import StatefulBatchLogic

from flows.items import Said
from flows.store import Quantiles, Quarters, Results, Totals
from slawatch.panes import PaneSet
from slawatch.tally import Tally
from slawatch.totals import Totals as TotalsState
from slawatch.verdicts import Row, Verdict

SHOW_SECONDS = 0.25
"""How often, in wall time, totals and windows are handed to the store."""

QUARTERS_SECONDS = 2.0
"""How often, in wall time, the history by quarters is made anew: some ten thousand pairs."""
_EXEMPLARS = 50
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
        self._exemplars: deque[Row] = deque(maxlen=_EXEMPLARS)
        self._shown = 0.0
        self._quarters: Quarters = {}
        self._quarters_at = 0.0
        self._ahead_at = 0
        if resume_state is None:
            self.totals = TotalsState(options.buckets)
            self.panes = PaneSet(options.day_starts)
        else:
            self._restore(resume_state)
        self._tally = Tally(self.totals, self.panes, options.team_labels)

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
        self._tally.take(said.origin, said.out)
        if said.watermark_at > self._watermark_at:
            self._watermark_at = said.watermark_at
        if said.origin == "read":
            self._backlog = said.backlog
            self._delays.update(said.delays)
        if said.told.breaches:
            self._exemplars += [row for row in said.told.breaches if self._is_shown(row)]
        if self._tally.is_full(self._ahead_at):
            self._settle()

    def _is_shown(self, verdict: Row) -> bool:
        return verdict[0].partition("/")[0] not in self._options.shadows

    def _settle(self) -> None:
        """Bring what was said into totals and panes; what no window can show any more is left."""
        self.panes.forget(self._log_time())
        self._tally.settle(self._ahead_at)

    def _log_time(self) -> int:
        """Return how far every shard has come; 0 before all have been heard."""
        everyone = len(self._log_at) > self._options.shards  # the shards and "read"
        return min(self._log_at.values()) if everyone else 0

    def _show(self) -> Shown:
        self._shown = time.monotonic()
        self._settle()
        log_at = self._log_time()
        exemplars = tuple(map(Verdict._make, self._exemplars))
        self._exemplars.clear()
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
