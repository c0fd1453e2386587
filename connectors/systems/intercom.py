"""Intercom: notifications about conversations and tickets.

One act may come as several notifications (a reply that also assigns) which carry the same part,
so the part is decoded, not the topic. docs/reference/connectors/intercom.md has the table.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.connector import Connector, NativeEvent, Push, Reply, Secrets
from connectors.payload import Payload, hash_body
from connectors.reading import (
    EPOCH_S,
    Object,
    find_flag,
    find_id,
    find_integer,
    find_object,
    find_objects,
    find_text,
    parse_object,
    require_id,
    require_instant,
    require_object,
    require_text,
)
from connectors.signatures import INTERCOM
from slawatch.errors import EventError

Said = dict[str, object]

_ACTORS = {
    "user": "customer",
    "lead": "customer",
    "contact": "customer",
    "visitor": "customer",
    "admin": "agent",
    "team": "agent",
    "bot": "bot",
    "operator": "bot",
}
_CHANNELS = {
    "email": "email",
    "phone_call": "phone",
    "facebook": "social",
    "instagram": "social",
    "twitter": "social",
    "whatsapp": "social",
}
_PRIORITIES = {"priority": "high", "not_priority": "normal"}
_STATES = {
    "submitted": {"status": "new"},
    "in_progress": {"status": "open"},
    "waiting_on_customer": {"status": "pending", "reason": "customer"},
    "resolved": {"status": "resolved"},
}
_TALK = frozenset(("comment", "assignment", "close", "open", "snoozed", "unsnoozed"))
"""Parts whose text, if there is one, is a message that the customer reads."""
_SILENT = ("contact.attached", "contact.detached", "read")
"""Topics that concern no clock, though they may bring the conversation's last part along."""
_MOVES = ("assign", "snooze", "unsnooze", "close", "open", "timer", "away_mode")


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode one notification."""
    data = parse_object(payload)
    topic = require_text(data, "topic")
    subject, _, act = topic.partition(".")
    if subject not in ("conversation", "ticket") or act.startswith(_SILENT):
        return
    item = require_object(data, "data.item")
    if act == "deleted":
        ticket_id = find_id(item, "conversation_id") or require_id(item, "id")
        at = require_instant(data, "created_at", EPOCH_S)
        yield {
            "event_id": f"deleted:{ticket_id}",
            "ticket_id": ticket_id,
            "type": "deleted",
            "occurred_at": at,
        }
        return
    whole = find_object(item, "ticket") if item.get("type") == "ticket_ticket_part" else item
    about: Said = {"ticket_id": require_id(whole, "id")} | _attributes(whole)
    if act.endswith("created") and act != "note.created":
        if not (act.startswith("admin") and find_text(whole, "state") == "closed"):
            yield about | _opened(whole, subject)  # else: a message sent out, nothing is open
    elif act == "rating.added":
        yield about | _rated(whole)
    elif act == "priority.updated":
        yield about | _reprioritised(whole)
    else:
        for part in _find_parts(item, whole, act):
            yield from (about | said for said in _read_part(part))


def _attributes(whole: Object) -> Said:
    kind = find_text(whole, "source.type") or find_text(whole, "channel") or ""
    return {"channel": _CHANNELS[kind]} if kind in _CHANNELS else {}


def _opened(whole: Object, subject: str) -> Said:
    """Read a beginning. A ticket that is no customer's (back office, tracker) is an agent's."""
    source = find_object(whole, "source") or find_object(whole, "conversation_message")
    actor = _find_actor(find_object(source, "author"), "customer")
    if find_text(source, "delivered_as") in ("automated", "operator_initiated"):
        actor = "bot"
    if subject == "ticket":
        category = (find_text(whole, "category") or "customer").lower()
        actor = "customer" if category in ("customer", "request") else "agent"
    said: Said = {
        "event_id": f"created:{require_id(whole, 'id')}",
        "type": "created",
        "occurred_at": require_instant(whole, "created_at", EPOCH_S),
        "actor": actor,
    }
    if priority := find_text(whole, "priority"):
        said["priority"] = _PRIORITIES.get(priority, priority)
    return said if actor == "customer" else said | {"origin": "agent"}


def _rated(whole: Object) -> Said:
    rating = require_object(whole, "conversation_rating")
    at = require_instant(rating, "created_at", EPOCH_S)
    said: Said = {
        "event_id": f"rated:{require_id(whole, 'id')}:{at}",
        "type": "rated",
        "occurred_at": at,
        "actor": "customer",
    }
    score = find_integer(rating, "rating")
    return said if score is None else said | {"score": score}


def _reprioritised(whole: Object) -> Said:
    parts = find_objects(whole, "conversation_parts.conversation_parts")
    at = require_instant(parts[-1] if parts else whole, "updated_at", EPOCH_S)
    priority = require_text(whole, "priority")
    return {
        "event_id": f"priority:{require_id(whole, 'id')}:{at}",
        "type": "priority_changed",
        "occurred_at": at,
        "priority": _PRIORITIES.get(priority, priority),
        "actor": _find_actor(find_object(parts[-1], "author") if parts else {}, "system"),
    }


def _find_parts(item: Object, whole: Object, act: str) -> list[Object]:
    """Return the parts that the notification is about; a ticket brings all that it ever had."""
    if part := find_object(item, "ticket_part"):
        return [part]
    if parts := find_objects(whole, "conversation_parts.conversation_parts"):
        return parts
    mark = {"state.updated": "ticket_state_updated", "closed": "close"}.get(act)
    parts = find_objects(whole, "ticket_parts.ticket_parts")
    if mark is not None:
        parts = [part for part in parts if (find_text(part, "part_type") or "").startswith(mark)]
    return parts[-1:]


def _read_part(part: Object) -> Iterator[Said]:
    """Yield what one part is: a message, a move, or both."""
    kind = require_text(part, "part_type")
    is_move = kind.startswith(_MOVES) or kind in _TALK
    is_state = kind.startswith("ticket_state_updated")
    if not is_move and not is_state and kind not in ("note", "note_and_reopen"):
        return  # automatic texts and the system's own remarks
    part_id = require_id(part, "id")
    actor = _find_actor(find_object(part, "author"), "system")
    base: Said = {
        "occurred_at": require_instant(part, "created_at", EPOCH_S),
        "actor": actor,
    }
    for said in _tell(kind, part, actor):
        yield {"event_id": f"{said['type']}:{part_id}"} | base | said


def _tell(kind: str, part: Object, actor: str) -> Iterator[Said]:
    if kind in ("note", "note_and_reopen"):
        yield {"type": "note", "public": False}
    elif kind.startswith("ticket_state_updated"):
        yield from _change_state(part)
    elif (kind in _TALK or "assign" in kind) and (find_text(part, "body") or kind == "comment"):
        # a customer's message opens what was snoozed or closed
        opens: Said = {"status": "open"} if actor == "customer" else {}
        yield {"type": "replied"} | opens
    if "assign" in kind:
        yield from _assign(find_object(part, "assigned_to"))
    if kind.startswith("snooze"):
        yield {"type": "paused", "reason": "hold"}
    elif "unsnooze" in kind:
        yield {"type": "resumed"}
    elif kind.startswith("close"):
        yield {"type": "resolved"}
        yield {"type": "closed"}
    elif kind.startswith("open") or "reopen" in kind:
        yield {"type": "reopened"}


def _change_state(part: Object) -> Iterator[Said]:
    """Tell a ticket's new state; one that it had already is no change."""
    state = find_text(part, "ticket_state")
    if state is not None and state != find_text(part, "previous_ticket_state"):
        yield {"type": "observed", **_STATES.get(state, {"status": state})}


