"""Which tickets of a swept source are told to be held open."""

from __future__ import annotations

from slawatch.events import Actor, Event, Kind
from slawatch.shard import Shard
from slawatch.snapshot import compact
from slawatch.verdicts import Output
from slawatch.views import Held
from tests.rules import (
    FIRST_RESPONSE,
    HOUR,
    KEY,
    MINUTE,
    RESOLUTION,
    START,
    act,
    build_rules,
    created,
    judge,
)

RESOLVED = act(2, Kind.RESOLVED, HOUR)


def swept(*events: Event, source: str = "desk") -> Shard:
    """Return a shard that heard these, whose source is swept."""
    rules = build_rules(targets=(FIRST_RESPONSE, RESOLUTION))
    shard, _ = judge(list(events), 2 * HOUR, rules)
    shard.work.swept = frozenset((source,))
    shard.work.touched.update(shard.tickets)
    return shard


def test_an_open_ticket_is_held_since_its_last_act() -> None:
    shard = swept(created(), act(1, Kind.REPLIED, MINUTE, Actor.AGENT))
    assert shard.view(START + 2 * HOUR).held == (Held(KEY, START + MINUTE),)


def test_a_ticket_that_ended_is_held_no_more() -> None:
    shard = swept(created(), act(1, Kind.REPLIED, MINUTE, Actor.AGENT), RESOLVED)
    assert shard.view(START + 2 * HOUR).held == (Held(KEY, 0),)


def test_a_ticket_is_told_only_when_it_changed() -> None:
    shard = swept(created())
    shard.view(START + 2 * HOUR)
    assert shard.view(START + 2 * HOUR).held == ()
    shard.advance([RESOLVED], START + 3 * HOUR, Output())
    assert [one.ticket for one in shard.view(START + 3 * HOUR).held] == [KEY]


def test_the_tickets_of_other_sources_are_not_told() -> None:
    assert swept(created(), source="mail").view(START + 2 * HOUR).held == ()


def test_a_shard_that_was_compacted_tells_on() -> None:
    shard = swept(created())
    compact(shard)
    assert shard.view(START + 2 * HOUR).held == (Held(KEY, START),)
