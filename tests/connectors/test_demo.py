from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, pairwise
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.demo import DemoDesk, Outage, demo_events
from connectors.demo_model import BACKFILL_US, DEFAULT_PROFILE, HOUR_US, MINUTE_US, to_local
from slawatch.events import (
    CHANNELS,
    PAUSE_REASONS,
    PRIORITIES,
    Event,
    Kind,
)
from slawatch.parsing import Vocabulary, parse_event, parse_instant

STARTED_AT = int(datetime(2024, 5, 14, 6, tzinfo=UTC).timestamp()) * 1_000_000
LOOKED_AT = STARTED_AT + BACKFILL_US
SEED = 7
TEAMS = {f"l{tier}-{region}" for tier in (1, 2, 3) for region in ("north", "south")}
# Merges and links need two tickets of one customer; the rest is said by people, or by snapshots.
UNTOLD = {"observed", "merged", "linked", "unlinked", "excused", "restored", "reason_given"}

Act = dict[str, Any]
Day = list[tuple[int, Act]]


@pytest.fixture(scope="module")
def day() -> Day:
    return list(DemoDesk(seed=SEED, started_at=STARTED_AT).timed_events_until(LOOKED_AT))


@pytest.fixture(scope="module")
def tickets(day: Day) -> list[Day]:
    acts: defaultdict[str, Day] = defaultdict(list)
    for at, act in day:
        acts[act["ticket_id"]].append((at, act))
    return list(acts.values())


def _parse(acts: Sequence[Act]) -> list[Event]:
    return [parse_event(act, LOOKED_AT, "demo", Vocabulary()) for act in acts]


def _first(ticket: Day, kind: str, actor: str) -> int | None:
    found = (at for at, act in ticket if act["type"] == kind and act["actor"] == actor)
    return next(found, None)


def _instants(ticket: Day, kind: str) -> list[int]:
    return [at for at, act in ticket if act["type"] == kind]


def _scores(tickets: list[Day]) -> list[int]:
    rated = (act for ticket in tickets for _, act in ticket if act["type"] == "rated")
    return [act["score"] if "score" in act else act["scores"]["overall"] for act in rated]


def _calls(tickets: list[Day], outage: Outage, *, inside: bool) -> list[Day]:
    return [
        ticket
        for ticket in tickets
        for at, created in ticket[:1]
        if created["channel"] == "phone"
        if (created["region"] == outage.region and outage.start_at <= at < outage.end_at) is inside
    ]


def _slow_share(calls: list[Day]) -> float:
    """Return the share not picked up within 30 s; who hung up before does not count as answered."""
    picked_up = [(call[0][0], _first(call, "acknowledged", "agent")) for call in calls]
    return sum(at is None or at - began > 30_000_000 for began, at in picked_up) / len(picked_up)


def _median_to_expert(calls: list[Day]) -> float:
    spans = [
        _instants(call, "expert_engaged")[0] - _instants(call, "acknowledged")[0]
        for call in calls
        if _instants(call, "expert_engaged")
    ]
    return median(spans)


@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(st.integers(0, 2 * HOUR_US), max_size=12),
)
@settings(max_examples=15, deadline=None)
def test_the_stream_does_not_depend_on_where_the_caller_stops(seed: int, steps: list[int]) -> None:
    until_at = STARTED_AT + 2 * HOUR_US
    desk = DemoDesk(seed=seed, started_at=STARTED_AT)
    stops = [*sorted(STARTED_AT + step for step in steps), until_at]
    stepped = list(chain.from_iterable(desk.events_until(stop) for stop in stops))
    assert stepped == list(demo_events(seed, STARTED_AT, until_at))


def test_a_caller_who_leaves_in_the_middle_loses_nothing() -> None:
    until_at = STARTED_AT + HOUR_US
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT)
    begun = [next(desk.events_until(until_at)) for _ in range(5)]
    rest = list(desk.events_until(until_at))
    assert begun + rest == list(demo_events(SEED, STARTED_AT, until_at))


def test_another_seed_is_another_day() -> None:
    until_at = STARTED_AT + HOUR_US
    assert list(demo_events(1, STARTED_AT, until_at)) != list(demo_events(2, STARTED_AT, until_at))


