"""Lines that are known by their form say what they say when they are parsed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slawatch.errors import EventError
from slawatch.events import Event, hash_id
from slawatch.lines import LineParser
from slawatch.parsing import Vocabulary

LATEST_AT = 1_800_000_000_000_000
SAID = {
    "event_id": "e1",
    "source": "desk",
    "ticket_id": "1",
    "type": "replied",
    "occurred_at": "2026-01-05T09:00:00.250Z",
    "actor": "agent",
}
DAY, NEXT_DAY = "2026-01-05T09:00:00.250Z", "2026-01-06T09:00:00.250Z"
LATE = {"opened_at": "2026-01-05T08:00:00.250Z", "handle_seconds": 7}


class Loads:
    """Read JSON, and count how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, line: bytes) -> object:
        self.count += 1
        return orjson.loads(line)


def open_parser(
    loads: Callable[[Any], object] = orjson.loads, *, by_form: bool = True
) -> LineParser:
    return LineParser(loads, "file", Vocabulary(), LATEST_AT, by_form=by_form)


def write(**said: object) -> bytes:
    """Write the usual keys and some more; `None` leaves one out."""
    told = {key: value for key, value in {**SAID, **said}.items() if value is not None}
    return orjson.dumps(told)


def show(told: Event | ValueError | EventError) -> object:
    """Return what can be compared."""
    return told if isinstance(told, Event) else (type(told), str(told))


def parse(*lines: object, by_form: bool) -> list[object]:
    told, failed = open_parser(by_form=by_form).parse(lines)
    assert failed == sum(not isinstance(item, Event) for item in told)
    return [show(item) for item in told]


def check(*lines: object) -> list[object]:
    """Parse lines both ways, the last one more than once; return what they say."""
    told = parse(*lines, lines[-1], by_form=True)
    assert told == parse(*lines, lines[-1], by_form=False)
    return told


# -- what is known ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({}, {"event_id": "e2"}, id="id"),
        pytest.param({}, {"ticket_id": "12"}, id="ticket"),
        pytest.param({}, {"occurred_at": "2026-02-28T23:59:59.999Z"}, id="instant"),
        pytest.param({"assignee": "ann"}, {"assignee": "Ülker 山田"}, id="person"),
        pytest.param({"assignee": "ann"}, {"assignee": ""}, id="empty-person"),
        pytest.param({"sequence": 7}, {"sequence": 0}, id="sequence"),
        pytest.param({"handle_seconds": 7}, {"handle_seconds": 12.75}, id="duration"),
        pytest.param(
            {"handle_seconds": 7, "score": 4}, {"handle_seconds": 0, "score": 4}, id="score"
        ),
        pytest.param({}, {"event_id": "é"}, id="not-ascii"),
    ],
)
def test_a_line_of_a_known_form_is_not_read_again(
    one: dict[str, object], other: dict[str, object]
) -> None:
    loads = Loads()
    parser = open_parser(loads)
    told, failed = parser.parse([write(**one), write(**other)])
    assert (loads.count, failed) == (1, 0)
    assert [show(item) for item in told] == check(write(**one), write(**other))[:2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({}, {"type": "note"}, id="another-form"),
        pytest.param({}, {"event_id": 'e"2'}, id="quote"),
        pytest.param({}, {"event_id": "e\\2"}, id="backslash"),
        pytest.param({}, {"ticket_id": "1" * 1025}, id="long-id"),
        pytest.param({}, {"event_id": ""}, id="no-id"),
        pytest.param({}, {"event_id": 5}, id="id-is-a-number"),
        pytest.param({}, {"ticket_id": ""}, id="no-ticket"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:00:00Z"}, id="short-instant"),
        pytest.param({}, {"occurred_at": "2026-01-05T10:00:00.5+01:00"}, id="offset"),
        pytest.param({}, {"occurred_at": "2026-01-05T24:00:00.250Z"}, id="hour"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:60:00.250Z"}, id="minute"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:00:60.250Z"}, id="second"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:00:0x.250Z"}, id="no-digit"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:00:00.25xZ"}, id="no-millisecond"),
        pytest.param({}, {"occurred_at": "2026-01-05T09-00:00.250Z"}, id="no-colon"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:00:00x250Z"}, id="no-point"),
        pytest.param({}, {"occurred_at": "2026-01-05T09:00:00.250+"}, id="no-zone"),
        pytest.param(LATE, {**LATE, "handle_seconds": 8}, id="opened-and-duration"),
        pytest.param({"evenings": "a"}, {"evenings": "b"}, id="like-an-id"),
        pytest.param({"ticketxid": "a"}, {"ticketxid": "b"}, id="like-a-ticket"),
        pytest.param({"occurrxd_at": DAY}, {"occurrxd_at": NEXT_DAY}, id="like-an-instant"),
        pytest.param({"assigned": "a"}, {"assigned": "b"}, id="like-a-person"),
        pytest.param({"sequents": 7}, {"sequents": 8}, id="like-a-sequence"),
        pytest.param({"handle_sxconds": 7}, {"handle_sxconds": 8}, id="like-a-duration"),
        pytest.param({"handxe_seconds": 7}, {"handxe_seconds": 8}, id="more-like-a-duration"),
        pytest.param({}, {"occurred_at": "2030-01-05T09:00:00.250Z"}, id="future"),
        pytest.param({}, {"occurred_at": 1_767_603_600_000}, id="epoch"),
        pytest.param({"assignee": "ann"}, {"assignee": 5}, id="person-is-a-number"),
        pytest.param({"sequence": 7}, {"sequence": 7.5}, id="sequence-with-a-part"),
        pytest.param({"sequence": 7}, {"sequence": -1}, id="negative-sequence"),
        pytest.param({"sequence": 7}, {"sequence": 10**17}, id="large-sequence"),
        pytest.param({"sequence": 7}, {"sequence": "7"}, id="sequence-is-a-text"),
        pytest.param({"handle_seconds": 7}, {"handle_seconds": 1e12}, id="long-duration"),
        pytest.param({"handle_seconds": 7}, {"handle_seconds": True}, id="duration-is-true"),
        pytest.param({}, {"case": "C1"}, id="case"),
        pytest.param({}, {"opened_at": "2026-01-05T08:00:00.250Z"}, id="opened"),
        pytest.param({}, {"scores": {"overall": 4}}, id="nested"),
        pytest.param({}, {"tags": ["vip"]}, id="list"),
    ],
)
def test_any_other_line_is_parsed_as_ever(one: dict[str, object], other: dict[str, object]) -> None:
    loads = Loads()
    open_parser(loads).parse([write(**one), write(**other)])
    assert loads.count == 2
    check(write(**one), write(**other))


