"""Blocks of series: the lines of one family, with their label dictionaries kept between scrapes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from flows.floor import CounterFloor
from flows.store import HistogramTotal, Key
from slawatch import labels as v
from slawatch.conventions import Family, Shown
from slawatch.policy import Rules
from slawatch.series import team_key

_LOG = logging.getLogger(__name__)
_RIDING = ("region", "tier")  # with the label team: empty where the team has none


class LabelRules:
    """Turn the label values of totals and views into those that are exported."""

    def __init__(self, rules: Rules, answered_by_bots: frozenset[str]) -> None:
        """Take teams and connectors from the rules."""
        self._teams = {name: team_key(team) for name, team in rules.teams.items()}
        self._connectors = frozenset(rules.sources)
        self._answered_by_bots = answered_by_bots

    def team(self, name: str) -> Key:
        """Return a team's values of the labels team, region and tier."""
        return self._teams.get(name) or (name or v.NONE, "", "")

    def place(self, dimension: str, value: str, target: str) -> Key:
        """Return a window's labels up to the target; empty for one that is not exported."""
        if dimension != "team":
            return (value, target)
        if not value or target in self._answered_by_bots:
            return ()
        return (*self.team(value), target)

    def export(self, family: Family, key: Key) -> Key | None:
        """Return the exported label values, `None` for a series that is not exported.

        An empty value becomes "none" and a connector that is not configured "other": the label
        must stay bounded whatever an event claims to come from.
        """
        values = dict(zip(family.labels, key, strict=True))
        if "team" in values and "region" in values:
            values["team"], values["region"], values["tier"] = self.team(values["team"])
            if values.get("target") in self._answered_by_bots:
                return None
        if self._connectors and values.get("connector", "") not in (*self._connectors, ""):
            values["connector"] = v.OTHER
        return tuple(
            value or ("" if label in _RIDING else v.NONE) for label, value in values.items()
        )


class Block:
    """Hold the series of a counter or gauge family.

    `index` leads from label values, as totals have them, to the place of their series.
    """

    def __init__(self, family: Family, initial: Iterable[Key], labels: LabelRules) -> None:
        """Create the initial series."""
        self.family = family
        self.index: dict[Key, int | None] = {}
        self._labels = labels
        self._keys: list[Key] = []
        self._dicts: list[dict[str, str]] = []
        for key in initial:
            self._create(key)

    def _create(self, key: Key) -> int:
        place = self.index[key] = len(self._keys)
        self._keys.append(key)
        self._dicts.append(dict(zip(self.family.labels, key, strict=True)))
        return place

    def _learn(self, key: Key) -> int | None:
        exported = self._labels.export(self.family, key)
        place = None
        if exported is not None:
            place = self.index.get(exported)
            if place is None:
                place = self._create(exported)
        self.index[key] = place
        return place

    def _lay_out(self, found: Mapping[Key, float]) -> list[float]:
        values: list[float] = [0] * len(self._keys)
        index = self.index
        for key, value in found.items():
            place = index[key] if key in index else self._learn(key)
            if place is None:
                continue
            if place == len(values):
                values.append(0)
            values[place] += value
        return values

    def build_counter(self, totals: Mapping[Key, int], floor: CounterFloor) -> Metric:
        """Build the family from totals, no series lower than it was exposed before."""
        family = self.family
        values = self._lay_out(totals)
        keys, dicts = self._keys, self._dicts
        if vanished := floor.find_vanished(family.name, keys):
            keys = keys + vanished
            dicts = dicts + [dict(zip(family.labels, key, strict=True)) for key in vanished]
            values += [0] * len(vanished)
        values = floor.raise_values(family.name, keys, values)
        if (divisor := family.divisor) != 1:
            values = [value / divisor for value in values]
        return _build(family, dicts, values)

    def build_gauge(self, found: Mapping[Key, float]) -> Metric:
        """Build the family; label sets without a value are 0, or absent if the family says so."""
        family = self.family
        if family.shown in (Shown.FRESH_IF_ANY, Shown.IF_ANY) or not self._keys:
            shown: dict[Key, float] = {}
            for key, value in found.items():
                if (exported := self._labels.export(family, key)) is not None:
                    shown[exported] = max(value, shown.get(exported, value))
            dicts = [dict(zip(family.labels, key, strict=True)) for key in shown]
            return _build(family, dicts, list(shown.values()))
        # In this order: laying out may create series.
        values = self._lay_out(found)
        return _build(family, self._dicts, values)


