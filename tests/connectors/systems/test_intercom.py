"""Intercom's notifications."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from connectors.connector import Reply
from connectors.payload import Payload
from connectors.systems.intercom import CONNECTOR
from slawatch.errors import EventError
from tests.connectors.systems.channels import BODIES, Told, needs_bodies, outcome, tell

AT = 1_772_528_400
"""2026-03-03T09:00:00Z."""


def notify(topic: str, item: dict[str, Any], notice: str = "notif_1") -> str:
    data = {"type": "notification_event_data", "item": item}
    return json.dumps({"topic": topic, "id": notice, "created_at": AT, "data": data})


def converse(*parts: dict[str, Any], **more: object) -> dict[str, Any]:
    listed = {"conversation_parts": list(parts)}
    return {"type": "conversation", "id": "901", "conversation_parts": listed, **more}


def part(
    kind: str, author: str = "admin", body: str | None = None, **more: object
) -> dict[str, Any]:
    said = {"id": "31", "part_type": kind, "body": body, "created_at": AT}
    return {**said, "author": {"type": author, "id": "7"}, **more}


def read(topic: str, item: dict[str, Any]) -> list[Told]:
    return tell(CONNECTOR, notify(topic, item))


def kinds(topic: str, item: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event["type"], event.get("actor", "")) for event in read(topic, item)]


def test_one_act_in_two_notifications_has_the_same_ids() -> None:
    assigned = part("assignment", body="Hi", assigned_to={"type": "admin", "id": 7})
    replied = read("conversation.admin.replied", converse(assigned))
    twin = read("conversation.admin.assigned", converse(assigned))
    assert replied == twin
    assert [event["event_id"] for event in twin] == ["replied:31", "assigned:31"]


def test_the_automatic_text_of_reply_times_is_no_answer() -> None:
    text = part("channel_and_reply_time_expectation", "bot", "soon")
    assert read("conversation.operator.replied", converse(text)) == []


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        pytest.param({"type": "user"}, "customer", id="user"),
        pytest.param({"type": "lead"}, "customer", id="lead"),
        pytest.param({"type": "contact"}, "customer", id="contact"),
        pytest.param({"type": "admin"}, "agent", id="admin"),
        pytest.param({"type": "team"}, "agent", id="team"),
        pytest.param({"type": "bot"}, "bot", id="bot"),
        pytest.param({"type": "admin", "from_ai_agent": True}, "bot", id="an AI as an admin"),
        pytest.param({"type": "admin", "is_ai_answer": True}, "bot", id="an AI's answer"),
        pytest.param({"type": "other"}, "system", id="not known"),
    ],
)
def test_who_wrote(author: dict[str, Any], expected: str) -> None:
    item = converse(part("comment", body="Hi") | {"author": author})
    assert kinds("conversation.admin.replied", item) == [("replied", expected)]


def test_a_customer_s_message_opens_what_was_closed_or_snoozed() -> None:
    (event,) = read("conversation.user.replied", converse(part("comment", "user", "?")))
    assert event["status"] == "open"


def test_a_reply_that_closes_is_both() -> None:
    item = converse(part("close", body="Done"), state="closed")
    told = kinds("conversation.admin.closed", item)
    assert told == [("replied", "agent"), ("resolved", "agent"), ("closed", "agent")]


def test_a_snooze_pauses_until_it_ends() -> None:
    assert kinds("conversation.admin.snoozed", converse(part("snoozed"))) == [("paused", "agent")]
    assert kinds("conversation.admin.unsnoozed", converse(part("unsnoozed"))) == [
        ("resumed", "agent")
    ]


def test_a_message_that_the_desk_sent_out_opens_nothing() -> None:
    item = converse(state="closed", created_at=AT)
    assert read("conversation.admin.single.created", item) == []


def test_a_conversation_without_parts_is_opened_by_its_customer() -> None:
    item = converse(created_at=AT, conversation_message={"author": {"type": "user"}})
    assert kinds("conversation.user.created", item) == [("created", "customer")]


def change(state: str, previous: str) -> dict[str, Any]:
    moved = part("ticket_state_updated_by_admin", ticket_state=state)
    moved["previous_ticket_state"] = previous
    older = part("ticket_state_updated_by_admin", ticket_state="in_progress")
    parts = {"ticket_parts": [{**older, "id": "30"}, moved]}
    return {"type": "ticket", "id": "902", "ticket_parts": parts}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("submitted", {"status": "new"}),
        ("in_progress", {"status": "open"}),
        ("waiting_on_customer", {"status": "pending", "reason": "customer"}),
        ("resolved", {"status": "resolved"}),
    ],
)
def test_a_ticket_s_new_state_is_told_once(state: str, expected: dict[str, str]) -> None:
    (event,) = read("ticket.state.updated", change(state, "other"))
    assert event["event_id"] == "observed:31"
    assert event.items() >= expected.items()


def test_a_state_that_was_there_already_is_no_change() -> None:
    assert read("ticket.state.updated", change("submitted", "submitted")) == []


def test_a_ticket_brings_all_its_parts_and_only_the_last_is_news() -> None:
    news = part("comment", body="Hi")
    old = {**part("note", body="x"), "id": "12"}
    item = {
        "type": "ticket_ticket_part",
        "ticket": {"type": "ticket", "id": "902", "ticket_parts": {"ticket_parts": [old, news]}},
        "ticket_part": news,
    }
    assert [event["event_id"] for event in read("ticket.admin.replied", item)] == ["replied:31"]


@pytest.mark.parametrize(
    "topic",
    ["ping", "contact.created", "conversation.read", "conversation.contact.attached", "call.ended"],
)
def test_topics_that_concern_no_clock_are_nothing(topic: str) -> None:
    assert read(topic, converse(part("comment", body="Hi"))) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("[1]", "bad_type", id="no object"),
        pytest.param("{", "malformed", id="cut"),
        pytest.param("{}", "missing_key", id="no topic"),
        pytest.param('{"topic": "conversation.admin.closed"}', "missing_key", id="no item"),
        pytest.param(notify("conversation.deleted", {}), "missing_key", id="no id"),
    ],
)
def test_what_identity_needs_is_asked_for(body: str, reason: str) -> None:
    with pytest.raises(EventError) as caught:
        tell(CONNECTOR, body)
    assert caught.value.reason == reason


def test_a_retry_is_the_same_delivery() -> None:
    body = notify("conversation.read", converse(), "notif_9").encode()
    assert CONNECTOR.dedup_key(Payload(body)) == "notif_9"
    assert CONNECTOR.dedup_key(Payload(b"{")) != CONNECTOR.dedup_key(Payload(b"["))


def test_the_address_check_is_answered() -> None:
    push = CONNECTOR.push
    assert push is not None
    assert push.handshake is not None
    assert push.handshake("HEAD", Payload(b""), ("secret",)) == Reply()
    assert push.handshake("POST", Payload(b"{}"), ("secret",)) is None


def test_a_delivery_is_signed_with_sha1_over_the_body() -> None:
    push = CONNECTOR.push
    assert push is not None
    assert push.signature is not None
    digest = hmac.new(b"secret", b"{}", hashlib.sha1).hexdigest()
    signed = Payload(b"{}", {"x-hub-signature": f"sha1={digest}"})
    assert push.signature.find_fault(signed, ("secret",), 0) == ""
    assert push.signature.find_fault(signed._replace(body=b"{ }"), ("secret",), 0) == "wrong"


@needs_bodies
def test_the_real_bot_s_automatic_text_is_no_answer() -> None:
    path = BODIES / "intercom" / "conversation.operator.replied.json"
    assert outcome(CONNECTOR, Payload(path.read_bytes())) == "none"
