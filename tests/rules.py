"""Small rules and events for tests of the engine."""

from __future__ import annotations

from dataclasses import replace

from slawatch.book import Book
from slawatch.calendars import Calendar, Schedule
from slawatch.events import NO_ATTRS, Actor, Attrs, Event, Extras, Kind, hash_id, rank_of
from slawatch.policy import (
    Condition,
    Goal,
    Level,
    Match,
    OnRelax,
    Policy,
    Reopen,
    Restart,
    Rules,
    Source,
    Target,
    Team,
)
from slawatch.shard import Shard
from slawatch.verdicts import Output, Verdict

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_603_600 * SECOND
"""Monday 2026-01-05 09:00 UTC."""
KEY = "desk/1"

ALWAYS = Calendar.always_open()
OFFICE = Calendar(
    "office",
    [(None, Schedule("UTC", tuple([((9 * 3600, 17 * 3600),)] * 5 + [(), ()])))],
)


def when(*kinds: Kind, by: Actor | None = None, tier: bool = False) -> Condition:
    """Return a condition on kinds, by one actor or any."""
    actors = frozenset() if by is None else frozenset((by,))
    return Condition(frozenset(kinds), actors, clock_tier=tier)


AGENT_REPLY = when(Kind.REPLIED, by=Actor.AGENT)
CUSTOMER_REPLY = when(Kind.REPLIED, by=Actor.CUSTOMER)
ENDED = when(Kind.RESOLVED, Kind.CLOSED)
FIRST_RESPONSE = Target(
    "first_response",
    start=(when(Kind.CREATED, by=Actor.CUSTOMER), CUSTOMER_REPLY),
    stop=(AGENT_REPLY,),
)
NEXT_RESPONSE = Target("next_response", start=(CUSTOMER_REPLY,), stop=(AGENT_REPLY,), cycles=True)
RESOLUTION = Target(
    "resolution",
    start=(when(Kind.CREATED),),
    stop=(ENDED,),
    cancel=(when(Kind.DELETED),),
    pauses=frozenset(("status", "customer", "vendor", "hold")),
    reopen=Reopen.CONTINUE,
)
ESCALATION = Target(
    "escalation_response",
    start=(when(Kind.ESCALATED),),
    stop=(when(Kind.REPLIED, Kind.NOTE, Kind.ESCALATED, by=Actor.AGENT, tier=True),),
    cycles=True,
    restart=Restart.NEW_CYCLE,
)
CHAIN = (
    Target(
        "acknowledge",
        start=(when(Kind.CREATED),),
        stop=(when(Kind.ACKNOWLEDGED, Kind.FIXED, by=Actor.AGENT),),
        chain="stages",
    ),
    Target("fix", stop=(when(Kind.FIXED),), after="acknowledge", chain="stages"),
)
LEVELS = (Level("50", 0.5), Level("90", 0.9), Level("+1h", None, HOUR))


def build_rules(
    *,
    targets: tuple[Target, ...] = (FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, ESCALATION, *CHAIN),
    calendar: Calendar = ALWAYS,
    retract: bool = False,
    sources: dict[str, Source] | None = None,
    levels: tuple[Level, ...] = LEVELS,
) -> Rules:
    """Return rules with an urgent and a general policy over `targets`."""
    if retract:
        targets = tuple(_retracting(target) for target in targets)
    goals = {target.name: Goal({"": HOUR}, calendar, levels) for target in targets}
    strict = {name: Goal({"": 10 * MINUTE}, ALWAYS, levels) for name in goals}
    return Rules(
        targets=targets,
        policies=(
            Policy("urgent", Match(priorities=frozenset(("urgent",))), strict),
            Policy("general", Match(priorities=frozenset(("high", "normal", "low"))), goals),
        ),
        channels=("phone", "email"),
        priorities=("urgent", "high", "normal", "low"),
        teams={"l1": Team("l1", "north", 1), "l2": Team("l2", "north", 2)},
        sources=sources or {"desk": Source("desk", 0)},
        grace_us=0,
        digest="test",
    )


def _retracting(target: Target) -> Target:
    return replace(target, on_relax=OnRelax.RETRACT)


def act(
    number: int,
    kind: Kind,
    after_us: int,
    actor: Actor = Actor.SYSTEM,
    *,
    key: str = KEY,
    received_after_us: int | None = None,
    sequence: int = 0,
    public: bool = True,
    extras: Extras | None = None,
    **attrs: object,
) -> Event:
    """Return an event `after_us` after START."""
    said = Attrs(**attrs) if attrs else NO_ATTRS  # type: ignore[arg-type]  # the test's own words
    at = START + after_us
    received_at = at if received_after_us is None else START + received_after_us
    rank, hashed = rank_of(kind, said.status), hash_id(f"{key}-{number}")
    return Event(
        at,
        sequence,
        rank,
        hashed,
        kind,
        actor,
        public,
        said,
        extras,
        None,
        key,
        key,
        received_at,
        0,
        "desk",
    )


def created(after_us: int = 0, **more: object) -> Event:
    """Return the customer's creation of a normal ticket by e-mail."""
    said = {"priority": "normal", "channel": "email", **more}
    return act(0, Kind.CREATED, after_us, Actor.CUSTOMER, **said)  # type: ignore[arg-type]  # as above


def judge(
    events: list[Event],
    until_us: int,
    rules: Rules | None = None,
    *,
    batch: int = 1000,
    disorder_us: int = 0,
) -> tuple[Shard, Output]:
    """Take events in batches, as a replay would, then let log time reach `until_us`."""
    shard, out = Shard(Book(rules or build_rules())), Output()
    for first in range(0, len(events), batch):
        part = events[first : first + batch]
        tick = max(e.received_at for e in part) - 1 - disorder_us
        shard.advance(part, tick, out, disorder_us=disorder_us)
    shard.advance([], START + until_us, out)
    return shard, out


def told(out: Output, target: str | None = None) -> list[tuple[str, str]]:
    """Return (target, kind or level) of the verdicts, in the order of publication."""
    return [
        (v.target, v.level or v.kind) for v in out.verdicts if target is None or v.target == target
    ]


def outcomes(out: Output, target: str) -> list[str]:
    """Return the kinds of a target's verdicts, without warnings."""
    return [v.kind for v in out.verdicts if v.target == target and v.kind != "warning"]


def find(out: Output, target: str, kind: str) -> Verdict:
    """Return the one verdict of a kind."""
    (verdict,) = [v for v in out.verdicts if (v.target, v.kind) == (target, kind)]
    return verdict
