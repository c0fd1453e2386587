"""WeCom customer service (微信客服): messages and session events as `sync_msg` returns them.

The callback says only that there is something to fetch: opened, it decodes to nothing.
docs/reference/connectors/wecom.md has the table of acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.cipher import Opened, open_wecom
from connectors.connector import Connector, NativeEvent, Push, Reply, Secrets
from connectors.payload import Payload
from connectors.reading import (
    EPOCH_S,
    Object,
    as_object,
    find_id,
    find_integer,
    find_object,
    find_text,
    parse_json,
    require_instant,
    require_text,
)
from connectors.sessions import Thread
from connectors.transports import poke
from connectors.verifiers import WECOM, find_xml_ciphertext, split_secret
from slawatch.errors import EventError
from slawatch.events import Kind


def decode(payload: Payload) -> Iterator[NativeEvent | EventError]:
    """Decode a message, or the messages of an answer of `sync_msg`."""
    if payload.body.lstrip()[:1] == b"<":
        return  # the callback
    data = parse_json(payload)
    listed = data.get("msg_list") if isinstance(data, dict) else data
    if listed is None:
        listed = [data] if isinstance(data, dict) and "msgid" in data else []
    for one in listed if isinstance(listed, list) else [listed]:
        try:
            yield from _read(as_object(one, "a message"))
        except EventError as ex:
            yield ex


def _read(message: Object) -> Iterator[NativeEvent]:
    event = find_object(message, "event") if find_text(message, "msgtype") == "event" else {}
    said = _say_event(event) if event else _say_message(message)
    if not said:
        return
    about = event or message
    account, customer = require_text(about, "open_kfid"), require_text(about, "external_userid")
    base: dict[str, object] = {
        # a person, and a customer of one account may be one of another's
        "ticket_id": Thread(f"wecom:{account}:{customer}"),
        "occurred_at": require_instant(message, "send_time", EPOCH_S),
        "team": account,
    }
    message_id = require_text(message, "msgid")
    for one in said:
        yield {"event_id": f"wecom:{message_id}:{one['type']}"} | base | one


def _say_message(message: Object) -> list[dict[str, object]]:
    match find_integer(message, "origin"):
        case 3:  # the customer; a new word opens what was ended
            return [{"type": "replied", "actor": "customer", "status": "open"}]
        case 5:  # the servicer, in WeCom's own client
            return [{"type": "replied", "actor": "agent", **_holder(message, "servicer_userid")}]
    return []


def _say_event(event: Object) -> list[dict[str, object]]:
    """Tell a change of the session; entering, recalls and failed sends concern no clock."""
    if find_text(event, "event_type") != "session_status_change":
        return []
    holder = _holder(event, "new_servicer_userid")
    match find_integer(event, "change_type"):
        case 1 | 2:  # taken out of the pool; passed on
            return [{"type": "assigned", "actor": "agent", **holder}]
        case 3:
            return [{"type": "resolved"}, {"type": "closed"}]  # by whom, nobody says
        case 4:  # taken up again
            return [
                {"type": "reopened", "actor": "agent"},
                {"type": "assigned", "actor": "agent", **holder},
            ]
    return []


def _holder(data: Object, key: str) -> dict[str, object]:
    found = find_id(data, key)
    return {} if found is None else {"assignee": found}


def _answer(method: str, payload: Payload, secrets: Secrets) -> Reply | None:
    """Answer the address check with the opened `echostr`, if it proves itself."""
    if method != "GET":
        return None
    timestamp = payload.query.get("timestamp", "")
    # Nothing is stored: an old check that is signed well may be answered again.
    now = float(timestamp) if timestamp.isdecimal() else 0.0
    for secret in secrets:
        if not WECOM.find_fault(payload, (secret,), now):
            return Reply(_open(payload, secret).message)
    raise EventError("malformed", "echostr is not signed with this source's token")


def _open(payload: Payload, secret: str) -> Opened:
    ciphertext = find_xml_ciphertext(payload)
    if ciphertext is None:
        raise EventError("malformed", "must hold one enciphered text")
    return open_wecom(ciphertext, split_secret(secret)[1])


def _unwrap(payload: Payload, secrets: Secrets, options: Mapping[str, Any]) -> Payload:
    """Open a callback, with whichever secret opens it, if it is for this corporation."""
    error = EventError("malformed", "there is no secret to open it with")
    for secret in secrets:
        try:
            opened = _open(payload, secret)
        except EventError as ex:
            error = ex
            continue
        corp_id = options.get("corp_id")
        if corp_id and opened.receiver != corp_id:
            raise EventError("malformed", f"it is for {opened.receiver!r}, not for this corp_id")
        return payload._replace(body=opened.message)
    raise error


CONNECTOR = Connector(
    name="wecom",
    title="WeCom customer service (微信客服)",
    decode=decode,
    channel="chat",
    push=Push(WECOM, handshake=_answer, methods=("GET", "POST"), unwrap=_unwrap),
    follow=poke.build_account,
    grace_seconds=5.0,
    options=poke.OPTIONS,
    session_gap_seconds=172_800.0,
    unseen={Kind.CREATED: "WeCom tells messages, not tickets: a session's first opens one"},
)
