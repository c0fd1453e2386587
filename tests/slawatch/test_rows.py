"""Acts are kept as rows, and come back as they were told."""

from __future__ import annotations

import pytest
from hypothesis import given

from slawatch.clocks import FOREVER
from slawatch.events import Actor, Event, Extras, Kind
from slawatch.interning import Interner
from slawatch.rows import pack_row
from slawatch.ticket import Ticket
from tests.rules import KEY, MINUTE, START, act, build_rules, created, judge
from tests.strategies import told_tickets

AGENT = Actor.AGENT


def keep(*acts: Event) -> tuple[Ticket, Interner]:
    """Return a ticket that keeps these acts as rows."""
    interner = Interner(build_rules())
    ticket = Ticket(KEY, 0)
    for event in acts:
        ticket.add(event, interner)
    return ticket, interner


def content_of(ticket: Ticket) -> list[tuple[object, ...]]:
    """Return what a ticket's acts say."""
    return [event.content() for event in ticket.acts]


@given(told_tickets())
def test_acts_come_back_from_their_rows(events: list[Event]) -> None:
    ordered = sorted(events)
    ticket, _ = keep(*ordered)
    assert ticket.count() == len(ordered)
    assert content_of(ticket) == [event.content() for event in ordered]


@given(told_tickets())
def test_rows_of_another_interner_say_the_same(events: list[Event]) -> None:
    ticket, _ = keep(*sorted(events))
    other = Interner(build_rules())
    other.assert_index(created().attrs, "somebody")
    ticket.become_rows(other)
    again = Ticket(KEY, 0)
    again.take_rows(ticket.rows, other.asserted)
    assert [a.content()[:4] + a.content()[7:8] for a in again.acts] == [
        (a.occurred_at, 0, a.rank, a.id_hash, a.attrs) for a in ticket.acts
    ]


def test_sequences_and_rare_keys_may_begin_late() -> None:
    acts = [
        created(),
        act(1, Kind.NOTE, MINUTE, AGENT, sequence=7),
        act(2, Kind.RATED, 2 * MINUTE, AGENT, extras=Extras(score=4, promised_at=START)),
        act(3, Kind.NOTE, 3 * MINUTE, AGENT),
    ]
    ticket, _ = keep(*acts)
    assert content_of(ticket) == [event.content() for event in acts]


def test_a_known_act_is_found_and_a_new_one_is_not() -> None:
    first, second = created(), act(1, Kind.NOTE, MINUTE, AGENT)
    ticket, interner = keep(first, second)
    new = act(2, Kind.NOTE, 2 * MINUTE, AGENT)
    assert [ticket.find(event.id_hash) for event in (first, second, new)] == [0, 1, -1]
    assert [ticket.is_new(pack_row(event, interner)) for event in (first, new)] == [False, True]


def test_bytes_that_are_no_hash_are_no_repetition() -> None:
    first = created()
    ticket, _ = keep(first)
    assert ticket.find(first.occurred_at.to_bytes(8, "big")) == -1


def test_the_first_act_that_is_not_folded_says_how_long_a_ticket_waits() -> None:
    ticket, _ = keep(created(), act(1, Kind.NOTE, MINUTE, AGENT))
    waits = []
    for folded in range(3):
        ticket.folded = folded
        waits.append(ticket.waits_until())
    assert waits == [START, START + MINUTE, FOREVER]


@pytest.mark.parametrize(("at", "is_next"), [(MINUTE, False), (MINUTE + 1, True)])
def test_only_a_later_act_goes_after_all_others(at: int, *, is_next: bool) -> None:
    ticket, _ = keep(created(), act(1, Kind.NOTE, MINUTE, AGENT))
    ticket.folded = 2
    assert ticket.is_next(START + at) is is_next


def test_acts_are_not_taken_apart_while_they_come_in_order() -> None:
    acts = [act(n, Kind.NOTE, n * MINUTE, AGENT) for n in range(1, 9)]
    shard, _ = judge([created(), *acts], 10 * MINUTE)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert ticket.is_next(START + 9 * MINUTE)
    assert ticket.acts
    assert not ticket.is_next(START + 9 * MINUTE)
