"""Cumulative totals: integer counters and histograms by family and label values.

Totals are absolute and only grow. They live in one snapshot with the panes and the positions, so
a restart plays the same records into the same totals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from struct import Struct, pack, unpack_from
from typing import Final, final

from slawatch.errors import ConfigError

Labels = tuple[str, ...]
HistogramTotal = tuple[tuple[int, ...], int, int]
"""(cumulative count for each bound, sum, count)."""

VERSION: Final = 1
_MIGRATIONS: Final[Mapping[int, Callable[[bytes], bytes]]] = {}
_HEAD: Final = Struct("<BII")
_LABELS: Final = Struct("<B")
_TEXT: Final = Struct("<H")
_BUCKETS: Final = Struct("<I")
_WIDE: Final = Struct("<Qq")
"""128 bits, low word first: microseconds held by a million tickets over a year pass 64."""
_LOW: Final = (1 << 64) - 1


@final
class Histogram:
    """Hold the counts between the bounds (the last one: beyond them all) and the sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[int, ...], counts: list[int], total: int) -> None:
        """Take over what was counted."""
        self.bounds, self.counts, self.total = bounds, counts, total

    def observe(self, amount: int) -> None:
        """Add one observation, in the unit of the bounds (microseconds)."""
        bounds = self.bounds
        low, high = 0, len(bounds)
        while low < high:  # where it is compiled, twice as fast as by `bisect`
            middle = (low + high) >> 1
            if bounds[middle] < amount:
                low = middle + 1
            else:
                high = middle
        self.counts[low] += 1
        self.total += amount


@final
class Totals:
    """Count by family and label values.

    `buckets` are the bounds of histograms, ascending, an amount on a bound being within it. They
    are found by the target, which is the second label; a family with fewer labels has its bounds
    under its own name. Without bounds only sum and count are kept.
    """

    def __init__(self, buckets: Mapping[str, tuple[int, ...]]) -> None:
        """Start empty."""
        self._buckets = buckets
        self._counters: defaultdict[str, defaultdict[Labels, int]] = defaultdict(_no_counts)
        self._histograms: defaultdict[str, dict[Labels, Histogram]] = defaultdict(dict)

    def add(self, family: str, labels: Labels, n: int = 1) -> None:
        """Add `n` (0 or more: a counter only grows) to a counter."""
        self._counters[family][labels] += n

    def observe(self, family: str, labels: Labels, amount: int) -> None:
        """Add one observation to a histogram, in the unit of its bounds (microseconds)."""
        self.histogram(family, labels).observe(amount)

    def histogram(self, family: str, labels: Labels) -> Histogram:
        """Return a histogram, made where there is none, to add many observations to."""
        histograms = self._histograms[family]
        histogram = histograms.get(labels)
        if histogram is None:
            bounds = self._bounds(family, labels)
            histogram = histograms[labels] = Histogram(bounds, [0] * (len(bounds) + 1), 0)
        return histogram

    def values(self) -> dict[str, dict[Labels, int | HistogramTotal]]:
        """Return all totals by family and label values; nothing added later changes them."""
        found: dict[str, dict[Labels, int | HistogramTotal]] = {
            family: dict(counters) for family, counters in self._counters.items()
        }
        for family, histograms in self._histograms.items():
            into = found.setdefault(family, {})
            for labels, histogram in histograms.items():
                *cumulative, count = accumulate(histogram.counts)
                into[labels] = tuple(cumulative), histogram.total, count
        return found

    def _bounds(self, family: str, labels: Labels) -> tuple[int, ...]:
        return tuple(self._buckets.get(labels[1] if len(labels) > 1 else family, ()))

    def snapshot(self) -> bytes:
        """Pack the totals: the same bytes for the same totals, however they came about.

        Version 1: how many counters and histograms; of each, sorted, the family and the labels,
        then the value, or the bounds, the counts between them and the sum.
        """
        counters = sorted(
            (family, labels, n)
            for family, rows in self._counters.items()
            for labels, n in rows.items()
        )
        histograms = sorted(
            (family, labels) for family, rows in self._histograms.items() for labels in rows
        )
        parts = [_HEAD.pack(VERSION, len(counters), len(histograms))]
        for family, labels, n in counters:
            parts += (_pack_name(family, labels), _pack_wide(n))
        for family, labels in histograms:
            histogram = self._histograms[family][labels]
            numbers = (*histogram.bounds, *histogram.counts)
            parts += (
                _pack_name(family, labels),
                _BUCKETS.pack(len(histogram.bounds)),
                pack(f"<{len(numbers)}q", *numbers),
                _pack_wide(histogram.total),
            )
        return b"".join(parts)

    @classmethod
    def restore(cls, data: bytes, buckets: Mapping[str, tuple[int, ...]]) -> Totals:
        """Unpack a snapshot under bounds that may have changed since (see `rebin`).

        Raises `ConfigError` for a snapshot written by a newer slawatch.
        """
        data = migrate(data, "totals", VERSION, _MIGRATIONS)
        totals = cls(buckets)
        _, n_counters, n_histograms = _HEAD.unpack_from(data)
        at = _HEAD.size
        for _ in range(n_counters):
            family, labels, at = _unpack_name(data, at)
            totals._counters[family][labels] = _unpack_wide(data, at)
            at += _WIDE.size
        for _ in range(n_histograms):
            family, labels, at = _unpack_name(data, at)
            (n_bounds,) = _BUCKETS.unpack_from(data, at)
            numbers = unpack_from(f"<{2 * n_bounds + 1}q", data, at + _BUCKETS.size)
            at += _BUCKETS.size + 8 * len(numbers)
            bounds = totals._bounds(family, labels)
            counts = rebin(numbers[:n_bounds], numbers[n_bounds:], bounds)
            total = _unpack_wide(data, at)
            at += _WIDE.size
            totals._histograms[family][labels] = Histogram(bounds, counts, total)
        return totals


