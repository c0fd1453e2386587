"""A shadow source: judged like any other, in no SLA metric."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slawatch import conventions as c
from slawatch.book import Book
from slawatch.events import Event, Kind
from slawatch.policy import Rules, Source
from slawatch.reach import find_reach
from slawatch.shard import Shard
from slawatch.snapshot import change_rules, pack_shard, restore_shard
from slawatch.verdicts import Output
from tests.rules import DAY, HOUR, START, act, build_rules, created, judge
from tests.strategies import told_tickets

PIPELINE = {c.EVENTS.name, c.QUARANTINED.name, c.UNKNOWN_VALUES.name}


def shadowed(rules: Rules) -> Rules:
    """Return the rules with the tests' one source in the shadow."""
    return replace(rules, sources={"desk": Source("desk", 0, shadow=True)})


def sums(out: Output) -> set[str]:
    """Return the families that an output moves."""
    moved = {family for (family, _), amount in out.counts.items() if amount}
    moved |= {"results"} if out.results else set()
    moved |= {"bookings"} if out.bookings else set()
    return moved | ({"durations"} if out.durations else set())


@given(told_tickets(), st.randoms(use_true_random=False), st.integers(1, 9))
def test_verdicts_are_those_of_the_light_and_no_sla_metric_moves(
    events: list[Event], chance: object, batch: int
) -> None:
    shuffled = [*events, *events[::3]]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    late = [event.replace(received_at=START + DAY) for event in shuffled]
    rules = build_rules()
    _, light = judge(late, 2 * DAY, rules, batch=batch)
    _, dark = judge(late, 2 * DAY, shadowed(rules), batch=batch)
    assert dark.verdicts == light.verdicts
    assert sums(dark) <= PIPELINE


def test_open_work_of_the_shadow_is_in_no_view() -> None:
    rules = build_rules()
    shard, _ = judge([created()], HOUR // 2, shadowed(rules))
    view = shard.view(START + HOUR // 2)
    assert (view.tickets, view.clocks, view.oldest, view.urgent) == ({}, {}, {}, ())
    assert judge([created()], HOUR // 2, rules)[0].view(START + HOUR // 2).tickets


def test_events_of_the_shadow_are_counted_as_read() -> None:
    _, out = judge([created()], HOUR, shadowed(build_rules()))
    assert out.counts[c.EVENTS.name, ("desk", "accepted")] == 1


def test_a_source_that_leaves_the_shadow_counts_from_then_on() -> None:
    rules = build_rules()
    shard, _ = judge([created()], HOUR // 2, shadowed(rules))
    lit: Shard = restore_shard(pack_shard(shard), Book(rules))
    out = Output()
    change_rules(lit, lit.log_at, out)
    lit.advance([act(1, Kind.RESOLVED, 2 * HOUR)], START + 2 * HOUR, out)
    assert sum(out.results.values()) > 0


def test_the_shadow_alone_reaches_no_label_set() -> None:
    other = Source("other", 0, {"": frozenset((Kind.CREATED,))})
    rules = replace(build_rules(), sources={"other": other})
    dark = replace(rules.sources["other"], name="dark", shows={}, shadow=True)
    with_dark = replace(rules, sources={"other": other, "dark": dark})
    assert find_reach(with_dark) == find_reach(rules)


def test_a_conflict_in_the_shadow_moves_no_sla_metric() -> None:
    first = act(1, Kind.NOTE, 2 * HOUR)
    other = act(1, Kind.RESOLVED, HOUR, received_after_us=3 * HOUR)
    rules = build_rules()
    _, light = judge([created(), first, other], DAY, rules)
    _, dark = judge([created(), first, other], DAY, shadowed(rules))
    assert light.counts[c.RESOLVED.name, ("email", "normal")] == 1
    assert sums(dark) <= PIPELINE
