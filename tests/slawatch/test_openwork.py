"""The view of open work is what a recount of all tickets would say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from slawatch.book import Book
from slawatch.clocks import State
from slawatch.events import Actor, Event, Kind
from slawatch.lifecycle import WAITING
from slawatch.openwork import URGENT, Ranking, clock_state
from slawatch.policy import Rules
from slawatch.shard import Shard
from slawatch.ticket import CLOSED, STATUS_NAMES, Ticket
from slawatch.verdicts import Output
from slawatch.views import View
from tests.rules import DAY, HOUR, KEY, MINUTE, START, act, build_rules, created, judge
from tests.strategies import told_tickets

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER
RULES = replace(build_rules(), contact_channels=frozenset(("phone",)))
LABEL = ("email", "normal", "first_response")
Rows = list[tuple[int, str, str, str, str]]


def recount(shard: Shard) -> tuple[object, ...]:
    """Count open work from all tickets, one after the other, the slow way."""
    tickets: Counter[tuple[str, ...]] = Counter()
    teams: Counter[tuple[str, ...]] = Counter()
    clocks: Counter[tuple[str, ...]] = Counter()
    waiting: Counter[str] = Counter()
    oldest: dict[tuple[str, ...], int] = {}
    urgent: Rows = []
    for ticket in shard.scan():
        channel, priority, team = shard.interner.profiles[ticket.profile].labels
        if ticket.status != CLOSED:
            tickets[channel, priority, STATUS_NAMES[ticket.status]] += 1
            teams[team, STATUS_NAMES[ticket.status]] += 1
        if ticket.contact == WAITING and (ticket.status != CLOSED or ticket.live):
            waiting[channel] += 1
        for clock in ticket.live.values():
            target = shard.book.names[clock.target]
            clocks[channel, priority, target, clock_state(clock)] += 1
            if clock.state == State.RUNNING:
                label = (channel, priority, target)
                oldest[label] = min(oldest.get(label, clock.started_at), clock.started_at)
                if not clock.breached_at or priority == "urgent":
                    due = clock.breached_at or clock.breach_at
                    urgent.append((due, ticket.key, target, channel, team))
    return tickets, teams, clocks, oldest, tuple(sorted(urgent)[:URGENT]), waiting


def shown(view: View) -> tuple[object, ...]:
    """Return what a view says, in the order of the recount."""
    return (
        view.tickets,
        view.team_tickets,
        view.clocks,
        view.oldest,
        tuple(map(tuple, view.urgent)),
        view.waiting,
    )


@given(told_tickets(), st.integers(1, 6), st.integers(0, DAY))
def test_the_view_equals_a_recount_of_all_tickets_at_any_time(
    events: list[Event], batch: int, until_us: int
) -> None:
    shard, ordered = Shard(Book(RULES), hot=2), sorted(events)
    for first in range(0, len(ordered), batch):
        part = ordered[first : first + batch]
        shard.advance(part, part[-1].received_at, Output())
        assert shown(shard.view(shard.log_at)) == recount(shard)
    shard.advance([], START + until_us, Output())
    assert shown(shard.view(shard.log_at)) == recount(shard)


@given(told_tickets())
def test_the_view_of_a_late_and_repeated_log_is_that_of_the_log_in_time(
    events: list[Event],
) -> None:
    in_time, _ = judge(sorted(events), 2 * DAY, RULES)
    late = [e.replace(received_at=START + DAY) for e in [*events, *events]]
    jumbled, _ = judge(late, 2 * DAY, RULES)
    assert jumbled.view(0).tickets == in_time.view(0).tickets
    assert jumbled.view(0).oldest == in_time.view(0).oldest


def view_of(*events: Event, until_us: int = MINUTE, rules: Rules = RULES) -> View:
    """Return the view at an instant."""
    shard, _ = judge(list(events), until_us, rules)
    return shard.view(shard.log_at)


def test_a_view_tells_its_log_time() -> None:
    assert view_of(created(), until_us=HOUR).log_at == START + HOUR


def test_a_closed_ticket_is_not_counted() -> None:
    events = (created(), act(1, Kind.RESOLVED, 1, AGENT), act(2, Kind.CLOSED, 2, AGENT))
    assert view_of(*events).tickets == {}


def test_a_resolved_ticket_is_counted_as_resolved() -> None:
    view = view_of(created(), act(1, Kind.RESOLVED, 1, AGENT))
    assert view.tickets == {("email", "normal", "resolved"): 1}


def test_a_ticket_moves_with_its_attributes() -> None:
    view = view_of(created(team="l1"), act(1, Kind.ASSIGNED, 1, AGENT, team="l2", priority="low"))
    assert view.tickets == {("email", "low", "open"): 1}
    assert view.team_tickets == {("l2", "open"): 1}


def test_a_waiting_call_is_counted_until_it_is_answered() -> None:
    call = created(channel="phone")
    assert view_of(call).waiting == {"phone": 1}
    assert view_of(call, act(1, Kind.REPLIED, 1, AGENT)).waiting == {}


def states(until_us: int, *more: Event) -> set[str]:
    """Return the states of the ticket's clocks at an instant."""
    return {key[3] for key in view_of(created(), *more, until_us=until_us).clocks}


