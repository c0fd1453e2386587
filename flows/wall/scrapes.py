"""When Prometheus came last, and whether it has missed its scrapes since."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from itertools import pairwise
from threading import Lock
from typing import TypedDict

HEADER = "x-prometheus-scrape-timeout-seconds"
"""Sent by Prometheus and its kin with each scrape, and by nobody who only looks."""
MISSED = 3
"""Missed scrapes after which Prometheus counts as lost: one may be a restart."""
FIRST_INTERVAL_US = 60_000_000
"""Assumed until a second scrape tells the interval: Prometheus' own default."""
_KEPT = 4
_LONGEST_US = 300_000_000
"""A gap longer than this was an outage, no interval: Prometheus itself drops series after it."""


class Scraped(StrEnum):
    """Say how it stands with the scrapes."""

    NEVER = "never"
    FINE = "fine"
    LOST = "lost"


class ScrapeState(TypedDict):
    """Be the state and the last scrape in seconds, `None` before the first."""

    state: str
    at: float | None


class ScrapeWatch:
    """Remember the last scrapes. Instants in microseconds; any thread may ask."""

    def __init__(self) -> None:
        """Start with none."""
        self._lock = Lock()
        self._at: deque[int] = deque(maxlen=_KEPT)

    def note(self, at: int) -> None:
        """Take a scrape by Prometheus."""
        with self._lock:
            self._at.append(at)

    def judge(self, now: int) -> ScrapeState:
        """Return how it stands now."""
        with self._lock:
            seen = tuple(self._at)
        if not seen:
            return {"state": Scraped.NEVER.value, "at": None}
        # The longest of the last gaps: two Prometheus in parallel make short ones.
        gaps = [later - earlier for earlier, later in pairwise(seen)]
        interval = max((gap for gap in gaps if gap <= _LONGEST_US), default=FIRST_INTERVAL_US)
        is_lost = now - seen[-1] > MISSED * interval
        state = Scraped.LOST if is_lost else Scraped.FINE
        return {"state": state.value, "at": seen[-1] / 1_000_000}
