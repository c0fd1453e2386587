"""HTTP: native JSON, CloudEvents in three modes, Standard Webhooks, and what is none of them."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.payload import Payload
from connectors.systems.http import CONNECTOR, decode, find_dedup_key, shake_hands
from slawatch.errors import EventError
from tests.connectors.systems.bodies import decode_json, pick, tell

NATIVE = {"event_id": "e", "ticket_id": "1", "type": "note", "occurred_at": 1772442000000}
CLOUD = {
    "specversion": "1.0",
    "id": "e",
    "source": "/desk",
    "type": "com.slawatch.ticket.note",
    "subject": "1",
    "time": "2026-03-02T09:00:00Z",
}


def decode_text(text: str, **headers: str) -> list[dict[str, Any]]:
    """Decode a body of text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [tell(event) for event in decode(Payload(text.encode(), named))]


def test_a_native_event_goes_on_as_it_is() -> None:
    assert decode_json(CONNECTOR, NATIVE) == [NATIVE]


def test_of_an_array_a_bad_element_is_refused_alone() -> None:
    assert decode_json(CONNECTOR, [NATIVE, "x", NATIVE]) == [
        NATIVE,
        {"rejected": "bad_type"},
        NATIVE,
    ]


def test_lines_are_known_without_their_content_type() -> None:
    assert decode_text('{"ticket_id": "1"}\r\n{"ticket_id": "2"}\n') == [
        {"ticket_id": "1"},
        {"ticket_id": "2"},
    ]


def test_of_lines_a_cut_one_is_refused_alone() -> None:
    assert decode_text('{"ticket_id": "1"}\n{"ticket') == [
        {"ticket_id": "1"},
        {"rejected": "malformed"},
    ]


def test_one_event_on_many_lines_is_one_event() -> None:
    assert decode_text('{\n "ticket_id":\n "1"\n}') == [{"ticket_id": "1"}]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("", "malformed", id="empty"),
        pytest.param("{", "malformed", id="cut"),
        pytest.param("ticket=1", "malformed", id="form"),
    ],
)
def test_a_body_that_is_no_json_is_refused_whole(body: str, reason: str) -> None:
    with pytest.raises(EventError) as raised:
        decode_text(body)
    assert raised.value.reason == reason


def test_a_cloudevent_carries_the_event_as_data() -> None:
    events = decode_json(CONNECTOR, {**CLOUD, "data": {"actor": "agent", "team": "l1"}})
    assert events == [
        {
            "event_id": "e",
            "ticket_id": "1",
            "occurred_at": "2026-03-02T09:00:00Z",
            "actor": "agent",
            "team": "l1",
            "type": "note",
        }
    ]


def test_what_the_data_says_itself_beats_the_envelope() -> None:
    events = decode_json(CONNECTOR, {**CLOUD, "data": {"ticket_id": "7", "event_id": "own"}})
    assert pick(events, "ticket_id", "event_id") == [("7", "own")]


def test_binary_attributes_may_be_escaped() -> None:
    events = decode_text(
        "{}", ce_type="com.slawatch.ticket.note", ce_id="e", ce_subject="M%C3%BCller-1"
    )
    assert pick(events, "ticket_id", "type") == [("Müller-1", "note")]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param({"specversion": "0.3"}, "bad_type", id="another-version"),
        pytest.param({"type": ""}, "missing_key", id="no-type"),
        pytest.param({"data": [1]}, "bad_type", id="data-is-a-list"),
        pytest.param({"data_base64": "?"}, "malformed", id="no-base64"),
        pytest.param({"data": "<xml/>"}, "malformed", id="data-is-xml"),
    ],
)
def test_a_cloudevent_that_cannot_be_read_is_refused(said: dict[str, Any], reason: str) -> None:
    assert decode_json(CONNECTOR, {**CLOUD, **said}) == [{"rejected": reason}]


def test_cloudevents_of_other_systems_concern_no_clock() -> None:
    assert decode_json(CONNECTOR, {**CLOUD, "type": "com.github.push"}) == []


def test_an_act_of_ours_that_is_misspelt_is_no_other_system_s() -> None:
    events = decode_json(CONNECTOR, {**CLOUD, "type": "com.slawatch.ticket.repled"})
    assert pick(events, "type") == [("repled",)]


def test_cloudevents_in_xml_are_refused() -> None:
    with pytest.raises(EventError, match="read as JSON"):
        decode_text("<event/>", content_type="application/cloudevents+xml")


def test_a_standard_webhook_takes_its_delivery_as_the_act() -> None:
    body = {"type": "replied", "timestamp": "2026-03-02T09:00:00Z", "data": {"ticket_id": "1"}}
    events = decode_json(CONNECTOR, body, {"webhook-id": "msg_1"})
    assert pick(events, "event_id", "ticket_id", "type", "occurred_at") == [
        ("msg_1", "1", "replied", "2026-03-02T09:00:00Z")
    ]


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        pytest.param({"webhook-id": "msg_1"}, "msg_1", id="standard-webhook"),
        pytest.param({"ce-id": "1", "ce-source": "/a"}, "/a 1", id="binary-cloudevent"),
    ],
)
def test_a_delivery_s_own_id_tells_a_repetition(headers: dict[str, str], key: str) -> None:
    assert find_dedup_key(Payload(b"{}", headers)) == key


def test_without_an_id_the_same_body_is_the_same_delivery() -> None:
    one, other = (find_dedup_key(Payload(body)) for body in (b"{}", b"[]"))
    assert one == find_dedup_key(Payload(b"{}")) != other


def test_a_sender_of_cloudevents_is_allowed_at_the_rate_it_asks_for() -> None:
    asked = {"webhook-request-origin": "events.example.com", "webhook-request-rate": "120"}
    reply = shake_hands("OPTIONS", Payload(b"", asked), ())
    assert reply is not None
    assert reply.status == 200
    assert reply.headers["WebHook-Allowed-Origin"] == "events.example.com"
    assert reply.headers["WebHook-Allowed-Rate"] == "120"


def test_an_options_request_without_origin_is_no_handshake() -> None:
    reply = shake_hands("OPTIONS", Payload(b""), ())
    assert reply is not None
    assert reply.status == 400


def test_a_delivery_is_no_handshake() -> None:
    assert shake_hands("POST", Payload(b"{}"), ()) is None
