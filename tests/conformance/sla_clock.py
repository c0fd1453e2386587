"""Turn an sla-clock case into our rules and events, and read what our engine says.

The vocabulary is that of the cases' README. Every case runs through a real shard: events in the
order of the file (their index is the sequence), then log time reaches the last event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from slawatch.book import Book
from slawatch.calendars import Calendar
from slawatch.clocks import Clock, Published, State
from slawatch.events import Attrs, Event, Kind, hash_id, rank_of
from slawatch.policy import (
    Condition,
    Goal,
    Level,
    Match,
    OnCalendarChange,
    Policy,
    Reopen,
    Rules,
    Target,
)
from slawatch.shard import Shard
from slawatch.ticket import PENDING, RESOLVED, Ticket
from slawatch.verdicts import Output
from tests.conformance.cases import Case, amount_us, build_calendar, parse_at

KEY = "case/1"
NO_GOAL_S = 10**9
_UNITS = {"minute": 60, "hour": 3600, "business_minute": 60, "business_hour": 3600}
_METRICS = {
    **dict.fromkeys(
        ("time_to_own", "sla_tto", "ola_tto", "response", "first_response"), "first_response"
    ),
    **dict.fromkeys(
        ("time_to_resolve", "sla_ttr", "ola_ttr", "resolve", "resolution"), "resolution"
    ),
    "keep_in_loop": "periodic_update",
    "periodic_update": "periodic_update",
    "next_response": "next_response",
}
_AGENT, _CUSTOMER = frozenset((1,)), frozenset((0,))
_REASONS = ("status", "vendor", "hold", "customer")


def _when(*kinds: Kind, actors: frozenset[int] = frozenset()) -> Condition:
    return Condition(frozenset(kinds), actors)  # type: ignore[arg-type]  # Actor is an IntEnum


_AGENT_REPLY = _when(Kind.REPLIED, actors=_AGENT)
_CUSTOMER_REPLY = _when(Kind.REPLIED, actors=_CUSTOMER)
_CUSTOMER_CREATES = _when(Kind.CREATED, actors=_CUSTOMER)
_STARTS: dict[str, tuple[tuple[Condition, ...], bool]] = {
    "created": ((_when(Kind.CREATED),), False),
    "ticket_created": ((_when(Kind.CREATED),), False),
    "policy_attached": ((_when(Kind.TRIAGED),), False),
    "first unanswered customer contact": ((_CUSTOMER_REPLY,), True),
    "requestor creates or first unanswered requestor reply": (
        (_CUSTOMER_CREATES, _CUSTOMER_REPLY),
        True,
    ),
    "each agent reply": ((_AGENT_REPLY,), True),
    "created or last agent contact": ((_when(Kind.CREATED), _AGENT_REPLY), True),
}
_DEFAULT_STARTS = {
    "first_response": "created",
    "resolution": "created",
    "next_response": "first unanswered customer contact",
    "periodic_update": "each agent reply",
}
_ENDED = _when(Kind.RESOLVED, Kind.CLOSED)
_STOPS: dict[str, tuple[Condition, ...]] = {
    "first_agent_contact": (_AGENT_REPLY,),
    "agent_contact": (_AGENT_REPLY,),
    "non-requestor reply": (_AGENT_REPLY,),
    "closed": (_ENDED,),
    "first agent reply or paused/resolved status": (
        _AGENT_REPLY,
        _when(Kind.PAUSED, Kind.RESOLVED, Kind.CLOSED),
    ),
    "requestor reply or next agent reply": (_AGENT_REPLY, _CUSTOMER_REPLY),
}
_DEFAULT_STOPS = {
    "first_response": "agent_contact",
    "next_response": "agent_contact",
    "resolution": "closed",
    "periodic_update": "requestor reply or next agent reply",
}
_MESSAGES = {
    "customer_reply": 0,
    "agent_contact": 1,
    "first_response": 1,
    "agent_reply": 1,
}


def base_metric(name: str) -> str:
    """Return the metric that a second definition ("resolution[P1]", "x_plus_75") is one of."""
    bare = name.partition("[")[0].removesuffix("_plus_75")
    return _METRICS.get(bare, "first_response")


@dataclass
class Told:
    """Be a case told to the engine: the ticket as of log time `now`."""

    shard: Shard
    ticket: Ticket | None
    now: int
    hidden: bool

    def clocks(self, metric: str) -> list[Clock]:
        """Return the cycles of a metric, the latest last."""
        index = self.shard.book.index.get(metric)
        return [c for c in self.ticket.clocks if c.target == index] if self.ticket else []

    def due(self, metric: str) -> tuple[int, int] | None:
        """Return due and breach instants of the running clock; None when none runs or shows."""
        for clock in self.clocks(metric):
            if clock.state == State.RUNNING and not self.hidden:
                return clock.due_at(), clock.breach_at
        return None

    def agreement(self) -> set[str]:
        """Return the words that are true of the ticket as a whole."""
        ticket = self.ticket
        assert ticket is not None
        if any(c.published == Published.BREACHED for c in ticket.clocks):
            return {"breached", "missed"}
        if ticket.status >= RESOLVED:
            return {"Fulfilled", "hit", "met", "completed"}
        if ticket.status == PENDING:
            return {"Paused"}
        waits = any(c.state <= State.PAUSED for c in self.clocks("first_response"))
        return {"First Response Due"} if waits else {"Resolution Due", "active"}


class CaseRules:
    """Build the rules of a case; `groups` are the pause statuses by pause reason."""

    def __init__(self, case: Case) -> None:
        """Read the case's policy."""
        self.case = case
        self.calendar = build_calendar(case["calendar"])
        self.groups: dict[frozenset[str], str] = {}
        self.hiding: set[str] = set()
        self.stopping: set[str] = set()
        self.changes: list[tuple[str, int]] = []
        self.priorities = sorted({e["priority"] for e in case["events"] if "priority" in e})
        targets: list[Target] = []
        for spec in case["policy"]:
            targets += self._targets(spec)
        self.rules = Rules(
            targets=tuple(targets),
            policies=tuple(self._policies()),
            channels=("email",),
            priorities=tuple(self.priorities),
            grace_us=0,
            retention_us=10**18,
            expire_us=10**18,
        )

    def _targets(self, spec: dict[str, Any]) -> list[Target]:
        metric = base_metric(spec["metric"])
        pauses = self._pauses(spec)
        start: tuple[Condition, ...] = (_when(Kind.ACKNOWLEDGED),)
        cycles = False
        if "start_at" not in spec:
            start, cycles = _STARTS[spec.get("start", _DEFAULT_STARTS[metric])]
        stop: tuple[Condition, ...] = _STOPS[spec.get("stop", _DEFAULT_STOPS[metric])]
        if "stop_statuses" in spec:
            self.stopping |= set(spec["stop_statuses"])
            stop = (_ENDED,)
        last_only = "recompute_with_last" in spec.get("on_calendar_change", "") or (
            "on_policy_change" in spec
        )
        return [
            Target(
                name=name,
                start=start,
                stop=stop,
                cycles=cycles,
                pauses=pauses,
                reopen=Reopen.CONTINUE if metric == "resolution" else Reopen.FIRST_ONLY,
                on_calendar_change=(
                    OnCalendarChange.LAST_ONLY if last_only else OnCalendarChange.SPLIT_AT_CHANGE
                ),
            )
            for name in self._names(spec)
        ]

    def _names(self, spec: dict[str, Any]) -> list[str]:
        """Return the target names: one a priority where the clock ends with its condition."""
        if "cancel" in spec:
            return [f"{spec['metric']}[P{priority}]" for priority in self.priorities]
        return [spec["metric"]]

    def _pauses(self, spec: dict[str, Any]) -> frozenset[str]:
        statuses = set(spec.get("pause_statuses", ())) if spec.get("pausable", True) else set()
        if spec.get("exclude_time_on_ignored"):
            statuses |= set(spec["ignore_on_statuses"])
        self.hiding |= set(spec.get("ignore_on_statuses", ()))
        if not statuses:
            return frozenset()
        group = frozenset(statuses)
        return frozenset(
            (self.groups.setdefault(group, _REASONS[len(self.groups) % len(_REASONS)]),)
        )

    def _policies(self) -> list[Policy]:
        """Return a policy for each change of rules (matched by a tag), then those of the case."""
        policies = []
        for number, event in enumerate(self.case["events"]):
            if event["type"] == "policy_change":
                policies += self._variant(f"change-{number}", None)
            elif event["type"] == "calendar_change":
                after = self.case.get("calendar_after", {})
                obj = after.get(event.get("to"), after)
                policies += self._variant(f"change-{number}", build_calendar(obj, str(number)))
        policies.reverse()
        return policies + self._variant("", None)

    def _variant(self, tag: str, calendar: Calendar | None) -> list[Policy]:
        wanted = [p for p in self.priorities if p != "not matching"]
        narrow = len(wanted) < len(self.priorities)
        by_priority = any("cancel" in spec for spec in self.case["policy"])
        policies = []
        for priority in wanted if by_priority else [""]:
            goals = {}
            for spec in self.case["policy"]:
                own = calendar
                if own is None and tag and "new_calendar" in spec:
                    own = build_calendar(spec["new_calendar"], tag)
                for name in self._names(spec):
                    if not priority or name.endswith(f"[P{priority}]"):
                        goals[name] = self._goal(spec, own or self.calendar, changed=bool(tag))
            match = Match(
                priorities=frozenset((priority,))
                if priority
                else frozenset(wanted if narrow else ()),
                tags=frozenset((tag,)) if tag else frozenset(),
            )
            policies.append(Policy(f"case{tag}{priority}", match, goals))
        return policies

    def _goal(self, spec: dict[str, Any], calendar: Calendar, *, changed: bool) -> Goal:
        seconds: dict[str, int] = {"": NO_GOAL_S}
        if changed and "new_target_s" in spec:
            seconds = {"": spec["new_target_s"]}
        elif changed and "new_target" in spec:
            seconds = {"": _seconds(spec["new_target"])}
        elif "target_by_priority_s" in spec:
            seconds = spec["target_by_priority_s"]
        elif "target_s" in spec:
            seconds = {"": spec["target_s"]}
        elif "target" in spec:
            seconds = {"": _seconds(spec["target"])}
        levels = tuple(
            _level(level)
            for level in self.case.get("levels", ())
            if level.get("metric", spec["metric"]) == spec["metric"]
        )
        return Goal({p: amount_us(s) for p, s in seconds.items()}, calendar, levels)


