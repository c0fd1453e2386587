"""Checks of what a connector's events come to under the shipped policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from connectors.acts import derive_shown
from connectors.decoding import RecordParser, build_decoder
from connectors.intake import Record
from connectors.kit.decoding import RECEIVED_AT
from connectors.kit.subject import Subject
from connectors.opaque import TEST_KEY
from connectors.payload import pack_payload
from connectors.shown import build_source, find_shown
from slawatch.book import Book, is_met
from slawatch.config import Config, load_config
from slawatch.events import MAX_TIER, Event, Kind
from slawatch.policy import Condition, Rules
from slawatch.timeline import tell_timeline

_ENDS = frozenset((Kind.RESOLVED, Kind.CLOSED, Kind.ABANDONED, Kind.DELETED))
_PAUSE_US = 60_000_000


@cache
def _shipped() -> Config:
    return load_config(["default"])


def find_dead_clocks(subject: Subject) -> Iterator[str]:
    """Judge the golden tickets and look for clocks that no golden act could stop."""
    events = _parse(subject)
    rules = _rules(subject)
    book = Book(rules)
    told: set[str] = set()
    for key in sorted({event.key for event in events}):
        own = [event for event in events if event.key == key]
        now = max(event.occurred_at for event in own) + _PAUSE_US
        for clock in tell_timeline(rules, key, own, now).clocks:
            target = book.targets[clock.target].spec
            stops = book.own_stop(target)
            if target.name in told or any(_can_meet(stop, events) for stop in stops):
                continue
            told.add(target.name)
            acts = sorted({Kind(kind).name.lower() for stop in stops for kind in stop.kinds})
            by = sorted({actor.name.lower() for stop in stops for actor in stop.actors})
            wanted = " or ".join(acts) + (f" by {' or '.join(by)}" if by else "")
            yield f"{target.name} starts, and no golden act is {wanted}"


def find_missing_acts(subject: Subject) -> Iterator[str]:
    """Ask for a ticket's beginning, an answer and an end among the golden acts, or a reason."""
    events = (event for one in subject.golden for event in one.expected or ())
    shown = find_shown(events)
    unseen = subject.connector.unseen
    wanted = (
        ("opened", frozenset((Kind.CREATED,))),
        ("answered", frozenset((Kind.REPLIED, Kind.ACKNOWLEDGED, Kind.ASSIGNED))),
        ("ended", _ENDS),
    )
    for word, kinds in wanted:
        if not kinds & (shown | unseen.keys()):
            names = ", ".join(sorted(kind.name.lower() for kind in kinds))
            yield f"no ticket is {word}: none of {names}, and `unseen` does not say why"


def find_missing_page(subject: Subject) -> Iterator[str]:
    """Ask for the reference page, with the title."""
    if not subject.page.is_file():
        # An installed project has no documentation beside it: nothing is known of its pages.
        if subject.page.parent.is_dir():
            yield f"there is no {subject.page.name}"
        return
    text = subject.page.read_text("utf-8")
    name = subject.connector.title.split()[0].rstrip(":,")
    if name not in text:
        yield f"{subject.page.name} does not name {name!r}"
    if "TODO" in text:
        yield f"{subject.page.name} still says TODO"


def _rules(subject: Subject) -> Rules:
    connector = subject.connector
    rules = _shipped().rules
    source = build_source(connector, subject.golden, connector.name, rules.grace_us)
    return replace(rules, sources={**rules.sources, connector.name: source})


def _parse(subject: Subject) -> list[Event]:
    name = subject.connector.name
    parser = RecordParser(_shipped().vocabulary, {name: build_decoder(subject.connector, TEST_KEY)})
    records = [
        Record(number, RECEIVED_AT, name, pack_payload(golden.payload), None)
        for number, golden in enumerate(subject.golden, 1)
    ]
    return [event.replace(received_at=event.occurred_at) for event in parser.parse(records)[0]]


def _can_meet(condition: Condition, events: list[Event]) -> bool:
    return any(
        is_met(condition, _kinds(event), event.actor, MAX_TIER, public=event.public)
        for event in events
    )


def _kinds(event: Event) -> int:
    """Return the bits of what an act is, and of what it can be by what it asserts."""
    said = [key for key, value in event.attrs._asdict().items() if value is not None]
    if event.assignee is not None:
        said.append("assignee")
    status = event.attrs.status
    kinds = 1 << event.kind
    for kind in derive_shown(said, () if status is None else (status, "open", "closed")):
        if status in ("resolved", "closed") or kind not in (Kind.CLOSED, Kind.RESOLVED):
            kinds |= 1 << kind
    return kinds