def test_a_clock_is_in_the_worst_state_that_is_true_of_it() -> None:
    assert states(10 * MINUTE) == {"running"}
    assert states(50 * MINUTE) == {"running"}
    assert states(54 * MINUTE) == {"at_risk"}
    assert states(2 * HOUR) == {"breached"}


def test_a_paused_clock_that_has_breached_is_counted_as_breached() -> None:
    late = act(1, Kind.PAUSED, 2 * HOUR, AGENT, reason="vendor")
    view = view_of(created(), late, until_us=3 * HOUR)
    assert view.clocks["email", "normal", "resolution", "breached"] == 1


def test_a_paused_clock_is_neither_oldest_nor_urgent() -> None:
    pause = act(1, Kind.PAUSED, 10 * MINUTE, AGENT, reason="vendor")
    view = view_of(created(), pause, until_us=20 * MINUTE)
    assert view.clocks["email", "normal", "resolution", "paused"] == 1
    assert ("email", "normal", "resolution") not in view.oldest
    assert "resolution" not in {urgent.target for urgent in view.urgent}


def test_the_most_urgent_come_first_and_there_are_twenty() -> None:
    events = [
        act(0, Kind.CREATED, n * MINUTE, AGENT, key=f"desk/{n:02}", priority="normal")
        for n in range(30)
    ]
    urgent = view_of(*events, until_us=40 * MINUTE).urgent
    assert len(urgent) == URGENT
    assert urgent[0].due_at == START + HOUR
    assert list(urgent) == sorted(urgent)


def test_a_breached_clock_stays_urgent_only_in_the_first_priority() -> None:
    urgent = act(0, Kind.CREATED, 0, CUSTOMER, key="desk/2", priority="urgent", channel="email")
    view = view_of(created(), urgent, until_us=3 * HOUR)
    assert {row.ticket for row in view.urgent} == {"desk/2"}


def test_a_forgotten_ticket_leaves_the_view() -> None:
    shard, _ = judge([created(), act(1, Kind.RESOLVED, 1, AGENT)], MINUTE)
    assert shard.view(shard.log_at).tickets != {}
    shard.advance([], START + 200 * DAY, Output())
    assert shard.view(shard.log_at).tickets == {}


def ranked(ranking: Ranking) -> list[int]:
    """Return the lowest values under the label."""
    return [value for _, rows in ranking.lowest() for value, _, _ in rows]


def test_a_ranking_answers_for_the_lowest_of_each_label() -> None:
    ranking = Ranking(2)
    for value in (5, 3, 9, 1):
        ranking.put(LABEL, f"t{value}", "x", value)
    ranking.put(("other",), "t7", "x", 7)
    assert dict(ranking.lowest()) == {
        LABEL: [(1, "t1", "x"), (3, "t3", "x")],
        ("other",): [(7, "t7", "x")],
    }


def test_a_dropped_ticket_leaves_every_label() -> None:
    ranking = Ranking(2)
    ranking.put(LABEL, "t1", "x", 1)
    ranking.put(("other",), "t1", "y", 2)
    ranking.drop("t1")
    ranking.drop("t1")
    assert ranked(ranking) == []


def test_what_was_crowded_out_is_wanted_back_when_the_others_have_left() -> None:
    ranking = Ranking(20)
    for value in range(300):
        ranking.put(LABEL, f"t{value}", "x", value)
    assert ranked(ranking) == list(range(20))
    assert not ranking.wanting()
    for value in range(64):
        ranking.drop(f"t{value}")
    assert ranking.wanting()


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 10_000), st.booleans()),
        min_size=200,
        max_size=600,
    )
)
def test_a_ranking_that_is_refilled_is_never_wrong(
    changes: list[tuple[int, int, bool]],
) -> None:
    ranking, truth = Ranking(5), dict[str, int]()
    for number, value, is_gone in changes:
        key = f"t{number}"
        ranking.drop(key)
        truth.pop(key, None)
        if not is_gone:
            truth[key] = value
            ranking.put(LABEL, key, "x", value)
        if ranking.wanting():
            ranking.clear()
            for known, was in truth.items():
                ranking.put(LABEL, known, "x", was)
        assert ranked(ranking) == sorted(truth.values())[:5]


def test_a_view_refills_its_rankings_by_a_scan() -> None:
    shard = Shard(Book(RULES))
    events = [
        act(0, Kind.CREATED, n * MINUTE, AGENT, key=f"desk/{n}", priority="low") for n in range(200)
    ]
    shard.advance(events, START + 200 * MINUTE, Output())
    shard.view(shard.log_at)
    ends = [
        act(1, Kind.CLOSED, 201 * MINUTE, AGENT, key=f"desk/{n}", priority="low")
        for n in range(150)
    ]
    shard.advance(ends, START + 202 * MINUTE, Output())
    view = shard.view(shard.log_at)
    assert view.oldest["other", "low", "resolution"] == START + 150 * MINUTE


def test_a_ticket_object_is_not_needed_to_forget_it() -> None:
    shard, _ = judge([created()], MINUTE)
    shard.view(0)
    shard.work.touched.add(KEY)
    assert shard.work.view(no_ticket, tuple, 0).tickets == {}


def no_ticket(_: str) -> Ticket | None:
    """Find nothing."""
    return None
