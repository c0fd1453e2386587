"""Jira and Jira Service Management: webhooks of Cloud and Data Center, and issues asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.connector import Connector, Decode, NativeEvent, Push
from connectors.payload import Payload, hash_body
from connectors.reading import (
    Object,
    find,
    find_id,
    find_object,
    find_objects,
    find_text,
    parse_object,
    require_id,
    require_object,
    require_text,
)
from connectors.renaming import rename_teams
from connectors.signatures import JIRA
from connectors.systems import jira_acts as acts
from connectors.systems.jira_poll import ASKED, CATEGORIES, build_pull
from connectors.systems.jira_words import OPTIONS, Words, read_words
from slawatch.events import Kind

_EDITED = ("issue_comment_edited", "issue_comment_deleted")
_MOVED = ("issue_resolved", "issue_closed", "issue_reopened", "issue_workstarted")


def find_dedup_key(payload: Payload) -> str:
    """Return the delivery's id, which Cloud repeats when it sends again, else the hash."""
    return payload.headers.get("x-atlassian-webhook-identifier") or hash_body(payload)


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode by what is known of Jira's own names."""
    return _decode(payload, Words())


def configure(options: Mapping[str, Any]) -> Decode:
    """Return the decoder for a Jira with names of its own."""
    words = read_words(options)
    return rename_teams(lambda payload: _decode(payload, words), options["teams"])


def _decode(payload: Payload, words: Words) -> Iterator[NativeEvent]:
    data = parse_object(payload)
    if "webhookEvent" not in data and "fields" in data:
        yield from _read_issue(data, words)
        return
    match require_text(data, "webhookEvent").removeprefix("jira:"):
        case "issue_created":
            yield from _read_created(data, words)
        case "issue_updated":
            yield from _read_update(data, words)
        case "issue_deleted":
            at = acts.read_time(data.get("timestamp"), "timestamp")
            yield _complete(data, words, {"event_id": "deleted", "type": "deleted"}, at)
        case "comment_created":
            yield from _read_comment(data, words)


def _complete(data: Object, words: Words, said: Object, at: int | str) -> NativeEvent:
    issue = require_object(data, "issue")
    base = {
        **acts.describe(issue, words),
        "occurred_at": at,
        "actor": acts.find_actor(find(data, "user"), issue),
    }
    if said["type"] == "deleted":
        base["reason"] = "deleted"
    return acts.finish({**base, **said})


def _read_created(data: Object, words: Words) -> Iterator[NativeEvent]:
    issue = require_object(data, "issue")
    at = acts.find_time(issue, "fields.created")
    if at is None:
        at = acts.read_time(data.get("timestamp"), "timestamp")
    first = acts.find_beginning([], issue, _categories(issue), words)
    if first["priority"] is None:  # some bodies tell it as a change alone
        items = find_objects(data, "changelog.items")
        first["priority"] = next(acts.find_priorities(items), None)
    yield _complete(data, words, {**acts.tell_created(issue, at), **first}, at)


def _read_update(data: Object, words: Words) -> Iterator[NativeEvent]:
    issue = require_object(data, "issue")
    kind = find_text(data, "issue_event_type_name")
    at = acts.read_time(data.get("timestamp"), "timestamp")
    key = f"changelog/{find_id(data, 'changelog.id') or at}"
    items = find_objects(data, "changelog.items")
    for said in acts.tell_changes(items, key, _categories(issue), words):
        yield _complete(data, words, said, at)
    if not items and (bare := _read_bare(issue, kind, words)) is not None:
        yield _complete(data, words, {**bare, "event_id": f"{key}/{bare['event_id']}"}, at)
    comment = find_object(data, "comment")
    is_new = comment.get("created") == comment.get("updated")
    if comment and is_new and kind not in _EDITED:
        yield from _read_comment(data, words)


def _read_bare(issue: Object, kind: str | None, words: Words) -> Object | None:
    """Tell an act that is named and whose changelog is empty, by how the issue stands now."""
    if kind in _MOVED:
        status = find_text(issue, "fields.status.name")
        said = words.read_status(status, find_text(issue, "fields.status.statusCategory.key"))
        return {"event_id": "status", "type": "observed", **said} if said else None
    person = acts.name_of(find(issue, "fields.assignee"))
    if kind == "issue_assigned" and person:
        return {"event_id": "assignee", "type": "assigned"}
    return None


def _categories(issue: Object) -> Mapping[str, str]:
    """Return the category of the issue's own status, by id, by name, and as that of now ("")."""
    status = find_object(issue, "fields.status")
    category = find_text(status, "statusCategory.key")
    if category is None:
        return {}
    name = (find_text(status, "name") or "").lower()
    return {"": category, find_id(status, "id") or "": category, name: category}


def _read_comment(data: Object, words: Words) -> Iterator[NativeEvent]:
    comment = require_object(data, "comment")
    issue = find_object(data, "issue")
    base = acts.describe(issue, words) if issue else {"ticket_id": acts.ticket_of_comment(comment)}
    yield acts.finish({**base, **acts.tell_comment(comment, issue, words)})


def _read_issue(issue: Object, words: Words) -> Iterator[NativeEvent]:
    """Read a whole issue: how it began, its changes and its comments, by the webhooks' ids."""
    base = acts.describe(issue, words)
    at = acts.read_time(find(issue, "fields.created"), "fields.created")
    changes = sorted(
        (
            (acts.read_time(change.get("created"), "created"), change)
            for change in find_objects(issue, "changelog.histories")
        ),
        key=lambda pair: str(pair[0]).zfill(20),
    )
    known = {key: str(value) for key, value in find_object(issue, CATEGORIES).items()}
    categories = {**known, **_categories(issue)}
    items = [item for _, change in changes for item in find_objects(change, "items")]
    first = acts.find_beginning(items, issue, categories, words)
    yield acts.finish({**base, **acts.tell_created(issue, at), **first})
    identity = {"ticket_id": base["ticket_id"], "opened_at": base["opened_at"]}
    for when, change in changes:
        key = f"changelog/{require_id(change, 'id')}"
        actor = acts.find_actor(find(change, "author"), issue)
        for said in acts.tell_changes(find_objects(change, "items"), key, categories, words):
            yield acts.finish({**identity, "occurred_at": when, "actor": actor, **said})
    for comment in find_objects(issue, "fields.comment.comments"):
        yield acts.finish({**identity, **acts.tell_comment(comment, issue, words)})


CONNECTOR = Connector(
    name="jira",
    title="Jira Service Management",
    decode=decode,
    channel="portal",
    dedup_key=find_dedup_key,
    push=Push(signature=JIRA, headers=("x-atlassian-webhook-identifier",)),
    pull=build_pull,
    options={**OPTIONS, **ASKED},
    configure=configure,
    unseen={
        Kind.ESCALATED: "Jira's own escalation is a status",
        Kind.RATED: "ratings are in no webhook",
        Kind.MERGED: "Jira links duplicates instead",
    },
)