def _assign(holder: Object) -> Iterator[Said]:
    name = find_text(holder, "name") or find_id(holder, "id")
    match find_text(holder, "type"):
        case "team" if name:
            yield {"type": "assigned", "team": name}
        case "admin" if found := find_id(holder, "id"):
            yield {"type": "assigned", "assignee": found}


def _find_actor(author: Object, default: str) -> str:
    """Say who wrote: what an AI writes in an admin's name is a bot's."""
    if find_flag(author, "from_ai_agent") or find_flag(author, "is_ai_answer"):
        return "bot"
    return _ACTORS.get(find_text(author, "type") or "", default)


def _find_key(payload: Payload) -> str:
    """Return the notification's id: a retry carries the same."""
    try:
        return find_id(parse_object(payload), "id") or hash_body(payload)
    except EventError:
        return hash_body(payload)


def _answer(method: str, payload: Payload, secrets: Secrets) -> Reply | None:  # noqa: ARG001
    """Answer the HEAD request by which the address is tested."""
    return Reply() if method == "HEAD" else None


CONNECTOR = Connector(
    name="intercom",
    title="Intercom",
    decode=decode,
    channel="chat",
    dedup_key=_find_key,
    push=Push(INTERCOM, handshake=_answer, methods=("POST", "HEAD")),
    ticket_url="https://app.intercom.com/a/inbox/_/inbox/conversation/{ticket_id}",
)
