"""From raw records to events and rejects: one bad record is one reject."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.connector import Connector
from connectors.decoding import KEPT_BYTES, RecordParser, build_decoder, decode_native
from connectors.files import Oversize
from connectors.intake import Record
from connectors.opaque import TEST_KEY, Opaque, hide
from connectors.payload import Payload, pack_payload
from slawatch.errors import EventError
from slawatch.events import REJECT_REASONS
from slawatch.parsing import Vocabulary

AT = 1_767_603_600_000_000
GOOD = {"event_id": "e", "ticket_id": "1", "type": "note", "occurred_at": AT // 1000}


def record(body: bytes, seq: int = 1, source: str = "desk") -> Record:
    """Return a stored delivery."""
    return Record(seq, AT, source, body, None)


def refuse(body: bytes) -> EventError:
    """Return the error of a body that is no event."""
    with pytest.raises(EventError) as raised:
        decode_native(body)
    return raised.value


def test_a_line_of_native_json_is_one_event() -> None:
    assert decode_native(orjson.dumps(GOOD)) == [GOOD]


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        pytest.param(b'{"event_id": "e"', "malformed", "not JSON", id="truncated"),
        pytest.param(b"", "malformed", "not JSON", id="empty"),
        pytest.param(b"NaN", "malformed", "not JSON", id="no-number-of-json"),
        pytest.param(b'{"a": "\xff"}', "bad_encoding", "not UTF-8 at byte 7", id="not-utf-8"),
        pytest.param(
            Oversize(10_000_000, b'{"a').to_body(),
            "oversize",
            "10000000 bytes is too long",
            id="too-long",
        ),
    ],
)
def test_a_body_that_is_no_json_says_why(body: bytes, reason: str, message: str) -> None:
    error = refuse(body)
    assert error.reason == reason
    assert message in str(error)


def test_records_become_events_in_order_at_the_time_of_their_arrival() -> None:
    bodies = [orjson.dumps({**GOOD, "event_id": str(n)}) for n in range(3)]
    events, rejects = RecordParser(Vocabulary(), {}).parse(map(record, bodies))
    assert [(e.key, e.received_at, e.connector) for e in events] == [("desk/1", AT, "desk")] * 3
    assert rejects == []


def test_a_bad_record_is_a_reject_and_the_others_go_on() -> None:
    records = [record(b"{", 7), record(orjson.dumps(GOOD), 8), record(b"[]", 9)]
    events, rejects = RecordParser(Vocabulary(), {}).parse(records)
    assert len(events) == 1
    assert [(r.key, r.reason, r.body, r.received_at) for r in rejects] == [
        ("7", "malformed", b"{", AT),
        ("9", "bad_type", b"[]", AT),
    ]


def test_each_connector_has_its_decoder() -> None:
    parser = RecordParser(Vocabulary(), {"phones": lambda body: [{**GOOD, "team": body.decode()}]})
    events, _ = parser.parse([record(b"l1", source="phones"), record(orjson.dumps(GOOD))])
    assert [event.attrs.team for event in events] == ["l1", None]


def test_a_decoder_may_give_several_events() -> None:
    parser = RecordParser(Vocabulary(), {"desk": lambda _: [GOOD, {**GOOD, "type": "closed"}]})
    assert len(parser.parse([record(b"")])[0]) == 2


def test_of_several_events_a_bad_one_is_rejected_alone() -> None:
    parser = RecordParser(Vocabulary(), {"desk": orjson.loads})
    body = orjson.dumps([GOOD, {**GOOD, "type": "nap"}, {**GOOD, "event_id": "f"}, 7])
    events, rejects = parser.parse([record(body, 5)])
    assert len(events) == 2
    assert [(r.key, r.reason, orjson.loads(r.body)) for r in rejects] == [
        ("5.1", "unknown_type", {**GOOD, "type": "nap"}),
        ("5.3", "bad_type", 7),
    ]


def test_a_decoder_may_say_which_of_several_is_no_event() -> None:
    error = EventError("malformed", "line 2 is no JSON")
    parser = RecordParser(Vocabulary(), {"desk": lambda _: [GOOD, error]})
    events, (reject,) = parser.parse([record(b"", 5)])
    assert len(events) == 1
    assert reject == ("desk", "malformed", "line 2 is no JSON", b"", "5.1", AT)


def test_of_a_large_body_only_a_part_is_kept() -> None:
    _, (reject,) = RecordParser(Vocabulary(), {}).parse([record(b"x" * (KEPT_BYTES + 1))])
    assert len(reject.body) == KEPT_BYTES


@given(st.lists(st.binary(max_size=30) | st.just(orjson.dumps(GOOD)), max_size=5))
def test_any_bytes_are_events_or_rejects(bodies: list[bytes]) -> None:
    records = [record(body, seq) for seq, body in enumerate(bodies)]
    events, rejects = RecordParser(Vocabulary(), {}).parse(records)
    assert len(events) + len(rejects) == len(bodies)
    assert {reject.reason for reject in rejects} <= set(REJECT_REASONS)


def break_down(_: bytes) -> list[object]:
    """Be a decoder with a defect."""
    raise KeyError("id")


def test_a_decoder_that_breaks_costs_one_record() -> None:
    parser = RecordParser(Vocabulary(), {"acme": break_down})
    events, rejects = parser.parse([record(b"{}", 7, "acme"), record(orjson.dumps(GOOD))])
    assert len(events) == 1
    assert [(r.key, r.reason, r.message) for r in rejects] == [
        ("7", "decoder_error", "the decoder failed: KeyError: 'id'")
    ]


def test_a_connector_decodes_the_delivery_and_its_persons_are_hidden() -> None:
    def decode(payload: Payload) -> list[dict[str, object]]:
        return [{**GOOD, "ticket_id": Opaque(payload.headers["x-from"])}]

    connector = Connector("wa", "WhatsApp", decode, "chat")
    parser = RecordParser(Vocabulary(), {"wa": build_decoder(connector, TEST_KEY)})
    body = pack_payload(Payload(b"{}", {"x-from": "4915112345678"}))
    (event,), _ = parser.parse([record(body, source="wa")])
    assert event.key == f"wa/{hide('4915112345678', TEST_KEY)}"


def test_what_is_tried_out_never_writes_into_the_tickets_of_others() -> None:
    body = orjson.dumps({**GOOD, "source": "crm"})
    light, _ = RecordParser(Vocabulary(), {}).parse([record(body)])
    dark, _ = RecordParser(Vocabulary(), {}, frozenset(("desk",))).parse([record(body)])
    assert [event.key for event in light + dark] == ["crm/1", "desk/1"]


def test_a_record_that_says_only_how_far_a_poll_came_is_no_event() -> None:
    parser = RecordParser(Vocabulary(), {})
    assert parser.parse([Record(1, AT, "desk", b"", AT)]) == ([], [])
    _, rejects = parser.parse([Record(1, AT, "desk", b"", None)])
    assert [reject.reason for reject in rejects] == ["malformed"]
