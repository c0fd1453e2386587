"""The stateful step of a shard: advance, show, and be restored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flows.items import Said, ShardBatch
from flows.tickets import TicketOptions, TicketsLogic, name_origin
from slawatch.book import Book
from slawatch.completeness import Completion
from slawatch.events import Actor, Kind
from slawatch.policy import Goal, Rules, Source
from slawatch.snapshot import VERSION
from slawatch.verdicts import Verdict
from tests.rules import (
    ALWAYS,
    FIRST_RESPONSE,
    HOUR,
    MINUTE,
    SECOND,
    START,
    act,
    build_rules,
    created,
)

ONE = build_rules(targets=(FIRST_RESPONSE,), levels=())


def build(
    resume: bytes | None = None,
    rules: Rules = ONE,
    heard: list[tuple[int, float]] | None = None,
    **options: object,
) -> TicketsLogic:
    """Build the step as Bytewax would."""
    chosen = TicketOptions(Book(rules), 1, **options)  # type: ignore[arg-type]  # the test's own words

    def hear(size: int, seconds: float) -> None:
        if heard is not None:
            heard.append((size, seconds))

    return TicketsLogic(chosen, resume, hear)


def only(answer: tuple[Iterable[Said], bool]) -> Said:
    """Return the one thing that is said; the state is never thrown away."""
    (said,) = answer[0]
    assert answer[1] is False
    return said


def kinds(said: Said) -> list[str]:
    """Return the kinds of the verdicts."""
    return [verdict[3] for verdict in said.verdicts]


def test_all_batches_of_an_activation_are_said_at_once() -> None:
    logic = build()
    reply = act(1, Kind.REPLIED, MINUTE, Actor.AGENT)
    said = only(logic.on_batch([ShardBatch(START, [created()]), ShardBatch(START + HOUR, [reply])]))
    assert (kinds(said), said.log_at) == (["met"], START + HOUR)
    assert said.out.counts["slawatch_events_total", ("desk", "accepted")] == 2


def test_a_tick_alone_passes_deadlines() -> None:
    logic = build()
    logic.on_batch([ShardBatch(START, [created()])])
    assert kinds(only(logic.on_batch([ShardBatch(START + 2 * HOUR, [])]))) == ["breached"]


def test_the_disorder_keeps_log_time_behind() -> None:
    logic = build(disorder_us=HOUR)
    note = act(1, Kind.NOTE, 90 * MINUTE, Actor.AGENT)
    logic.on_batch([ShardBatch(START, [created()])])
    assert kinds(only(logic.on_batch([ShardBatch(START + 30 * MINUTE, [note])]))) == []


def test_open_work_is_shown_now_and_then_when_live() -> None:
    logic = build()
    first = only(logic.on_batch([ShardBatch(START, [created()])]))
    second = only(logic.on_batch([ShardBatch(START + SECOND, [])]))
    assert first.view is not None
    assert first.view.tickets == {("email", "normal", "new"): 1}
    assert second.view is None


def test_a_replay_shows_open_work_only_at_its_end() -> None:
    logic = build(is_live=False)
    assert only(logic.on_batch([ShardBatch(START, [created()])])).view is None
    last = only(logic.on_eof())
    assert last.view is not None
    assert last.view.log_at == START


def test_the_end_of_the_flow_fires_no_deadline() -> None:
    logic = build()
    logic.on_batch([ShardBatch(START, [created()])])
    said = only(logic.on_eof())
    assert (kinds(said), said.log_at) == ([], START)


def test_a_fresh_shard_asks_for_no_waking() -> None:
    assert build().notify_at() is None


def test_a_resumed_shard_shows_itself_once_before_anything_new() -> None:
    logic = build()
    logic.on_batch([ShardBatch(START, [created()])])
    again = build(logic.snapshot())
    assert again.notify_at() is not None
    said = only(again.on_notify())
    assert said.view is not None
    assert (said.view.tickets, kinds(said)) == ({("email", "normal", "new"): 1}, [])
    assert again.notify_at() is None


def test_a_resumed_shard_goes_on_where_it_was() -> None:
    logic = build()
    logic.on_batch([ShardBatch(START, [created()])])
    again = build(logic.snapshot())
    assert kinds(only(again.on_batch([ShardBatch(START + HOUR, [])]))) == ["breached"]


def test_counting_begins_where_it_began_also_after_a_resume() -> None:
    logic = build(first_at=START + 2 * HOUR)
    logic.on_batch([ShardBatch(START, [created()])])
    again = build(logic.snapshot())
    said = only(again.on_batch([ShardBatch(START + HOUR, [])]))
    assert (dict(said.out.results), list(said.out.bookings.values())) == ({}, [1])


def test_new_rules_judge_a_resumed_shard_and_are_told_once() -> None:
    logic = build()
    logic.on_batch([ShardBatch(START + 20 * MINUTE, [created()])])
    goals = {"first_response": Goal({"": 10 * MINUTE}, ALWAYS)}
    policies = tuple(replace(policy, goals=goals) for policy in ONE.policies)
    new = replace(ONE, policies=policies, digest="new")
    again = build(logic.snapshot(), new)
    said = only(again.on_notify())
    (verdict,) = map(Verdict._make, said.verdicts)
    assert (verdict.kind, verdict.reason) == ("breached", "policy_change")
    third = build(again.snapshot(), new)
    assert kinds(only(third.on_notify())) == []
    assert third.snapshot() == again.snapshot()


def test_a_snapshot_tells_its_size_and_time() -> None:
    heard: list[tuple[int, float]] = []
    data = build(heard=heard).snapshot()
    ((size, seconds),) = heard
    assert size == len(data)
    assert seconds >= 0
    assert data[0] == VERSION


def test_how_late_a_verdict_is_is_said_where_there_is_a_wall() -> None:
    logic = build(wall=lambda: START + HOUR + 3)
    logic.on_batch([ShardBatch(START, [created()])])
    said = only(logic.on_batch([ShardBatch(START + HOUR, [])]))
    assert (kinds(said), said.lateness_us) == (["breached"], 3)


def test_what_a_shard_says_is_keyed_by_its_partition() -> None:
    said = only(build().on_batch([ShardBatch(START, [])]))
    partition, named = name_origin(("0/7", said))
    assert (partition, named.partition, named.origin) == ("0", "0", "0/7")


def test_a_polled_source_is_judged_no_further_than_it_has_told() -> None:
    logic = build(rules=replace(ONE, sources={"desk": Source("desk", 0, polled=True)}))
    logic.on_batch([ShardBatch(START, [created()], [Completion(START, "desk", START)])])
    assert kinds(only(logic.on_batch([ShardBatch(START + 2 * HOUR, [])]))) == []
    told = [Completion(START + 3 * HOUR, "desk", START + 2 * HOUR)]
    assert kinds(only(logic.on_batch([ShardBatch(START + 3 * HOUR, [], told)]))) == ["breached"]
