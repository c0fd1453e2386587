"""The demo's tables: who works when, what comes in by which channel, and how long work takes.

The numbers describe a mid-sized support centre and are invented; they are tuned so that calm
hours attain about 95 % of the shipped goals and an outage clearly does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, sqrt
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
BACKFILL_US = 26 * HOUR_US
"""How much history the demo has before its first exposure."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ZONES: Mapping[str, str] = {"north": "Europe/Berlin", "south": "Asia/Shanghai"}
"""Regions and their time zones."""

_SATURDAY = 5

RHYTHM = (
    *(0.10, 0.08, 0.06, 0.06, 0.07, 0.10, 0.20, 0.45),
    *(0.80, 1.00, 1.00, 0.95, 0.75, 0.85, 0.95, 0.95),
    *(0.85, 0.70, 0.50, 0.40, 0.35, 0.30, 0.22, 0.15),
)
"""Traffic of a region by local hour, relative to its busiest."""


@dataclass(frozen=True, slots=True)
class DemoProfile:
    """Hold the demo's knobs; the defaults give about 2,500 tickets a weekday."""

    # Tickets an hour of one region at its busiest; both regions together peak at about 1.9 times.
    tickets_per_hour: float = 100.0
    # Traffic and staff of a Saturday or Sunday, relative to a weekday.
    weekend_ratio: float = 0.6
    # Every line's seats, relative to what the forecast asks for.
    staffing_ratio: float = 1.0
    # How much more often the outage's category comes in while the carrier is down.
    outage_factor: float = 4.0
    outage_category: str = "connectivity"
    # How much longer tickets of its region take meanwhile: tools are slow, experts are elsewhere.
    outage_slowness: float = 2.8
    # Shortest and longest outage.
    outage_minutes: tuple[int, int] = (60, 90)
    # Local hours in which the daily outage may begin: first, and one past the last.
    outage_hours: tuple[int, int] = (9, 16)
    # Tickets that nobody looks at for about as long as their goal, however calm it is.
    overlooked_ratio: float = 0.07
    # Resolved tickets that the customer opens again.
    reopened_ratio: float = 0.04


DEFAULT_PROFILE = DemoProfile()


class ChannelMix(NamedTuple):
    """Describe one channel.

    `priorities` are weights. `line` is the first line that answers.
    `bot_solves` is the share a bot solves alone, or `None` where no bot answers first.
    """

    share: float
    priorities: Mapping[str, float]
    line: str = "desk"
    bot_solves: float | None = None
    spam_ratio: float = 0.0


def _weigh(*weights: float) -> Mapping[str, float]:
    return dict(zip(PRIORITIES, weights, strict=True))


PRIORITIES = ("urgent", "high", "normal", "low")
CHANNELS: Mapping[str, ChannelMix] = {
    "phone": ChannelMix(0.22, _weigh(7, 22, 58, 13), line="phone"),
    "chat": ChannelMix(0.20, _weigh(3, 16, 63, 18), line="chat", bot_solves=0.22),
    "email": ChannelMix(0.20, _weigh(2, 12, 60, 26), spam_ratio=0.04),
    "portal": ChannelMix(0.11, _weigh(3, 14, 60, 23)),
    "app": ChannelMix(0.08, _weigh(2, 11, 62, 25), line="chat", bot_solves=0.25),
    "web": ChannelMix(0.07, _weigh(2, 11, 61, 26), line="chat", bot_solves=0.22, spam_ratio=0.03),
    "social": ChannelMix(
        0.05, _weigh(3, 15, 60, 22), line="chat", bot_solves=0.12, spam_ratio=0.03
    ),
    "remote": ChannelMix(0.04, _weigh(5, 22, 60, 13)),
    "onsite": ChannelMix(0.03, _weigh(8, 28, 54, 10)),
}
# In an outage people call rather than write, and are in a hurry.
OUTAGE_CHANNELS: Mapping[str, float] = {
    "phone": 0.36,
    "chat": 0.28,
    "email": 0.10,
    "portal": 0.07,
    "app": 0.08,
    "social": 0.11,
}
OUTAGE_PRIORITIES = _weigh(9, 33, 50, 8)

CATEGORIES: Mapping[str, float] = {
    "connectivity": 0.28,
    "software": 0.18,
    "access": 0.16,
    "billing": 0.15,
    "hardware": 0.13,
    "howto": 0.10,
}
CUSTOMER_TIERS: Mapping[str, float] = {"gold": 0.12, "silver": 0.28, "standard": 0.60}

FIRST_RESPONSE_SECONDS: Mapping[str, int] = {
    "urgent": 900,
    "high": 3600,
    "normal": 4 * 3600,
    "low": 8 * 3600,
}
"""What the desk believes its goals to be: it drives overlooked tickets and ratings only."""

UPDATE_SECONDS: Mapping[str, int] = {"urgent": 1500, "high": 6000, "normal": 20 * 3600}
"""About how often a customer who waits hears something; a low ticket's does not."""


class Line(NamedTuple):
    """Describe a line of seats.

    `hours_per_ticket` is what a ticket of the region costs it on average, over all that come in;
    seats = load + slack * sqrt(load), but never fewer than `on_call`.
    """

    hours_per_ticket: float
    slack: float
    on_call: int


LINES: Mapping[tuple[int, str], Line] = {
    (1, "phone"): Line(0.025, 1.2, 2),
    (1, "chat"): Line(0.039, 1.2, 2),
    (1, "desk"): Line(0.068, 0.3, 1),
    (2, "desk"): Line(0.088, 0.9, 2),
    (3, "desk"): Line(0.026, 0.9, 1),
}


class Work(NamedTuple):
    """Say how a tier works: median seconds to the reply and after it, and what comes then."""

    reply_seconds: float
    rest_seconds: float
    fates: Mapping[str, float]


WORK: Mapping[int, Work] = {
    1: Work(200, 110, {"solve": 55, "ask": 20, "escalate": 16, "park": 9}),
    2: Work(300, 800, {"solve": 64, "ask": 14, "escalate": 13, "park": 9}),
    3: Work(420, 1500, {"solve": 76, "ask": 10, "park": 14}),
}


def to_local(at: int, region: str) -> datetime:
    """Return an instant in microseconds as the region's local time."""
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(ZONES[region]))


def get_traffic(profile: DemoProfile, at: int, region: str) -> float:
    """Return the tickets an hour that a region sees without an outage."""
    local = to_local(at, region)
    share = (local.minute * 60 + local.second) / 3600
    weight = RHYTHM[local.hour] * (1 - share) + RHYTHM[(local.hour + 1) % len(RHYTHM)] * share
    return profile.tickets_per_hour * weight * _day_ratio(profile, local)


def get_seats(profile: DemoProfile, at: int, region: str, line: Line) -> int:
    """Return how many seats the roster gives a line in the hour that begins at `at`.

    The roster follows the forecast, which knows of no outage.
    """
    local = to_local(at, region)
    busier = max(RHYTHM[local.hour], RHYTHM[(local.hour + 1) % len(RHYTHM)])
    tickets = profile.tickets_per_hour * busier * _day_ratio(profile, local)
    load = tickets * line.hours_per_ticket
    return max(line.on_call, ceil(profile.staffing_ratio * (load + line.slack * sqrt(load))))


def _day_ratio(profile: DemoProfile, local: datetime) -> float:
    return profile.weekend_ratio if local.weekday() >= _SATURDAY else 1.0
