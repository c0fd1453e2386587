"""What the demo's stories are about, a ticket, and the dice that they throw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from random import Random


@dataclass(slots=True)
class Ticket:
    """Hold what the stories must remember of a ticket."""

    ticket_id: str
    region: str
    created_at: int
    customer_tier: str
    channel: str = ""
    priority: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    # How much longer everything takes, because of what is going on around it.
    slowness: float = 1.0
    tier: int = 1
    acts: int = 0
    replied_at: int = 0
    worked_us: int = 0
    assignee: str = ""
    is_live: bool = False
    is_expert_engaged: bool = False
    is_verified: bool = False
    is_reopened: bool = False

    @property
    def team(self) -> str:
        """Return the team that holds the ticket."""
        return f"l{self.tier}-{self.region}"


class Dice(Random):
    """Throw the same numbers for the same seed. Durations are whole milliseconds, as µs."""

    def chance(self, ratio: float) -> bool:
        """Say yes in this share of cases."""
        return self.random() < ratio

    def pick(self, weights: Mapping[str, float]) -> str:
        """Draw a key by its weight."""
        return self.choices(tuple(weights), tuple(weights.values()))[0]

    def about(self, median_seconds: float, sigma: float) -> int:
        """Draw a lognormal duration in microseconds, at least a millisecond."""
        return max(1, round(median_seconds * 1000 * exp(self.gauss(0, sigma)))) * 1000

    def between(self, low_seconds: float, high_seconds: float) -> int:
        """Draw a uniform duration in microseconds, at least a millisecond."""
        return max(1, round(self.uniform(low_seconds, high_seconds) * 1000)) * 1000