def _seconds(target: dict[str, Any]) -> int:
    return int(target["amount"] * _UNITS[target["unit"]])


def _level(level: dict[str, Any]) -> Level:
    if "pct" in level:
        return Level(f"{level['pct']}", ratio=level["pct"] / 100)
    offset = level["offset"]
    return Level(
        f"{offset['amount']}{offset['unit']}",
        offset_us=amount_us(_seconds(offset)),
        business=offset["unit"].startswith("business"),
    )


class CaseEvents:
    """Build the events of a case, in order."""

    def __init__(self, rules: CaseRules) -> None:
        """Start with no event."""
        self.rules = rules
        self.events: list[Event] = []
        self.paused: set[str] = set()
        self.ended = False
        self.status = ""

    def tell(self, number: int, event: dict[str, Any]) -> None:
        """Translate one event of the case."""
        at, kind = parse_at(event["t"]), event["type"]
        if event.get("implies_first_response"):
            self._add(at, Kind.REPLIED, 1)
        if kind == "created":
            by_agent = event.get("by") == "agent" or event.get("owner") == "requestor"
            self._add(at, Kind.CREATED, int(by_agent), Attrs(priority=event.get("priority")))
        elif kind in _MESSAGES:
            self._add(at, Kind.REPLIED, _MESSAGES[kind])
        elif kind == "priority":
            self._add(at, Kind.PRIORITY_CHANGED, 1, Attrs(priority=event["priority"]))
        elif kind == "policy_attached":
            self._add(at, Kind.TRIAGED, 3)
        elif kind in ("policy_change", "calendar_change"):
            self._add(at, Kind.ATTRIBUTE_CHANGED, 3, Attrs(tags=(f"change-{number}",)))
        elif kind in ("closed", "resolved"):
            self._add(at, Kind.CLOSED if kind == "closed" else Kind.RESOLVED, 1)
            self.ended = True
        elif kind not in ("status", "tick"):
            msg = f"unknown event type {kind!r}"
            raise ValueError(msg)
        if "status" in event:
            self._set_status(at, event["status"])

    def _set_status(self, at: int, status: str) -> None:
        self.status = status
        groups = self.rules.groups.items()
        wanted = {reason for statuses, reason in groups if status in statuses}
        ends = status in self.rules.stopping or (
            not wanted and status.lower() in ("resolved", "closed", "solved")
        )
        if self.ended and not ends:
            self._add(at, Kind.REOPENED, 1)
        elif ends and not self.ended:
            self._add(at, Kind.RESOLVED, 1)
        self.ended = ends
        for reason in sorted(self.paused - wanted):
            self._add(at, Kind.RESUMED, 3, Attrs(reason=reason))
        for reason in sorted(wanted - self.paused):
            self._add(at, Kind.PAUSED, 3, Attrs(reason=reason))
        self.paused = wanted

    def start_at(self, at: int) -> None:
        """Add the act that starts a clock at an instant of its own."""
        self._add(at, Kind.ACKNOWLEDGED, 3)

    def _add(self, at: int, kind: Kind, actor: int, attrs: Attrs | None = None) -> None:
        attrs = attrs or Attrs()
        number = len(self.events) + 1
        rank, hashed = rank_of(kind, None), hash_id(str(number))
        self.events.append(
            Event(
                at,
                number,
                rank,
                hashed,
                kind,
                actor,
                True,  # noqa: FBT003 - public
                attrs,
                None,
                None,
                KEY,
                KEY,
                at,
                0,
                "case",
            )
        )


def tell(case: Case, count: int) -> Told:
    """Tell the first `count` events of a case to a fresh shard."""
    rules = CaseRules(case)
    events = CaseEvents(rules)
    for spec in case["policy"]:
        if "start_at" in spec:
            events.start_at(parse_at(spec["start_at"]))
    for number, event in enumerate(case["events"][:count]):
        events.tell(number, event)
    now = parse_at(case["events"][count - 1]["t"])
    ordered = sorted(e for e in events.events if e.occurred_at <= now)
    shard = Shard(Book(rules.rules))
    shard.advance(ordered, now, Output())
    hidden = events.status in rules.hiding
    return Told(shard, shard.get(KEY), now, hidden)
