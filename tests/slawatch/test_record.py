"""The packed form of a ticket: everything that matters comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.book import Book
from slawatch.clocks import FOREVER, Clock
from slawatch.events import EXPIRED, POLICY_CHANGED, Actor, Event, Extras, Kind, build_pseudo
from slawatch.interning import Interner
from slawatch.lifecycle import Fold
from slawatch.record import is_done, is_over, pack_ticket, read_last_at, read_next_at, unpack_ticket
from slawatch.ticket import Ticket
from tests.rules import (
    DAY,
    FIRST_RESPONSE,
    HOUR,
    KEY,
    MINUTE,
    NEXT_RESPONSE,
    RESOLUTION,
    START,
    act,
    build_rules,
    created,
    judge,
)
from tests.strategies import told_tickets

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER
_INSTANTS = st.none() | st.integers(-(1 << 60), 1 << 60)


def build_fold() -> Fold:
    """Return a fold by the small rules."""
    rules = build_rules()
    return Fold(Book(rules), Interner(rules))


def fold_all(fold: Fold, *acts: Event) -> Ticket:
    """Return the ticket that these acts make."""
    ticket = Ticket(KEY, fold.interner.profile_index("desk", act(0, Kind.NOTE, 0).attrs))
    for event in acts:
        ticket.acts.append(event)
        fold.apply(ticket, event, [])
        ticket.folded += 1
    return ticket


def there_and_back(ticket: Ticket, fold: Fold) -> Ticket:
    """Pack a ticket and unpack it."""
    return unpack_ticket(ticket.key, pack_ticket(ticket, fold.interner), fold)


def fields_of(value: object) -> dict[str, Any]:
    """Return every field of an object, compiled or not."""
    every = {name: getattr(value, name) for name in dir(value) if not name.startswith("_")}
    return {name: field for name, field in every.items() if not callable(field)}


def facts_of(ticket: Ticket) -> dict[str, Any]:
    """Return all of a ticket but its clocks and acts; what it waits for is where it is queued."""
    apart = {"acts", "clocks", "watched", "live", "next_at", "is_touched", "is_moved"}
    return {name: field for name, field in fields_of(ticket).items() if name not in apart}


def id_of(clock: Clock) -> tuple[int, int]:
    """Return what tells a clock from the ticket's others."""
    return clock.target, clock.cycle


def clocks_of(ticket: Ticket) -> list[dict[str, Any]]:
    """Return every field of every clock, defaults as nothing, but those that are not packed."""
    nothing: tuple[object, ...] = (0, -1, "", None, [])
    unpacked = ("next_at", "has_stopped")
    return [
        {k: v for k, v in fields_of(clock).items() if v not in nothing and k not in unpacked}
        for clock in ticket.clocks
    ]


@given(told_tickets(), st.integers(0, DAY))
def test_a_clock_that_has_stopped_is_known_for_one_when_it_comes_back(
    events: list[Event], until_us: int
) -> None:
    shard, _ = judge(sorted(events), until_us)
    for ticket in shard.scan():
        again = there_and_back(ticket, shard.fold)
        for was, now in zip(ticket.clocks, again.clocks, strict=True):
            assert now.has_stopped >= was.has_stopped


@given(told_tickets(), st.integers(0, DAY))
def test_a_ticket_comes_back_as_it_was(events: list[Event], until_us: int) -> None:
    shard, _ = judge(sorted(events), until_us)
    for ticket in shard.scan():
        again = there_and_back(ticket, shard.fold)
        assert clocks_of(again) == clocks_of(ticket)
        assert facts_of(again) == facts_of(ticket)
        assert [a.content() for a in again.acts] == [a.content() for a in ticket.acts]
        assert {id_of(c) for c in again.watched} == {id_of(c) for c in ticket.watched}


@given(_INSTANTS, _INSTANTS, _INSTANTS, st.none() | st.integers(0, 10**15), st.integers(1, 5))
def test_extras_come_back_with_what_was_not_said_left_out(
    opened: int | None, waiting: int | None, promised: int | None, handle: int | None, score: int
) -> None:
    fold, extras = build_fold(), Extras(opened, waiting, promised, handle, score)
    ticket = fold_all(fold, created(), act(1, Kind.RATED, MINUTE, CUSTOMER))
    ticket.acts[1] = ticket.acts[1].replace(extras=extras)
    again = there_and_back(ticket, fold)
    assert [a.extras for a in again.acts] == [None, extras]


