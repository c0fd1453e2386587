"""Panes as bytes: what the recovery store keeps of the windows."""

from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.errors import ConfigError
from slawatch.panes import PaneSet
from tests.slawatch.test_panes import (
    HOUR,
    MINUTE,
    NOON,
    PHONE,
    QUARTER,
    Booking,
    booked,
    bookings,
    panes_with,
    utc_day,
)


@given(bookings)
def test_a_restored_snapshot_has_the_same_bytes_and_answers(some: list[Booking]) -> None:
    panes = booked(some)
    again = PaneSet.restore(panes.snapshot(), utc_day)
    assert again.snapshot() == panes.snapshot()
    assert again.results(NOON) == panes.results(NOON)
    assert again.quantiles(NOON) == panes.quantiles(NOON)


@given(bookings, bookings)
def test_a_restored_snapshot_goes_on_as_the_original(
    some: list[Booking], more: list[Booking]
) -> None:
    again, whole = PaneSet.restore(booked(some).snapshot(), utc_day), booked(some + more)
    for key, at, outcome, count in more:
        again.book(key, at, outcome, count)
        again.book_duration(key, at, at % 977 / 7, count)
    assert again.snapshot() == whole.snapshot()


@given(bookings, st.lists(st.just(NOON), max_size=1))
def test_a_snapshot_does_not_depend_on_order_or_questions(
    some: list[Booking], asked: list[int]
) -> None:
    panes, turned = booked(some), booked(some[::-1])
    for now in asked:
        turned.results(now)
    for each in (panes, turned):
        each.forget(NOON + HOUR)
    assert panes.snapshot() == turned.snapshot()


def test_a_snapshot_does_not_depend_on_the_order_within_a_pane() -> None:
    panes, turned = panes_with(NOON), PaneSet(utc_day)
    panes.book_duration(PHONE, NOON, 5.0)
    turned.book_duration(PHONE, NOON, 5.0)
    turned.book_duration(PHONE, NOON, 90.0)
    turned.book(PHONE, NOON, "met")
    assert turned.snapshot() == panes.snapshot()


def test_version_1_is_read_and_written_number_by_number() -> None:
    panes = PaneSet(utc_day)
    panes.forget(NOON)
    panes.book(PHONE, NOON, "met", 2)
    panes.book(PHONE, NOON, "breached")
    panes.book_duration(PHONE, NOON, 0.0, 3)
    panes.book_duration(PHONE, NOON, 0.000001)
    minute, quarter = NOON // MINUTE, NOON // QUARTER
    head = pack("<BqqqI", 1, minute - 59, quarter - 99, minute, 1)
    words = b"".join(pack("<H", len(word)) + word.encode() for word in PHONE)
    outcomes = [1, minute, 2, 1, 1, quarter, 2, 1]
    durations = [1, minute, 2, 0, 1, 3, 1, 1, quarter, 2, 0, 1, 3, 1]
    numbers = pack("<I22i", 22, *outcomes, *durations)
    assert panes.snapshot() == head + words + numbers
    assert PaneSet.restore(panes.snapshot(), utc_day).quantiles(NOON) == panes.quantiles(NOON)


def test_panes_of_a_newer_version_are_refused_by_name() -> None:
    data = bytes([99]) + PaneSet(utc_day).snapshot()[1:]
    with pytest.raises(ConfigError, match=r"^the panes were written by a newer slawatch \(format"):
        PaneSet.restore(data, utc_day)
