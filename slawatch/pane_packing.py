"""How panes are packed: a run of 32-bit numbers for each kind, as `PaneSet.snapshot` says.

The durations of a pane are kept packed while nothing changes them: a snapshot takes them as they
are, and a bucket takes 8 bytes.
"""

from __future__ import annotations

from struct import Struct, pack, unpack, unpack_from
from typing import Final, final

from slawatch.sketch import Sketch

_NUMBER: Final = Struct("<i")
_PAIR: Final = Struct("<ii")
_WIDTH: Final = 4

Counts = dict[int, list[int]]
"""[met, breached] by pane number."""


@final
class SketchPanes:
    """Hold the durations of panes by number."""

    __slots__ = ("_changing", "_packed")

    def __init__(self) -> None:
        """Start empty."""
        self._changing: dict[int, Sketch] = {}
        self._packed: dict[int, bytes] = {}

    def count(self, number: int, bucket: int, count: int) -> None:
        """Add to a bucket of a pane, which is made where there is none."""
        sketch = self._changing.get(number)
        if sketch is None:
            packed = self._packed.pop(number, None)
            sketch = self._changing[number] = {} if packed is None else unpack_sketch(packed)
        sketch[bucket] = sketch.get(bucket, 0) + count

    def find(self, number: int) -> Sketch | None:
        """Return what a pane holds, to read."""
        sketch = self._changing.get(number)
        if sketch is None:
            packed = self._packed.get(number)
            return None if packed is None else unpack_sketch(packed)
        return sketch

    def tidy(self, number: int) -> None:
        """Drop what a correction has brought back to 0: buckets, and the pane without any."""
        sketch = self._changing.get(number)
        if sketch is None:
            return
        for bucket in [bucket for bucket, count in sketch.items() if not count]:
            del sketch[bucket]
        if not sketch:
            del self._changing[number]

    def drop(self, first: int) -> None:
        """Drop the panes before one."""
        for number in [number for number in self._changing if number < first]:
            del self._changing[number]
        for number in [number for number in self._packed if number < first]:
            del self._packed[number]

    def __len__(self) -> int:
        """Return how many panes there are."""
        return len(self._changing) + len(self._packed)

    def pack(self) -> bytes:
        """Return how many panes there are, then (number, size, the buckets, the counts) of each."""
        for number, sketch in self._changing.items():
            self._packed[number] = pack_sketch(number, sketch)
        self._changing.clear()
        packed = self._packed
        parts = [packed[number] for number in sorted(packed)]
        return _NUMBER.pack(len(parts)) + b"".join(parts)

    def take(self, data: bytes, at: int) -> int:
        """Fill panes from what `pack` returned; return where it ends."""
        (n_panes,) = _NUMBER.unpack_from(data, at)
        at += _NUMBER.size
        for _ in range(n_panes):
            number, size = _PAIR.unpack_from(data, at)
            end = at + _PAIR.size + 2 * _WIDTH * size
            self._packed[number] = data[at:end]
            at = end
        return at


def pack_sketch(number: int, sketch: Sketch) -> bytes:
    """Return a pane's number, size, the buckets in order, and their counts."""
    buckets = sorted(sketch)
    counts = [sketch[bucket] for bucket in buckets]
    return pack(f"<{2 + 2 * len(buckets)}i", number, len(buckets), *buckets, *counts)


def unpack_sketch(packed: bytes) -> Sketch:
    """Return the durations that `pack_sketch` packed."""
    numbers = unpack(f"<{len(packed) // _WIDTH}i", packed)
    size = numbers[1]
    return dict(zip(numbers[2 : 2 + size], numbers[2 + size :], strict=True))


def pack_counts(panes: Counts) -> bytes:
    """Return how many panes there are, then (number, met, breached) of each."""
    numbers = [len(panes)]
    for number in sorted(panes):
        met, breached = panes[number]
        numbers += (number, met, breached)
    return pack(f"<{len(numbers)}i", *numbers)


def take_counts(data: bytes, at: int, panes: Counts) -> int:
    """Fill panes from what `pack_counts` returned; return where it ends."""
    (n_panes,) = _NUMBER.unpack_from(data, at)
    numbers = unpack_from(f"<{3 * n_panes}i", data, at + _NUMBER.size)
    for place in range(0, len(numbers), 3):
        panes[numbers[place]] = [numbers[place + 1], numbers[place + 2]]
    return at + _NUMBER.size + _WIDTH * len(numbers)
