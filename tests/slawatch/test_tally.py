"""What shards say, on its way to totals and panes: added up first, the same as one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from librt.strings import write_i64_le

from slawatch import conventions
from slawatch.numbering import FIRST_MINUTE, MINUTE_BITS, Numbers
from slawatch.panes import PaneSet
from slawatch.tally import KEPT_US, OUTCOMES_KEPT_US, WAITING, Tally
from slawatch.totals import Totals
from slawatch.verdicts import Booking, Duration, Output
from tests.rules import HOUR, MINUTE, START

LABELS = ("email", "normal", "l1")
OTHERS = ("chat", "normal", "l1")
NOW = START // HOUR * HOUR
MET: Booking = (LABELS, "resolution", "met", NOW // MINUTE)
BREACHED: Booking = (LABELS, "resolution", "breached", NOW // MINUTE)
BUCKETS = {"resolution": (10 * MINUTE, HOUR)}
EMAIL = ("channel", "email", "resolution")

outcomes = st.dictionaries(
    st.tuples(
        st.sampled_from((LABELS, OTHERS)),
        st.sampled_from(("resolution", "feedback")),
        st.sampled_from(("met", "breached")),
        st.integers(NOW // MINUTE - 70, NOW // MINUTE),
    ),
    st.integers(1, 3),
    max_size=10,
)
durations = st.lists(
    st.tuples(
        st.sampled_from((LABELS, OTHERS)),
        st.sampled_from(("resolution", "feedback")),
        st.integers(NOW - 2 * HOUR, NOW),
        st.integers(0, 3 * HOUR),
        st.integers(0, 9 * HOUR),
    ),
    max_size=10,
)


def open_tally() -> tuple[Tally, Totals, PaneSet]:
    """Return a tally with empty totals and panes; l1 is in the north, at tier 1."""
    totals, panes = Totals(BUCKETS), PaneSet(lambda at: at - at % (24 * HOUR))
    tally = Tally(totals, panes, lambda team: ("north", "1") if team == "l1" else ("", ""))
    return tally, totals, panes


@given(outcomes, durations)
def test_what_is_added_up_is_what_was_said_one_by_one(
    results: dict[Booking, int], lasted: list[Duration]
) -> None:
    tally, totals, panes = open_tally()
    tally.add({}, results, {}, lasted)
    tally.settle(NOW)
    _, expected_totals, expected = open_tally()
    for (labels, target, outcome, minute), count in results.items():
        for key in zip(conventions.DIMENSIONS, labels, (target,) * 3, strict=True):
            expected.book(key, minute * MINUTE, outcome, count)
    for labels, target, at, business, wall in lasted:
        for clock, amount in (("business", business), ("wall", wall)):
            expected_totals.observe("sla_duration_seconds", (labels[0], target, clock), amount)
        for key in zip(conventions.DIMENSIONS, labels, (target,) * 3, strict=True):
            expected.book_duration(key, at, business / 1e6)
    assert panes.snapshot() == expected.snapshot()
    told = totals.values().get("sla_duration_seconds", {})
    assert told == expected_totals.values().get("sla_duration_seconds", {})


@given(st.lists(st.tuples(outcomes, durations), max_size=4))
def test_it_does_not_matter_when_it_is_settled(
    said: list[tuple[dict[Booking, int], list[Duration]]],
) -> None:
    tally, totals, panes = open_tally()
    often, often_totals, often_panes = open_tally()
    for results, lasted in said:
        tally.add({}, results, {}, lasted)
        often.add({}, results, {}, lasted)
        often.settle(NOW)
    tally.settle(NOW)
    assert (panes.snapshot(), totals.snapshot()) == (
        often_panes.snapshot(),
        often_totals.snapshot(),
    )


def test_a_correction_is_in_the_panes_and_in_no_total() -> None:
    tally, totals, panes = open_tally()
    tally.add({}, {BREACHED: 1}, {}, [])
    tally.settle(NOW)
    tally.add({}, {}, {BREACHED: -1, MET: 1}, [])
    tally.settle(NOW)
    assert panes.results(NOW)[EMAIL]["15m"] == (1, 0)
    assert totals.values()["sla_results_total"] == {
        ("email", "normal", "resolution", "breached"): 1
    }


def test_what_is_taken_back_before_it_is_settled_leaves_no_pane() -> None:
    tally, _, panes = open_tally()
    tally.add({}, {MET: 2}, {MET: -2}, [])
    tally.settle(NOW)
    assert panes.results(NOW) == {}


def test_a_line_keeps_its_numbers_apart_from_those_of_others() -> None:
    tally, _, panes = open_tally()
    tally.add({}, {MET: 1}, {}, [(OTHERS, "resolution", NOW, HOUR, HOUR)])
    tally.settle(NOW)
    assert panes.results(NOW)[EMAIL]["15m"] == (1, 0)
    assert panes.results(NOW)["channel", "chat", "resolution"]["15m"] == (0, 0)
    assert set(panes.quantiles(NOW)) & {EMAIL} == set()


def test_a_tally_is_full_when_much_waits_that_can_still_be_asked_for() -> None:
    tally, _, panes = open_tally()
    tally.add({}, {MET: WAITING}, {}, [])
    assert not tally.is_full(NOW)
    tally.add({}, {MET: 1}, {}, [])
    assert tally.is_full(NOW)
    tally.settle(NOW)
    assert not tally.is_full(NOW)
    assert panes.results(NOW)[EMAIL]["15m"] == (WAITING + 1, 0)


def test_what_is_too_old_leaves_a_full_tally_and_is_counted_all_the_same() -> None:
    tally, totals, panes = open_tally()
    tally.add({}, {MET: WAITING + 1}, {}, [(LABELS, "resolution", NOW, HOUR, HOUR)])
    assert not tally.is_full(NOW + OUTCOMES_KEPT_US + MINUTE)
    tally.settle(NOW)
    assert panes.results(NOW) == {}
    assert totals.values()["sla_results_total"] == {
        ("email", "normal", "resolution", "met"): WAITING + 1
    }


def test_durations_are_too_old_a_day_before_outcomes() -> None:
    tally, _, panes = open_tally()
    tally.add({}, {MET: 1}, {}, [(LABELS, "resolution", NOW, HOUR, HOUR)])
    tally.settle(NOW + KEPT_US + MINUTE)
    assert panes.quarters()[EMAIL] == {NOW // (15 * MINUTE): (1, 0)}
    assert panes.quantiles(NOW) == {}


def test_what_can_just_be_asked_for_stays_in_a_tally_that_was_full() -> None:
    tally, _, panes = open_tally()
    tally.add({}, {MET: WAITING + 1}, {}, [])
    assert tally.is_full(NOW + OUTCOMES_KEPT_US)
    tally.settle(NOW + OUTCOMES_KEPT_US)
    assert panes.quarters()[EMAIL] == {NOW // (15 * MINUTE): (WAITING + 1, 0)}


def say_by_number() -> Output:
    """Return what a shard says of two lines: outcomes, a correction, durations and counters."""
    numbers = Numbers()
    out = Output(0, numbers)
    for number, labels in enumerate((LABELS, OTHERS)):
        line, minute = numbers.line(labels, "resolution"), NOW // MINUTE - number + FIRST_MINUTE
        for slot, into in ((0, out.outcomes), (1, out.outcomes), (1, out.taken), (0, out.booked)):
            write_i64_le(into, ((line << 1 | slot) << MINUTE_BITS) + minute)
        for lasted in ((line << MINUTE_BITS) + minute, number * HOUR, (number + 2) * HOUR):
            write_i64_le(out.lasted, lasted)
        out.add(("sla_tickets_created_total", labels[:2]), number + 3)
    return out


def test_what_is_said_by_number_is_what_is_said_by_name() -> None:
    tally, totals, panes = open_tally()
    tally.take("0", say_by_number())
    tally.settle(NOW)
    named, expected_totals, expected = open_tally()
    out = say_by_number()
    named.add(out.counts, out.results, out.bookings, out.durations)
    named.settle(NOW)
    assert panes.snapshot() == expected.snapshot()
    assert totals.values() == expected_totals.values()
    assert panes.results(NOW)[EMAIL]["15m"] == (2, 0)
