from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.columns import find_column
from connectors.mapping import Mapping, RowDecoder
from slawatch.errors import EventError
from slawatch.parsing import Vocabulary, parse_event
from tests.connectors.mapped import EVENT, UPDATE, WIDE, write_mapping

Build = Callable[[str], RowDecoder]

FEB_29 = 1_456_708_560_000  # 2016-02-29 01:16 UTC
ROW = {"number": "INC1", "count": "2", "updated": "29/2/2016 01:16", "opened": "29/2/2016 01:16"}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return lambda text: RowDecoder(write_mapping(tmp_path, text))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param({}, {}, id="nothing more"),
        pytest.param({"state": "Active"}, {"status": "open"}, id="mapped"),
        pytest.param(
            {"state": "Awaiting User"}, {"status": "pending", "reason": "customer"}, id="two keys"
        ),
        pytest.param({"state": "-100"}, {}, id="asserts nothing"),
        pytest.param({"state": "Weird"}, {"status": "Weird"}, id="unknown goes on as it is"),
        pytest.param({"group": "?"}, {}, id="empty marker"),
        pytest.param({"group": " L2 "}, {"team": "L2"}, id="blanks around"),
    ],
)
def test_an_update_row_asserts_the_ticket(
    build: Build, more: dict[str, str], expected: dict[str, str]
) -> None:
    said = {"source": "desk", "ticket_id": "INC1", "event_id": "INC1/2", "type": "observed"}
    *_, event = build(UPDATE).decode({**ROW, **more})
    assert event == {**said, "occurred_at": FEB_29, "sequence": 2, **expected}


def test_the_first_row_of_a_ticket_gives_its_creation(build: Build) -> None:
    decoder = build(UPDATE)
    created, _ = decoder.decode({**ROW, "priority": "high", "group": "L1", "state": "Active"})
    assert created == {
        "source": "desk",
        "ticket_id": "INC1",
        "event_id": "INC1/created",
        "type": "created",
        "actor": "customer",
        "occurred_at": FEB_29,
        "priority": "high",
    }
    assert [event["type"] for event in decoder.decode(ROW)] == ["observed"]


@pytest.mark.parametrize("opened", ["", "?"])
def test_the_creation_waits_for_a_row_that_says_when(build: Build, opened: str) -> None:
    decoder = build(UPDATE)
    assert [event["type"] for event in decoder.decode({**ROW, "opened": opened})] == ["observed"]
    assert [event["type"] for event in decoder.decode(ROW)] == ["created", "observed"]


def test_a_bad_creation_costs_the_row_nothing_else(build: Build) -> None:
    created, observed = build(UPDATE).decode({**ROW, "opened": "soon"})
    assert observed["event_id"] == "INC1/2"
    with pytest.raises(EventError, match="occurred_at"):
        parse_event(created, None, "desk", Vocabulary())


CALL = {"call": {"id": 7}, "n": 1, "at": "2016-02-29T02:16:00+01:00"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"what": "ring"}, {"type": "created"}, id="by the type column"),
        pytest.param(
            {"what": "answer", "by": "ann"}, {"type": "replied", "actor": "agent"}, id="with keys"
        ),
        pytest.param(
            {"what": "answer", "by": "ivr"}, {"type": "replied", "actor": "bot"}, id="by condition"
        ),
        pytest.param(
            {"what": "field", "value": "low"},
            {"type": "observed", "priority": "low"},
            id="fields of one act",
        ),
        pytest.param(
            {"what": "ring", "seen": False}, {"type": "created", "public": False}, id="false"
        ),
        pytest.param(
            {"what": "ring", "tags": ["b"], "talk": 1.5},
            {"type": "created", "tags": ["b"], "handle_seconds": 1.5},
            id="a list and a number",
        ),
        pytest.param(
            {"what": "ring", "talk": "long"},
            {"type": "created", "handle_seconds": "long"},
            id="not understood: left to the parser",
        ),
        pytest.param({"what": "ring", "seen": None}, {"type": "created"}, id="null"),
    ],
)
def test_an_event_row_is_an_act(
    build: Build, row: dict[str, object], expected: dict[str, object]
) -> None:
    said = {"source": "calls", "ticket_id": "7", "event_id": "7/1", "channel": "phone"}
    assert build(EVENT).decode({**CALL, **row}) == [{**said, "occurred_at": FEB_29, **expected}]


def test_rows_that_are_no_act_are_skipped_where_the_mapping_says_so(build: Build) -> None:
    decoder = build(f'unmatched = "skip"\n{EVENT}')
    assert decoder.decode({**CALL, "what": "hum"}) == []


