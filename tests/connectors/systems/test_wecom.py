"""WeCom customer service: what a page of messages says, and the callback's proof and cipher."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.cipher import open_feishu
from connectors.connector import Push
from connectors.decoding import build_decoder
from connectors.opaque import TEST_KEY, hide_persons
from connectors.payload import Payload
from connectors.sessions import Thread
from connectors.systems.wecom import CONNECTOR
from slawatch.errors import EventError
from tests.connectors.systems.channels import BODIES, needs_bodies, outcome, tell
from tests.connectors.vectors import build_payload, read_vector

CHECKS = ["wecom-verify-url", "wecom-official-verify-url", "wecom-official-verify-url-2"]


def message(origin: int, **more: object) -> dict[str, Any]:
    said = {"msgid": "m1", "open_kfid": "wk1", "external_userid": "wm1", "send_time": 1_772_528_400}
    return {**said, "origin": origin, "msgtype": "text", **more}


def change(change_type: int, **more: object) -> dict[str, Any]:
    event = {"event_type": "session_status_change", "open_kfid": "wk1", "external_userid": "wm1"}
    said = {"msgid": "m1", "send_time": 1_772_528_400, "origin": 4, "msgtype": "event"}
    return {**said, "event": {**event, "change_type": change_type, **more}}


def kinds(one: dict[str, Any]) -> list[tuple[str, str, object]]:
    events = tell(CONNECTOR, json.dumps(one))
    return [(event["type"], event.get("actor", ""), event.get("assignee")) for event in events]


def test_a_customer_s_message_opens_what_was_ended() -> None:
    (event,) = tell(CONNECTOR, json.dumps(message(3)))
    assert (event["type"], event["actor"], event["status"]) == ("replied", "customer", "open")


def test_a_servicer_s_message_is_the_answer() -> None:
    assert kinds(message(5, servicer_userid="Zhang")) == [("replied", "agent", "Zhang")]


@pytest.mark.parametrize(
    ("change_type", "expected"),
    [
        pytest.param(1, [("assigned", "agent", "Li")], id="taken out of the pool"),
        pytest.param(2, [("assigned", "agent", "Li")], id="passed on"),
        pytest.param(3, [("resolved", "", None), ("closed", "", None)], id="ended"),
        pytest.param(
            4, [("reopened", "agent", None), ("assigned", "agent", "Li")], id="taken up again"
        ),
        pytest.param(9, [], id="not known"),
    ],
)
def test_a_session_s_changes(change_type: int, expected: list[tuple[str, str, object]]) -> None:
    assert kinds(change(change_type, new_servicer_userid="Li")) == expected


def test_who_wrote_is_no_other_origin() -> None:
    assert [kinds(message(origin)) for origin in (0, 1, 2, 4, 6)] == [[]] * 5


def test_the_customer_is_an_opaque_person_of_one_account() -> None:
    (event,) = tell(CONNECTOR, json.dumps(message(3)))
    assert event["ticket_id"] == Thread("wecom:wk1:wm1")
    (hidden,) = hide_persons([event], TEST_KEY)
    assert "wm1" not in str(hidden)


def test_a_bad_message_of_a_page_is_alone_refused() -> None:
    page = {"errcode": 0, "msg_list": [message(3), {"origin": 3, "msgtype": "text"}, message(5)]}
    events = list(CONNECTOR.decode(Payload(json.dumps(page).encode())))
    assert [isinstance(event, EventError) for event in events] == [False, True, False]


def test_a_word_after_the_session_s_end_opens_another_ticket() -> None:
    later = message(3, msgid="m3", send_time=1_772_528_700)
    page = {"msg_list": [message(3), change(3) | {"msgid": "m2"}, later]}
    events = list(build_decoder(CONNECTOR, TEST_KEY, source="wecom")(json.dumps(page).encode()))
    told = [(event["type"], event["ticket_id"][-13:-3]) for event in events]  # type: ignore[index]  # events all
    assert told == [
        ("created", "1772528400"),
        ("replied", "1772528400"),
        ("resolved", "1772528400"),
        ("closed", "1772528400"),
        ("created", "1772528700"),
        ("replied", "1772528700"),
    ]


def push() -> Push:
    assert CONNECTOR.push is not None
    return CONNECTOR.push


@pytest.mark.parametrize("system", CHECKS)
def test_the_address_check_is_answered_with_the_opened_text(system: str) -> None:
    vector = read_vector(system)
    secret = f"{vector['token']}:{vector['encoding_aes_key']}"
    handshake = push().handshake
    assert handshake is not None
    reply = handshake("GET", build_payload(vector), ("other:" + "A" * 43, secret))
    assert reply is not None
    assert reply.body == vector["plaintext"].encode()


@pytest.mark.parametrize("system", CHECKS)
@pytest.mark.parametrize("key", ["msg_signature", "timestamp", "nonce", "echostr"])
def test_a_tampered_address_check_is_not_answered(system: str, key: str) -> None:
    vector = read_vector(system)
    payload = build_payload(vector)
    wrong = payload._replace(query={**payload.query, key: payload.query[key][:-2] + "x="})
    handshake = push().handshake
    assert handshake is not None
    with pytest.raises(EventError):
        handshake("GET", wrong, (f"{vector['token']}:{vector['encoding_aes_key']}",))


def test_a_callback_is_opened() -> None:
    vector = read_vector("wecom-callback")
    secret = f"{vector['token']}:{vector['encoding_aes_key']}"
    payload = build_payload(vector)
    unwrap = push().unwrap
    assert unwrap is not None
    opened = unwrap(payload, (secret,), {"corp_id": vector["receive_id"]})
    assert opened.body == vector["plaintext"].encode()
    assert outcome(CONNECTOR, opened) == "none"


@pytest.mark.parametrize(
    ("secret", "corp_id"),
    [
        pytest.param("123456:" + "A" * 43, None, id="another key"),
        pytest.param(None, "wwAnother", id="another corporation"),
    ],
)
def test_a_callback_of_others_is_not_opened(secret: str | None, corp_id: str | None) -> None:
    vector = read_vector("wecom-callback")
    own = f"{vector['token']}:{vector['encoding_aes_key']}"
    unwrap = push().unwrap
    assert unwrap is not None
    with pytest.raises(EventError):
        unwrap(build_payload(vector), (secret or own,), {"corp_id": corp_id})


def test_a_callback_that_was_cut_is_refused() -> None:
    vector = read_vector("wecom-callback")
    body = vector["body"].replace("RgqEoJj5A4EMYlLv", "")
    unwrap = push().unwrap
    assert unwrap is not None
    with pytest.raises(EventError):
        unwrap(Payload(body.encode()), (f"{vector['token']}:{vector['encoding_aes_key']}",), {})


def test_feishu_s_cipher_is_opened() -> None:
    vector = read_vector("feishu-decrypt")
    assert open_feishu(vector["encrypt"], vector["encrypt_key"]) == vector["plaintext"].encode()
    with pytest.raises(EventError):
        open_feishu(vector["encrypt"], "another key")


@needs_bodies
@pytest.mark.parametrize(
    ("name", "expected"),
    [("kf_msg_or_event.xml", "none"), ("sync_msg.response.json", "replied")],
)
def test_real_bodies(name: str, expected: str) -> None:
    assert outcome(CONNECTOR, Payload((BODIES / "wecom" / name).read_bytes())) == expected