@pytest.mark.parametrize(
    ("said", "part", "odd"),
    [
        pytest.param({}, b'"e1"', b'"e\xff"', id="no-utf-8"),
        pytest.param({}, b'"e1"', b'"e\x01"', id="control"),
        pytest.param({"assignee": "ann"}, b"ann", b"a\x7f\xe4", id="no-utf-8-person"),
        pytest.param({}, b"}", b',"event_id":"e2"}', id="id-twice"),
        pytest.param({}, b"}", b',"type":"note"}', id="type-twice"),
        pytest.param({"assignee": "a"}, b"}", b',"assignee":null}', id="person-twice"),
        pytest.param({"sequence": 7}, b":7", b":07", id="leading-zero"),
        pytest.param({"sequence": 7}, b":7", b":", id="no-number"),
        pytest.param({"sequence": 7}, b":7", b":7x", id="no-digit"),
        pytest.param({"handle_seconds": 7}, b":7", b":7.", id="no-decimals"),
        pytest.param({"handle_seconds": 7}, b":7", b":.5", id="no-whole"),
        pytest.param({"handle_seconds": 7}, b":7", b":7.5x", id="no-decimal"),
        pytest.param({"handle_seconds": 7}, b":7", b":7e1", id="exponent"),
        pytest.param({"tier": 1}, b":1}", b":1 }", id="blank-at-the-end"),
        pytest.param({}, b"}", b"", id="cut"),
        pytest.param({}, b"}", b"}}", id="more"),
        pytest.param({}, b"}", b"} ", id="blank-after-it"),
        pytest.param({}, b"}", b',"tags":[1]}', id="list-of-a-number"),
        pytest.param({}, b"}", b',"tags":[1,2]}', id="list-of-numbers"),
        pytest.param({}, b"}", b',"scores":{}}', id="empty-object"),
        pytest.param({}, b'{"', b'["', id="bracket"),
    ],
)
def test_what_is_odd_is_said_as_ever(said: dict[str, object], part: bytes, odd: bytes) -> None:
    line = write(**said)
    assert part in line
    check(line, line.replace(part, odd))


@pytest.mark.parametrize("line", [b"{}", b"{", b"", b'{"event_id":"e1","ticket_id":"', b"[1]"])
def test_what_is_no_event_is_said_as_ever(line: bytes) -> None:
    check(write(), line)


def test_blanks_between_the_parts_do_not_matter() -> None:
    loads = Loads()
    lines = [json.dumps({**SAID, "event_id": f"e{n}"}).encode() for n in range(3)]
    told, _ = open_parser(loads).parse(lines)
    assert loads.count == 1
    assert [show(item) for item in told] == check(*lines)[:3]


