"""Two deliveries of one act, and an act that was decoded anew."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from slawatch import conventions
from slawatch.events import NO_EXTRAS, Actor, Event, Extras, Kind, build_revised
from slawatch.record import pack_ticket, unpack_ticket
from slawatch.repetition import compare
from slawatch.shard import Shard
from slawatch.verdicts import Output
from tests.rules import DAY, HOUR, MINUTE, START, act, created, judge
from tests.slawatch.test_shard import clocks_of
from tests.strategies import told_tickets


def revised(event: Event, revision: int, received_at: int = START + DAY) -> Event:
    """Return the act as a decoding anew brings it."""
    extras = (event.extras or NO_EXTRAS)._replace(revision=revision)
    return event.replace(extras=extras, received_at=received_at)


def net(out: Output) -> dict[object, int]:
    """Return what windows hold in the end: outcomes by labels, target and minute."""
    sums = Counter(out.results)
    sums.update(out.bookings)
    return {booking: count for booking, count in sums.items() if count}


def test_the_same_act_is_a_duplicate_whatever_its_revision() -> None:
    event = act(1, Kind.NOTE, HOUR)
    assert compare(event, event) == ("duplicate", False)
    assert compare(event, revised(event, 7)) == ("duplicate", False)
    assert compare(revised(event, 7), event) == ("duplicate", False)


def test_a_later_revision_takes_the_place_and_an_earlier_one_never() -> None:
    wrong, right = act(1, Kind.NOTE, 0), act(1, Kind.RESOLVED, HOUR)
    assert compare(wrong, revised(right, 7)) == ("late", True)
    assert compare(revised(right, 7), wrong) == ("duplicate", False)
    assert compare(revised(wrong, 7), revised(right, 8)) == ("late", True)


def test_of_two_contents_of_one_revision_the_earlier_stays() -> None:
    early, late = act(1, Kind.NOTE, 0), act(1, Kind.NOTE, HOUR)
    assert compare(late, early) == ("conflict", True)
    assert compare(early, late) == ("conflict", False)


@given(told_tickets(), st.integers(0, 3), st.integers(0, 4))
def test_after_decoding_anew_all_is_as_if_it_had_been_right_from_the_start(
    events: list[Event], spoiled: int, lost: int
) -> None:
    wrong = [
        event.replace(kind=Kind.NOTE, occurred_at=event.occurred_at + MINUTE)
        if number % 4 == spoiled
        else event
        for number, event in enumerate(sorted(events))
        if number % 5 != lost
    ]
    mended = [revised(event, 9, START + DAY + 1) for event in sorted(events)]
    arrived = sorted(event.replace(received_at=event.occurred_at) for event in wrong)
    shard, out = judge(arrived + mended, 2 * DAY)
    expected, right = judge(sorted(events), 2 * DAY)
    assert clocks_of(shard) == clocks_of(expected)
    assert net(out) == net(right)


GHOSTS = (Kind.RESOLVED, Kind.REPLIED, Kind.CLOSED, Kind.ESCALATED, Kind.REOPENED, Kind.DELETED)


@given(
    told_tickets(), st.lists(st.tuples(st.sampled_from(GHOSTS), st.integers(0, 600)), max_size=6)
)
def test_acts_that_the_mended_decoder_no_longer_tells_were_never_so(
    events: list[Event], ghosts: list[tuple[Kind, int]]
) -> None:
    right = sorted(events)
    untold = [
        act(900 + number, kind, minutes * MINUTE, Actor.AGENT, key=right[0].key)
        for number, (kind, minutes) in enumerate(ghosts)
    ]
    wrong = sorted([*right, *untold])
    mended = [revised(event, 9, START + DAY + 1) for event in right]
    end = build_revised("desk", 9, 0, START + DAY + 2)
    shard, out = judge([*wrong, *mended, end], 2 * DAY)
    expected, first = judge(right, 2 * DAY)
    assert clocks_of(shard) == clocks_of(expected)
    assert net(out) == net(first)
    assert shard.view(START + 2 * DAY) == expected.view(START + 2 * DAY)


def last_kinds(out: Output) -> dict[str, str]:
    """Return how each target stands after its corrections."""
    return {v.target: v.kind for v in out.verdicts if v.kind != "warning"}


WRONG = (created(), act(1, Kind.REPLIED, MINUTE, Actor.AGENT), act(2, Kind.RESOLVED, HOUR // 2))
END = build_revised("desk", 9, 0, START + DAY + 2)


def retell(*acts: Event, end: Event = END) -> tuple[Shard, Output]:
    """Judge a ticket whose decoder was mended a day later and tells these acts alone."""
    mended = [revised(event, 9, START + DAY + 1) for event in acts]
    return judge([*WRONG, *mended, end], 2 * DAY)


def test_a_met_that_rested_on_an_act_that_never_was_is_corrected() -> None:
    _, out = retell(*WRONG[:2])
    assert last_kinds(out)["resolution"] == "to_breached"
    assert last_kinds(out)["first_response"] == "met"


def test_a_ticket_of_which_nothing_is_told_any_more_is_forgotten() -> None:
    shard, out = retell()
    assert list(shard.scan()) == []
    assert net(out) == {}
    assert set(last_kinds(out).values()) == {"withdrawn"}


def test_of_a_forgotten_ticket_nothing_waits_to_be_moved() -> None:
    shard, _ = retell()
    assert shard._anew == set()


def test_acts_whose_records_may_be_gone_from_the_log_stay() -> None:
    _, out = retell(WRONG[0], end=build_revised("desk", 9, START + HOUR, START + DAY + 2))
    assert last_kinds(out)["resolution"] == "met"


def test_the_tickets_of_other_sources_are_left_alone() -> None:
    _, out = retell(end=build_revised("mail", 9, 0, START + DAY + 2))
    assert last_kinds(out)["resolution"] == "met"


def test_the_end_of_a_revision_counts_as_no_event() -> None:
    _, out = retell(*WRONG)
    counted = {key[1]: n for key, n in out.counts.items() if key[0] == conventions.EVENTS.name}
    assert counted == {("desk", "accepted"): 3, ("desk", "duplicate"): 3}


def test_what_was_rejected_before_comes_in_late() -> None:
    _, out = judge([created(), revised(act(1, Kind.RESOLVED, HOUR // 2), 5)], 2 * DAY)
    assert [v.kind for v in out.verdicts if v.target == "resolution"][-1] == "to_met"


def test_a_revision_survives_a_snapshot() -> None:
    event = revised(act(1, Kind.RESOLVED, HOUR, extras=Extras(handle_us=5)), 123_456)
    shard: Shard = judge([created(), event], 2 * HOUR)[0]
    ticket = shard.get("desk/1")
    assert ticket is not None
    row = pack_ticket(ticket, shard.interner)
    back = unpack_ticket("desk/1", row, shard.fold)
    assert back.acts[1].extras == Extras(handle_us=5, revision=123_456)


def test_an_outcome_that_changes_with_its_labels_is_the_right_ones() -> None:
    asked, answered = created(priority="high"), act(1, Kind.REPLIED, MINUTE, Actor.AGENT)
    wrong = [created(priority="low"), answered.replace(kind=Kind.NOTE)]
    arrived = [event.replace(received_at=START + DAY) for event in wrong]
    mended = [revised(event, 9, START + DAY + 1) for event in (asked, answered)]
    _, out = judge(arrived + mended, 2 * DAY)
    told = [(v.kind, v.priority) for v in out.verdicts if v.target == "first_response"]
    outcomes = [one for one in told if one[0] != "warning"]
    assert outcomes == [("breached", "low"), ("withdrawn", "low"), ("met", "high")]
