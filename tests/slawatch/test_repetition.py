"""Two deliveries of one act, and an act that was decoded anew."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from slawatch.events import NO_EXTRAS, Actor, Event, Extras, Kind
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
    return event._replace(extras=extras, received_at=received_at)


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
        event._replace(kind=Kind.NOTE, occurred_at=event.occurred_at + MINUTE)
        if number % 4 == spoiled
        else event
        for number, event in enumerate(sorted(events))
        if number % 5 != lost
    ]
    arrived = [event._replace(received_at=START + DAY) for event in wrong]
    mended = [revised(event, 9, START + DAY + 1) for event in sorted(events)]
    first = [event._replace(received_at=START + DAY) for event in sorted(events)]
    shard, out = judge(arrived + mended, 2 * DAY)
    expected, right = judge(first, 2 * DAY)
    assert clocks_of(shard) == clocks_of(expected)
    assert net(out) == net(right)


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
    wrong = [created(priority="low"), answered._replace(kind=Kind.NOTE)]
    arrived = [event._replace(received_at=START + DAY) for event in wrong]
    mended = [revised(event, 9, START + DAY + 1) for event in (asked, answered)]
    _, out = judge(arrived + mended, 2 * DAY)
    told = [(v.kind, v.priority) for v in out.verdicts if v.target == "first_response"]
    outcomes = [one for one in told if one[0] != "warning"]
    assert outcomes == [("breached", "low"), ("withdrawn", "low"), ("met", "high")]
