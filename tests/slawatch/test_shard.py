"""The invariants of a shard: order, repetition, batches, late arrivals, packing, forgetting."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slawatch.book import Book
from slawatch.clocks import Clock
from slawatch.events import CAME_BY_SWEEP, CAME_OF_OPEN, Actor, Event, Kind
from slawatch.policy import Source
from slawatch.shard import Shard
from slawatch.snapshot import pack_shard, restore_shard
from slawatch.verdicts import Output, Verdict
from tests.rules import DAY, HOUR, KEY, MINUTE, SECOND, START, act, build_rules, created, judge
from tests.rules import outcomes as kinds_of
from tests.strategies import told_tickets

AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER
_EVENTS = "slawatch_events_total"
_HEALED = ("slawatch_healed_total", ("desk",))


def describe(clock: Clock) -> tuple[object, ...]:
    """Return the facts of a clock, without what was published of it."""
    return (
        clock.target,
        clock.cycle,
        int(clock.state),
        clock.started_at,
        clock.elapsed_us,
        clock.wall_us,
        clock.breached_at,
        clock.stopped_at,
        clock.pauses,
    )


def clocks_of(shard: Shard) -> list[tuple[object, ...]]:
    """Return the facts of all clocks of all tickets."""
    return sorted((t.key, *describe(c)) for t in shard.scan() for c in t.clocks)


@given(told_tickets(), st.randoms(use_true_random=False))
def test_any_order_and_repetition_gives_the_same_clocks(
    events: list[Event], chance: object
) -> None:
    shuffled = [*events, *events[::3]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    late = [e.replace(received_at=START + 2 * DAY) for e in shuffled]
    inorder, _ = judge(sorted(events), 2 * DAY)
    jumbled, _ = judge(late, 2 * DAY)
    assert clocks_of(jumbled) == clocks_of(inorder)


@given(told_tickets(), st.integers(1, 9), st.randoms(use_true_random=False))
def test_events_displaced_within_the_disorder_give_the_same_verdicts(
    events: list[Event], batch: int, chance: object
) -> None:
    ordered = sorted(events)
    _, expected = judge(ordered, DAY)
    jumbled = sorted(
        [*ordered, *ordered[::4]],
        key=lambda e: e.occurred_at + chance.randrange(HOUR),  # type: ignore[attr-defined]  # a random.Random
    )
    running, received = 0, []
    for event in jumbled:
        running = max(running, event.occurred_at)
        received.append(event.replace(received_at=running))
    _, out = judge(received, DAY, batch=batch, disorder_us=HOUR)
    assert sorted(out.verdicts) == sorted(expected.verdicts)


@given(told_tickets(), st.integers(1, 7))
def test_the_size_of_batches_does_not_matter(events: list[Event], batch: int) -> None:
    _, whole = judge(sorted(events), DAY)
    _, parts = judge(sorted(events), DAY, batch=batch)
    assert sorted(parts.verdicts) == sorted(whole.verdicts)
    assert (parts.counts, parts.results) == (whole.counts, whole.results)


@given(told_tickets(), st.integers(0, 30))
def test_a_snapshot_in_the_middle_changes_nothing(events: list[Event], cut: int) -> None:
    ordered, book = sorted(events), Book(build_rules())
    _, expected = judge(ordered, DAY)
    out, shard = Output(), Shard(book, hot=1)
    shard.advance(ordered[:cut], max((e.received_at for e in ordered[:cut]), default=1) - 1, out)
    again = restore_shard(pack_shard(shard), book)
    again.advance(ordered[cut:], START + DAY, out)
    assert sorted(out.verdicts) == sorted(expected.verdicts)


@given(told_tickets())
def test_a_snapshot_of_a_restored_shard_is_the_same_bytes(events: list[Event]) -> None:
    shard, _ = judge(sorted(events), HOUR)
    packed = pack_shard(shard)
    assert pack_shard(restore_shard(packed, shard.book)) == packed


@settings(max_examples=50)
@given(told_tickets())
def test_a_late_delivery_ends_in_the_outcomes_of_one_in_time(events: list[Event]) -> None:
    _, in_time = judge(sorted(events), 2 * DAY)
    late = [e.replace(received_at=e.occurred_at + e.occurred_at % HOUR) for e in events]
    _, corrected = judge(sorted(late, key=lambda e: e.received_at), 2 * DAY)
    assert last_outcomes(corrected) == last_outcomes(in_time)
    assert net(corrected) == net(in_time)


def last_outcomes(out: Output) -> dict[tuple[str, str, int], str]:
    """Return each cycle's outcome as it stands after the corrections."""
    found: dict[tuple[str, str, int], str] = {}
    for v in out.verdicts:
        if v.kind != "warning":
            found[v.ticket, v.target, v.cycle] = v.kind.removeprefix("to_")
    return {key: kind for key, kind in found.items() if kind != "withdrawn"}