def rebin(old: Sequence[int], counts: Sequence[int], new: Sequence[int]) -> list[int]:
    """Return the counts between new bounds, from those between old ones.

    A bound in both keeps its cumulative count, exactly. Below a new bound at least what lay below
    the next lower old one is known to lie (none: nothing), so it starts with that count: never too
    many within a goal, never lower than the bound before it. Sum and count stay. A bound that
    leaves takes its count along: should it come back, it starts as a new one.
    """
    sums = [0, *accumulate(counts)]
    known = [sums[bisect_right(old, bound)] for bound in new]
    return [after - before for before, after in pairwise((0, *known, sums[-1]))]


def _no_counts() -> defaultdict[Labels, int]:
    return defaultdict(int)


def _pack_name(family: str, labels: Labels) -> bytes:
    return _LABELS.pack(len(labels)) + pack_texts((family, *labels))


def _unpack_name(data: bytes, at: int) -> tuple[str, Labels, int]:
    (n_labels,) = _LABELS.unpack_from(data, at)
    (family, *labels), at = unpack_texts(data, at + _LABELS.size, n_labels + 1)
    return family, tuple(labels), at


def _pack_wide(n: int) -> bytes:
    return _WIDE.pack(n & _LOW, n >> 64)


def _unpack_wide(data: bytes, at: int) -> int:
    low, high = _WIDE.unpack_from(data, at)
    return int(high << 64 | low)


def pack_texts(texts: Iterable[str]) -> bytes:
    """Pack words, each after its length in bytes (up to 65,535)."""
    words = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(_TEXT.pack(len(word)) + word for word in words)


def unpack_texts(data: bytes, at: int, count: int) -> tuple[list[str], int]:
    """Return the words packed at `at`, and where they end."""
    texts = []
    for _ in range(count):
        (size,) = _TEXT.unpack_from(data, at)
        at += _TEXT.size
        texts.append(data[at : at + size].decode("utf-8", "surrogatepass"))
        at += size
    return texts, at


def migrate(
    data: bytes, what: str, version: int, migrations: Mapping[int, Callable[[bytes], bytes]]
) -> bytes:
    """Bring older state to `version`, one migration a step; refuse newer. The first byte tells."""
    found = data[0]
    if found > version:
        msg = (
            f"the {what} were written by a newer slawatch (format {found}, this one reads up to"
            f" {version}): start that version, or begin with an empty state folder"
        )
        raise ConfigError(msg)
    while found < version:
        data = migrations[found](data)
        found = data[0]
    return data