def test_a_step_ends_before_its_instant() -> None:
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT)
    until_at = next(at for at, _ in desk.timed_events_until(LOOKED_AT))
    again = DemoDesk(seed=SEED, started_at=STARTED_AT)
    assert list(again.timed_events_until(until_at)) == []
    assert next(again.timed_events_until(until_at + 1))[0] == until_at


def test_acts_come_in_the_order_of_time_from_the_beginning(day: Day) -> None:
    instants = [at for at, _ in day]
    assert instants == sorted(instants)
    assert instants[0] >= STARTED_AT
    assert instants[-1] < LOOKED_AT


def test_an_act_says_the_instant_at_which_it_was_emitted(day: Day) -> None:
    assert [parse_instant(act["occurred_at"], "occurred_at") for _, act in day] == [
        at for at, _ in day
    ]


def test_ids_are_unique_and_begin_with_the_source(day: Day) -> None:
    ids = [act["event_id"] for _, act in day]
    assert len(set(ids)) == len(ids)
    assert all(event_id.startswith("demo-") for event_id in ids)


def test_demos_begun_at_different_times_share_no_ticket(day: Day) -> None:
    other = demo_events(SEED, STARTED_AT + 61_000, LOOKED_AT - 20 * HOUR_US)
    assert not {act["ticket_id"] for act in other} & {act["ticket_id"] for _, act in day}


def test_every_act_parses_with_nothing_unknown(day: Day) -> None:
    events = _parse([act for _, act in day])
    assert [event for event in events if event.marks] == []
    assert {event.key.partition("/")[0] for event in events} == {"demo"}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param("channel", set(CHANNELS), id="channels"),
        pytest.param("priority", set(PRIORITIES), id="priorities"),
        pytest.param("team", TEAMS, id="teams"),
        pytest.param("tier", {1, 2, 3}, id="tiers"),
        pytest.param("region", {"north", "south"}, id="regions"),
        pytest.param("type", {kind.name.lower() for kind in Kind} - UNTOLD, id="types"),
        pytest.param("reason", {"spam", *PAUSE_REASONS} - {"status"}, id="reasons"),
        pytest.param("actor", {"customer", "agent", "bot", "system"}, id="actors"),
    ],
)
def test_a_day_shows_everything_there_is(day: Day, key: str, expected: set[object]) -> None:
    assert {act[key] for _, act in day if key in act} == expected


@pytest.mark.parametrize(
    ("priority", "low", "high"),
    [
        pytest.param("urgent", 0.03, 0.05, id="urgent"),
        pytest.param("high", 0.14, 0.19, id="high"),
        pytest.param("normal", 0.57, 0.63, id="normal"),
        pytest.param("low", 0.17, 0.23, id="low"),
    ],
)
def test_priorities_have_their_shares(
    tickets: list[Day], priority: str, low: float, high: float
) -> None:
    given_priority = [ticket for ticket in tickets if ticket[0][1]["priority"] == priority]
    assert low < len(given_priority) / len(tickets) < high


def test_a_day_has_a_centre_s_volume(day: Day, tickets: list[Day]) -> None:
    assert 2000 < len(tickets) < 3200
    assert 8 < len(day) / len(tickets) < 12


def test_nights_are_quiet(tickets: list[Day]) -> None:
    hours = [
        to_local(ticket[0][0], "north").hour
        for ticket in tickets
        if ticket[0][1]["region"] == "north"
    ]
    assert 5 * sum(hour in {2, 3, 4} for hour in hours) < sum(hour in {9, 10, 11} for hour in hours)


def test_a_ticket_s_life_begins_with_its_creation_and_never_stands_still(
    tickets: list[Day],
) -> None:
    assert {ticket[0][1]["type"] for ticket in tickets} == {"created"}
    assert all(before < after for ticket in tickets for (before, _), (after, _) in pairwise(ticket))


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        pytest.param("closed", "resolved", id="closed after resolved"),
        pytest.param("reopened", "resolved", id="reopened after resolved"),
        pytest.param("verified", "resolved", id="verified after resolved"),
        pytest.param("resumed", "paused", id="resumed after paused"),
        pytest.param("rated", "survey_sent", id="rated after survey"),
        pytest.param("arrived", "planned", id="arrived after planned"),
    ],
)
def test_an_effect_follows_its_cause(tickets: list[Day], kind: str, cause: str) -> None:
    lives = [ticket for ticket in tickets if _instants(ticket, kind)]
    assert lives
    assert all(_instants(life, cause)[:1] < _instants(life, kind)[:1] for life in lives)
    assert all(_instants(life, cause) for life in lives)


