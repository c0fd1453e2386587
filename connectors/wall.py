"""The wall clock that stamps live records: it follows a step forward, never one back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from slawatch.errors import ConfigError

MAX_BEHIND_US = 5 * 60 * 1_000_000
"""How far the machine's clock may stand behind what was stamped before, at a start."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _wall_us() -> int:
    return time.time_ns() // 1_000


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1_000


class WallClock:
    """Tell the time in microseconds since the epoch, never decreasing.

    It is the wall at the start plus the monotonic clock, moved forward whenever the machine's
    wall is ahead of that (a step, or a resume after sleep). Any thread may ask.
    """

    def __init__(
        self, wall: Callable[[], int] = _wall_us, monotonic: Callable[[], int] = _monotonic_us
    ) -> None:
        """Take the two clocks, both in microseconds."""
        self._wall = wall
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._base = wall()
        self._base_monotonic = monotonic()
        self._last = self._base

    def now(self) -> int:
        """Return the time in microseconds since the epoch, UTC."""
        with self._lock:
            # The wall is read first: a pause between the two reads can then only make the pair
            # late, which the next call mends. The other way round each pause would add up.
            wall = self._wall()
            monotonic = self._monotonic()
            at = self._base + monotonic - self._base_monotonic
            if wall > at:
                self._base, self._base_monotonic, at = wall, monotonic, wall
            self._last = max(self._last, at)
            return self._last

    def not_before(self, at: int, written: str) -> None:
        """Stand still at `at` until the machine's clock has reached it.

        `written` names what holds `at`, for the message. Raises `ConfigError` when the machine's
        clock is over five minutes behind: waiting that long would look like a stalled monitor.
        """
        now = self.now()
        if at - now > MAX_BEHIND_US:
            raise ConfigError(
                f"{written} was last written at {_render(at)}, but this machine's clock says "
                f"{_render(now)}: set the clock right, then start again (up to "
                f"{MAX_BEHIND_US // 60_000_000} minutes behind are waited for)"
            )
        with self._lock:
            self._last = max(self._last, at)


def _render(at: int) -> str:
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="seconds")
