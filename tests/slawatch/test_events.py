"""The event as a value: its order, its copies, its way between processes."""

from __future__ import annotations

import pickle

import pytest

from slawatch.events import EXPIRED, NO_EXTRAS, NO_HASH, Attrs, build_pseudo

ACT = build_pseudo(EXPIRED, 1_000_000, "desk/1")


@pytest.mark.parametrize(
    "later",
    [
        {"occurred_at": 1_000_001, "sequence": 0, "rank": 0},
        {"sequence": 1, "rank": 0},
        {"rank": 8, "id_hash": NO_HASH},
        {"id_hash": b"\0\0\0\0\0\0\0\1"},
    ],
)
def test_acts_are_ordered_by_instant_then_sequence_then_rank_then_id(
    later: dict[str, object],
) -> None:
    other = ACT.replace(**later)
    assert other.is_after(ACT)
    assert not ACT.is_after(other)
    assert sorted([other, ACT]) == [ACT, other]


def test_no_act_is_after_itself() -> None:
    assert not ACT.is_after(ACT)


def test_a_copy_with_another_value_leaves_the_original() -> None:
    other = ACT.replace(case="C1")
    assert (other.case, ACT.case) == ("C1", "desk/1")


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": 2},
        {"sequence": 3},
        {"rank": 2},
        {"id_hash": b"\0\0\0\0\0\0\0\x09"},
        {"kind": 4},
        {"actor": 0},
        {"public": True},
        {"attrs": Attrs(team="l1")},
        {"extras": NO_EXTRAS},
        {"assignee": "ann"},
        {"key": "desk/2"},
        {"case": "C1"},
        {"received_at": 2},
        {"marks": 1},
        {"connector": "desk"},
    ],
)
def test_events_that_differ_in_one_field_are_not_equal(change: dict[str, object]) -> None:
    assert ACT.replace(**change) != ACT


def test_an_event_travels_between_processes() -> None:
    assert pickle.loads(pickle.dumps(ACT)) == ACT  # noqa: S301 - our own


def test_what_is_shown_of_an_event_names_its_fields_in_order() -> None:
    assert repr(ACT).startswith(f"Event(1000000, 0, 7, {NO_HASH!r}, -2, ")