def net(out: Output) -> dict[str, int]:
    """Return met and breached net of corrections, from the counters alone."""
    sums = {"met": 0, "breached": 0}
    for (_, _, outcome, _), count in out.results.items():
        sums[outcome] += count
    for (family, labels), count in out.counts.items():
        if family == "sla_result_corrections_total":
            change = labels[3]
            sums["breached"] += {"to_breached": 1, "to_met": -1, "withdrawn": -1}[change] * count
            sums["met"] += {"to_breached": -1, "to_met": 1, "withdrawn": 0}[change] * count
    return sums


@given(told_tickets(), st.integers(0, DAY), st.integers(0, DAY))
def test_elapsed_is_monotone_and_never_more_than_wall_time(
    events: list[Event], one: int, other: int
) -> None:
    shard, _ = judge(sorted(events), DAY)
    earlier, later = START + DAY + min(one, other), START + DAY + max(one, other)
    for clock in (c for t in shard.scan() for c in t.clocks):
        assert clock.elapsed(earlier) <= clock.elapsed(later)
        assert clock.elapsed(later) <= clock.wall(later) <= later - clock.started_at


def test_a_reply_in_time_that_arrives_late_corrects_the_breach() -> None:
    events = [
        created(),
        act(1, Kind.REPLIED, 30 * MINUTE, AGENT, received_after_us=2 * HOUR),
    ]
    _, out = judge(events, DAY)
    assert kinds_of(out, "first_response") == ["breached", "to_met"]


def test_a_breach_waits_for_the_grace_of_its_source() -> None:
    rules = build_rules(sources={"desk": Source("desk", 61 * SECOND)})
    reply = act(1, Kind.REPLIED, HOUR, AGENT, received_after_us=HOUR + 60 * SECOND)
    _, out = judge([created(), reply], DAY, rules)
    assert kinds_of(out, "first_response") == ["met"]


def test_a_repeated_event_is_counted_as_a_duplicate() -> None:
    _, out = judge([created(), created()], DAY)
    assert out.counts[_EVENTS, ("desk", "duplicate")] == 1


def test_of_two_contents_under_one_id_the_earlier_stays() -> None:
    later = act(1, Kind.REPLIED, 2 * MINUTE, AGENT)
    earlier = act(1, Kind.REPLIED, MINUTE, AGENT, received_after_us=2 * MINUTE)
    shard, out = judge([created(), later, earlier], DAY)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert [a.occurred_at - START for a in ticket.acts] == [0, MINUTE]
    assert out.counts[_EVENTS, ("desk", "conflict")] == 1


def test_what_comes_after_eviction_is_too_old() -> None:
    events = [created(), act(1, Kind.RESOLVED, MINUTE, AGENT), act(2, Kind.CLOSED, MINUTE)]
    rules = build_rules(targets=build_rules().targets[2:3])
    shard, out = judge(events, 8 * DAY, rules)
    repeated = events[1].replace(received_at=START + 8 * DAY)
    shard.advance([repeated], START + 8 * DAY, out)
    assert out.counts["slawatch_quarantined_total", ("desk", "too_old")] == 1
    assert shard.get(KEY) is None


def test_a_customers_reply_after_eviction_opens_an_adopted_ticket() -> None:
    events = [created(), act(1, Kind.RESOLVED, MINUTE, AGENT)]
    rules = build_rules(targets=build_rules().targets[2:3])
    shard, out = judge(events, 8 * DAY, rules)
    shard.advance([act(9, Kind.REPLIED, 8 * DAY, CUSTOMER)], START + 8 * DAY, out)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert ticket.adopted_at == START + 8 * DAY


def test_over_256_acts_the_oldest_become_a_base() -> None:
    notes = [act(n, Kind.NOTE, n * SECOND, AGENT) for n in range(1, 400)]
    events = [created(), *notes, act(500, Kind.REPLIED, 500 * SECOND, AGENT)]
    shard, out = judge(events, DAY)
    ticket = shard.get(KEY)
    assert ticket is not None
    assert len(ticket.acts) <= 256
    assert kinds_of(out, "first_response") == ["met"]


def test_a_repetition_of_an_act_in_the_base_is_a_duplicate() -> None:
    notes = [act(n, Kind.NOTE, n * SECOND, AGENT) for n in range(1, 400)]
    again = notes[3].replace(received_at=START + HOUR)
    _, out = judge([created(), *notes, again], DAY)
    assert out.counts[_EVENTS, ("desk", "duplicate")] == 1


