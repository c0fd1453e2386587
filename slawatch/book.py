"""The compiled rules: what each kind of act does to each target, and which goals a ticket has.

Everything is memoised by small keys, so that the hot path asks two dictionaries an act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from slawatch.calendars import Calendar
from slawatch.events import PAUSE_REASONS, Actor, Kind
from slawatch.policy import (
    Condition,
    Goal,
    Level,
    Match,
    Policy,
    Reopen,
    Restart,
    Rules,
    Source,
    Target,
)

if TYPE_CHECKING:
    from mypy_extensions import i64

START: Final = 1
STOP: Final = 2
CANCEL: Final = 4
RESET: Final = 8
STOP_TIER: Final = 16
PAUSE_BITS: Final = {reason: 1 << index for index, reason in enumerate(PAUSE_REASONS)}
_NO_LABELS: Final = ("", "")
_FACTS = 100_000
NO_GOAL_US: Final = 1 << 61
"""The goal of a clock that only measures: never reached."""


class TargetGoal:
    """Be one target's promise to one ticket.

    `shares` are (level index, elapsed microseconds) ascending, `offsets` (level index, offset,
    business).
    """

    __slots__ = (
        "calendar",
        "first_index",
        "first_us",
        "goal_us",
        "has_early_offsets",
        "levels",
        "objective_ratio",
        "offsets",
        "policy",
        "shares",
    )

    def __init__(
        self,
        goal_us: int,
        calendar: Calendar,
        levels: tuple[Level, ...],
        shares: tuple[tuple[int, int], ...],
        offsets: tuple[tuple[int, int, bool], ...],
        policy: str,
        objective_ratio: float,
    ) -> None:
        """Take what was worked out of a policy's goal for an amount."""
        self.goal_us = goal_us
        self.calendar = calendar
        self.levels = levels
        self.shares = shares
        self.offsets = offsets
        self.policy = policy
        self.objective_ratio = objective_ratio
        # Of most clocks only the first level is asked for: it is found in one object.
        self.first_index, first_us = shares[0] if shares else (-1, 0)
        self.first_us: i64 = first_us
        self.has_early_offsets = any(offset_us <= 0 for _, offset_us, _ in offsets)

    def _values(self) -> tuple[object, ...]:
        amounts = (self.goal_us, self.calendar, self.levels, self.shares, self.offsets)
        return (*amounts, self.policy, self.objective_ratio)

    def __eq__(self, other: object) -> bool:
        """Tell whether both promise the same under the same policy."""
        return isinstance(other, TargetGoal) and self._values() == other._values()

    def __hash__(self) -> int:
        """Hash what `__eq__` compares."""
        return hash(self._values())


class TicketFacts(NamedTuple):
    """Be what a policy matches on; region and tier fall back to the team's."""

    source: str
    channel: str
    priority: str
    customer_tier: str
    region: str
    team: str
    tags: tuple[str, ...]


class CompiledTarget:
    """Be a target with its number and what depends on it."""

    __slots__ = ("followers", "has_cycles", "number", "pause_bits", "restarts", "revives", "spec")

    def __init__(
        self, number: int, spec: Target, pause_bits: int, followers: tuple[int, ...]
    ) -> None:
        """Take a target and the numbers of those that follow it in its chain."""
        self.number = number
        self.spec = spec
        self.pause_bits = pause_bits
        self.followers = followers
        self.revives = spec.reopen is not Reopen.FIRST_ONLY
        self.restarts = spec.restart is Restart.NEW_CYCLE
        self.has_cycles = spec.cycles