class HistogramBlock:
    """Hold the series of a histogram family; bounds depend on the label set.

    Bounds are in the unit of totals: microseconds where the family has seconds.
    """

    def __init__(
        self,
        family: Family,
        initial: Iterable[Key],
        bounds: Callable[[Key], Sequence[int]],
        labels: LabelRules,
    ) -> None:
        """Create the initial label sets."""
        self._family = family
        self._bounds = bounds
        self._labels = labels
        self._index: dict[Key, int] = {}
        self._keys: list[Key] = []
        self._bucket_keys: list[list[Key]] = []
        self._dicts: list[list[dict[str, str]]] = []
        for key in initial:
            self._create(key)

    def _create(self, key: Key) -> int:
        place = self._index[key] = len(self._keys)
        divisor = self._family.divisor
        ends = [*(_render_bound(bound / divisor) for bound in self._bounds(key)), "+Inf"]
        names = (*self._family.labels, "le")
        self._keys.append(key)
        self._bucket_keys.append([(*key, end) for end in ends])
        self._dicts.append([dict(zip(names, (*key, end), strict=True)) for end in ends])
        return place

    def _learn(self, key: Key) -> None:
        exported = self._labels.export(self._family, key) or key
        place = self._index.get(exported)
        self._index[key] = self._create(exported) if place is None else place

    def build(self, totals: Mapping[Key, HistogramTotal], floor: CounterFloor) -> Metric:
        """Build the family from totals, no line lower than it was exposed before."""
        family = self._family
        for key in (*totals, *floor.find_vanished(f"{family.name}_sum", self._keys)):
            if key not in self._index:
                self._learn(key)
        sums: list[float] = [0] * len(self._keys)
        buckets: list[list[float]] = [[0] * len(keys) for keys in self._bucket_keys]
        for key, (counts, total, count) in totals.items():
            place = self._index[key]
            into = buckets[place]
            if len(counts) + 1 != len(into):
                _LOG.error("histogram without its bounds family=%s labels=%s", family.name, key)
                continue
            buckets[place] = [a + b for a, b in zip(into, (*counts, count), strict=True)]
            sums[place] += total
        sums = floor.raise_values(f"{family.name}_sum", self._keys, sums)
        flat = floor.raise_values(
            f"{family.name}_bucket",
            [key for keys in self._bucket_keys for key in keys],
            [value for values in buckets for value in values],
        )
        return self._assemble(sums, flat)

    def _assemble(self, sums: Sequence[float], flat: Sequence[float]) -> Metric:
        family = self._family
        metric = _build(family, (), ())
        append = metric.samples.append
        start = 0
        for key, total, dicts in zip(self._keys, sums, self._dicts, strict=True):
            end = start + len(dicts)
            # Raised one by one they could cross where bounds were added since.
            counts = list(accumulate(flat[start:end], max))
            start = end
            for labels, count in zip(dicts, counts, strict=True):
                append(Sample(f"{family.name}_bucket", labels, count))
            labels = dict(zip(family.labels, key, strict=True))
            append(Sample(f"{family.name}_count", labels, counts[-1]))
            append(Sample(f"{family.name}_sum", labels, total / family.divisor))
        return metric


def _render_bound(bound: float) -> str:
    return str(floatToGoString(bound))  # type: ignore[no-untyped-call]  # the library has no types here


def _build(family: Family, labels: Sequence[dict[str, str]], values: Sequence[float]) -> Metric:
    metric = Metric(family.base, family.help, family.type.value, family.unit)
    name = family.name
    metric.samples = [
        Sample(name, label, value) for label, value in zip(labels, values, strict=True)
    ]
    return metric
