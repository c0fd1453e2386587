"""The exporter: a custom collector that turns the store into metric families.

Label sets are created from `slawatch.series`, which also counts them, so a scrape before any
event has exactly the number of lines that the budget says.
"""

from __future__ import annotations

import logging
import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from threading import Lock
from typing import Any, cast

from prometheus_client.core import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from flows.blocks import Block, HistogramBlock, LabelRules
from flows.floor import CounterFloor
from flows.store import Contents, HistogramTotal, Key, Store, add_totals
from slawatch import conventions as c
from slawatch import labels as v
from slawatch.build import find_build
from slawatch.policy import Rules
from slawatch.reach import HOP_BOUNDS, bucket_bounds, find_calendar_ends, find_reach
from slawatch.series import reachable
from slawatch.views import View, merge

FRESH_US = 5_000_000
"""Work and window gauges are shown while log time is no further behind the wall clock."""
BEHIND_US = 60_000_000
"""Beyond this the monitor is catching up: what it finds is not news."""
HOLD_US = 3_600_000_000
"""How long after catching up page rules hold still, by default: the longest page window."""
MAX_EXEMPLAR = 128
"""Characters of an exemplar's names and values that OpenMetrics allows."""

_LOG = logging.getLogger(__name__)
_PUT_GAUGES = (c.LATENESS, c.SNAPSHOT_BYTES, c.SNAPSHOT_SECONDS)


class Exporter(Collector):
    """Collect the families from a store, and render them for a scrape.

    `now` gives the wall clock in microseconds. `hold_us` is how long `slawatch_catching_up` stays
    after log time has caught up. It has a registry of its own.
    """

    def __init__(
        self,
        rules: Rules,
        store: Store,
        now: Callable[[], int],
        floor: CounterFloor | None = None,
        hold_us: int = HOLD_US,
        drills: Callable[[int], Mapping[str, int]] = lambda _now: {},
        requests: Callable[[], Mapping[tuple[str, str], int]] = dict,
        drift: Callable[[], Mapping[tuple[str, ...], int]] = dict,
    ) -> None:
        """Create every label set that the rules can reach.

        `drills` tells which run now, `requests` counts the receiver's, `drift` new fields.
        """
        self._drills = drills
        self._store = store
        self._now = now
        self._floor = floor if floor is not None else CounterFloor()
        self._hold_us = hold_us
        self._requests = requests
        self._drift = drift
        self._no_floor = CounterFloor()
        self._lock = Lock()
        self._started_at = now()
        self._scraped_at = 0
        self._floor_errors = 0
        self._labels = LabelRules(rules, find_reach(rules).answered_by_bots)
        sets = reachable(rules)
        bounds = bucket_bounds(rules)
        self._blocks = {
            # The values of an info family are no set known beforehand: it has one series.
            family.name: Block(
                family,
                () if family.type is c.Type.INFO else sets[family.name].initial,
                self._labels,
            )
            for family in c.FAMILIES
            if family.type is not c.Type.HISTOGRAM
        }
        self._durations = HistogramBlock(
            c.DURATION,
            sets[c.DURATION.name].initial,
            lambda key: bounds.get(key[1], ()),
            self._labels,
        )
        self._hops = HistogramBlock(c.HOPS, ((),), lambda _: HOP_BOUNDS, self._labels)
        reach = find_reach(rules)
        self._promises: dict[c.Family, Mapping[Key, float]] = {
            c.GOAL: {key: goal / 1_000_000 for key, goal in reach.goals.items()},
            c.OBJECTIVE: _widen(reach.objectives),
            c.OBSERVABLE: {key: float(seen) for key, seen in reach.observable.items()},
            c.BUILD: {(version("slawatch"), platform.python_version(), find_build()): 1.0},
            c.CONFIG: {(rules.digest,): 1.0},
        }
        if ends := find_calendar_ends(rules):
            self._promises[c.CALENDAR_ENDS] = {
                (name,): end / 1_000_000 for name, end in ends.items()
            }
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: a registry must not collect in order to know the names."""
        return ()

    def is_fresh(self) -> bool:
        """Tell whether log time keeps up with the wall clock."""
        return _is_fresh(self._store.read(), self._now())

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the exposition in the format that `accept` asks for, and its content type.

        The counters are on disk before this returns.
        """
        with self._lock:
            encode, content_type = choose_encoder(accept)
            content = encode(self.registry)
            try:
                self._floor.save()
            except OSError:
                # To answer is better than to be blind: a reset shows only if a crash follows.
                _LOG.exception("counter floor not saved")
                self._floor_errors += 1
            return content, content_type

    def collect(self) -> Iterator[Metric]:
        """Yield the families in the order of `conventions.FAMILIES`."""
        now = self._now()
        contents = self._store.read()
        self._floor.begin(
            {name: (part.log_at, part.ahead_at) for name, part in contents.totals.items()}
        )
        totals = add_totals(contents)
        gauges = self._gauges(contents, now)
        for family in c.FAMILIES:
            if family.type is c.Type.COUNTER:
                yield self._counter(family, totals.get(family.name, {}), contents)
            elif family is c.DURATION or family is c.HOPS:
                block = self._durations if family is c.DURATION else self._hops
                found = cast("Mapping[Key, HistogramTotal]", totals.get(family.name, {}))
                yield block.build(found, self._floor)
            elif (values := gauges.get(family)) is not None:
                yield self._blocks[family.name].build_gauge(values)

    def _counter(
        self, family: c.Family, found: Mapping[Key, int | HistogramTotal], contents: Contents
    ) -> Metric:
        if family is c.INTAKE_REQUESTS or family is c.DRIFT:
            # No record holds them: they begin anew with the process, as its requests do.
            count = self._requests if family is c.INTAKE_REQUESTS else self._drift
            own = cast("Mapping[Key, int]", count())
            return self._blocks[family.name].build_counter(own, self._no_floor)
        totals = cast("Mapping[Key, int]", found)
        if family is c.OFFSETS:
            totals = {(): self._floor.offset_count}
        elif family is c.FLOOR_ERRORS:
            totals = {(): self._floor_errors}
        metric = self._blocks[family.name].build_counter(totals, self._floor)
        if family is c.RESULTS:
            self._add_exemplars(metric, contents)
        return metric

    def _add_exemplars(self, metric: Metric, contents: Contents) -> None:
        index = self._blocks[c.RESULTS.name].index
        for key, (ticket, seconds, at) in contents.exemplars.items():
            place = index.get(key)
            if key[-1] != v.BREACHED or place is None or len("ticket") + len(ticket) > MAX_EXEMPLAR:
                continue
            sample = metric.samples[place]
            if sample.value > 0:
                exemplar = Exemplar({"ticket": ticket}, seconds, at / 1_000_000)
                metric.samples[place] = sample._replace(exemplar=exemplar)

    def _gauges(self, contents: Contents, now: int) -> dict[c.Family, Mapping[Key, float]]:
        """Return the values of each gauge that is shown; a family left out is absent."""
        found: dict[c.Family, Mapping[Key, float]] = dict(self._promises)
        if _is_fresh(contents, now):
            found |= self._open_work(merge(contents.views.values()))
            found |= _windows(contents, self._labels)
            if drills := self._drills(now):
                found[c.DRILL] = {(name,): until / 1_000_000 for name, until in drills.items()}
        parts = contents.progress.values()
        if (log_at := contents.log_at) is not None:
            found[c.LOG_TIME] = {(): log_at / 1_000_000}
            if watermark_at := min(part.watermark_at for part in parts):
                found[c.WATERMARK] = {(): watermark_at / 1_000_000}
        found[c.BACKLOG] = {(): sum(part.backlog for part in parts)}
        found[c.CATCHING_UP] = {(): float(self._is_catching_up(contents, now))}
        found[c.LAST_SCRAPE] = {(): (self._scraped_at or now) / 1_000_000}
        self._scraped_at = now
        for family in _PUT_GAUGES:
            found[family] = {(): contents.gauges.get((family.name, ()), 0.0)}
        delays = {
            key: value
            for (name, key), value in contents.gauges.items()
            if name == c.DELIVERY_DELAY.name
        }
        if delays:
            found[c.DELIVERY_DELAY] = delays
        return found

    def _open_work(self, view: View) -> dict[c.Family, Mapping[Key, float]]:
        team = self._labels.team
        found: dict[c.Family, Mapping[Key, float]] = {
            c.TICKETS: _widen(view.tickets),
            c.TEAM_TICKETS: {
                (*team(name), status): count for (name, status), count in view.team_tickets.items()
            },
            c.CLOCKS: _widen(view.clocks),
            c.WAITING: {(channel,): count for channel, count in view.waiting.items()},
            c.WAITING_PAST: {(channel,): count for channel, count in view.waiting_past.items()},
        }
        if view.oldest:
            found[c.OLDEST] = {key: at / 1_000_000 for key, at in view.oldest.items()}
        if view.urgent:
            found[c.URGENT] = {
                (clock.ticket, clock.target, clock.channel, clock.team): clock.due_at / 1_000_000
                for clock in view.urgent
            }
        return found

    def _is_catching_up(self, contents: Contents, now: int) -> bool:
        log_at = contents.log_at
        if log_at is not None and now - log_at > BEHIND_US:
            self._floor.behind_at = now
        self._floor.behind_at = max(self._floor.behind_at, contents.history_at)
        began_at = contents.began_at
        if began_at is not None and self._started_at - began_at > BEHIND_US:
            # Hours can be caught up with before the first scrape sees that they were missing.
            self._floor.behind_at = max(self._started_at, self._floor.behind_at)
        return log_at is None or now - self._floor.behind_at < self._hold_us


