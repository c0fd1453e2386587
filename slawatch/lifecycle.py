"""The fold: what one act does to a ticket and its clocks.

A ticket is a pure function of its acts in order. `Fold.apply` takes the next act; whoever has an
act out of order folds the whole ticket again (`slawatch.shard`). Nothing is published here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slawatch.book import ALL_PAUSES, PAUSE_BITS, Book, TargetGoal
from slawatch.clockwork import Clockwork
from slawatch.effects import Effect, Given
from slawatch.events import EXPIRED, NO_ATTRS, POLICY_CHANGED, Actor, Attrs, Kind
from slawatch.interning import (
    CHANGED_ASSIGNEE,
    CHANGED_FACTS,
    CHANGED_PRIORITY,
    CHANGED_TEAM,
    CHANGED_TIER,
    FIRST_ASSIGNEE,
    FIRST_TEAM,
    Interner,
)
from slawatch.ticket import (
    CLOSED,
    NEW,
    OPEN,
    PENDING,
    RESOLVED,
    STATUS_NAMES,
    Act,
    Ticket,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from slawatch.calendars import Calendar
    from slawatch.clocks import Clock

_STATUS_OF = {name: number for number, name in enumerate(STATUS_NAMES)}
_HOLDER_CHANGES = CHANGED_TEAM | FIRST_TEAM | CHANGED_TIER
_ASSIGNMENTS = CHANGED_TEAM | FIRST_TEAM | CHANGED_ASSIGNEE | FIRST_ASSIGNEE
WAITING, ANSWERED, ABANDONED = 1, 2, 3
_BOTH = 3
_NO_WORK = (Kind.CREATED, Kind.OBSERVED, Kind.EXCUSED, Kind.RESTORED, Kind.REASON_GIVEN)
_ANSWERS = (Kind.REPLIED, Kind.ACKNOWLEDGED, Kind.PLANNED, Kind.EXPERT_ENGAGED, Kind.FIXED)
_ENDS = 1 << Kind.RESOLVED
_COUNTED = (
    1 << Kind.CREATED
    | 1 << Kind.RESOLVED
    | 1 << Kind.REOPENED
    | 1 << Kind.ESCALATED
    | 1 << Kind.SURVEY_SENT
    | 1 << Kind.RATED
    | 1 << Kind.ABANDONED
    | 1 << Kind.ACKNOWLEDGED
    | 1 << Kind.PLANNED
    | 1 << Kind.EXPERT_ENGAGED
    | 1 << Kind.FIXED
)


class Fold(Clockwork):
    """Apply acts to tickets by one version of the rules."""

    def __init__(
        self,
        book: Book,
        interner: Interner,
        trace: Callable[[int, str, Clock], None] | None = None,
    ) -> None:
        """Take the compiled rules and the shard's interner."""
        super().__init__(book, interner, trace)
        self._team_tiers = {name: team.tier for name, team in book.rules.teams.items()}
        self._contact_channels = book.rules.contact_channels

    def alone(self, index: int, goal: TargetGoal) -> Fold:
        """Return a fold that knows one target alone."""
        return _Solo(self, index, goal)

    def apply(self, ticket: Ticket, act: Act, effects: list[Given]) -> None:
        """Advance a ticket by its next act in order."""
        at = act.at
        if ticket.triggers_at < at:
            self.cross(ticket, at)
        kind = act.kind
        if kind == POLICY_CHANGED:
            self._retarget(ticket, at, self.book.no_goals)
            return
        if kind == EXPIRED:
            self._change_holder(ticket, ticket.profile, at, 0, effects)
            ticket.status, ticket.last_at = CLOSED, at
            for clock in list(ticket.live.values()):
                self._end(ticket, clock, at, "expired")
            return
        interner = self.interner
        said = interner.asserted[act.asserted]
        first = not ticket.last_at
        if first:
            ticket.holder_since = ticket.created_at = at
        before = ticket.profile
        old_tier = interner.profiles[ticket.profile].tier
        kinds = 1 << kind
        changes = 0
        if said is not NO_ATTRS:
            merged = interner.merge(ticket.profile, act.asserted)
            changes = merged.changes
            if merged.profile != ticket.profile:
                if changes & _HOLDER_CHANGES:
                    self._change_holder(ticket, merged.profile, at, changes, effects)
                ticket.profile = merged.profile
                if changes & CHANGED_PRIORITY:
                    kinds |= 1 << Kind.PRIORITY_CHANGED
                if changes & _ASSIGNMENTS and not first:
                    kinds |= 1 << Kind.ASSIGNED
        if kind == Kind.ESCALATED:
            self._escalate(ticket, said, old_tier, at, effects)
        ticket.last_at = at
        kinds = self._change_status(ticket, act, said, kinds, effects)
        if changes & CHANGED_FACTS and not first:
            self._retarget(ticket, at, self.goals(before))
        if first and kind != Kind.CREATED:
            ticket.adopted_at = at
        if kinds & 1 << Kind.REOPENED:
            self._reopen(ticket, at)
        tier = self._act_tier(kind, said, ticket, old_tier)
        reactions = self.book.reactions(kinds, act.actor, tier, public=act.public)
        if reactions:
            self._react(ticket, at, tier, reactions)
        if act.extras is not None and ticket.adopted_at:
            self._adopt(ticket, act.extras, at)
        self._note_effects(ticket, act, kinds, effects)

    def _act_tier(self, kind: int, said: Attrs, ticket: Ticket, old_tier: int) -> int:
        if kind == Kind.ESCALATED:
            return old_tier  # whoever escalates acts for the tier it leaves
        if said.tier is not None:
            return said.tier
        if said.team is not None and said.team in self._team_tiers:
            return self._team_tiers[said.team]
        return self.interner.profiles[ticket.profile].tier

    def _escalate(
        self, ticket: Ticket, said: Attrs, old_tier: int, at: int, effects: list[Given]
    ) -> None:
        profile = self.interner.profiles[ticket.profile]
        if said.tier is None and profile.tier <= old_tier:
            attrs = profile.attrs._replace(tier=min(old_tier + 1, 9))
            self._change_holder(ticket, ticket.profile, at, 0, effects)
            ticket.profile = self.interner.profile_index(profile.facts.source, attrs)

    # -- what the ticket is ------------------------------------------------------------------

    def _change_status(
        self, ticket: Ticket, act: Act, said: Attrs, kinds: int, effects: list[Given]
    ) -> int:
        """Derive the status and the pause reasons; return the kinds with the derived ones."""
        kind = act.kind
        old, pauses = ticket.status, ticket.pauses
        status = old
        if said.status is not None:
            status = _STATUS_OF[said.status]
            if status == PENDING:
                pauses = PAUSE_BITS.get(said.reason or "status", PAUSE_BITS["status"])
            else:
                pauses = 0
        elif kind == Kind.RESOLVED:
            status, pauses = (RESOLVED if old != CLOSED else CLOSED), 0
        elif kind in (Kind.CLOSED, Kind.ABANDONED, Kind.DELETED, Kind.MERGED):
            status, pauses = CLOSED, 0
        elif kind == Kind.PAUSED:
            pauses |= PAUSE_BITS.get(said.reason or "status", PAUSE_BITS["status"])
            status = PENDING if old < RESOLVED else old
        elif kind == Kind.RESUMED:
            pauses = pauses & ~PAUSE_BITS.get(said.reason, ALL_PAUSES) if said.reason else 0
            status = OPEN if old == PENDING and not pauses else old
        elif kind == Kind.REOPENED:
            status = OPEN if old >= RESOLVED else old
        elif kind == Kind.REPLIED and act.actor == Actor.CUSTOMER:
            pauses &= ~PAUSE_BITS["customer"]
            status = OPEN if old == PENDING and not pauses else old
        elif old == NEW and act.actor == Actor.AGENT and kind not in _NO_WORK:
            status = OPEN
        if status != old:
            kinds |= self._derive(old, status)
            self._change_holder(ticket, ticket.profile, act.at, 0, effects)
            ticket.status = status
        if pauses != ticket.pauses:
            self._change_pauses(ticket, pauses, act.at, effects)
        return kinds

    @staticmethod
    def _derive(old: int, new: int) -> int:
        kinds = 0
        if new == CLOSED:
            kinds |= 1 << Kind.CLOSED
        elif new == RESOLVED:
            kinds |= 1 << Kind.RESOLVED
        elif old >= RESOLVED:
            kinds |= 1 << Kind.REOPENED
        if new == PENDING:
            kinds |= 1 << Kind.PAUSED
        elif old == PENDING:
            kinds |= 1 << Kind.RESUMED
        return kinds

    def _change_pauses(
        self, ticket: Ticket, pauses: int, at: int, effects: list[Given]
    ) -> None:
        old = ticket.pauses
        if old:
            for reason, bit in PAUSE_BITS.items():
                if old & bit:
                    effects.append((Effect.PAUSED, (reason,), at - ticket.pause_since))
        ticket.pauses = pauses
        ticket.pause_since = at
        if ticket.live:
            self._pause_clocks(ticket, at)

    def _change_holder(
        self, ticket: Ticket, profile: int, at: int, changes: int, effects: list[Given]
    ) -> None:
        """Book the stretch that ends now to its holder; a new team is a hop."""
        labels = self.interner.profiles[ticket.profile].labels
        if ticket.status < RESOLVED:
            wall = at - ticket.holder_since
            if wall > 0:
                calendar = self.desk_calendar(ticket)
                business = calendar.between(ticket.holder_since, at) if calendar else wall
                sums = ticket.held.setdefault((labels[2], ticket.status), [0, 0])
                sums[0] += wall
                sums[1] += business
                effects.append((Effect.HELD, (labels[2], STATUS_NAMES[ticket.status]), wall))
        ticket.holder_since = at
        if changes & CHANGED_TEAM:
            ticket.hops += 1
            new = self.interner.profiles[profile]
            effects.append((Effect.HANDOVER, (labels[2], new.labels[2]), 1))
            effects.append((Effect.REASSIGNED, (new.category,), 1))

    def desk_calendar(self, ticket: Ticket) -> Calendar | None:
        goals = self.goals(ticket.profile)
        index = self.book.index.get("resolution")
        goal = goals[index] if index is not None else None
        return goal.calendar if goal is not None else None

    def _note_effects(
        self, ticket: Ticket, act: Act, kinds: int, effects: list[Given]
    ) -> None:
        kind, actor = act.kind, act.actor
        if not kinds & _COUNTED and not (kind == Kind.REPLIED and ticket.replied != _BOTH):
            return
        profile = self.interner.profiles[ticket.profile]
        channel, priority, _ = profile.labels
        if kind == Kind.CREATED:
            effects.append((Effect.CREATED, (channel, priority), 1))
            if channel in self._contact_channels and actor == Actor.CUSTOMER:
                ticket.contact = WAITING
        if kinds & 1 << Kind.RESOLVED:
            effects.append((Effect.RESOLVED, (channel, priority), 1))
        if kinds & _ENDS:
            effects.append((Effect.HOPS, (), ticket.hops))
        if kinds & 1 << Kind.REOPENED:
            effects.append((Effect.REOPENED, (channel, priority), 1))
        if kind == Kind.ESCALATED:
            effects.append((Effect.ESCALATED, (str(profile.tier),), 1))
        if kind == Kind.SURVEY_SENT:
            effects.append((Effect.SURVEY, (channel,), 1))
        if kind == Kind.RATED and act.extras is not None and act.extras.score is not None:
            effects.append((Effect.RATING, (channel, str(act.extras.score)), 1))
        if kind == Kind.REPLIED and act.public and actor in (Actor.AGENT, Actor.BOT):
            bit = 1 if actor == Actor.AGENT else 2
            if not ticket.replied & bit:
                ticket.replied |= bit
                name = "human" if actor == Actor.AGENT else "bot"
                effects.append((Effect.FIRST_REPLY, (channel, name), 1))
        if ticket.contact == WAITING:
            self._note_contact(ticket, act, channel, effects)

    def _note_contact(
        self, ticket: Ticket, act: Act, channel: str, effects: list[Given]
    ) -> None:
        if act.kind == Kind.ABANDONED:
            ticket.contact, outcome = ABANDONED, "abandoned"
        elif act.actor == Actor.AGENT and act.kind in _ANSWERS:
            ticket.contact, outcome = ANSWERED, "answered"
        else:
            return
        within = act.at - ticket.created_at <= self.book.rules.answer_within_us
        effects.append((Effect.CONTACT, (channel, outcome, str(within).lower()), 1))


class _Solo(Fold):
    """Fold the acts of a ticket for one target alone."""

    def __init__(self, fold: Fold, index: int, goal: TargetGoal) -> None:
        super().__init__(fold.book, fold.interner)
        self._only = tuple(goal if i == index else None for i in range(len(fold.book.targets)))

    def goals(self, profile: int) -> tuple[TargetGoal | None, ...]:  # noqa: ARG002
        return self._only
