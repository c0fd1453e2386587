"""GitLab: issues, incidents and Service Desk tickets with their comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.connector import Connector, NativeEvent, Push
from connectors.payload import Payload, hash_body
from connectors.reading import (
    Object,
    find,
    find_flag,
    find_id,
    find_object,
    find_objects,
    find_text,
    instant,
    parse_object,
    require_id,
    require_object,
)
from connectors.systems.github import find_priority
from slawatch.errors import EventError
from slawatch.events import Kind

_BOT = re.compile(r"(?:project|group)_\d+_bot.*|.*[-_]bot|ghost|alert-bot")
_PLANS = ("Epic", "Objective", "Key Result", "Requirement", "Test Case")
"""Work items with which nobody asks the desk for anything."""
_SERVICE_DESK = "support-bot"
_SEVERITIES = {"critical": "urgent", "high": "high", "medium": "normal", "low": "low"}


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode a delivery of issue, work item and note events; others are nothing."""
    data = parse_object(payload)
    match find_text(data, "object_kind"):
        case "issue" | "work_item":
            issue = require_object(data, "object_attributes")
            if find_text(issue, "type") not in _PLANS:
                yield from _read_issue(data, issue)
        case "note":
            if find_object(data, "issue"):
                yield from _read_note(data, require_object(data, "object_attributes"))


def _time(data: Object, path: str) -> int | str:
    """Read an instant: one body mixes RFC 3339 with "2015-05-17 17:06:40 UTC"."""
    value = find(data, path)
    if isinstance(value, str):
        value = re.sub(r" ([+-]\d\d:?\d\d)$", r"\1", value.replace(" UTC", "Z"))
    return instant(value, key=path)


def _find_time(data: Object, path: str) -> int | str | None:
    try:
        return _time(data, path)
    except EventError:
        return None


def _finish(issue: Object, data: Object, said: Object) -> NativeEvent:
    ticket_id = require_id(issue, "id")
    labels = find_objects(issue, "labels") or find_objects(data, "labels")
    tags = [name for label in labels if (name := find_text(label, "title"))]
    severity = _SEVERITIES.get((find_text(issue, "severity") or "").lower())
    event = {
        "ticket_id": ticket_id,
        "opened_at": _find_time(issue, "created_at"),
        "priority": find_priority(tags) or severity,
        "assignee": find_id(issue, "assignee_id"),
        "tags": tags or None,
        **said,
        "event_id": f"{ticket_id}/{said['event_id']}",
    }
    return {key: value for key, value in event.items() if value is not None}


def _find_actor(data: Object, issue: Object) -> str:
    """Say what a person is: the author asks; customers of the Service Desk write as its bot."""
    name = find_text(data, "user.username") or ""
    if name == _SERVICE_DESK or find_id(data, "user.id") == find_id(issue, "author_id"):
        return "customer"
    return "bot" if _BOT.fullmatch(name) else "agent"


def _read_note(data: Object, note: Object) -> Iterator[NativeEvent]:
    if find_flag(note, "system") or find_text(note, "action") not in (None, "create"):
        return
    is_internal = find_flag(note, "internal") or find_flag(note, "confidential")
    issue = find_object(data, "issue")
    said = {
        "event_id": f"note/{require_id(note, 'id')}",
        "type": "note" if is_internal else "replied",
        "occurred_at": _time(note, "created_at"),
        "actor": _find_actor(data, issue),
    }
    yield _finish(issue, {}, said)


def _read_issue(data: Object, issue: Object) -> Iterator[NativeEvent]:
    action = find_text(issue, "action")
    actor = _find_actor(data, issue)
    match action:
        case "open":
            said: Object = {"event_id": "opened", "type": "created", "opened_at": None}
            is_bot = actor == "customer" and _BOT.fullmatch(find_text(data, "user.username") or "")
            said |= {"actor": actor, "occurred_at": _time(issue, "created_at")}
            if is_bot and find_text(data, "user.username") != _SERVICE_DESK:
                said |= {"actor": "system", "origin": "monitor"}
            elif actor == "agent":
                said |= {"origin": "agent"}
            yield _finish(issue, data, said)
        case "close" | "reopen":
            is_end = action == "close"
            key = "closed_at" if is_end and issue.get("closed_at") else "updated_at"
            said = {"type": "resolved", "status": "resolved"}
            if not is_end:
                said = {"type": "reopened", "status": "open"}
            said |= {"event_id": f"{action}/{find(issue, key)}", "actor": actor}
            yield _finish(issue, data, {**said, "occurred_at": _time(issue, key)})
        case "update":
            yield from _read_update(data, issue, actor)


def _read_update(data: Object, issue: Object, actor: str) -> Iterator[NativeEvent]:
    changes = find_object(data, "changes")
    for key, kind in (
        ("assignees", "assigned"),
        ("labels", "attribute_changed"),
        ("severity", "priority_changed"),
    ):
        if key not in changes:
            continue
        is_left = key == "assignees" and not find_objects(changes, "assignees.current")
        said = {
            "event_id": f"{key}/{find(issue, 'updated_at')}",
            "type": "attribute_changed" if is_left else kind,
            "actor": actor,
        }
        yield _finish(issue, data, {**said, "occurred_at": _time(issue, "updated_at")})


def find_dedup_key(payload: Payload) -> str:
    """Return the delivery's key, which its retries repeat."""
    return payload.headers.get("idempotency-key") or hash_body(payload)


CONNECTOR = Connector(
    name="gitlab",
    title="GitLab issues and Service Desk",
    decode=decode,
    channel="portal",
    dedup_key=find_dedup_key,
    push=Push(headers=("idempotency-key",)),
    unseen={Kind.PAUSED: "an issue is open or closed", Kind.CLOSED: "it is resolved"},
)
