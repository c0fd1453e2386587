"""The quantile sketch: durations counted in logarithmic buckets, as in DDSketch.

A sketch is a plain dictionary from bucket to count, so that sketches add and subtract exactly;
many of them are added up in a `SketchSum`, which answers quantiles fast.

Bucket i ≥ 1 holds the durations from GAMMA ** (i - 2), exclusive, to GAMMA ** (i - 1)
microseconds. It is read as the value whose relative error to both ends is the same: at most
(GAMMA - 1) / (GAMMA + 1) = 0.9901 %, under the 1 % that is promised. What is longer than
21 years counts in the last bucket.

Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import accumulate
from math import ceil, log
from typing import Final, final

GAMMA: Final = 1.02
ZERO: Final = 0
"""The bucket of what is shorter than a microsecond."""
BLOCK_BITS: Final = 5
"""Buckets are summed in blocks of 32, so that a quantile looks at 54 blocks and 32 buckets."""
BLOCKS: Final = 54
BUCKETS: Final = BLOCKS << BLOCK_BITS
BUCKET_BITS: Final = 11
"""The bits that any bucket fits in."""

Sketch = dict[int, int]

_INDEX: Final = 1 / log(GAMMA)
_MIDDLE_SECONDS: Final = 2 / (GAMMA + 1) / 1_000_000
_SHORTEST_US: Final = 0.99  # in bucket 1, as one microsecond is after any rounding of its seconds
_LONGEST_US: Final = GAMMA ** (BUCKETS - 3)


def find_bucket(seconds: float) -> int:
    """Return the bucket that a duration belongs to; a negative one counts as zero."""
    us = seconds * 1_000_000
    if _SHORTEST_US < us < _LONGEST_US:
        return ceil(log(us) * _INDEX) + 1
    return BUCKETS - 1 if us >= _LONGEST_US else ZERO


@cache
def read_bucket(bucket: int) -> float:
    """Return the seconds that a bucket stands for."""
    return 0.0 if bucket == ZERO else float(GAMMA ** (bucket - 1) * _MIDDLE_SECONDS)


@final
class SketchSum:
    """Add sketches up, and take them away again.

    `counts` are by bucket, `blocks` by block; `found` is the last answer, while it holds.
    """

    __slots__ = ("blocks", "counts", "found")

    def __init__(self) -> None:
        """Start empty."""
        self.counts = [0] * BUCKETS
        self.blocks = [0] * BLOCKS
        self.found: Mapping[float, float] | None = None

    def count(self, bucket: int, count: int) -> None:
        """Add to one bucket."""
        self.counts[bucket] += count
        self.blocks[bucket >> BLOCK_BITS] += count
        self.found = None

    def add(self, sketch: Sketch, sign: int = 1) -> None:
        """Add a sketch, or take it away with a `sign` of -1."""
        counts, blocks = self.counts, self.blocks
        for bucket, count in sketch.items():
            counts[bucket] += sign * count
            blocks[bucket >> BLOCK_BITS] += sign * count
        self.found = None

    def find_quantiles(self, shares: Iterable[float]) -> Mapping[float, float]:
        """Return the seconds of each share (over 0, to 1), empty where nothing is counted.

        By nearest rank: the shortest duration that at least this share of all do not exceed.
        Shares are taken to the thousandth, so that the rank is exact.
        """
        sums = list(accumulate(self.blocks, initial=0))
        if sums[-1] <= 0:
            return {}
        found = {}
        for share in shares:
            rank = -(-sums[-1] * round(share * 1000) // 1000)
            block = bisect_left(sums, rank) - 1
            start = block << BLOCK_BITS
            within = list(accumulate(self.counts[start : start + (1 << BLOCK_BITS)]))
            found[share] = read_bucket(start + bisect_left(within, rank - sums[block]))
        return found
