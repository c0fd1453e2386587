"""Polled sources: judged no further than they have told everything."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from slawatch.book import Book
from slawatch.completeness import Completion
from slawatch.events import Actor, Event, Kind
from slawatch.policy import Rules, Source
from slawatch.shard import Shard
from slawatch.snapshot import compact, pack_shard, restore_shard
from slawatch.verdicts import Output, Verdict
from tests.rules import DAY, HOUR, MINUTE, SECOND, START, act, build_rules, created, outcomes
from tests.rules import told as levels
from tests.strategies import told_tickets

AGENT = Actor.AGENT
GRACE = 61 * SECOND
POLLED = build_rules(sources={"desk": Source("desk", GRACE, polled=True)})


def tell(received_us: int, complete_us: int, source: str = "desk") -> Completion:
    """Return what a poll said, both after START."""
    return Completion(START + received_us, source, START + complete_us)


def open_shard(*completions: Completion, rules: Rules = POLLED) -> tuple[Shard, Output]:
    """Return a shard with one new ticket, its promise an hour."""
    shard, out = Shard(Book(rules)), Output()
    shard.advance([created()], START, out, completions)
    return shard, out


def state_of(shard: Shard, target: str) -> dict[str, int]:
    """Return how many open clocks of a target there are by state."""
    clocks = shard.view(shard.log_at).clocks
    return {key[3]: count for key, count in clocks.items() if key[2] == target}


def test_nothing_is_breached_while_a_polled_source_does_not_answer() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    shard.advance([], START + DAY, out)
    assert levels(out) == []
    assert state_of(shard, "first_response") == {"running": 1}


def test_a_breach_is_published_once_the_source_covers_it() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    shard.advance([], START + DAY, out, [tell(2 * HOUR, HOUR - 1)])
    assert outcomes(out, "first_response") == []
    shard.advance([], START + DAY + MINUTE, out, [tell(DAY + 1, HOUR)])
    assert outcomes(out, "first_response") == ["breached"]
    assert state_of(shard, "first_response") == {"breached": 1}


def test_grace_is_waited_for_though_the_source_is_ahead() -> None:
    shard, out = open_shard(tell(0, 2 * HOUR))
    shard.advance([], START + HOUR + GRACE - 1, out)
    assert outcomes(out, "first_response") == []
    shard.advance([], START + HOUR + GRACE, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_a_breach_within_its_grace_is_not_lost_behind_a_level_that_is_held() -> None:
    rules = replace(POLLED, sources={"desk": Source("desk", 2 * HOUR, polled=True)})
    shard, out = open_shard(tell(0, HOUR + MINUTE), rules=rules)
    shard.advance([], START + 3 * HOUR, out)
    assert ("first_response", "breached") in levels(out)
    assert ("first_response", "+1h") not in levels(out)


def test_a_warning_level_waits_for_the_source() -> None:
    shard, out = open_shard(tell(MINUTE, 30 * MINUTE - 1))
    shard.advance([], START + 40 * MINUTE, out)
    assert levels(out, "first_response") == []
    shard.advance([], START + 41 * MINUTE, out, [tell(40 * MINUTE + 1, 30 * MINUTE)])
    assert levels(out, "first_response") == [("first_response", "50")]


def test_a_reply_that_an_outage_held_back_is_met() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    reply = act(1, Kind.REPLIED, 5 * MINUTE, AGENT, received_after_us=9 * HOUR)
    shard.advance([reply], START + 10 * HOUR, out, [tell(9 * HOUR, 9 * HOUR)])
    assert outcomes(out, "first_response") == ["met"]
    assert outcomes(out, "resolution") == ["breached"]


def test_what_a_poll_tells_counts_with_it_however_the_log_is_read() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    reply = act(1, Kind.REPLIED, 5 * MINUTE, AGENT, received_after_us=9 * HOUR)
    shard.advance([], START + 9 * HOUR - 1, out, [tell(9 * HOUR, 9 * HOUR)])
    shard.advance([reply], START + 10 * HOUR, out)
    assert outcomes(out, "first_response") == ["met"]


def test_a_source_that_is_not_polled_is_judged_by_log_time() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE), rules=build_rules())
    shard.advance([], START + 2 * HOUR, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_another_source_is_not_held() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE, source="other"))
    shard.advance([], START + 2 * HOUR, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_an_older_completion_takes_nothing_back() -> None:
    shard, out = open_shard(tell(MINUTE, 2 * HOUR), tell(2 * MINUTE, MINUTE))
    shard.advance([], START + 2 * HOUR, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_what_is_held_outlasts_a_snapshot() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    shard.advance([], START + DAY, out)
    again = restore_shard(pack_shard(shard), shard.book, hot=0)
    again.advance([], START + 2 * DAY, out)
    assert levels(out) == []
    again.advance([], START + 3 * DAY, out, [tell(2 * DAY + 1, 2 * DAY)])
    assert outcomes(out, "first_response") == ["breached"]


def test_what_is_held_outlasts_compacting() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    shard.advance([], START + DAY, out)
    compact(shard)
    shard.advance([], START + 3 * DAY, out, [tell(2 * DAY + 1, 2 * DAY)])
    assert outcomes(out, "first_response") == ["breached"]


def test_a_source_that_is_polled_no_more_is_judged_by_log_time() -> None:
    shard, out = open_shard(tell(MINUTE, MINUTE))
    shard.advance([], START + DAY, out)
    again = restore_shard(pack_shard(shard), Book(build_rules()))
    again.advance([], START + DAY + MINUTE, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_a_shard_without_polled_sources_keeps_nothing_of_them() -> None:
    shard, _ = open_shard(tell(MINUTE, MINUTE), rules=build_rules())
    assert b'"complete"' not in pack_shard(shard)


def _poll_every(minutes: int, events: list[Event]) -> tuple[list[Event], list[Completion]]:
    """Return the events as polls tell them, and what each poll says, for a day."""
    span = minutes * MINUTE
    polled = [e.replace(received_at=e.occurred_at + -e.occurred_at % span) for e in events]
    ends = range(START - START % span, START + DAY + span, span)
    return sorted(polled, key=_received), [Completion(at, "desk", at) for at in ends]


def _received(event: Event) -> tuple[int, bytes]:
    return event.received_at, event.id_hash


def _judge(events: list[Event], completions: list[Completion], *cuts: int) -> list[Verdict]:
    """Read a log in parts that end at instants, each from a snapshot of the one before."""
    shard, out, begin = Shard(Book(POLLED), hot=1), Output(), 0
    for end in sorted(START + cut * MINUTE for cut in (*cuts, 2 * 24 * 60)):
        part = [e for e in events if begin <= e.received_at < end]
        said = [c for c in completions if begin <= c.received_at < end]
        ends = [*(e.received_at for e in part), *(c.received_at for c in said)]
        tick = max(ends, default=begin) - 1
        shard.advance(part, tick, out, said)
        shard, begin = restore_shard(pack_shard(shard), shard.book, hot=1), end
    shard.advance([], START + 2 * DAY, out)
    return sorted(out.verdicts)


@given(told_tickets(), st.lists(st.integers(0, 300), max_size=6))
def test_batches_and_restarts_change_nothing(events: list[Event], cuts: list[int]) -> None:
    log = _poll_every(7, events)
    assert _judge(*log, *cuts) == _judge(*log)


@given(told_tickets(), st.integers(1, 300), st.integers(1, 600))
def test_an_outage_breaches_nothing_and_ends_with_the_true_breaches(
    events: list[Event], first: int, length: int
) -> None:
    polled, completions = _poll_every(1, events)
    begin, end = START + first * MINUTE, START + (first + length) * MINUTE
    late = [e.replace(received_at=end) if begin <= e.received_at < end else e for e in polled]
    said = [c for c in completions if not begin <= c.received_at < end]
    shard, out = Shard(Book(POLLED)), Output()
    before = [e for e in late if e.received_at < begin]
    shard.advance(before, begin - 1, out, [c for c in said if c.received_at < begin])
    count = len(out.verdicts)
    shard.advance([], end - 1, out)
    assert [v for v in out.verdicts[count:] if v.at > begin - MINUTE] == []
    after = sorted((e for e in late if e.received_at >= end), key=_received)
    shard.advance(after, START + 2 * DAY, out, [c for c in said if c.received_at >= end])
    assert _breaches(out.verdicts) == _breaches(_judge(polled, completions))


def _breaches(verdicts: list[Verdict]) -> list[tuple[object, ...]]:
    """Return the breaches that stand at the end, since when, and where they count.

    What was overtaken while nobody heard of it is not told afterwards: a warning, or the end of
    what was opened again.
    """
    told = [verdict for verdict in verdicts if verdict.kind != "warning"]
    last = {verdict[:3]: verdict for verdict in sorted(told, key=lambda v: v.number)}
    return sorted(
        (*v[:3], v.at, v.breach_at, v.channel, v.priority, v.team)
        for v in last.values()
        if v.kind in ("breached", "to_breached")
    )