def test_a_wide_row_gives_an_act_for_each_filled_column(build: Build) -> None:
    row = {
        "ID": "9",
        "State": "closed",
        "Group": "L1",
        "Created": "2016-02-29 02:16",
        "First reply": "",
        "Solved": "2016-02-29 02:17",
        "Updated": "2016-02-29 02:18",
    }
    base = {"source": "export", "ticket_id": "9", "team": "L1"}
    assert build(WIDE).decode(row) == [
        {**base, "event_id": "9/created", "type": "created", "occurred_at": FEB_29},
        {**base, "event_id": "9/resolved", "type": "resolved", "occurred_at": FEB_29 + 60_000},
        {
            **base,
            "event_id": f"9/observed/{FEB_29 + 120_000}",
            "type": "observed",
            "status": "closed",
            "occurred_at": FEB_29 + 120_000,
        },
    ]


def test_two_columns_of_one_type_are_two_acts(build: Build) -> None:
    decoder = build(WIDE.replace('Solved = "resolved"', 'Solved = "replied"'))
    row = {"ID": "9", "First reply": "2016-02-29 02:16", "Solved": "2016-02-29 02:16"}
    ids = [event["event_id"] for event in decoder.decode(row)]
    assert ids == ["9/First reply", "9/Solved"]


def test_a_bad_time_column_costs_one_act(build: Build) -> None:
    row = {"ID": "9", "Created": "2016-02-29 02:16", "Solved": "yesterday"}
    created, resolved = build(WIDE).decode(row)
    assert parse_event(created, None, "", Vocabulary()).occurred_at == FEB_29 * 1000
    with pytest.raises(EventError) as caught:
        parse_event(resolved, None, "", Vocabulary())
    assert caught.value.reason == "bad_time"


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        pytest.param(UPDATE, {**ROW, "number": ""}, "missing_key", id="no ticket"),
        pytest.param(UPDATE, {**ROW, "number": "?"}, "missing_key", id="an empty marker"),
        pytest.param(UPDATE, {**ROW, "count": ""}, "missing_key", id="no part of the id"),
        pytest.param(UPDATE, {**ROW, "count": "?"}, "missing_key", id="an id of an empty marker"),
        pytest.param(UPDATE, {**ROW, "updated": ""}, "missing_key", id="no instant"),
        pytest.param(UPDATE, {}, "missing_key", id="no column at all"),
        pytest.param(UPDATE, {**ROW, "updated": "30/2/2016 01:16"}, "bad_time", id="no such day"),
        pytest.param(UPDATE, {**ROW, "number": {"a": 1}}, "bad_type", id="an object for an id"),
        pytest.param(
            EVENT, {**CALL, "what": "ring", "at": [1]}, "bad_type", id="a list for a time"
        ),
        pytest.param(EVENT, {**CALL, "what": "hum"}, "unknown_type", id="no such type"),
        pytest.param(EVENT, {**CALL, "what": {}}, "unknown_type", id="an object for a type"),
        pytest.param(WIDE, {"ID": "9", "Created": ""}, "missing_key", id="no time column filled"),
    ],
)
def test_a_row_that_cannot_be_an_act_says_why(
    build: Build, text: str, row: dict[str, object], reason: str
) -> None:
    with pytest.raises(EventError) as caught:
        build(text).decode(row)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("a.b", "flat", id="a name with a dot comes first"),
        pytest.param("c.d.1.e", 5, id="objects and lists"),
        pytest.param("c.d.9", None, id="beyond the list"),
        pytest.param("a.x", None, id="through a text"),
    ],
)
def test_columns_are_found_by_name_or_path(path: str, expected: object) -> None:
    row = {"a.b": "flat", "a": "text", "c": {"d": [0, {"e": 5}]}}
    assert find_column(row, path) == expected


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
MORE = ("state", "group", "priority", "call", "n", "at", "what", "by", "tags", "talk", "seen")
COLUMNS = st.sampled_from((*ROW, *MORE, "ID", "Created", "Solved", "Updated", "State"))


@pytest.fixture(scope="module", params=[UPDATE, EVENT, WIDE], ids=["update", "event", "wide"])
def mapping(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    return write_mapping(tmp_path_factory.mktemp("mapping"), request.param)


@given(row=st.dictionaries(COLUMNS, VALUES, max_size=12))
def test_no_row_raises_anything_but_an_event_error(mapping: Mapping, row: dict[str, Any]) -> None:
    try:
        events = RowDecoder(mapping).decode({**ROW, **CALL, "what": "ring", **row})
    except EventError:
        return
    assert all(event["event_id"] and "type" in event for event in events)
