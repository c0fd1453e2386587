"""A breach spike taken apart: what is more than usual, by every label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

HOUR_US = 3_600_000_000
WEEK_US = 7 * 24 * HOUR_US
DAY_HOURS = 24
WEEKS = 4
"""The usual is the mean of the same hour in so many weeks before, as the alert rule has it."""


class Breach(NamedTuple):
    """Be one breach that still stands. `ticket` is `source/ticket_id`, `at` in microseconds."""

    at: int
    ticket: str
    target: str
    cycle: int
    channel: str
    priority: str
    team: str
    region: str
    tier: str
    customer_tier: str
    policy: str

    @property
    def source(self) -> str:
        """Return the ticket's source."""
        return self.ticket.partition("/")[0]


LABELS = (
    "channel",
    "priority",
    "target",
    "team",
    "region",
    "tier",
    "customer_tier",
    "source",
    "policy",
)


@dataclass(frozen=True, slots=True)
class Part:
    """Be what one value of a label adds: breaches now, the usual number, the growth."""

    label: str
    value: str
    count: int
    usual: float

    @property
    def growth(self) -> float:
        """Return how many more than usual."""
        return self.count - self.usual


@dataclass(frozen=True, slots=True)
class Windows:
    """Be the hour in question and those it is compared with: of `weeks`, or of the day before.

    Each is (start, end) in microseconds, its start outside.
    """

    hour: tuple[int, int]
    before: tuple[tuple[int, int], ...]
    weeks: bool


@dataclass(frozen=True, slots=True)
class Spike:
    """Be one hour of breaches beside the usual, the mean of the windows before.

    `parts` by label, the largest growth first; the label first whose largest part explains most.
    Labels with one value alone tell nothing and are left out. `breaches` are those of the hour,
    the oldest first.
    """

    windows: Windows
    count: int
    usual: float
    parts: dict[str, list[Part]]
    breaches: list[Breach]


def find_windows(at: int, first_at: int) -> Windows:
    """Return the hour that ends at `at` and the same hour of each week that history covers.

    `first_at` is when history begins. Where it covers no such week, the hours of the day before
    take their place.
    """
    ends = [at - week * WEEK_US for week in range(1, WEEKS + 1)]
    weeks = tuple((end - HOUR_US, end) for end in ends if end - HOUR_US >= first_at)
    ends = [at - hours * HOUR_US for hours in range(1, DAY_HOURS + 1)]
    day = tuple((end - HOUR_US, end) for end in ends if end - HOUR_US >= first_at)
    return Windows((at - HOUR_US, at), weeks or day, bool(weeks))


def take_apart(windows: Windows, hour: Iterable[Breach], before: Iterable[Breach]) -> Spike:
    """Compare the hour's breaches with those of the windows before, label by label."""
    breaches, then = sorted(hour), list(before)
    divisor = len(windows.before) or 1
    parts = {}
    for label in LABELS:
        now = Counter(str(getattr(breach, label)) for breach in breaches)
        usual = Counter(str(getattr(breach, label)) for breach in then)
        if len(now.keys() | usual.keys()) > 1:
            found = [Part(label, value, now[value], usual[value] / divisor) for value in now]
            parts[label] = sorted(found, key=lambda part: (-part.growth, part.value))
    first = sorted(parts, key=lambda label: -parts[label][0].growth if parts[label] else 0)
    return Spike(
        windows,
        len(breaches),
        len(then) / divisor,
        {label: parts[label] for label in first},
        breaches,
    )