def test_an_instant_of_another_day_with_the_same_clock_is_another() -> None:
    days = ("2026-01-05", "2026-01-06", "2026-02-05", "2027-01-05", "2026-01-05")
    told = check(*(write(occurred_at=f"{day}T09:00:00.250Z") for day in days))
    assert len({item.occurred_at for item in told if isinstance(item, Event)}) == 4


def test_the_ids_of_known_lines_are_hashed() -> None:
    told, _ = open_parser().parse([write(event_id=f"e{n}") for n in range(3)])
    assert [item.id_hash for item in told if isinstance(item, Event)] == [
        hash_id(f"e{n}") for n in range(3)
    ]


def test_lines_that_are_no_bytes_are_parsed() -> None:
    assert check(write().decode(), write().decode())


def test_it_stops_to_look_for_forms_where_there_are_none() -> None:
    loads = Loads()
    parser = open_parser(loads)
    for n in range(8):
        parser.parse([write(reason=f"{n}-{m}") for m in range(4)])
    lines = [write(event_id=f"e{n}") for n in range(4)]
    parser.parse(lines)
    loads.count = 0
    parser.parse(lines)
    assert loads.count == 4


def test_more_tickets_people_and_forms_than_are_remembered_change_nothing() -> None:
    many = 17_000
    lines = [write(ticket_id=str(n), assignee=f"p{n}", reason=f"r{n}") for n in range(many)]
    parser = open_parser()
    for start in range(0, many, 1_000):  # each form once, and again: it does not stop to look
        block = lines[start : start + 1_000]
        told, failed = parser.parse(block * 3)
        assert (told, failed) == open_parser(by_form=False).parse(block * 3)
    names = [len(parser._people), *map(len, parser._keys.values())]
    assert max(len(parser._forms), *names) < many
    again = [*lines[-3:], *lines[:3]]
    assert parser.parse(again) == open_parser(by_form=False).parse(again)


# -- any line --------------------------------------------------------------------------------------

_IDS = st.sampled_from(["e1", "e2", "é", "a b", "x" * 40, ""]) | st.text(max_size=6)
_INSTANTS = st.sampled_from(
    [
        "2026-01-05T09:00:00.250Z",
        "2026-01-05T09:01:07.000Z",
        "2026-01-06T23:59:59.999Z",
        "2026-W02-1T09:00:00.250Z",
        "2026-01-05T09:00:00Z",
        "2026-01-05 09:00:00.250Z",
        "2026-02-30T09:00:00.250Z",
        "2031-01-05T09:00:00.250Z",
        1_767_603_600_000,
    ]
)
_NUMBERS = st.sampled_from([0, 7, 7.5, 0.25, -1, 1e30, 10**15, 10**20, True, "7"])
_FEW = {
    "source": st.sampled_from(["desk", "a/b", ""]),
    "actor": st.sampled_from(["agent", "bot", "nobody"]),
    "type": st.sampled_from(["note", "replied", "created", "nothing"]),
    "tier": st.sampled_from([1, 2, 1.0, True, 99]),
    "public": st.booleans(),
    "score": st.sampled_from([1, 5, 9]),
    "status": st.sampled_from(["open", "pending", "odd"]),
    "case": st.sampled_from(["C1", ""]),
    "opened_at": st.sampled_from(["2026-01-05T08:00:00.000Z", "odd"]),
    "tags": st.sampled_from([["vip"], "vip", []]),
    "event_idx": st.just("odd"),
    "ticket_ix": st.just("odd"),
}
_SAID = st.fixed_dictionaries(
    {"event_id": _IDS, "ticket_id": _IDS, "type": _FEW["type"], "occurred_at": _INSTANTS},
    optional={
        **{key: value | st.none() for key, value in _FEW.items() if key != "type"},
        "assignee": _IDS | st.none() | st.just(5),
        "sequence": _NUMBERS | st.none(),
        "handle_seconds": _NUMBERS | st.none(),
    },
)


@st.composite
def lines_of_json(draw: st.DrawFn) -> bytes:
    """Return a line, its keys in any order, written in one of several ways, perhaps spoilt."""
    said = draw(_SAID)
    keys = draw(st.permutations(list(said)))
    told = {key: said[key] for key in keys}
    tight = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
    line = json.dumps(told, separators=tight, ensure_ascii=draw(st.booleans())).encode()
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        at = draw(st.integers(0, len(line)))
        end = draw(st.integers(at, min(len(line), at + 4)))
        part = draw(st.sampled_from([b"", b'"', b"\\", b"\x00", b"\xff", b",", b"}", b"1", b" "]))
        line = line[:at] + part + line[end:]
    return line


@settings(max_examples=400)
@given(st.lists(lines_of_json(), min_size=1, max_size=6))
def test_any_lines_say_the_same_both_ways(lines: list[bytes]) -> None:
    again = [*lines, *lines]
    assert parse(*again, by_form=True) == parse(*again, by_form=False)
