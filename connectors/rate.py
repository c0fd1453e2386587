"""How many deliveries one source may send: a bucket of tokens that fills steadily."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

_RATE = re.compile(r"([1-9]\d{0,6})/([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
MAX_WAIT_SECONDS = 59
"""Longest wait that a sender is told: some give a delivery up after a minute."""


def parse_rate(value: object) -> tuple[int, int]:
    """Read "100/s", "6000/m" or "50000/h" as (count, seconds). Raises `ValueError`."""
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'must be a rate such as "100/s", "6000/m" or "50000/h", got {value!r}')
    return int(match[1]), _SECONDS[match[2]]


class RateLimit:
    """Let `count` deliveries pass in `seconds`, so many at once after a pause."""

    def __init__(self, count: int, seconds: int, now: Callable[[], float]) -> None:
        """Start full. `now` gives seconds that never fall."""
        self._count = count
        self._per_second = count / seconds
        self._now = now
        self._tokens = float(count)
        self._at = now()

    def take(self) -> int:
        """Take one and return 0, or return in how many seconds there will be one."""
        now = self._now()
        self._tokens = min(self._count, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return min(MAX_WAIT_SECONDS, math.ceil((1 - self._tokens) / self._per_second))
