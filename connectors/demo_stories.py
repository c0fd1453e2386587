"""The demo's stories: what happens to one ticket, from its creation to its last act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.demo_floor import Floor, Queue, Scene, Seat, Story
from connectors.demo_model import (
    CHANNELS,
    EPOCH,
    FIRST_RESPONSE_SECONDS,
    PRIORITIES,
    SECOND_US,
    UPDATE_SECONDS,
    WORK,
    ChannelMix,
    DemoProfile,
)
from connectors.demo_ticket import Dice, Ticket

_HOUR = 3600
_CHAIN = frozenset(("phone", "chat"))
_LIVE_GOAL_SECONDS = 100
_RANKS = {name: rank for rank, name in enumerate(PRIORITIES)}
_HANG_UP_RATIO = 0.015
_WARM_TRANSFER_RATIO = 0.15
_PUT_OFF_RATIO = 0.09
_LIVE_RANK = -1  # a customer on the line goes before any letter


class Stories:
    """Tell tickets' lives on a floor."""

    def __init__(
        self,
        floor: Floor,
        dice: Dice,
        profile: DemoProfile,
        queues: Mapping[tuple[str, int, str], Queue],
    ) -> None:
        """Take where they happen; queues by region, tier and line."""
        self._floor = floor
        self._dice = dice
        self._profile = profile
        self._queues = queues

    def tell(self, ticket: Ticket) -> Story:
        """Tell a ticket's life."""
        mix = CHANNELS[ticket.channel]
        self._act(
            ticket,
            "created",
            "customer",
            channel=ticket.channel,
            priority=ticket.priority,
            category=ticket.category,
            customer_tier=ticket.customer_tier,
            region=ticket.region,
            team=ticket.team,
            tier=1,
            **({"tags": list(ticket.tags)} if ticket.tags else {}),
        )
        if self._dice.chance(mix.spam_ratio):
            yield self._dice.about(240, 0.9)
            self._act(ticket, "deleted", "system", reason="spam")
            return
        if mix.bot_solves is not None and (yield from self._meet_bot(ticket, mix)):
            yield from self._end(ticket)
            return
        if mix.line == "desk":
            yield from self._triage(ticket)
            yield from self._overlook(ticket)
            yield from self._work(ticket)
        elif not (yield from self._talk(ticket, mix.line)):
            return
        yield from self._end(ticket)

    def _meet_bot(self, ticket: Ticket, mix: ChannelMix) -> Scene[bool]:
        """Tell what the bot says; return whether it solved the ticket."""
        is_chain = ticket.channel in _CHAIN
        yield self._dice.about(4, 0.6)
        self._act(ticket, "replied", "bot")
        yield self._dice.between(0.2, 1.5)
        if is_chain:
            self._act(ticket, "acknowledged", "bot")
            yield self._dice.between(0.5, 2)
        if self._dice.chance(mix.bot_solves or 0):
            yield self._dice.about(35, 0.4)
            self._act(ticket, "planned" if is_chain else "replied", "bot")
            yield self._dice.about(90, 0.5)
            self._act(ticket, "resolved", "bot")
            return True
        yield self._dice.about(14, 0.5)
        self._act(ticket, "handoff_requested", "customer" if self._dice.chance(0.4) else "bot")
        yield self._dice.between(0.2, 1)
        return False

    def _triage(self, ticket: Ticket) -> Scene[None]:
        """Tell how a written ticket is sorted."""
        yield self._dice.about(45, 0.8)
        if self._dice.chance(0.8):
            self._act(ticket, "triaged", "system", category=ticket.category)
            yield self._dice.between(1, 5)
        if self._dice.chance(0.05):
            rank = _RANKS[ticket.priority]
            ticket.priority = PRIORITIES[
                max(0, rank - 1) if self._dice.chance(0.6) else min(3, rank + 1)
            ]
            self._act(ticket, "priority_changed", "agent", priority=ticket.priority)
            yield self._dice.between(1, 5)
        if self._dice.chance(0.03):
            ticket.category = self._dice.choice(("software", "access", "hardware"))
            self._act(ticket, "attribute_changed", "agent", category=ticket.category)
            yield self._dice.between(1, 5)

    def _overlook(self, ticket: Ticket) -> Scene[None]:
        """Tell of the ticket that nobody looks at for about as long as its goal."""
        if self._dice.chance(self._profile.overlooked_ratio):
            goal = FIRST_RESPONSE_SECONDS[ticket.priority]
            yield self._dice.between(0.7 * goal, 2.2 * goal)

    def _talk(self, ticket: Ticket, line: str) -> Scene[bool]:
        """Tell a call or chat; return whether it was resolved (else the customer has left)."""
        is_chain = ticket.channel in _CHAIN
        queue = self._queues[ticket.region, 1, line]
        if is_chain:
            ticket.is_live = True
        else:
            yield from self._overlook(ticket)
        agent = yield from self._pick_up(ticket, queue)
        if not agent:
            self._act(ticket, "abandoned", "customer")
            return False
        began_at = self._floor.now
        yield self._dice.about(6, 0.5)
        self._take(ticket, agent, "acknowledged" if ticket.channel == "phone" else "assigned")
        yield self._dice.about((42 if ticket.channel == "phone" else 30) * ticket.slowness, 0.5)
        if is_chain:
            self._act(ticket, "planned", "agent")
            yield self._dice.between(1, 4)
        self._reply(ticket)
        is_passed_on = yield from self._treat(ticket, line)
        self._free(ticket, queue, agent, began_at)
        if is_passed_on:
            yield from self._work(ticket)
        elif self._dice.chance(_PUT_OFF_RATIO):
            self._act(ticket, "note", "agent", public=False)
            yield from self._park(ticket)
            yield from self._work(ticket)
        else:
            yield from self._solve(ticket)
        return True

    def _treat(self, ticket: Ticket, line: str) -> Scene[bool]:
        """Tell what the first agent does; return whether the next tier takes over."""
        if self._dice.chance(_WARM_TRANSFER_RATIO):
            yield self._dice.about(50, 0.4)
            self._escalate(ticket)
            return True
        yield self._dice.about(100 * ticket.slowness, 0.6)
        if ticket.channel in _CHAIN:
            self._act(ticket, "expert_engaged", "agent")
            ticket.is_expert_engaged = True
        if line == "chat":
            yield from self._ask_back(ticket)
        yield self._dice.about(190 * ticket.slowness, 0.6)
        return False

    def _pick_up(self, ticket: Ticket, queue: Queue) -> Scene[str]:
        """Tell a live customer's wait; return the agent, or "" if he left before."""
        rank, since_at = _RANKS[ticket.priority], self._floor.now
        if ticket.is_live and self._dice.chance(_HANG_UP_RATIO):
            yield self._dice.between(2, 9)  # before anyone could answer
            return ""
        patience = self._dice.about(320, 0.6) if ticket.is_live else 0
        return (yield Seat(queue, rank, since_at, patience)) or ""

    def _ask_back(self, ticket: Ticket) -> Scene[None]:
        """Tell one more turn of a chat."""
        yield self._dice.about(25, 0.5)
        self._act(ticket, "replied", "customer")
        yield self._dice.about(22, 0.5)
        self._reply(ticket)

    def _work(self, ticket: Ticket) -> Scene[None]:
        """Tell a desk's touches of a ticket until it is resolved."""
        while True:
            work = WORK[ticket.tier]
            queue = self._queues[ticket.region, ticket.tier, "desk"]
            agent = yield from self._wait(ticket, queue)
            began_at = self._floor.now
            yield self._dice.between(3, 12)
            if agent != ticket.assignee:
                self._take(ticket, agent, "assigned")
            if ticket.channel in _CHAIN and ticket.tier > 1 and not ticket.is_expert_engaged:
                ticket.is_expert_engaged = True
                yield self._dice.between(2, 20)
                self._act(ticket, "expert_engaged", "agent")
            yield self._dice.about(work.reply_seconds * ticket.slowness, 0.5)
            self._reply(ticket)
            fate = self._dice.pick(work.fates)
            yield from self._pass_time(ticket, self._dice.about(work.rest_seconds, 0.6))
            if fate == "escalate":
                self._escalate(ticket)
            self._free(ticket, queue, agent, began_at)
            if fate == "ask":
                yield from self._ask(ticket)
            elif fate == "park":
                yield from self._park(ticket)
            elif fate == "solve":
                yield from self._visit(ticket)
                yield from self._solve(ticket)
                return

    def _wait(self, ticket: Ticket, queue: Queue) -> Scene[str]:
        """Tell a wait for a seat, with customers who ask for news; return the agent."""
        since_at = self._floor.now
        rank = _LIVE_RANK if ticket.is_live else _RANKS[ticket.priority]
        patience = self._dice.about(1.2 * FIRST_RESPONSE_SECONDS[ticket.priority], 0.5)
        agent = yield Seat(queue, rank, since_at, patience)
        while not agent:
            self._act(ticket, "replied", "customer")
            agent = yield Seat(queue, rank, since_at)
        return agent

    def _visit(self, ticket: Ticket) -> Scene[None]:
        """Tell of the field engineer, where the channel is a place; nobody's seat is taken."""
        if ticket.channel == "onsite":
            self._act(ticket, "planned", "agent")
            yield from self._pass_time(ticket, self._dice.about(2 * _HOUR, 0.4))
            self._act(ticket, "arrived", "agent")
            yield self._dice.about(1800, 0.4)

    def _ask(self, ticket: Ticket) -> Scene[None]:
        """Tell a wait for the customer."""
        yield self._dice.between(0.5, 3)
        self._act(ticket, "paused", "system", reason="customer")
        yield from self._pass_time(
            ticket, min(self._dice.about(1.2 * _HOUR, 1), 60 * _HOUR * SECOND_US)
        )
        self._act(ticket, "replied", "customer")
        yield self._dice.between(0.2, 2)
        self._act(ticket, "resumed", "system", reason="customer")
        yield self._dice.between(0.2, 2)

    def _park(self, ticket: Ticket) -> Scene[None]:
        """Tell a wait for a vendor, or on hold."""
        reason = "vendor" if self._dice.chance(0.6) else "hold"
        yield self._dice.between(1, 5)
        self._act(ticket, "paused", "agent", reason=reason)
        yield from self._pass_time(ticket, self._dice.about(1.5 * _HOUR, 0.7))
        self._act(ticket, "note", "agent", public=False)
        yield self._dice.between(1, 5)
        self._act(ticket, "resumed", "agent", reason=reason)
        yield self._dice.between(1, 5)

    def _pass_time(self, ticket: Ticket, left_us: int) -> Scene[None]:
        """Let time pass, with the updates that a waiting customer gets."""
        every = UPDATE_SECONDS.get(ticket.priority)
        while every is not None and left_us > (
            pause := self._dice.between(0.5 * every, 1.1 * every)
        ):
            yield pause
            left_us -= pause
            self._reply(ticket)
        yield left_us

    def _escalate(self, ticket: Ticket) -> None:
        ticket.tier += 1
        self._act(ticket, "escalated", "agent")

    def _solve(self, ticket: Ticket) -> Scene[None]:
        yield self._dice.between(1, 4)
        if ticket.is_live or ticket.tier > 1 or ticket.channel in ("remote", "onsite"):
            self._act(ticket, "fixed", "agent")
            yield self._dice.between(5, 25)
        self._act(
            ticket, "resolved", "agent", handle_seconds=round(ticket.worked_us / SECOND_US, 1)
        )

    def _end(self, ticket: Ticket) -> Scene[None]:
        """Tell what comes after the solution: confirmation, rating, closing, perhaps again."""
        yield from self._hear(ticket)
        if self._dice.chance(self._profile.reopened_ratio):
            yield self._dice.about(1.5 * _HOUR, 0.9)
            ticket.is_reopened, ticket.is_live, ticket.is_verified = True, False, False
            self._act(ticket, "reopened", "customer")
            yield self._dice.between(0.2, 2)
            self._act(ticket, "replied", "customer")
            yield self._dice.between(5, 60)
            yield from self._work(ticket)
            yield from self._hear(ticket)
        if ticket.is_verified:
            yield self._dice.about(1800, 0.8)
        elif ticket.channel in _CHAIN:
            late = self._dice.chance(0.05)
            yield (
                self._dice.between(24 * _HOUR, 40 * _HOUR)
                if late
                else self._dice.between(_HOUR, 21 * _HOUR)
            )
        else:
            yield self._dice.between(18 * _HOUR, 60 * _HOUR)
        self._act(ticket, "closed", "system")

    def _hear(self, ticket: Ticket) -> Scene[None]:
        """Tell what the customer says of the solution."""
        if self._dice.chance(0.5 if ticket.is_live else 0.25):
            yield self._dice.about(15 if ticket.is_live else 1.5 * _HOUR, 0.8)
            self._act(ticket, "verified", "customer")
            ticket.is_verified = True
        if not self._dice.chance(0.6):
            return
        yield self._dice.between(20, 300)
        self._act(ticket, "survey_sent", "system")
        if not self._dice.chance(0.3):
            return
        yield self._dice.about(1800, 1.1)
        score = self._rate(ticket)
        if self._dice.chance(0.4):
            speed, quality = (
                max(1, min(5, score + self._dice.choice((-1, 0, 0, 1)))) for _ in "sq"
            )
            scores = {"speed": speed, "quality": quality, "overall": score}
            self._act(ticket, "rated", "customer", scores=scores)
        else:
            self._act(ticket, "rated", "customer", score=score)

    def _rate(self, ticket: Ticket) -> int:
        """Return 1 to 5: the longer the first reply took against its goal, the lower."""
        goal = _LIVE_GOAL_SECONDS if ticket.is_live else FIRST_RESPONSE_SECONDS[ticket.priority]
        waited = max(0, ticket.replied_at - ticket.created_at) / SECOND_US / goal
        mean = 4.7 - min(2.5, 0.9 * waited) - 0.3 * (ticket.tier - 1) - 0.9 * ticket.is_reopened
        return max(1, min(5, round(self._dice.gauss(mean, 0.7))))

    def _take(self, ticket: Ticket, agent: str, kind: str) -> None:
        ticket.assignee = agent
        self._act(ticket, kind, "agent", assignee=agent)

    def _reply(self, ticket: Ticket) -> None:
        ticket.replied_at = ticket.replied_at or self._floor.now
        self._act(ticket, "replied", "agent")

    def _free(self, ticket: Ticket, queue: Queue, agent: str, began_at: int) -> None:
        """Let the agent wrap up and take the next one."""
        wrap_up = self._dice.about(45, 0.4)
        ticket.worked_us += self._floor.now + wrap_up - began_at
        self._floor.start(self._wrap_up(queue, agent, wrap_up))

    def _wrap_up(self, queue: Queue, agent: str, wrap_up_us: int) -> Story:
        yield wrap_up_us
        self._floor.leave(queue, agent)

    def _act(self, ticket: Ticket, kind: str, actor: str, **more: object) -> None:
        ticket.acts += 1
        at = EPOCH + timedelta(microseconds=self._floor.now)
        event: dict[str, Any] = {
            "event_id": f"demo-{ticket.ticket_id}-{ticket.acts}",
            "source": "demo",
            "ticket_id": ticket.ticket_id,
            "type": kind,
            "occurred_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "actor": actor,
        }
        if actor == "agent":
            event["team"] = ticket.team
            event["tier"] = ticket.tier
        self._floor.emit(event | more)
