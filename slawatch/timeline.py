"""A ticket's timeline: every act, what it did to every clock, and what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from slawatch.book import Book
from slawatch.clocks import Clock
from slawatch.completeness import Completion
from slawatch.events import ACTORS, Event, Kind
from slawatch.policy import Rules
from slawatch.shard import Shard
from slawatch.verdicts import Output, Verdict

ACT, CLOCK, VERDICT = "act", "clock", "verdict"
_ACTOR_NAMES = {number: name for name, number in ACTORS.items()}


class Entry(NamedTuple):
    """Be one line of a timeline. `at` in microseconds; `target` is empty for acts."""

    at: int
    what: str
    target: str
    cycle: int
    word: str
    detail: str


class Timeline(NamedTuple):
    """Be what can be told of a ticket: its lines in order, and what its clocks come to."""

    entries: tuple[Entry, ...]
    clocks: tuple[Clock, ...]
    names: tuple[str, ...]
    unmeasured: tuple[str, ...]


def tell_timeline(
    rules: Rules,
    key: str,
    events: Iterable[Event],
    now: int,
    completions: Sequence[Completion] = (),
) -> Timeline:
    """Fold a ticket's events, in the order of the log, and tell what happened until `now`.

    Clocks are told as the acts in their own order make them; verdicts as they were published,
    with their corrections. Of a polled source nothing is told beyond its `completions`.
    """
    received = [event for event in events if event.key == key]
    ordered = sorted({event.order(): event for event in reversed(received)}.values())
    shard = Shard(Book(rules))
    entries: list[Entry] = []
    names = shard.book.names

    def trace(at: int, word: str, clock: Clock) -> None:
        detail = _detail(word, at, clock)
        entries.append(Entry(at, CLOCK, names[clock.target], clock.cycle, word, detail))

    shard.fold.trace = trace
    shard.advance([], 0, Output(), [one._replace(received_at=0) for one in completions])
    for event in ordered:
        entries.append(
            Entry(event.occurred_at, ACT, "", 0, Kind(event.kind).name.lower(), _say(event))
        )
        shard.advance(
            [event.replace(received_at=event.occurred_at)], event.occurred_at - 1, Output()
        )
    shard.advance([], now, Output())
    entries += [_verdict_entry(verdict) for verdict in publish(rules, received, now, completions)]
    entries.sort(key=lambda entry: entry.at)
    ticket = shard.get(key)
    clocks = tuple(ticket.clocks) if ticket else ()
    return Timeline(tuple(entries), clocks, names, _unmeasured(shard, key))


def publish(
    rules: Rules, events: Sequence[Event], now: int, completions: Sequence[Completion] = ()
) -> list[Verdict]:
    """Return the verdicts of events as they came."""
    shard, out = Shard(Book(rules)), Output()
    shard.settler.complete.note(completions)
    for event in sorted(events, key=lambda event: event.received_at):
        shard.advance([event], event.received_at - 1, out)
    shard.advance([], now, out)
    return out.verdicts


def _unmeasured(shard: Shard, key: str) -> tuple[str, ...]:
    """Return the targets that the ticket's policy promises and its source cannot show."""
    ticket = shard.get(key)
    if ticket is None:
        return ()
    facts = shard.interner.profiles[ticket.profile].facts
    goals = shard.book.promised(facts)
    return tuple(
        target.spec.name
        for target in shard.book.targets
        if target.spec.name in goals
        and not shard.book.is_observable(target.spec, facts.source, facts.channel)
    )


def _say(event: Event) -> str:
    said = [f"by {_ACTOR_NAMES[event.actor]}"]  # type: ignore[index]  # an Actor's number
    said += [
        f"{name}={value}"
        for name, value in zip(event.attrs._fields, event.attrs, strict=True)
        if value is not None
    ]
    if event.assignee is not None:
        said.append(f"assignee={event.assignee}")
    if not event.public:
        said.append("not public")
    if event.received_at > event.occurred_at:
        said.append(f"arrived {(event.received_at - event.occurred_at) / 1e6:.0f} s later")
    return ", ".join(said)


def _detail(word: str, at: int, clock: Clock) -> str:
    if word in ("started", "resumed", "goal", "reopened", "reset", "retracted"):
        goal = "" if clock.goal.policy == "" else f" by policy {clock.goal.policy}"
        spent = render_span(clock.elapsed(at))
        return f"goal {render_span(clock.goal.goal_us)}{goal}, elapsed {spent}"
    if word == "breached":
        return clock.reason or f"goal {render_span(clock.goal.goal_us)} used up"
    if word in ("cancelled", "superseded", "expired", "policy_change"):
        return f"after {render_span(clock.elapsed_us)}"
    return f"elapsed {render_span(clock.elapsed_us)} of {render_span(clock.goal.goal_us)}"


def _verdict_entry(verdict: Verdict) -> Entry:
    why = verdict.reason or verdict.level or f"policy {verdict.policy}"
    if verdict.team:
        why += f", team {verdict.team}"
    return Entry(verdict.at, VERDICT, verdict.target, verdict.cycle, verdict.kind, why)


def render_span(us: int) -> str:
    """Render a duration for people: 1d 2h 3m 4.5s."""
    seconds = us / 1e6
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            parts.append(f"{int(seconds // size)}{unit}")
            seconds %= size
    if seconds or not parts:
        parts.append(f"{seconds:.3f}".rstrip("0").rstrip(".") + "s")
    return " ".join(parts)
