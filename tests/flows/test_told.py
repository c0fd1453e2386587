"""Verdicts as text: every row as it was, and what windows and the tally ask of them."""

from __future__ import annotations

import orjson

from flows.told import NOTHING, Telling, tell
from slawatch.verdicts import Row, Verdict
from tests.rules import DAY, created, judge


def judge_silence() -> list[Row]:
    """Return the verdicts of a ticket that nobody answers."""
    return judge([created()], DAY)[1].rows


def test_rows_are_read_back_as_they_were() -> None:
    told = tell(judge_silence())
    read = [(*row[:-1], tuple(map(tuple, row[-1]))) for row in orjson.loads(told.text)]
    assert read == judge_silence()
    assert told.size == len(judge_silence())


def test_the_last_breaches_stay_at_hand() -> None:
    rows = judge_silence()
    assert {Verdict._make(row).kind for row in rows} > {"breached"}
    assert tell(rows).breaches == [row for row in rows if row[3] == "breached"]


def test_only_a_tally_asks_for_hashes() -> None:
    rows = judge_silence()
    assert (tell(rows).hashes, tell(rows).kinds) == (None, {})
    told = tell([*rows, rows[0]], is_tallied=True)
    assert told.hashes is not None
    assert len(set(told.hashes)) == len(rows) == len(told.hashes) - 1
    assert sum(told.kinds.values()) == len(rows) + 1


def test_nothing_is_told_of_nothing() -> None:
    assert tell([]) is NOTHING
    assert orjson.loads(NOTHING.text) == []


def test_pieces_come_to_the_same_as_all_at_once() -> None:
    rows = judge_silence() * 9
    telling = Telling(is_tallied=True)
    for start in range(0, len(rows), 7):
        telling.add(rows[start : start + 7])
    telling.add([])
    assert telling.end() == tell(rows, is_tallied=True)
