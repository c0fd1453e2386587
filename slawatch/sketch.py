"""The quantile sketch: durations counted in logarithmic buckets, as in DDSketch.

A sketch is a plain dictionary from bucket to count, so that sketches add and subtract exactly.
Bucket i ≥ 0 holds the durations from GAMMA ** (i - 1), exclusive, to GAMMA ** i microseconds. It
is read as the value whose relative error to both ends is the same: at most
(GAMMA - 1) / (GAMMA + 1) = 0.9901 %, under the 1 % that is promised. Ten years are 1,686 buckets;
a sketch has one entry for each that was hit.

Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
relative-error guarantees", VLDB 2019.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from math import ceil, log

GAMMA = 1.02
ZERO = -1
"""The bucket of what is shorter than a microsecond."""

Sketch = dict[int, int]

_INDEX = 1 / log(GAMMA)
_MIDDLE_SECONDS = 2 / (GAMMA + 1) / 1_000_000
_SHORTEST_US = 0.99  # in bucket 0, as one microsecond is after any rounding of its seconds


def find_bucket(seconds: float) -> int:
    """Return the bucket that a duration belongs to; a negative one counts as zero."""
    us = seconds * 1_000_000
    return ceil(log(us) * _INDEX) if us > _SHORTEST_US else ZERO


@cache
def read_bucket(bucket: int) -> float:
    """Return the seconds that a bucket stands for."""
    return 0.0 if bucket == ZERO else float(GAMMA**bucket * _MIDDLE_SECONDS)


def add(into: Sketch, other: Mapping[int, int], sign: int = 1) -> None:
    """Add another sketch, or take it away with a `sign` of -1. A bucket back at 0 leaves."""
    for bucket, count in other.items():
        total = into.get(bucket, 0) + sign * count
        if total:
            into[bucket] = total
        else:
            del into[bucket]


def find_quantiles(
    sketch: Mapping[int, int], buckets: Sequence[int], shares: Iterable[float]
) -> dict[float, float]:
    """Return the seconds of each share (0 to 1), empty where nothing is counted.

    `buckets` are those of the sketch, ascending: sorting them is half the work, so a caller may
    keep them. By nearest rank: the shortest duration that at least this share of all do not
    exceed. Shares are taken to the thousandth, so that the rank is exact.
    """
    sums = list(accumulate(map(sketch.__getitem__, buckets)))
    if not sums or sums[-1] <= 0:
        return {}
    found = {}
    for share in shares:
        rank = -(-sums[-1] * round(share * 1000) // 1000)
        found[share] = read_bucket(buckets[bisect_left(sums, rank)])
    return found
