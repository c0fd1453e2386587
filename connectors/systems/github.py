"""GitHub: issues and their comments, where a repository is the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator

from connectors.connector import Connector, NativeEvent, Push
from connectors.payload import Payload, hash_body
from connectors.reading import (
    Object,
    find_id,
    find_object,
    find_objects,
    find_text,
    parse_object,
    require_id,
    require_instant,
)
from connectors.signatures import GITHUB
from slawatch.events import Kind

_STAFF = ("OWNER", "MEMBER", "COLLABORATOR")
_PRIORITY = re.compile(
    r"(?:(?:priority|prio|severity)\W*)?(urgent|critical|high|medium|normal|low|p[0-4])",
    re.IGNORECASE,
)
_PRIORITIES = {
    "critical": "urgent",
    "p0": "urgent",
    "p1": "urgent",
    "p2": "high",
    "p3": "normal",
    "medium": "normal",
    "p4": "low",
}


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode a delivery of the events `issues` and `issue_comment`; others are nothing."""
    data = parse_object(payload)
    issue, action = find_object(data, "issue"), find_text(data, "action")
    if not issue or action is None or "pull_request" in issue:
        return
    if "comment" not in data:
        said = _read_issue(data, issue, action)
    else:
        said = _read_comment(data, issue) if action == "created" else None
    if said is None:
        return
    tags = [name for label in find_objects(issue, "labels") if (name := find_text(label, "name"))]
    ticket_id = require_id(issue, "id")
    event = {
        "ticket_id": ticket_id,
        "opened_at": require_instant(issue, "created_at"),
        "priority": find_priority(tags),
        "assignee": find_text(issue, "assignee.login"),
        "tags": tags or None,
        **said,
        "event_id": f"{ticket_id}/{said['event_id']}",
    }
    yield {key: value for key, value in event.items() if value is not None}


def find_priority(labels: list[str]) -> str | None:
    """Return the priority that a label names, such as "priority: high" or "P1"."""
    for label in labels:
        if (found := _PRIORITY.fullmatch(label.strip())) is not None:
            word = found[1].lower()
            return _PRIORITIES.get(word, word)
    return None


def _read_comment(data: Object, issue: Object) -> Object:
    comment = find_object(data, "comment")
    return {
        "event_id": f"comment/{require_id(comment, 'id')}",
        "type": "replied",
        "occurred_at": require_instant(comment, "created_at"),
        "actor": _find_actor(find_object(comment, "user"), issue, comment),
    }


def _find_actor(user: Object, issue: Object, said: Object | None = None) -> str:
    """Say what a person is: the issue's author asks, the repository's people answer."""
    if find_text(user, "type") == "Bot":
        return "bot"
    if find_id(user, "id") == find_id(issue, "user.id"):
        return "customer"
    if said is None or find_text(said, "author_association") in _STAFF:
        return "agent"
    return "customer"


def _read_issue(data: Object, issue: Object, action: str) -> Object | None:
    at = "closed_at" if action == "closed" and issue.get("closed_at") else "updated_at"
    said: Object = {"actor": _find_actor(find_object(data, "sender"), issue)}
    match action:
        case "opened":
            return _read_opened(issue)
        case "closed":
            said |= {"type": "resolved", "status": "resolved"}
        case "reopened":
            said |= {"type": "reopened", "status": "open"}
        case "assigned":
            said |= {"type": "assigned", "assignee": find_text(data, "assignee.login")}
        case "unassigned":
            said |= {"type": "attribute_changed"}
        case "labeled" | "unlabeled":
            said |= {"type": "attribute_changed"}
        case "deleted":
            said |= {"type": "deleted", "reason": "deleted"}
        case "transferred":
            into = find_id(data, "changes.new_issue.id")
            said |= {"type": "merged", "into": {"ticket_id": into} if into else None}
        case _:
            return None
    what = find_text(data, "label.name") or find_text(data, "assignee.login") or ""
    key = f"{action}/{what}/{find_text(issue, at)}"
    return {"event_id": key, "occurred_at": require_instant(issue, at), **said}


def _read_opened(issue: Object) -> Object:
    said: Object = {"actor": "customer"}
    if find_text(issue, "user.type") == "Bot":
        said = {"actor": "system", "origin": "monitor"}
    elif find_text(issue, "author_association") in _STAFF:
        said = {"actor": "agent", "origin": "agent"}
    at = require_instant(issue, "created_at")
    return {"event_id": "opened", "type": "created", "occurred_at": at, "opened_at": None} | said


def find_dedup_key(payload: Payload) -> str:
    """Return the delivery's id, which a redelivery repeats."""
    return payload.headers.get("x-github-delivery") or hash_body(payload)


CONNECTOR = Connector(
    name="github",
    title="GitHub issues",
    decode=decode,
    channel="portal",
    dedup_key=find_dedup_key,
    push=Push(signature=GITHUB, headers=("x-github-delivery",)),
    unseen={Kind.PAUSED: "an issue is open or closed", Kind.CLOSED: "it is resolved"},
)
