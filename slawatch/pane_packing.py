"""How panes are packed: a run of 32-bit numbers for each kind, as `PaneSet.snapshot` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from itertools import islice

from slawatch.sketch import Sketch


def list_counts(panes: Mapping[int, list[int]]) -> list[int]:
    """Return how many panes there are, then (number, met, breached) of each."""
    numbers = [len(panes)]
    for number, (met, breached) in sorted(panes.items()):
        numbers += (number, met, breached)
    return numbers


def list_durations(sketches: Mapping[int, Sketch]) -> list[int]:
    """Return how many panes there are, then (number, size, the buckets, the counts) of each."""
    numbers = [len(sketches)]
    for number, sketch in sorted(sketches.items()):
        buckets = sorted(sketch)
        numbers += (number, len(buckets), *buckets)
        numbers += map(sketch.__getitem__, buckets)
    return numbers


def take_counts(numbers: Iterator[int], panes: MutableMapping[int, list[int]]) -> None:
    """Fill panes from what `list_counts` returned."""
    for _ in range(next(numbers)):
        number, met, breached = islice(numbers, 3)
        panes[number] = [met, breached]


def take_durations(numbers: Iterator[int], sketches: MutableMapping[int, Sketch]) -> None:
    """Fill panes, made when asked for, from what `list_durations` returned."""
    for _ in range(next(numbers)):
        number, size = islice(numbers, 2)
        buckets = tuple(islice(numbers, size))
        sketches[number].update(zip(buckets, islice(numbers, size), strict=True))
