"""WhatsApp: who wrote, what is an answer, and what is neither."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.connector import Push
from connectors.opaque import TEST_KEY, hide_persons
from connectors.payload import Payload
from connectors.sessions import Thread
from connectors.systems.whatsapp import CONNECTOR
from slawatch.errors import EventError
from tests.connectors.systems.channels import BODIES, outcome, tell, tell_one


def deliver(field: str, **value: object) -> str:
    said = {"metadata": {"phone_number_id": "501"}, **value}
    change = {"field": field, "value": said}
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"changes": [change]}]})


def message(kind: str = "text", **more: object) -> dict[str, Any]:
    said = {"from": "4915500000077", "id": "wamid.1", "timestamp": "1772528400", "type": kind}
    return {**said, **more}


def status(name: str = "sent", **more: object) -> dict[str, Any]:
    said = {"id": "wamid.2", "status": name, "timestamp": "1772528460"}
    return {**said, "recipient_id": "4915500000077", **more}


def test_a_customer_s_message_waits_for_an_answer() -> None:
    event = tell_one(CONNECTOR, deliver("messages", messages=[message()]))
    assert (event["type"], event["actor"], event["status"]) == ("replied", "customer", "open")


def test_what_was_sent_answers_the_same_ticket() -> None:
    asked = tell_one(CONNECTOR, deliver("messages", messages=[message()]))
    answered = tell_one(CONNECTOR, deliver("messages", statuses=[status()]))
    assert answered["actor"] == "agent"
    assert answered["ticket_id"] == asked["ticket_id"] == Thread("whatsapp:501:4915500000077")


def test_the_customer_s_number_stands_in_no_event() -> None:
    raw = deliver("messages", messages=[message()]).encode()
    told = list(hide_persons(CONNECTOR.decode(Payload(raw)), TEST_KEY))
    assert "4915500000077" not in str(told)


@pytest.mark.parametrize("name", ["delivered", "read", "played", "failed"])
def test_an_answer_is_told_once(name: str) -> None:
    assert tell(CONNECTOR, deliver("messages", statuses=[status(name)])) == []


@pytest.mark.parametrize("category", ["marketing", "utility", "authentication"])
def test_a_template_answers_nobody(category: str) -> None:
    sent = status(pricing={"category": category})
    assert tell(CONNECTOR, deliver("messages", statuses=[sent])) == []


@pytest.mark.parametrize("kind", ["reaction", "system"])
def test_what_asks_nothing_is_no_message(kind: str) -> None:
    assert tell(CONNECTOR, deliver("messages", messages=[message(kind)])) == []


def test_a_message_that_cannot_be_shown_still_waits() -> None:
    body = deliver("messages", messages=[message("unsupported")])
    assert tell_one(CONNECTOR, body)["actor"] == "customer"


def test_what_is_written_in_the_app_is_a_person_s_answer() -> None:
    echo = message(to="4915500000077") | {"from": "15550000001"}
    event = tell_one(CONNECTOR, deliver("smb_message_echoes", message_echoes=[echo]))
    assert event["actor"] == "agent"
    assert event["ticket_id"] == Thread("whatsapp:501:4915500000077")


@pytest.mark.parametrize("kind", ["revoke", "edit"])
def test_a_change_of_what_was_written_is_no_answer(kind: str) -> None:
    echo = message(kind, to="4915500000077")
    assert tell(CONNECTOR, deliver("smb_message_echoes", message_echoes=[echo])) == []


def test_a_customer_may_have_no_number() -> None:
    said = message(from_user_id="US.77")
    del said["from"]
    event = tell_one(CONNECTOR, deliver("messages", messages=[said]))
    assert event["ticket_id"] == Thread("whatsapp:501:US.77")


def test_a_bad_message_among_others_is_alone_refused() -> None:
    body = deliver("messages", messages=[message(), message(id=None), message(id="wamid.3")])
    events = list(CONNECTOR.decode(Payload(body.encode())))
    assert [isinstance(event, EventError) for event in events] == [False, True, False]


def push() -> Push:
    assert CONNECTOR.push is not None
    return CONNECTOR.push


def test_the_address_check_is_answered() -> None:
    handshake = push().handshake
    assert handshake is not None
    query = {"hub.mode": "subscribe", "hub.verify_token": "t", "hub.challenge": "1158201444"}
    reply = handshake("GET", Payload(b"", {}, query), ("secret",))
    assert reply is not None
    assert reply.body == b"1158201444"


@pytest.mark.parametrize("challenge", ["", "<script>", "x" * 300])
def test_an_odd_challenge_is_not_echoed(challenge: str) -> None:
    handshake = push().handshake
    assert handshake is not None
    query = {"hub.mode": "subscribe", "hub.challenge": challenge}
    with pytest.raises(EventError):
        handshake("GET", Payload(b"", {}, query), ("secret",))


REAL = {
    "message.json": {
        "reaction": "none",
        "unreaction_empty": "none",
        "unreaction_no_emoji": "none",
        "": "replied",
    },
    "message_status.json": {"sent": "replied", "with_tracker": "replied", "": "none"},
    "outgoing_message.json": {"text": "replied", "": "none"},
    "callback_button.json": {"": "replied"},
    "call_connect.json": {"": "none"},
    "call_status.json": {"": "none"},
    "call_terminate.json": {"": "none"},
    "system.json": {"": "none"},
}


@pytest.mark.parametrize("name", REAL)
def test_real_bodies(name: str) -> None:
    path = BODIES / "whatsapp" / name
    if not path.exists():
        pytest.skip(f"needs the shared bodies beside the project: {path}")
    cases = json.loads(path.read_bytes())
    told = {case: outcome(CONNECTOR, Payload(json.dumps(cases[case]).encode())) for case in cases}
    assert told == {case: REAL[name].get(case, REAL[name][""]) for case in cases}
