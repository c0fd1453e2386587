"""Desks by size: rules built in memory for tests that need no configuration file."""

from __future__ import annotations

from slawatch.calendars import Calendar
from slawatch.events import CHANNELS, PRIORITIES, Actor, Kind
from slawatch.policy import Condition, Goal, Level, Match, Policy, Rules, Source, Target, Team

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
LEVELS = (
    Level("50", ratio=0.5),
    Level("75", ratio=0.75),
    Level("90", ratio=0.9),
    Level("+1h", offset_us=HOUR),
    Level("+4h", offset_us=4 * HOUR),
)
CHAIN = {
    "acknowledge": (30 * SECOND, Kind.ACKNOWLEDGED),
    "plan": (2 * MINUTE, Kind.PLANNED),
    "expert": (5 * MINUTE, Kind.EXPERT_ENGAGED),
    "fix": (4 * HOUR, Kind.FIXED),
    "feedback": (24 * HOUR, Kind.VERIFIED),
}


def _target(name: str, stop: Kind, *actors: Actor, pauses: frozenset[str] = frozenset()) -> Target:
    start = Condition(frozenset({Kind.CREATED}))
    return Target(name, (start,), (Condition(frozenset({stop}), frozenset(actors)),), pauses=pauses)


TARGETS = (
    _target("first_response", Kind.REPLIED, Actor.AGENT),
    _target("next_response", Kind.REPLIED, Actor.AGENT),
    _target("periodic_update", Kind.REPLIED, Actor.AGENT),
    _target("escalation_response", Kind.REPLIED, Actor.AGENT),
    _target("resolution", Kind.RESOLVED, pauses=frozenset({"customer", "hold"})),
    _target("bot_first_response", Kind.REPLIED, Actor.BOT),
    *(_target(name, kind) for name, (_, kind) in CHAIN.items()),
)


def _goal(*amounts: int) -> Goal:
    goals = dict(zip(PRIORITIES, amounts, strict=False)) if len(amounts) > 1 else {"": amounts[0]}
    return Goal(goals, Calendar.always_open(), LEVELS)


COMMON = {
    "first_response": _goal(15 * MINUTE, HOUR, 4 * HOUR, 8 * HOUR),
    "next_response": _goal(30 * MINUTE, 2 * HOUR, 8 * HOUR, 24 * HOUR),
    "periodic_update": _goal(HOUR, 4 * HOUR),
    "escalation_response": _goal(15 * MINUTE, 30 * MINUTE, 2 * HOUR, 4 * HOUR),
    "resolution": _goal(4 * HOUR, 8 * HOUR, 24 * HOUR, 72 * HOUR),
}
BOTS = {"bot_first_response": _goal(15 * SECOND)}
STAGES = {name: _goal(amount) for name, (amount, _) in CHAIN.items()}


def build_desk(
    channels: tuple[str, ...],
    teams: int,
    *,
    live: tuple[str, ...] = ("phone", "chat"),
    bots: tuple[str, ...] = ("chat", "app", "web", "social"),
    sources: dict[str, Source] | None = None,
) -> Rules:
    """Build rules whose live channels have the stage chain, and whose bots answer first."""
    return Rules(
        TARGETS,
        (
            _policy("live-bot", set(live) & set(bots), COMMON | STAGES | BOTS),
            _policy("live", set(live), COMMON | STAGES),
            _policy("bot", set(bots), COMMON | BOTS),
            Policy("default", Match(), COMMON),
        ),
        channels,
        PRIORITIES,
        {
            f"l{1 + i % 3}-{region}": Team(f"l{1 + i % 3}-{region}", region, 1 + i % 3)
            for i in range(teams)
            for region in (("north", "south")[i * 2 // teams],)
        },
        ("hardware", "network"),
        {"demo": Source("demo")} if sources is None else sources,
        bot_channels=frozenset(bots),
        contact_channels=frozenset(live),
        digest="0" * 16,
    )


def _policy(name: str, channels: set[str], goals: dict[str, Goal]) -> Policy:
    # A match without channels would match every channel.
    return Policy(name, Match(channels=frozenset(channels or {"nowhere"})), goals)


SMALL_DESK = build_desk(("phone", "email", "chat"), 2)
LARGE_DESK = build_desk((*CHANNELS, "kiosk", "sms", "fax"), 6)
