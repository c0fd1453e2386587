"""The demo channel: a believable support centre that emits native events, the same for a seed.

Two regions, six teams, nine channels; bots, queues, night shifts, and a carrier outage a day.
Nothing here asks what time it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.demo_floor import Floor, Queue, Story
from connectors.demo_model import (
    BACKFILL_US,
    CATEGORIES,
    CHANNELS,
    CUSTOMER_TIERS,
    DEFAULT_PROFILE,
    EPOCH,
    HOUR_US,
    LINES,
    MINUTE_US,
    OUTAGE_CHANNELS,
    OUTAGE_PRIORITIES,
    ZONES,
    DemoProfile,
    get_seats,
    get_traffic,
    to_local,
)
from connectors.demo_stories import Stories
from connectors.demo_ticket import Dice, Ticket

_KNOWN_AFTER_US = 15 * MINUTE_US  # only then do agents know it is the carrier, and tag it
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Outage:
    """Hold one carrier outage: half-open, in microseconds."""

    region: str
    start_at: int
    end_at: int


class DemoDesk:
    """Emit a support centre's acts in the order of time, wherever the caller stops between."""

    def __init__(
        self, *, seed: int, started_at: int, profile: DemoProfile = DEFAULT_PROFILE
    ) -> None:
        """Begin with an empty centre; the first ticket comes at or after `started_at`."""
        started_at = -(-started_at // 1000) * 1000
        self._seed = seed
        self._started_at = started_at
        self._profile = profile
        self._floor = Floor(started_at)
        self._queues = {
            (region, tier, line): Queue(f"l{tier}-{region}{'' if line == 'desk' else f'-{line}'}")
            for region in ZONES
            for tier, line in LINES
        }
        self._stories = Stories(self._floor, Dice(f"{seed} tickets"), profile, self._queues)
        self._outages: dict[int, Outage] = {}
        self._floor.start(self._change_shifts())
        for region in ZONES:
            self._floor.start(self._arrive(region))

    def events_until(self, until_at: int) -> Iterator[dict[str, Any]]:
        """Emit the acts before `until_at` (microseconds) that were not emitted yet."""
        return (event for _, event in self.timed_events_until(until_at))

    def timed_events_until(self, until_at: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Emit the same with each act's instant in microseconds."""
        return self._floor.run(until_at)

    def next_at(self) -> int:
        """Return an instant before which no further act happens."""
        next_at = self._floor.next_at()
        return self._started_at if next_at is None else next_at

    def get_outage(self, day: int) -> Outage:
        """Return the outage of a day: 0 is the back-fill's, the others follow daily.

        The first one lies within the last 2 to 5 hours of the back-fill, so that whoever looks
        for the first time sees its breaches.
        """
        if day not in self._outages:
            self._outages[day] = self._plan_outage(day)
        return self._outages[day]

    def _plan_outage(self, day: int) -> Outage:
        dice = Dice(f"{self._seed} outage {day}")
        length = dice.randint(*self._profile.outage_minutes) * MINUTE_US
        looked_at = self._started_at + BACKFILL_US
        if day == 0:
            latest = max(5 * HOUR_US - length, 2 * HOUR_US)
            start_at = looked_at - 5 * HOUR_US + dice.randrange(latest - 2 * HOUR_US + 1)
            traffic = {name: get_traffic(self._profile, start_at, name) for name in ZONES}
            return Outage(max(traffic, key=traffic.__getitem__), start_at, start_at + length)
        region = dice.choice(tuple(ZONES))
        first, end = self._profile.outage_hours
        local = to_local(looked_at, region).replace(hour=0, minute=0, second=0, microsecond=0)
        local += timedelta(days=day, hours=dice.randrange(first, end), minutes=dice.randrange(60))
        start_at = (local - EPOCH) // timedelta(microseconds=1)
        return Outage(region, start_at, start_at + length)

    def _find_outage(self, at: int, region: str) -> Outage | None:
        # A local day may begin up to a day before or after the one counted from the first look.
        today = (at - self._started_at - BACKFILL_US) // (24 * HOUR_US)
        for day in {0, *range(max(0, today - 1), max(0, today + 2) + 1)}:
            outage = self.get_outage(day)
            if outage.region == region and outage.start_at <= at < outage.end_at:
                return outage
        return None

    def _change_shifts(self) -> Story:
        while True:
            now = self._floor.now
            for (region, tier, line), queue in self._queues.items():
                seats = get_seats(self._profile, now, region, LINES[tier, line])
                self._floor.staff(queue, seats)
            yield HOUR_US - now % HOUR_US

    def _arrive(self, region: str) -> Story:
        """Let a region's tickets come in: a Poisson stream, thinned from its highest rate."""
        profile, floor = self._profile, self._floor
        dice = Dice(f"{self._seed} {region}")
        surge = CATEGORIES[profile.outage_category] * (profile.outage_factor - 1)
        highest = profile.tickets_per_hour * (1 + max(0.0, surge))
        while True:
            yield max(1, round(dice.expovariate(highest) * 3_600_000)) * 1000
            traffic = get_traffic(profile, floor.now, region)
            outage = self._find_outage(floor.now, region)
            draw = dice.random() * highest
            if draw < traffic:
                self._open(self._create(region, dice), outage)
            elif outage is not None and draw < traffic * (1 + surge):
                self._open(self._create_in_outage(outage, dice), outage)

    def _open(self, ticket: Ticket, outage: Outage | None) -> None:
        if outage is not None:
            ticket.slowness = self._profile.outage_slowness
        self._floor.start(self._stories.tell(ticket))

    def _create(self, region: str, dice: Dice) -> Ticket:
        ticket = self._build_ticket(region, dice)
        ticket.channel = dice.pick({name: mix.share for name, mix in CHANNELS.items()})
        ticket.priority = dice.pick(CHANNELS[ticket.channel].priorities)
        ticket.category = dice.pick(CATEGORIES)
        return ticket

    def _create_in_outage(self, outage: Outage, dice: Dice) -> Ticket:
        ticket = self._build_ticket(outage.region, dice)
        ticket.channel = dice.pick(OUTAGE_CHANNELS)
        ticket.priority = dice.pick(OUTAGE_PRIORITIES)
        ticket.category = self._profile.outage_category
        if ticket.created_at >= outage.start_at + _KNOWN_AFTER_US:
            ticket.tags = ("carrier-outage",)
        return ticket

    def _build_ticket(self, region: str, dice: Dice) -> Ticket:
        # Named after its instant: a demo begun at another time in the same log makes other ids.
        now = self._floor.now
        ticket_id = f"{region[0].upper()}-{_to_base36(now // 1000)}"
        return Ticket(ticket_id, region, now, customer_tier=dice.pick(CUSTOMER_TIERS))


def demo_events(seed: int, started_at: int, until_at: int) -> Iterator[dict[str, Any]]:
    """Emit a demo's acts of [`started_at`, `until_at`), microseconds, in the order of time."""
    return DemoDesk(seed=seed, started_at=started_at).events_until(until_at)


def _to_base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
