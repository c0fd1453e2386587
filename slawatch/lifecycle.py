"""The fold: what one act does to a ticket and its clocks.

A ticket is a pure function of its acts in order. `Fold.apply` takes the next act; whoever has an
act out of order folds the whole ticket again (`slawatch.shard`). Nothing is published here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slawatch import conventions
from slawatch.book import PAUSE_BITS, STOP, Book, TargetGoal
from slawatch.clockwork import Clockwork, Reaction
from slawatch.events import MAX_TIER, POLICY_CHANGED, Actor, Attrs, Event, Kind
from slawatch.excuses import excuse
from slawatch.interning import (
    CHANGED_FACTS,
    CHANGED_PRIORITY,
    CHANGED_TEAM,
    CHANGED_TIER,
    FIRST_TEAM,
    Interner,
    Profile,
)
from slawatch.labels import BOT, HUMAN
from slawatch.policy import Reopen
from slawatch.steps import HUMAN_BIT, LEAVES, Step, derive_kinds, next_status, reply_bit
from slawatch.ticket import CLOSED, RESOLVED, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from slawatch.calendars import Calendar
    from slawatch.clocks import Clock
    from slawatch.effects import Given

_PRIORITY_CHANGED: Final = conventions.PRIORITY_CHANGES.name
_PAUSED: Final = conventions.PAUSED.name
_HANDOVER: Final = conventions.HANDOVERS.name
_REASSIGNED: Final = conventions.REASSIGNED.name
_HOPS: Final = conventions.HOPS.name
_FIRST_REPLY: Final = conventions.FIRST_REPLIES.name
_ESCALATIONS: Final = conventions.ESCALATIONS.name
_SURVEY: Final = conventions.SURVEYS.name
_RATING: Final = conventions.CSAT.name
_CONTACT: Final = conventions.CONTACTS.name
_UNMATCHED: Final = (conventions.UNMATCHED.name, ())
NEW_ASSIGNEE: Final = 1 << 10
_HOLDER_CHANGES: Final = CHANGED_TEAM | FIRST_TEAM | CHANGED_TIER
_ASSIGNMENTS: Final = CHANGED_TEAM | FIRST_TEAM | NEW_ASSIGNEE
WAITING: Final = 1
ANSWERED: Final = 2
ABANDONED: Final = 3
LEFT: Final = 4
_ANSWERS: Final = (Kind.REPLIED, Kind.ACKNOWLEDGED, Kind.PLANNED, Kind.EXPERT_ENGAGED, Kind.FIXED)
_ENDS: Final = 1 << Kind.RESOLVED
_IS_CREATED: Final = 1 << Kind.CREATED
_IS_REOPENED: Final = 1 << Kind.REOPENED
_IS_RARE: Final = sum(
    1 << kind
    for kind in (
        Kind.ESCALATED,
        Kind.SURVEY_SENT,
        Kind.RATED,
        Kind.EXCUSED,
        Kind.RESTORED,
    )
)
_CREATED: Final = int(Kind.CREATED)  # an enum's members cost several times a number's time
_ESCALATED: Final = int(Kind.ESCALATED)
_CUSTOMER: Final = int(Actor.CUSTOMER)


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
        self._contact_channels = book.rules.contact_channels
        self._steps: dict[int, Step] = {}

    def alone(self, index: int, goal: TargetGoal) -> Fold:
        """Return a fold that knows one target alone."""
        return _Solo(self, index, goal)

    def apply(self, ticket: Ticket, act: Event, effects: list[Given]) -> None:
        """Advance a ticket by its next act in order."""
        at, kind, extras, assignee = act.occurred_at, act.kind, act.extras, act.assignee
        if ticket.triggers_at < at:
            self.cross(ticket, at)
        if kind < 0:
            self._apply_pseudo(ticket, kind, at, effects)
            return
        before = ticket.profile
        first = not ticket.last_at
        if first:
            ticket.holder_since = ticket.created_at = at
        interner = self.interner
        merged = interner.merge(before, interner.said(act.attrs))
        profile, changes, tier = merged.profile, merged.changes, merged.act_tier
        if kind == _ESCALATED:  # whoever escalates acts for the tier it leaves
            tier = interner.profiles[before].tier
        if profile != before:
            if changes & CHANGED_PRIORITY:
                pair = interner.profiles[before].labels[1], interner.profiles[profile].labels[1]
                effects.append(((_PRIORITY_CHANGED, pair), 1))
            if changes & _HOLDER_CHANGES:
                self._change_holder(ticket, profile, at, changes, effects)
            ticket.profile = profile
        if kind == _ESCALATED:
            self._escalate(ticket, act.attrs, tier, at, effects)
        if assignee is not None and assignee != ticket.assignee:
            ticket.assignee = assignee
            changes |= NEW_ASSIGNEE
        ticket.last_at = at
        # Each in bits of its own: tiers end at 9, kinds at 63, the pauses are four.
        act_bits = (kind << 2 | act.actor) << 2 | act.public << 1 | first
        state_bits = (ticket.status << 4 | ticket.pauses) << 4 | tier
        key = ((act_bits << 11 | state_bits) << 7 | merged.code) << 11 | changes
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = self._step(ticket, act, changes, tier, first=first)
        if step.status != ticket.status:
            self._change_holder(ticket, ticket.profile, at, 0, effects)
            ticket.status = step.status
        if step.pauses != ticket.pauses:
            self._change_pauses(ticket, step.pauses, at, effects)
        if changes & CHANGED_FACTS and not first:
            self._retarget(ticket, at, self.goals(before))
        if first:
            if kind != _CREATED:
                ticket.adopted_at = at
            if self.goals(ticket.profile) is self.book.no_goals:
                effects.append((_UNMATCHED, 1))
        if step.is_reopened:
            self._reopen(ticket, at)
        if step.reactions:
            self._react(ticket, at, tier, step.reactions)
        for index in step.restops:
            self._move_stop(ticket, index, at)
        if extras is not None and ticket.adopted_at:
            self._adopt(ticket, extras, at)
        if step.is_counted or step.reply & ~ticket.replied:
            self._note_effects(ticket, act, step.kinds, effects)

    def _apply_pseudo(self, ticket: Ticket, kind: int, at: int, effects: list[Given]) -> None:
        if kind == POLICY_CHANGED:
            self._retarget(ticket, at, self.book.no_goals)
            return
        self._change_holder(ticket, ticket.profile, at, 0, effects)
        ticket.status, ticket.last_at = CLOSED, at
        for clock in list(ticket.live.values()):
            self._end(ticket, clock, at, "expired")

    def _escalate(
        self, ticket: Ticket, said: Attrs, old_tier: int, at: int, effects: list[Given]
    ) -> None:
        """Raise the tier where the act does not say to which."""
        profile = self.interner.profiles[ticket.profile]
        if said.tier is None and profile.tier <= old_tier:
            attrs = profile.attrs._replace(tier=min(old_tier + 1, MAX_TIER))
            self._change_holder(ticket, ticket.profile, at, 0, effects)
            ticket.profile = self.interner.profile_index(profile.facts.source, attrs)

    # -- what the act is and the ticket becomes -------------------------------------------------

    def _step(self, ticket: Ticket, act: Event, changes: int, tier: int, *, first: bool) -> Step:
        kinds = 1 << act.kind
        if changes & CHANGED_PRIORITY:
            kinds |= 1 << Kind.PRIORITY_CHANGED
        if changes & _ASSIGNMENTS and not first:
            kinds |= 1 << Kind.ASSIGNED
        status, pauses = next_status(ticket.status, ticket.pauses, act)
        if status != ticket.status:
            kinds |= derive_kinds(ticket.status, status)
        return Step(
            kinds,
            status,
            pauses,
            [
                Reaction(index, flags)
                for index, flags in self.book.reactions(kinds, act.actor, tier, public=act.public)
            ],
            reply_bit(act),
            self._find_restops(ticket.status, status, kinds, act, tier),
        )

    def _find_restops(
        self, old: int, new: int, kinds: int, act: Event, tier: int
    ) -> tuple[int, ...]:
        """Return the targets whose stop an act says once more (`last_stop` moves it)."""
        if old == new and act.attrs.status is not None and new >= RESOLVED:
            kinds |= 1 << (Kind.CLOSED if new == CLOSED else Kind.RESOLVED)
        return tuple(
            index
            for index, flags in self.book.reactions(kinds, act.actor, tier, public=act.public)
            if flags & STOP and self.book.targets[index].spec.reopen is Reopen.LAST_STOP
        )

    def _change_pauses(self, ticket: Ticket, pauses: int, at: int, effects: list[Given]) -> None:
        old = ticket.pauses
        if old:
            for reason, bit in PAUSE_BITS.items():
                if old & bit:
                    effects.append(((_PAUSED, (reason,)), at - ticket.pause_since))
        ticket.pauses = pauses
        ticket.pause_since = at
        if ticket.live:
            self._pause_clocks(ticket, at)

    def _change_holder(
        self, ticket: Ticket, profile: int, at: int, changes: int, effects: list[Given]
    ) -> None:
        """Book the stretch that ends now to its holder; a new team is a hop."""
        holder = self.interner.profiles[ticket.profile]
        if ticket.status < RESOLVED:
            wall = at - ticket.holder_since
            if wall > 0:
                calendar = self.desk_calendar(ticket)
                business = calendar.between(ticket.holder_since, at) if calendar else wall
                held_by: Any = (holder.labels[2], ticket.status)
                sums = ticket.held.get(held_by)
                if sums is None:
                    ticket.held[held_by] = [wall, business]
                else:
                    sums[0] += wall
                    sums[1] += business
                effects.append((holder.held[ticket.status], wall))
        ticket.holder_since = at
        if changes & CHANGED_TEAM:
            ticket.hops += 1
            new = self.interner.profiles[profile]
            effects.append(((_HANDOVER, (holder.labels[2], new.labels[2])), 1))
            effects.append(((_REASSIGNED, (new.category,)), 1))

    def desk_calendar(self, ticket: Ticket) -> Calendar | None:
        """Return the calendar by which holders' business time counts: the resolution's."""
        goals = self.goals(ticket.profile)
        index = self.book.index.get("resolution")
        goal = goals[index] if index is not None else None
        return goal.calendar if goal is not None else None

    def _note_effects(self, ticket: Ticket, act: Event, kinds: int, effects: list[Given]) -> None:
        profile = self.interner.profiles[ticket.profile]
        channel = profile.labels[0]
        if kinds & _IS_CREATED:
            effects.append((profile.created, 1))
            if channel in self._contact_channels and act.actor == _CUSTOMER:
                ticket.contact = WAITING
        if kinds & _ENDS:
            effects.append((profile.resolved, 1))
            effects.append(((_HOPS, (str(ticket.hops),)), 1))
        if kinds & _IS_REOPENED:
            effects.append((profile.reopened, 1))
        if kinds & _IS_RARE:
            self._note_rare(ticket, act, profile, effects)
        if (bit := reply_bit(act)) & ~ticket.replied:
            ticket.replied |= bit
            name = HUMAN if bit == HUMAN_BIT else BOT
            effects.append(((_FIRST_REPLY, (channel, name)), 1))
        if ticket.contact == WAITING:
            self._note_contact(ticket, act, channel, effects)
            if ticket.contact == WAITING and kinds & LEAVES:
                ticket.contact = LEFT  # a bot solved it, or it timed out: nobody waits any more

    def _note_rare(
        self, ticket: Ticket, act: Event, profile: Profile, effects: list[Given]
    ) -> None:
        kind, channel = act.kind, profile.labels[0]
        if kind == Kind.ESCALATED:
            effects.append(((_ESCALATIONS, (str(profile.tier),)), 1))
        elif kind == Kind.SURVEY_SENT:
            effects.append(((_SURVEY, (channel,)), 1))
        elif kind == Kind.RATED:
            if act.extras is not None and act.extras.score is not None:
                effects.append(((_RATING, (channel, str(act.extras.score))), 1))
        else:
            excuse(self, ticket, act, effects)

    def _note_contact(self, ticket: Ticket, act: Event, channel: str, effects: list[Given]) -> None:
        if act.kind == Kind.ABANDONED:
            ticket.contact, outcome = ABANDONED, "abandoned"
        elif act.actor == Actor.AGENT and act.kind in _ANSWERS:
            ticket.contact, outcome = ANSWERED, "answered"
        else:
            return
        within = act.occurred_at - ticket.created_at <= self.book.rules.answer_within_us
        effects.append(((_CONTACT, (channel, outcome, str(within).lower())), 1))


class _Solo(Fold):
    """Fold the acts of a ticket for one target alone."""

    def __init__(self, fold: Fold, index: int, goal: TargetGoal) -> None:
        super().__init__(fold.book, fold.interner)
        self._only = tuple(goal if i == index else None for i in range(len(fold.book.targets)))

    def goals(self, profile: int) -> tuple[TargetGoal | None, ...]:  # noqa: ARG002
        return self._only
