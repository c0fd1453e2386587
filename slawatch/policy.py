"""Targets, goals and policies: what is promised to whom, as plain values.

`slawatch.config` loads these from TOML, `slawatch.book` compiles them for the hot path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from slawatch.calendars import Calendar
from slawatch.events import Actor, Kind


class Reopen(StrEnum):
    """Say what a reopened ticket does to a clock that had stopped."""

    CONTINUE = "continue"
    NEW_CYCLE = "new_cycle"
    RESET = "reset"
    FIRST_ONLY = "first_only"
    LAST_STOP = "last_stop"


class OnRelax(StrEnum):
    """Say whether a goal relaxed after the breach heals it."""

    KEEP = "keep"
    RETRACT = "retract"


class OnChange(StrEnum):
    """Say what a change of priority, policy, team or channel does to a running clock."""

    RECOMPUTE = "recompute"
    FREEZE = "freeze"


class OnCalendarChange(StrEnum):
    """Say how elapsed time is counted when a running clock's calendar changes."""

    SPLIT_AT_CHANGE = "split_at_change"
    LAST_ONLY = "last_only"


class Adopt(StrEnum):
    """Name the attribute from which a clock starts on a ticket first seen in mid-life."""

    NEVER = "never"
    OPENED_AT = "opened_at"
    WAITING_SINCE = "waiting_since"


class Restart(StrEnum):
    """Say what a start condition does while the clock runs."""

    IGNORE = "ignore"
    NEW_CYCLE = "new_cycle"


class Blame(StrEnum):
    """Say which holder answers for a breach."""

    AT_BREACH = "at_breach"
    LONGEST = "longest"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Condition:
    """Match acts. An empty set matches any value.

    `kinds` are the kinds of the act and of the changes the fold derives from it (an `observed`
    whose status became resolved is also a `resolved`). `public` is None where it does not matter.
    `min_tier` is a support tier that the actor must have at least; `clock_tier` asks for at least
    the tier that the clock was started for.
    """

    kinds: frozenset[Kind]
    actors: frozenset[Actor] = frozenset()
    public: bool | None = None
    min_tier: int = 0
    clock_tier: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """Be one warning level: a share of the goal, or an offset from due.

    Exactly one of `ratio` (0 to 1) and `offset_us` (negative: before due; business time where
    `business`) is set. `name` is the label value ("50", "75", "90", "+1h").
    """

    name: str
    ratio: float | None = None
    offset_us: int | None = None
    business: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Define a clock. `after` starts it when that target's cycle stops.

    `pauses` are the pause reasons that stop this clock's time. `cycles` is False for a clock that
    runs once a ticket. `chain` names the stage chain it belongs to, if any.
    """

    name: str
    start: tuple[Condition, ...] = ()
    stop: tuple[Condition, ...] = ()
    cancel: tuple[Condition, ...] = ()
    reset: tuple[Condition, ...] = ()
    after: str | None = None
    cycles: bool = False
    pauses: frozenset[str] = frozenset()
    reopen: Reopen = Reopen.FIRST_ONLY
    on_relax: OnRelax = OnRelax.KEEP
    on_change: OnChange = OnChange.RECOMPUTE
    on_calendar_change: OnCalendarChange = OnCalendarChange.SPLIT_AT_CHANGE
    restart: Restart = Restart.IGNORE
    adopt: Adopt = Adopt.NEVER
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """Promise a target's duration to the tickets of a policy.

    `goal_us` by priority; the key "" is that of any other priority. `objective_ratio` is the
    share of clocks that must meet it.
    """

    goal_us: Mapping[str, int]
    calendar: Calendar
    levels: tuple[Level, ...] = ()
    objective_ratio: float = 0.95


@dataclass(frozen=True, slots=True)
class Match:
    """Match tickets by attribute; an empty set matches any value. Tags match if any is shared."""

    priorities: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    customer_tiers: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """Promise goals to the tickets that match. The first policy that matches wins."""

    name: str
    match: Match
    goals: Mapping[str, Goal]


@dataclass(frozen=True, slots=True)
class Team:
    """Be a team of the desk; its region and tier ride with the label `team`."""

    name: str
    region: str = ""
    tier: int = 1


@dataclass(frozen=True, slots=True)
class Source:
    """Be a connector as the engine sees it.

    `grace_us` is how long after its instant a verdict waits for events under way (push 1 s, a
    poller its interval + 1 s). `shows` are the acts it can show, by channel ("" for any channel);
    an empty mapping means that it can show every act. `channel` is that of tickets of which no act
    has named one. The tickets of a `shadow` source are judged, and in no SLA metric. `actors` are
    those by whom it shows an act; of one that is not in it, any. Of a `polled` source it is only
    known what it was asked for: it is judged no further than it has told everything.
    """

    name: str
    grace_us: int = 1_000_000
    shows: Mapping[str, frozenset[Kind]] = field(default_factory=dict)
    channel: str = ""
    shadow: bool = False
    actors: Mapping[Kind, frozenset[Actor]] = field(default_factory=dict)
    polled: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Be everything the engine judges by: one version of the configuration.

    `channels` and `priorities` are the closed label sets, without "other". `zone` is the desk's,
    for the window "today".
    `contact_channels` are live channels whose answer is a contact-centre figure, answered within
    `answer_within_us`.
    """

    targets: tuple[Target, ...]
    policies: tuple[Policy, ...]
    channels: tuple[str, ...]
    priorities: tuple[str, ...]
    teams: Mapping[str, Team] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    grace_us: int = 1_000_000
    blame: Blame = Blame.AT_BREACH
    retention_us: int = 7 * 86_400_000_000
    expire_us: int = 90 * 86_400_000_000
    bot_channels: frozenset[str] = frozenset()
    contact_channels: frozenset[str] = frozenset()
    answer_within_us: int = 20_000_000
    zone: str = "UTC"
    digest: str = ""


def with_source(rules: Rules, source: Source) -> Rules:
    """Return the rules with a source that the configuration does not name; one it names stays."""
    if source.name in rules.sources:
        return rules
    return replace(rules, sources={**rules.sources, source.name: source})