def test_history_before_the_first_instant_is_in_no_counter() -> None:
    shard, out = Shard(Book(build_rules()), first_at=START + 30 * MINUTE), Output()
    out.first_at = shard.first_at
    shard.advance([created(), act(1, Kind.REPLIED, MINUTE, AGENT)], START + 20 * MINUTE, out)
    assert [v.kind for v in out.verdicts] == ["met"]
    assert not out.results
    assert list(out.bookings.values()) == [1]


def test_verdicts_are_identified_once_each() -> None:
    _, out = judge([created(), act(1, Kind.RESOLVED, 2 * HOUR, AGENT)], DAY)
    ids = [verdict[:5] for verdict in out.verdicts]
    assert len(ids) == len(set(ids))
    assert all(isinstance(verdict, Verdict) for verdict in out.verdicts)


def test_a_ticket_told_long_after_its_end_is_kept_for_its_retention_and_forgotten() -> None:
    rules = build_rules(targets=build_rules().targets[2:3])
    events = [
        created(0, received_after_us=30 * DAY),
        act(1, Kind.RESOLVED, MINUTE, AGENT, received_after_us=30 * DAY + SECOND),
    ]
    shard, out = judge(events, 31 * DAY, rules)
    assert shard.get(KEY) is not None
    shard.advance([], START + 38 * DAY, out)
    assert shard.get(KEY) is None


def test_more_tickets_in_one_instant_than_are_kept_unpacked_count_once() -> None:
    at = START + DAY
    keys = [f"desk/{number}" for number in range(4)]
    events = [created().replace(key=key, case=key, received_at=at) for key in keys]
    shard, out = Shard(Book(build_rules()), hot=1), Output()
    shard.advance(events, at - 1, out)  # the instant has not passed: more of it may come
    shard.advance([], at, out)
    shard.advance([], at + DAY, out)
    breached = [v.ticket for v in out.verdicts if v[1:4] == ("first_response", 1, "breached")]
    assert sorted(breached) == keys


def test_what_a_sweep_brings_after_the_grace_is_healed() -> None:
    lost = act(1, Kind.REPLIED, MINUTE, AGENT, received_after_us=10 * MINUTE)
    _, out = judge([created(), lost.replace(marks=CAME_BY_SWEEP)], HOUR)
    assert out.counts[_HEALED] == 1


def test_what_a_delivery_had_told_before_is_not_healed() -> None:
    reply = act(1, Kind.REPLIED, MINUTE, AGENT)
    swept = reply.replace(marks=CAME_BY_SWEEP, received_at=START + 10 * MINUTE)
    _, out = judge([created(), reply, swept], HOUR)
    assert out.counts[_HEALED] == 0
    assert out.counts[_EVENTS, ("desk", "duplicate")] == 1


def test_what_a_sweep_brings_while_its_delivery_may_be_under_way_is_not_healed() -> None:
    rules = build_rules(sources={"desk": Source("desk", 5 * SECOND)})
    soon = act(1, Kind.REPLIED, MINUTE, AGENT, received_after_us=MINUTE + 5 * SECOND)
    _, out = judge([created(), soon.replace(marks=CAME_BY_SWEEP)], HOUR, rules)
    assert out.counts[_HEALED] == 0


def test_what_a_sweep_brings_of_before_the_watch_is_not_healed() -> None:
    shard, out = Shard(Book(build_rules()), first_at=START + HOUR), Output(START + HOUR)
    old = created().replace(marks=CAME_BY_SWEEP, received_at=START + 2 * HOUR)
    shard.advance([old], START + 2 * HOUR, out)
    assert out.counts[_HEALED] == 0


def test_an_old_ticket_that_is_open_is_taken_in_by_a_desk_that_watches() -> None:
    shard, out = judge([act(7, Kind.NOTE, 0, key="desk/other")], 30 * DAY)
    old = created().replace(received_at=START + 30 * DAY)
    shard.advance([old], START + 30 * DAY, out)
    assert shard.get(KEY) is None
    shard.advance([old.replace(marks=CAME_OF_OPEN)], START + 30 * DAY, out)
    assert shard.get(KEY) is not None


def test_acts_of_one_instant_in_two_batches_are_settled_together() -> None:
    shard, out = Shard(Book(build_rules())), Output()
    at = 30 * MINUTE
    resolved = act(1, Kind.RESOLVED, at, AGENT, sequence=1)
    reopened = act(2, Kind.REOPENED, at, CUSTOMER, sequence=2)
    shard.advance([created(), resolved], START + at - 1, out)
    shard.advance([reopened], START + at + SECOND, out)
    assert "met" not in kinds_of(out, "resolution")
