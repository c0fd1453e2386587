"""Edges of what a shard can hold, each once a defect."""

from __future__ import annotations

from slawatch.book import Book
from slawatch.events import Actor, Extras, Kind
from slawatch.shard import Shard
from slawatch.snapshot import change_rules, pack_shard, restore_shard
from slawatch.verdicts import Output
from tests.rules import (
    FIRST_RESPONSE,
    HOUR,
    KEY,
    MINUTE,
    NEXT_RESPONSE,
    RESOLUTION,
    SECOND,
    START,
    act,
    build_rules,
    created,
    judge,
)

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER


def test_a_ticket_of_300_turns_is_packed() -> None:
    turns = [act(n, Kind.REPLIED, n * SECOND, (AGENT, CUSTOMER)[n % 2]) for n in range(1, 600)]
    shard, _ = judge([created(), *turns], HOUR)
    assert restore_shard(pack_shard(shard), shard.book).get(KEY) is not None


def test_every_act_may_say_when_its_ticket_was_opened() -> None:
    opened = Extras(opened_at=START - HOUR)
    notes = [act(n, Kind.NOTE, n * SECOND, AGENT, extras=opened) for n in range(600)]
    shard, _ = judge(notes, HOUR)
    assert restore_shard(pack_shard(shard), shard.book).get(KEY) is not None


def test_a_ticket_id_of_70000_characters_is_packed() -> None:
    shard, _ = judge([act(0, Kind.CREATED, 0, CUSTOMER, key="desk/" + "x" * 70_000)], HOUR)
    pack_shard(shard)


def test_a_second_change_reaches_a_ticket_that_the_first_froze() -> None:
    events = [
        created(),
        act(1, Kind.REPLIED, MINUTE, AGENT),
        act(2, Kind.RESOLVED, 2 * MINUTE, AGENT),
        act(3, Kind.CLOSED, 3 * MINUTE, AGENT),
    ]
    shard, _ = judge(events, HOUR)
    for targets in ((RESOLUTION, NEXT_RESPONSE, FIRST_RESPONSE), (RESOLUTION,)):
        shard = restore_shard(pack_shard(shard), Book(build_rules(targets=targets)))
        change_rules(shard, shard.log_at, Output())
    out = Output()
    shard.advance([events[1].replace(received_at=START + 2 * HOUR)], START + 2 * HOUR, out)
    assert out.counts["slawatch_events_total", ("desk", "duplicate")] == 1


def test_which_of_two_contents_stays_does_not_depend_on_packing() -> None:
    one = act(1, Kind.REPLIED, MINUTE, AGENT)
    two = act(1, Kind.NOTE, MINUTE, AGENT, received_after_us=2 * MINUTE)
    hot, _ = judge([created(), one], MINUTE)
    cold = restore_shard(pack_shard(hot), hot.book)
    kinds = []
    for shard in (hot, cold):
        shard.advance([two], START + 3 * MINUTE, Output())
        ticket = shard.get(KEY)
        assert ticket is not None
        kinds.append([int(known.kind) for known in ticket.acts])
    assert kinds[0] == kinds[1]


def test_a_view_between_an_act_and_its_settling_is_not_stale_afterwards() -> None:
    shard = Shard(Book(build_rules()))
    shard.advance([created()], START - 1, Output())
    shard.view(0)
    change = act(1, Kind.PRIORITY_CHANGED, 9 * MINUTE + 30 * SECOND, AGENT, priority="urgent")
    shard.advance([change], change.received_at - 1, Output())
    shard.view(shard.log_at)
    shard.advance([], START + 9 * MINUTE + 40 * SECOND, Output())
    assert {key[3] for key in shard.view(shard.log_at).clocks} == {"at_risk"}
