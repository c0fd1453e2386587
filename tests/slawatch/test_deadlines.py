"""Deadlines come by instant, then by ticket."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slawatch.clocks import FOREVER
from slawatch.deadlines import Deadlines

SLOT_US = 1 << 30
_INSTANTS = st.integers(0, 6 * SLOT_US) | st.sampled_from([0, SLOT_US - 1, SLOT_US, FOREVER - 1])
_DUE = st.tuples(_INSTANTS, st.sampled_from("abc"))


def fill(*due: tuple[int, str]) -> Deadlines:
    """Return these deadlines."""
    deadlines = Deadlines()
    for at, key in due:
        deadlines.put(at, key)
    return deadlines


def drain(deadlines: Deadlines) -> list[tuple[int, str]]:
    """Take every deadline, with the instant that was told before."""
    return [(deadlines.next_at, deadlines.pop()) for _ in range(deadlines.count)]


def test_without_deadlines_the_next_instant_is_never() -> None:
    assert (Deadlines().next_at, Deadlines().count) == (FOREVER, 0)


def test_deadlines_of_one_instant_come_by_ticket() -> None:
    assert drain(fill((5, "b"), (5, "a"), (4, "c"))) == [(4, "c"), (5, "a"), (5, "b")]


@given(st.lists(_DUE))
def test_all_come_in_order_and_then_there_is_none(due: list[tuple[int, str]]) -> None:
    deadlines = fill(*due)
    assert drain(deadlines) == sorted(due)
    assert (deadlines.next_at, deadlines.count) == (FOREVER, 0)


@given(st.lists(_DUE, min_size=1), st.lists(_DUE))
def test_what_is_put_while_others_come_has_its_place(
    due: list[tuple[int, str]], more: list[tuple[int, str]]
) -> None:
    deadlines = fill(*due)
    first = deadlines.next_at, deadlines.pop()
    for at, key in more:
        deadlines.put(at, key)
    assert [first, *drain(deadlines)] == [min(due), *sorted([*sorted(due)[1:], *more])]


def test_a_deadline_that_has_gone_by_comes_first() -> None:
    deadlines = fill((3 * SLOT_US, "late"), (9 * SLOT_US, "last"))
    deadlines.pop()
    deadlines.put(SLOT_US, "early")
    assert drain(deadlines) == [(SLOT_US, "early"), (9 * SLOT_US, "last")]


def test_nothing_is_left_after_clearing() -> None:
    deadlines = fill((1, "a"), (9 * SLOT_US, "b"))
    deadlines.pop()
    deadlines.clear()
    deadlines.put(0, "c")
    assert drain(deadlines) == [(0, "c")]
