"""Feishu's helpdesk: stages, states, messages, the address check and the cipher."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from connectors.connector import Push
from connectors.payload import Payload
from connectors.systems.feishu import CONNECTOR
from slawatch.errors import EventError
from tests.connectors.systems.channels import BODIES, needs_bodies, outcome, tell, tell_one

AT = 1_772_528_400_000
KEY = "encrypt key"


def event(kind: str, body: dict[str, Any], create_time: object = str(AT)) -> str:
    header = {"event_id": "h1", "event_type": f"helpdesk.{kind}_v1", "create_time": create_time}
    return json.dumps({"schema": "2.0", "header": header, "event": body})


def update(old: dict[str, Any], **new: object) -> str:
    ticket = {"ticket_id": "7", "updated_at": AT, **new}
    return event("ticket.updated", {"object": ticket, "old_object": old})


def encipher(text: str, key: str = KEY) -> bytes:
    """Encipher as Feishu does: AES-256-CBC, a random start before it, PKCS#7."""
    data, start = text.encode(), b"0123456789abcdef"
    pad = 16 - len(data) % 16
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(start))
    encryptor = cipher.encryptor()
    body = encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()
    return json.dumps({"encrypt": base64.b64encode(start + body).decode()}).encode()


def push() -> Push:
    assert CONNECTOR.push is not None
    return CONNECTOR.push


def test_the_handover_to_a_person_is_no_second_ticket() -> None:
    events = tell(CONNECTOR, update({"stage": 1, "status": 1}, stage=2, status=3))
    assert [(one["ticket_id"], one["type"]) for one in events] == [
        ("7", "handoff_requested"),
        ("7", "observed"),
    ]


def test_a_later_change_of_the_human_stage_is_no_handover() -> None:
    events = tell(CONNECTOR, update({"status": 3}, stage=2, status=2))
    assert [one["type"] for one in events] == ["observed"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [(1, "new"), (2, "open"), (3, "open"), (4, "pending"), (5, "pending"), (50, "closed")],
)
def test_the_desk_s_states(status: int, expected: str) -> None:
    assert tell_one(CONNECTOR, update({}, status=status))["status"] == expected


def test_only_a_solved_ticket_is_resolved_when_it_is_closed() -> None:
    solved = tell(CONNECTOR, update({}, status=51, solve=2))
    unsolved = tell(CONNECTOR, update({}, status=51, solve=1))
    assert [one["type"] for one in solved] == ["resolved", "observed"]
    assert [one["type"] for one in unsolved] == ["observed"]


def test_a_rating_that_stays_on_the_ticket_is_one_act() -> None:
    first = tell(CONNECTOR, update({}, score=1))
    later = tell(CONNECTOR, update({}, score=1, updated_at=AT + 5000))
    assert first[0]["event_id"] == later[0]["event_id"]
    assert first[0]["score"] == 1


@pytest.mark.parametrize(("sender", "actor"), [(1, "bot"), (2, "customer"), (3, "agent")])
def test_who_wrote(sender: int, actor: str) -> None:
    body = {"ticket_message_id": "8", "sender_type": sender, "ticket": {"ticket_id": "7"}}
    assert tell_one(CONNECTOR, event("ticket_message.created", body))["actor"] == actor


@pytest.mark.parametrize("create_time", [AT, str(AT), str(AT * 1000)])
def test_an_instant_is_milliseconds_in_whatever_form(create_time: object) -> None:
    told = event("ticket.created", {"ticket_id": "7"}, create_time)
    assert tell_one(CONNECTOR, told)["occurred_at"] == AT


def test_an_enciphered_delivery_is_opened_with_either_key() -> None:
    unwrap = push().unwrap
    assert unwrap is not None
    sealed = Payload(encipher('{"schema": "2.0"}'))
    assert unwrap(sealed, ("another key", KEY), {}).body == b'{"schema": "2.0"}'
    with pytest.raises(EventError):
        unwrap(sealed, ("another key",), {})


@pytest.mark.parametrize("is_enciphered", [True, False])
def test_the_address_check_is_answered(*, is_enciphered: bool) -> None:
    text = '{"challenge": "c1", "token": "t", "type": "url_verification"}'
    handshake = push().handshake
    assert handshake is not None
    body = encipher(text) if is_enciphered else text.encode()
    reply = handshake("POST", Payload(body), (KEY,))
    assert reply is not None
    assert json.loads(reply.body) == {"challenge": "c1"}


def test_a_delivery_is_no_address_check() -> None:
    handshake = push().handshake
    assert handshake is not None
    assert handshake("POST", Payload(encipher('{"header": {}}')), (KEY,)) is None
    assert handshake("POST", Payload(b"no JSON"), (KEY,)) is None


@needs_bodies
def test_a_list_of_fields_is_no_delivery() -> None:
    raw = (BODIES / "feishu" / "ticket.created.fields.txt").read_bytes()
    assert outcome(CONNECTOR, Payload(raw)) == "refused: malformed"