def test_nothing_follows_the_end(tickets: list[Day]) -> None:
    ends = {"closed", "abandoned", "deleted"}
    assert not [act for ticket in tickets for _, act in ticket[:-1] if act["type"] in ends]


def test_a_bot_answers_before_any_person_and_mostly_within_15_seconds(tickets: list[Day]) -> None:
    met = [
        (ticket[0][0], bot_at, _first(ticket, "replied", "agent"))
        for ticket in tickets
        if (bot_at := _first(ticket, "replied", "bot")) is not None
    ]
    assert {True} == {agent_at is None or bot_at < agent_at for _, bot_at, agent_at in met}
    assert sum(bot_at - began <= 15_000_000 for began, bot_at, _ in met) > 0.95 * len(met)


def test_some_call_and_leave_before_anyone_answers(tickets: list[Day]) -> None:
    gone = [ticket for ticket in tickets if _instants(ticket, "abandoned")]
    assert {ticket[0][1]["channel"] for ticket in gone} == {"phone", "chat"}
    assert not [ticket for ticket in gone if _first(ticket, "replied", "agent")]


def test_ratings_are_1_to_5_and_higher_for_quick_answers(tickets: list[Day]) -> None:
    quick: list[Day] = []
    slow: list[Day] = []
    for ticket in tickets:
        replied_at = _first(ticket, "replied", "agent")
        wait = 0 if replied_at is None else replied_at - ticket[0][0]
        (slow if wait > HOUR_US else quick).append(ticket)
    assert set(_scores(tickets)) <= {1, 2, 3, 4, 5}
    assert sum(_scores(slow)) / len(_scores(slow)) < sum(_scores(quick)) / len(_scores(quick))


@given(seed=st.integers(0, 2**32), started_at=st.integers(0, 2**51))
@settings(max_examples=50, deadline=None)
def test_the_first_outage_lies_within_the_last_2_to_5_hours_of_the_history(
    seed: int, started_at: int
) -> None:
    outage = DemoDesk(seed=seed, started_at=started_at).get_outage(0)
    looked_at = -(-started_at // 1000) * 1000 + BACKFILL_US
    assert looked_at - 5 * HOUR_US <= outage.start_at < outage.end_at <= looked_at - 2 * HOUR_US
    assert 60 * MINUTE_US <= outage.end_at - outage.start_at <= 90 * MINUTE_US


def test_every_later_day_has_its_outage_in_working_hours() -> None:
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT)
    outages = [desk.get_outage(number) for number in range(1, 9)]
    locals_ = [to_local(outage.start_at, outage.region) for outage in outages]
    assert all(9 <= local.hour < 16 for local in locals_)
    assert [local.toordinal() for local in locals_] == list(
        range(locals_[0].toordinal(), locals_[0].toordinal() + 8)
    )


def test_an_outage_makes_answers_slow(tickets: list[Day]) -> None:
    outage = DemoDesk(seed=SEED, started_at=STARTED_AT).get_outage(0)
    calm = _slow_share(_calls(tickets, outage, inside=False))
    assert calm < 0.15
    assert _slow_share(_calls(tickets, outage, inside=True)) > 3 * calm


def test_an_outage_makes_the_work_itself_slow(tickets: list[Day]) -> None:
    outage = DemoDesk(seed=SEED, started_at=STARTED_AT).get_outage(0)
    calm = _median_to_expert(_calls(tickets, outage, inside=False))
    assert _median_to_expert(_calls(tickets, outage, inside=True)) > 1.5 * calm


def test_without_staff_everybody_waits() -> None:
    profile = replace(DEFAULT_PROFILE, staffing_ratio=0.3)
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT, profile=profile)
    calls: defaultdict[str, Day] = defaultdict(list)
    for at, act in desk.timed_events_until(STARTED_AT + 6 * HOUR_US):
        calls[act["ticket_id"]].append((at, act))
    phone = [call for call in calls.values() if call[0][1].get("channel") == "phone"]
    assert _slow_share(phone) > 0.5
