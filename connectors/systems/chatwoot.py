"""Chatwoot: conversations and their messages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.connector import Connector, NativeEvent, Push
from connectors.payload import Payload, hash_body
from connectors.reading import (
    EPOCH_S,
    Object,
    find,
    find_flag,
    find_id,
    find_number,
    find_object,
    find_objects,
    find_text,
    find_texts,
    instant,
    parse_object,
    require_id,
    require_object,
    require_text,
)
from connectors.signatures import CHATWOOT
from slawatch.errors import EventError
from slawatch.events import Kind

_STATUSES: dict[str, Object] = {
    "open": {"status": "open"},
    "pending": {"status": "open"},  # a bot has it: nobody waits for the customer
    "snoozed": {"status": "pending", "reason": "hold"},
    "resolved": {"status": "resolved"},
}
_CHANNELS = {
    "Email": "email",
    "WebWidget": "chat",
    "Voice": "phone",
    **dict.fromkeys(
        (
            *("FacebookPage", "Instagram", "Line", "Sms", "Telegram", "Tiktok"),
            *("TwilioSms", "TwitterProfile", "Whatsapp"),
        ),
        "social",
    ),
}
_CHANGES = {
    "assignee_id": "assigned",
    "team_id": "assigned",
    "priority": "priority_changed",
    "label_list": "attribute_changed",
}
_BOTS = ("agent_bot", "captain_assistant", "bot")


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode a webhook of a conversation or a message; others are nothing."""
    data = parse_object(payload)
    match require_text(data, "event"):
        case "message_created":
            yield from _read_message(data)
        case "message_updated":
            yield from _read_rating(data)
        case "conversation_created":
            status = _STATUSES.get(find_text(data, "status") or "", {})
            said: Object = {"event_id": "created", "type": "created", "actor": "customer"}
            if status.get("status") == "open":
                status = {"status": "new"}
            at = _time(find(data, "created_at"), "created_at")
            yield _finish(data, {**said, **status, "occurred_at": at, "opened_at": None})
        case "conversation_status_changed":
            yield from _read_status(data)
        case "conversation_updated":
            yield from _read_changes(data)


def _time(value: object, key: str) -> int | str:
    """Read an instant: seconds since 1970, RFC 3339, or "2020-03-03 13:05:57 UTC"."""
    if isinstance(value, str) and not value.isdigit():
        return instant(re.sub(r" UTC$", "Z", value), key=key)
    return instant(value, EPOCH_S, key=key)


def _find_time(data: Object, *keys: str) -> int | str:
    for key in keys:
        if (value := find(data, key)) is not None:
            return _time(value, key)
    raise EventError("missing_key", f"{keys[0]!r} is required: it says when")


def _finish(talk: Object, said: Object) -> NativeEvent:
    ticket_id = find_id(talk, "id") or require_id(talk, "display_id")  # the same number
    created = find(talk, "created_at")
    event = {
        "ticket_id": ticket_id,
        "opened_at": None if created is None else _time(created, "created_at"),
        "channel": _CHANNELS.get((find_text(talk, "channel") or "").rpartition(":")[2]),
        "priority": find_text(talk, "priority"),
        "team": find_text(talk, "meta.team.name"),
        "assignee": find_id(talk, "meta.assignee.id"),
        "tags": find_texts(talk, "labels") or None,
        **said,
        "event_id": f"{ticket_id}/{said['event_id']}",
    }
    return {key: value for key, value in event.items() if value is not None}


def _read_message(data: Object) -> Iterator[NativeEvent]:
    kind, number = str(find(data, "message_type")), require_id(data, "id")
    talk = require_object(data, "conversation")
    said: Object = {
        "event_id": f"message/{number}",
        "type": "note" if find_flag(data, "private") else "replied",
        "occurred_at": _time(find(data, "created_at"), "created_at"),
    }
    if find_text(data, "content_type") == "input_csat":
        yield _finish(talk, {**said, "type": "survey_sent", "actor": "system"})
    elif kind in ("incoming", "0"):
        yield _finish(talk, {**said, "actor": "customer"})
    elif kind in ("outgoing", "1"):
        sender = find_text(data, "sender.type") or ""
        yield _finish(talk, {**said, "actor": "bot" if sender.lower() in _BOTS else "agent"})


def _read_rating(data: Object) -> Iterator[NativeEvent]:
    answer = "content_attributes.submitted_values.csat_survey_response.rating"
    if (score := find_number(data, answer)) is not None:
        number = require_id(data, "id")
        at = _find_time(data, "updated_at", "created_at")
        said = {"event_id": f"rated/{number}", "type": "rated", "actor": "customer"}
        talk = require_object(data, "conversation")
        yield _finish(talk, {**said, "score": score, "occurred_at": at})


def _changed(data: Object, name: str) -> Object | None:
    for change in find_objects(data, "changed_attributes"):
        if isinstance(change.get(name), dict):
            return find_object(change, name)
    return None


def _read_status(data: Object) -> Iterator[NativeEvent]:
    word = require_text(data, "status")
    said = _STATUSES.get(word)
    if said is None:
        return
    change = _changed(data, "status")
    old = None if change is None else str(change.get("previous_value"))
    kind, actor = "observed", "system"
    if word == "resolved":
        kind = "resolved"
    elif word == "snoozed":
        kind = "paused"
    elif old in ("resolved", "snoozed"):
        kind = "reopened" if old == "resolved" else "resumed"
    elif (old, word) == ("pending", "open"):
        kind, actor = "handoff_requested", "bot"
    at = _find_time(data, "updated_at", "timestamp", "last_activity_at")
    key = f"status/{word}/{at}"
    yield _finish(data, {**said, "event_id": key, "type": kind, "actor": actor, "occurred_at": at})


def _read_changes(data: Object) -> Iterator[NativeEvent]:
    for name, act in _CHANGES.items():
        change = _changed(data, name)
        if change is None:
            continue
        at = _find_time(data, "updated_at", "timestamp", "last_activity_at")
        kind = "attribute_changed" if change.get("current_value") is None else act
        said = {"event_id": f"{name}/{at}", "type": kind, "actor": "agent", "occurred_at": at}
        yield _finish(data, said)


def find_dedup_key(payload: Payload) -> str:
    """Return the delivery's id."""
    return payload.headers.get("x-chatwoot-delivery") or hash_body(payload)


CONNECTOR = Connector(
    name="chatwoot",
    title="Chatwoot",
    decode=decode,
    channel="chat",
    dedup_key=find_dedup_key,
    push=Push(signature=CHATWOOT, headers=("x-chatwoot-delivery",)),
    unseen={Kind.CLOSED: "a conversation is resolved, not closed"},
)