@pytest.mark.parametrize("kind", [*Kind, POLICY_CHANGED, EXPIRED])
@pytest.mark.parametrize("actor", [Actor.CUSTOMER, Actor.SYSTEM])
def test_every_kind_of_act_comes_back(kind: int, actor: Actor) -> None:
    fold, ticket = build_fold(), Ticket(KEY, 0)
    ticket.acts = [build_pseudo(kind, START, KEY).replace(actor=actor)]
    assert there_and_back(ticket, fold).acts[0].content() == ticket.acts[0].content()


def test_a_sequence_and_an_internal_act_come_back() -> None:
    fold = build_fold()
    note = act(1, Kind.NOTE, 0, AGENT, sequence=(1 << 62) - 1, public=False)
    (again,) = there_and_back(fold_all(fold, note), fold).acts
    assert (again.sequence, again.public) == ((1 << 62) - 1, False)


def test_the_assignee_is_kept_beside_the_attributes() -> None:
    fold = build_fold()
    assigned = act(1, Kind.ASSIGNED, MINUTE, AGENT, team="l1").replace(assignee="ann")
    again = there_and_back(fold_all(fold, created(), assigned), fold)
    assert (again.assignee, again.acts[1].assignee, again.acts[1].attrs.team) == (
        "ann",
        "ann",
        "l1",
    )


def test_a_row_is_asked_without_unpacking_it() -> None:
    fold = build_fold()
    ticket = fold_all(fold, created(), act(1, Kind.NOTE, MINUTE, AGENT))
    ticket.queued_at = START + HOUR
    row = pack_ticket(ticket, fold.interner)
    assert (read_next_at(row), read_last_at(row), is_over(row)) == (
        START + HOUR,
        START + MINUTE,
        False,
    )


def test_a_row_says_that_only_retention_runs() -> None:
    rules = build_rules(targets=(RESOLUTION,))
    shard, _ = judge([created(), act(1, Kind.RESOLVED, MINUTE, AGENT)], HOUR, rules)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert is_over(pack_ticket(ticket, shard.interner))


@pytest.mark.parametrize(("kind", "done"), [(Kind.RESOLVED, False), (Kind.CLOSED, True)])
def test_a_row_says_that_a_ticket_is_no_open_work(kind: Kind, *, done: bool) -> None:
    rules = build_rules(targets=(RESOLUTION,))
    shard, _ = judge([created(), act(1, kind, MINUTE, AGENT)], HOUR, rules)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert is_done(pack_ticket(ticket, shard.interner)) is done


def test_a_ticket_of_six_clocks_and_five_acts_is_small() -> None:
    acts = [act(n, Kind.NOTE, n * MINUTE, AGENT) for n in range(1, 5)]
    shard, _ = judge([created(), *acts], 10 * MINUTE)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert len(pack_ticket(ticket, shard.interner)) < 700


def test_a_base_is_kept_as_it_is() -> None:
    fold = build_fold()
    ticket = fold_all(fold, created())
    ticket.base = b"anything"
    assert there_and_back(ticket, fold).base == b"anything"


def test_other_rules_give_each_clock_the_new_number_of_its_target() -> None:
    old = build_rules(targets=(FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION))
    shard, _ = judge([created()], MINUTE, old)
    ticket = shard.get(KEY)
    assert ticket is not None
    row = pack_ticket(ticket, shard.interner)
    fold = Fold(Book(build_rules(targets=(RESOLUTION, FIRST_RESPONSE))), shard.interner)
    again = unpack_ticket(KEY, row, fold, (1, None, 0))
    names = {fold.book.names[target]: clock.started_at for target, clock in again.live.items()}
    assert names == {"first_response": START, "resolution": START}
    assert again.cycles == {1: 1, 0: 1}


def test_the_clocks_of_a_target_that_is_gone_are_left_out() -> None:
    shard, _ = judge([created()], MINUTE, build_rules(targets=(FIRST_RESPONSE, RESOLUTION)))
    ticket = shard.get(KEY)
    assert ticket is not None
    row = pack_ticket(ticket, shard.interner)
    fold = Fold(Book(build_rules(targets=(RESOLUTION,))), shard.interner)
    again = unpack_ticket(KEY, row, fold, (None, 0))
    assert [clock.target for clock in again.clocks] == [0]
    assert list(again.live) == list(again.cycles) == [0]


def test_an_unpacked_ticket_knows_its_next_breach() -> None:
    fold = build_fold()
    ticket = fold_all(fold, created())
    assert there_and_back(ticket, fold).triggers_at == START + HOUR
    assert there_and_back(Ticket(KEY, 0), fold).triggers_at == FOREVER