def _widen(found: Mapping[Any, float]) -> Mapping[Key, float]:
    return found  # a mapping is invariant in its key: tuples of three are no tuples of any length


def _is_fresh(contents: Contents, now: int) -> bool:
    log_at = contents.log_at
    return log_at is not None and now - log_at <= FRESH_US


def _windows(contents: Contents, labels: LabelRules) -> dict[c.Family, Mapping[Key, float]]:
    """Return window results and quantiles; of several partitions the slowest quantile."""
    counts: dict[str, dict[Key, float]] = {dimension: {} for dimension in c.DIMENSIONS}
    slow: dict[str, dict[Key, float]] = {dimension: {} for dimension in c.DIMENSIONS}
    for part in contents.totals.values():
        for (dimension, value, target), windows in part.results.items():
            key = labels.place(dimension, value, target)
            into = counts[dimension]
            for window, pair in windows.items() if key else ():
                for outcome, count in zip(v.OUTCOMES, pair, strict=True):
                    whole = (*key, window, outcome)
                    into[whole] = into.get(whole, 0) + count
        for (dimension, value, target), durations in part.quantiles.items():
            key = labels.place(dimension, value, target)
            into = slow[dimension]
            for window, quantiles in durations.items() if key else ():
                for q, seconds in quantiles.items():
                    whole = (*key, window, v.render_quantile(q))
                    into[whole] = max(seconds, into.get(whole, seconds))
    found: dict[c.Family, Mapping[Key, float]] = {}
    for dimension in c.DIMENSIONS:
        found[c.WINDOW_RESULTS[dimension]] = counts[dimension]
        if slow[dimension]:
            found[c.WINDOW_DURATIONS[dimension]] = slow[dimension]
    return found
