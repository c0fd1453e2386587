"""What shards count by numbers: the same as by name, in any order, and in another process."""

from __future__ import annotations

import pickle

from hypothesis import given

from slawatch import conventions
from slawatch.events import Actor, Event, Kind
from slawatch.numbering import KEYS, Numbers
from slawatch.verdicts import Output
from tests.rules import DAY, HOUR, MINUTE, START, act, created, judge
from tests.slawatch.test_tally import open_tally
from tests.strategies import told_tickets

LABELS = ("email", "normal", "l1")
CREATED = (conventions.CREATED.name, ("email", "normal"))
RESOLVED = (conventions.RESOLVED.name, ("email", "normal"))


def test_a_name_keeps_the_number_it_was_given() -> None:
    numbers = Numbers()
    given_ = [numbers.key(key) for key in (CREATED, RESOLVED, CREATED)]
    assert (given_, numbers.keys) == ([0, 1, 0], [CREATED, RESOLVED])


def test_a_line_is_a_label_set_and_target() -> None:
    numbers = Numbers()
    lines = [numbers.line(LABELS, target) for target in ("resolution", "feedback", "resolution")]
    assert lines == [0, 1, 0]
    assert numbers.lines == [(LABELS, "resolution"), (LABELS, "feedback")]


def test_what_finds_no_number_any_more_is_counted_all_the_same() -> None:
    out = Output()
    for number in range(KEYS + 1):
        out.numbers.key((conventions.CREATED.name, (str(number),)))
    out.add(CREATED, 2)
    out.add(CREATED, 3)
    assert out.numbers.key(CREATED) == -1
    assert out.counts[CREATED] == 5


def test_microseconds_of_years_are_counted_exactly() -> None:
    held, out = (conventions.HELD.name, ("l1", "north", "1", "open")), Output()
    out.add(held, 9 * 365 * DAY)
    out.add(held, 1)
    tally, totals, _ = open_tally()
    tally.take("0/0", out)
    tally.settle(START)
    assert totals.values()[held[0]] == {held[1]: 9 * 365 * DAY + 1}


def test_what_is_taken_off_a_count_is_taken_off() -> None:
    out = Output()
    out.add(CREATED, 3)
    out.add(CREATED, -1)
    assert dict(out.counts) == {CREATED: 2}


def test_what_is_said_under_other_numbers_stays_what_it_was() -> None:
    out, others = Output(), Numbers()
    out.add(CREATED, 1)
    others.key(RESOLVED)
    out.take_numbers(others)
    out.add(RESOLVED, 1)
    assert dict(out.counts) == {CREATED: 1, RESOLVED: 1}


def test_a_duration_is_said_of_its_minute() -> None:
    events = [created(), act(1, Kind.RESOLVED, HOUR + MINUTE // 2, Actor.AGENT)]
    _, out = judge(events, 2 * HOUR)
    said = [duration for duration in out.durations if duration[1] == "resolution"]
    assert [duration[2:] for duration in said] == [(START + HOUR,) + (HOUR + MINUTE // 2,) * 2]


@given(told_tickets())
def test_a_tally_takes_numbers_as_it_adds_names(events: list[Event]) -> None:
    told = sorted(events, key=lambda event: event.received_at)
    by_number, totals, panes = open_tally()
    by_name, expected_totals, expected = open_tally()
    for origin in ("0/0", "0/1"):
        by_number.take(origin, judge(told, 2 * DAY)[1])
        _, named = judge(told, 2 * DAY)
        by_name.add(named.counts, named.results, named.bookings, named.durations)
    by_number.settle(START + 2 * DAY)
    by_name.settle(START + 2 * DAY)
    assert totals.snapshot() == expected_totals.snapshot()
    assert panes.snapshot() == expected.snapshot()


def test_a_shard_may_number_anew() -> None:
    tally, totals, _ = open_tally()
    for key in (CREATED, RESOLVED, CREATED):
        out = Output()
        out.add(key, 1)
        tally.take("0/0", out)
    tally.settle(START)
    assert totals.values()[CREATED[0]] == {CREATED[1]: 2}
    assert totals.values()[RESOLVED[0]] == {RESOLVED[1]: 1}


@given(told_tickets())
def test_what_is_said_is_the_same_in_another_process(events: list[Event]) -> None:
    told = sorted(events, key=lambda event: event.received_at)
    _, out = judge(told, 2 * DAY)
    again = pickle.loads(pickle.dumps(judge(told, 2 * DAY)[1]))  # noqa: S301 - just dumped
    assert (again.counts, again.results) == (out.counts, out.results)
    assert (again.bookings, again.durations) == (out.bookings, out.durations)
    assert again.first_at == out.first_at
