"""Freshdesk: the events of an app, and tickets with their conversations as the API has them."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.connector import Connector, NativeEvent, Push
from connectors.payload import Payload
from connectors.reading import (
    EPOCH_S,
    Object,
    find_flag,
    find_id,
    find_integer,
    find_objects,
    find_text,
    find_texts,
    parse_object,
    require_id,
    require_instant,
    require_object,
    require_text,
)
from slawatch.errors import EventError

_STATUSES: dict[int, Object] = {
    2: {"status": "open"},
    3: {"status": "pending", "reason": "hold"},
    4: {"status": "resolved"},
    5: {"status": "closed"},
    6: {"status": "pending", "reason": "customer"},
    7: {"status": "pending", "reason": "vendor"},
}
_PRIORITIES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
_CHANNELS = {1: "email", 2: "portal", 3: "phone", 5: "social", 6: "social", 7: "chat", 10: "email"}
_OUTBOUND = 10
_ACTORS = {"agent": "agent", "contact": "customer", "requester": "customer", "system": "system"}


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode an app's event, or a ticket as the API has it."""
    data = parse_object(payload)
    if "freshdesk_webhook" in data:
        raise EventError(
            "missing_key", "the webhook of an automation says not when: send an app's events"
        )
    if "event" not in data:
        yield from _read_whole(data)
        return
    about = require_object(data, "data")
    match require_text(data, "event"):
        case "onTicketCreate":
            yield _open(require_object(about, "ticket"))
        case "onTicketUpdate":
            actor = _ACTORS.get(find_text(about, "actor.type") or "", "agent")
            yield _observe(require_object(about, "ticket"), actor)
        case "onTicketDelete":
            ticket_id = require_id(about, "ticket.id")
            said = {"event_id": f"{ticket_id}/deleted", "type": "deleted", "reason": "deleted"}
            at = require_instant(data, "timestamp", EPOCH_S)
            yield {**said, "ticket_id": ticket_id, "occurred_at": at}
        case "onConversationCreate":
            talk = require_object(about, "conversation")
            yield _say(talk, find_id(talk, "ticket_id") or require_id(about, "ticket.id"))


def _read_whole(data: Object) -> Iterator[NativeEvent]:
    """Read a ticket from its beginning: its conversations stand in no order."""
    ticket = require_object(data, "ticket")
    yield _open(ticket)
    for talk in find_objects(data, "conversations") or find_objects(ticket, "conversations"):
        yield _say(talk, require_id(ticket, "id"))
    yield _observe(ticket, "system")


def _describe(ticket: Object) -> Object:
    return {
        "ticket_id": require_id(ticket, "id"),
        "channel": _CHANNELS.get(find_integer(ticket, "source") or 0),
        "priority": _PRIORITIES.get(find_integer(ticket, "priority") or 0),
        "team": find_id(ticket, "group_id"),
        "assignee": find_id(ticket, "responder_id"),
        "category": find_text(ticket, "type"),
        "tags": find_texts(ticket, "tags") or None,
    }


def _finish(ticket: Object, key: str, said: Object) -> NativeEvent:
    event = {**_describe(ticket), **said}
    event["event_id"] = f"{event['ticket_id']}/{key}"
    return {name: value for name, value in event.items() if value is not None}


def _open(ticket: Object) -> NativeEvent:
    is_own = find_integer(ticket, "source") == _OUTBOUND
    said: Object = {"actor": "agent", "origin": "agent"} if is_own else {"actor": "customer"}
    at = require_instant(ticket, "created_at")
    return _finish(ticket, "created", {**said, "type": "created", "occurred_at": at})


def _observe(ticket: Object, actor: str) -> NativeEvent:
    """Tell how a ticket stands; states of one's own beyond 7 are told by nobody."""
    status = _STATUSES.get(find_integer(ticket, "status") or 0, {})
    at = require_instant(ticket, "updated_at")
    said = {"type": "observed", "actor": actor, "occurred_at": at, **status}
    said["opened_at"] = require_instant(ticket, "created_at")
    return _finish(ticket, f"update/{find_text(ticket, 'updated_at')}", said)


def _say(talk: Object, ticket_id: str) -> NativeEvent:
    """Tell a reply or a note; a public note is read by the customer, and so answers."""
    is_incoming, is_private = find_flag(talk, "incoming"), find_flag(talk, "private")
    return {
        "event_id": f"{ticket_id}/conversation/{require_id(talk, 'id')}",
        "ticket_id": ticket_id,
        "type": "note" if is_private else "replied",
        "actor": "customer" if is_incoming else "agent",
        "occurred_at": require_instant(talk, "created_at"),
        **({"public": False} if is_private else {}),
    }


CONNECTOR = Connector(
    name="freshdesk",
    title="Freshdesk",
    decode=decode,
    channel="email",
    push=Push(),
)