class Book:
    """Answer, for one version of the rules, what the fold asks."""

    def __init__(self, rules: Rules) -> None:
        """Compile `rules`. Targets keep their order: a chain cascades along it."""
        self.rules = rules
        index = {target.name: i for i, target in enumerate(rules.targets)}
        self.index = index
        self.names = tuple(target.name for target in rules.targets)
        self.targets = tuple(
            CompiledTarget(
                i,
                target,
                sum(PAUSE_BITS[reason] for reason in target.pauses),
                tuple(index[other.name] for other in rules.targets if other.after == target.name),
            )
            for i, target in enumerate(rules.targets)
        )
        self._goals: dict[TicketFacts, tuple[TargetGoal | None, ...]] = {}
        self._graces: dict[str, int] = {}
        self._team_labels = {
            name: (team.region, str(team.tier)) for name, team in rules.teams.items()
        }
        self.shadows = frozenset(name for name, source in rules.sources.items() if source.shadow)
        self.polled = frozenset(name for name, source in rules.sources.items() if source.polled)
        self._reactions: dict[int, tuple[tuple[int, int], ...]] = {}
        # By number: a policy that was split by region or priority is several of one name.
        self._compiled: dict[tuple[int, str, str], TargetGoal | None] = {}
        self.no_goals: tuple[None, ...] = (None,) * len(self.targets)
        self.reviving = tuple(t.number for t in self.targets if t.revives)
        self.adopting = tuple(
            (t.number, t.spec.adopt) for t in self.targets if t.spec.adopt != "never"
        )

    def source(self, name: str) -> Source:
        """Return the source, or one with the default grace that can show every act."""
        return self.rules.sources.get(name) or Source(name, self.rules.grace_us)

    def is_shadow(self, key: str) -> bool:
        """Tell whether a ticket is of a source whose tickets are in no SLA metric."""
        return key.partition("/")[0] in self.shadows

    def grace_of(self, key: str) -> int:
        """Return the grace of a ticket's source, in microseconds."""
        source = key.partition("/")[0]
        found = self._graces.get(source)
        if found is None:
            found = self._graces[source] = self.source(source).grace_us
        return found

    def team_labels(self, team: str) -> tuple[str, str]:
        """Return region and tier that ride with the label `team`; "" where it has none."""
        return self._team_labels.get(team, _NO_LABELS)

    def goals(self, facts: TicketFacts) -> tuple[TargetGoal | None, ...]:
        """Return the goal by target index; `None` where no clock runs (or can be seen to end)."""
        found = self._goals.get(facts)
        if found is None:
            if len(self._goals) > _FACTS:  # tags are free text: keep the memo bounded
                self._goals.clear()
            found = self._goals[facts] = self._resolve(facts)
        return found

    def promised(self, facts: TicketFacts) -> frozenset[str]:
        """Return the targets that the ticket's policy promises, seen or not."""
        for policy in self.rules.policies:
            if is_match(policy.match, facts):
                return frozenset(policy.goals)
        return frozenset()

    def _resolve(self, facts: TicketFacts) -> tuple[TargetGoal | None, ...]:
        for number, policy in enumerate(self.rules.policies):
            if is_match(policy.match, facts):
                return tuple(
                    self._goal(number, policy, target.spec.name, facts.priority)
                    if self.is_observable(target.spec, facts.source, facts.channel)
                    else None
                    for target in self.targets
                )
        return self.no_goals

    def _goal(self, number: int, policy: Policy, target: str, priority: str) -> TargetGoal | None:
        goal = policy.goals.get(target)
        if goal is None:
            return None
        key = (number, target, priority)
        if key not in self._compiled:
            amount = goal.goal_us.get(priority, goal.goal_us.get(""))
            self._compiled[key] = None if amount is None else compile_goal(goal, amount, policy)
        return self._compiled[key]

    def is_observable(self, target: Target, source: str, channel: str) -> bool:
        """Tell whether the source can show an act that stops the target on this channel."""
        known = self.source(source)
        if not known.shows:
            return True
        shown = known.shows.get(channel, known.shows.get("", frozenset()))
        return any(
            is_shown(known, kind, condition)
            for condition in self.own_stop(target)
            for kind in condition.kinds & shown
        )

    def own_stop(self, target: Target) -> tuple[Condition, ...]:
        """Return a target's stop conditions without those of the later stages of its chain.

        A later stage's act stops the earlier ones, but does not show them.
        """
        for later in self.rules.targets:
            if later.after == target.name and later.chain and later.chain == target.chain:
                count = len(target.stop) - len(later.stop)
                if target.stop[count:] == later.stop:
                    return target.stop[:count]
        return target.stop

    def reactions(
        self, kinds: int, actor: int, tier: int, *, public: bool
    ) -> tuple[tuple[int, int], ...]:
        """Return (target index, flags) of the targets that an act touches.

        `kinds` has the bit of each kind that the act is or was derived to be.
        """
        key = ((kinds << 4 | tier) << 3 | actor << 1) | public
        found = self._reactions.get(key)
        if found is None:
            found = self._reactions[key] = tuple(
                (target.number, flags)
                for target in self.targets
                if (flags := _flags(target.spec, kinds, actor, tier, public=public))
            )
        return found


def is_shown(source: Source, kind: Kind, condition: Condition) -> bool:
    """Tell whether a source shows an act by one of those that a condition asks for."""
    by = source.actors.get(kind)
    return by is None or not condition.actors or not condition.actors.isdisjoint(by)


def _flags(target: Target, kinds: int, actor: int, tier: int, *, public: bool) -> int:
    flags = 0
    for bit, conditions in (
        (START, target.start),
        (STOP, target.stop),
        (CANCEL, target.cancel),
        (RESET, target.reset),
    ):
        for condition in conditions:
            if is_met(condition, kinds, actor, tier, public=public):
                flags |= STOP_TIER if bit == STOP and condition.clock_tier else bit
    return flags


def is_met(condition: Condition, kinds: int, actor: int, tier: int, *, public: bool) -> bool:
    """Tell whether an act meets a condition; a clock's own tier is the caller's to compare."""
    return (
        any(kinds >> kind & 1 for kind in condition.kinds)
        and (not condition.actors or Actor(actor) in condition.actors)
        and (condition.public is None or condition.public == public)
        and tier >= condition.min_tier
    )


def is_match(match: Match, facts: TicketFacts) -> bool:
    """Tell whether a policy is for this ticket."""
    return all(
        not wanted or value in wanted
        for wanted, value in (
            (match.priorities, facts.priority),
            (match.channels, facts.channel),
            (match.customer_tiers, facts.customer_tier),
            (match.regions, facts.region),
            (match.teams, facts.team),
            (match.sources, facts.source),
        )
    ) and (not match.tags or not match.tags.isdisjoint(facts.tags))


def compile_goal(goal: Goal, amount_us: int, policy: Policy) -> TargetGoal:
    """Work out the instants of the levels once a goal."""
    shares = sorted(
        (-(-amount_us * round(level.ratio * 1_000_000) // 1_000_000), i)
        for i, level in enumerate(goal.levels)
        if level.ratio is not None
    )
    return TargetGoal(
        amount_us,
        goal.calendar,
        goal.levels,
        tuple((i, share) for share, i in shares),
        tuple(
            (i, level.offset_us, level.business)
            for i, level in enumerate(goal.levels)
            if level.offset_us is not None
        ),
        policy.name,
        goal.objective_ratio,
    )
