"""Jira's acts as native events, whether a webhook tells them or an issue that was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectors.reading import (
    Object,
    find,
    find_flag,
    find_id,
    find_object,
    find_objects,
    find_text,
    find_texts,
    instant,
    require_id,
)
from connectors.systems.jira_words import Words, read_priority
from slawatch.errors import EventError

_ISSUE_OF_COMMENT = re.compile(r"/issue/(\d+)/comment/")
_OUT_OF = {"resolved": "reopened", "closed": "reopened", "pending": "resumed"}
_INTO = {"resolved": "resolved", "closed": "closed", "pending": "paused"}


def read_time(value: object, key: str) -> int | str:
    """Return an instant of Jira's: text with an offset that has no colon, or milliseconds."""
    if isinstance(value, int):
        return instant(value, "epoch_ms", key=key)
    return instant(value, "rfc3339", key=key)


def find_time(data: object, path: str) -> int | str | None:
    """Return the instant at a path, or `None`."""
    try:
        return read_time(find(data, path), path)
    except EventError:
        return None


def finish(event: Object) -> Object:
    """Leave out what is not said, and let the act's id name its issue."""
    said = {key: value for key, value in event.items() if value is not None}
    return {**said, "event_id": f"{event['ticket_id']}/{event['event_id']}"}


def describe(issue: Object, words: Words) -> Object:
    """Return what every event of an issue says of it."""
    fields = find_object(issue, "fields")
    return {
        "ticket_id": require_id(issue, "id"),
        "opened_at": find_time(fields, "created"),
        "priority": read_priority(find_text(fields, "priority.name")),
        "assignee": name_of(find(fields, "assignee")),
        "category": find_text(fields, "issuetype.name"),
        "tags": find_texts(fields, "labels") or None,
        "team": find_id(fields, words.team_field) if words.team_field else None,
    }


def name_of(person: object) -> str | None:
    """Return a person's id: Cloud's, or Data Center's key or name."""
    return find_id(person, "accountId") or find_id(person, "key") or find_id(person, "name")


def find_actor(person: object, issue: Object) -> str:
    """Say what a person is to an issue.

    Jira tells a customer by the kind of account, and where it does not, the reporter is one. A
    body without the issue tells nothing: its twin does, and whatever it says stays.
    """
    kind = find_text(person, "accountType")
    if kind in ("customer", "app"):
        return "customer" if kind == "customer" else "bot"
    name = name_of(person)
    if name is None:
        return "system"
    fields = find_object(issue, "fields")
    reporter = name_of(find(fields, "reporter"))
    if reporter is not None and name == reporter != name_of(find(fields, "assignee")):
        return "customer"
    return "agent" if fields or find_id(person, "accountId") else "system"


def tell_created(issue: Object, at: int | str) -> Object:
    """Tell that the issue was opened: by its reporter, for them, or by a program."""
    fields = find_object(issue, "fields")
    creator, reporter = find(fields, "creator"), find(fields, "reporter")
    is_own = name_of(creator) is None or name_of(creator) == name_of(reporter)
    said: Object = {"actor": "customer"}
    if find_text(creator, "accountType") == "app":
        said = {"actor": "system", "origin": "monitor"} if is_own else said
    elif not is_own and find_text(creator, "accountType") != "customer":
        said = {"actor": "agent", "origin": "agent"}
    return {"event_id": "created", "type": "created", "occurred_at": at, "opened_at": None} | said


def find_beginning(
    items: list[Object], issue: Object, categories: Mapping[str, str], words: Words
) -> Object:
    """Return how an issue began: before its first changes, and where there are none, as it is."""
    firsts: dict[str, Object] = {}
    for item in items:
        firsts.setdefault(_field(item), item)
    now = find_object(issue, "fields")
    status = firsts.get("status") or {
        "from": find_id(now, "status.id"),
        "fromString": find_text(now, "status.name"),
    }
    category = _category(status, "from", categories)
    said = words.read_status(find_text(status, "fromString"), category)
    if category == "new" and said.get("status") == "open":
        said = {"status": "new"}
    name = find_text(firsts["priority"], "fromString") if "priority" in firsts else None
    person = find_id(firsts["assignee"], "from") if "assignee" in firsts else None
    return {
        **said,
        "priority": read_priority(name or find_text(now, "priority.name")),
        "assignee": person if "assignee" in firsts else name_of(find(now, "assignee")),
    }


def tell_comment(comment: Object, issue: Object, words: Words) -> Object:
    """Tell a comment, by the id that all its deliveries share."""
    return {
        "event_id": f"comment/{require_id(comment, 'id')}",
        "occurred_at": read_time(comment.get("created"), "comment.created"),
        "type": "replied" if _is_public(comment, words) else "note",
        "actor": find_actor(comment.get("author"), issue),
    }


def _is_public(comment: Object, words: Words) -> bool:
    """Say whether the customer sees it; what says no is believed, as the yes is a default."""
    for entry in find_objects(comment, "properties"):
        if entry.get("key") == "sd.public.comment":
            return find_flag(entry, "value.internal") is not True
    if find_object(comment, "visibility"):
        return False
    public = find_flag(comment, "jsdPublic")
    return words.is_public if public is None else public


def ticket_of_comment(comment: Object) -> str:
    """Return the issue of a comment that stands alone, which its address names."""
    found = _ISSUE_OF_COMMENT.search(find_text(comment, "self") or "")
    if found is None:
        raise EventError("missing_key", "'issue.id' is required, or the comment's address")
    return found[1]


def tell_changes(
    items: list[Object], key: str, categories: Mapping[str, str], words: Words
) -> Iterator[Object]:
    """Tell the items of one change. `categories` are those of statuses, by id and by name."""
    found = {_field(item): item for item in items}
    if (item := found.get("status")) is not None:
        yield from _tell_status(item, found.get("resolution"), key, categories, words)
    elif (item := found.get("resolution")) is not None:
        yield from _tell_resolution(item, key, categories)
    for priority in find_priorities(items):
        said = {"type": "priority_changed", "priority": priority}
        yield {"event_id": f"{key}/priority", **said}
    if (item := found.get("assignee")) is not None:
        person = find_id(item, "to") or find_text(item, "toString")
        kind = "assigned" if person else "attribute_changed"
        yield {"event_id": f"{key}/assignee", "type": kind, "assignee": person}
    if (item := found.get("labels")) is not None:
        tags = (find_text(item, "toString") or "").split()
        yield {"event_id": f"{key}/labels", "type": "attribute_changed", "tags": tags}
    if words.team_field and (item := found.get(words.team_field.partition(".")[0].lower())):
        team = find_text(item, "toString")
        yield {"event_id": f"{key}/team", "type": "assigned", "team": team}


def find_priorities(items: list[Object]) -> Iterator[str]:
    """Return the priority to which a change went, if it went to one."""
    for item in items:
        priority = read_priority(find_text(item, "toString"))
        if _field(item) == "priority" and priority:
            yield priority
            return


def _field(item: Object) -> str:
    return (find_text(item, "fieldId") or find_text(item, "field") or "").lower()


def _tell_status(
    item: Object,
    resolution: Object | None,
    key: str,
    categories: Mapping[str, str],
    words: Words,
) -> Iterator[Object]:
    said = words.read_status(find_text(item, "toString"), _category(item, "to", categories))
    if not said:
        return
    old = words.read_status(find_text(item, "fromString"), _category(item, "from", categories))
    kind = _INTO.get(said["status"]) or _OUT_OF.get(old.get("status", ""))
    if kind is None and resolution is not None and not find_text(resolution, "toString"):
        kind = "reopened"
    # What nobody can tell from two names, the monitor works out from the status before.
    yield {"event_id": f"{key}/status", "type": kind or "observed", **said}


def _category(item: Object, end: str, categories: Mapping[str, str]) -> str | None:
    for key in (find_id(item, end), (find_text(item, f"{end}String") or "").lower()):
        if key and key in categories:
            return categories[key]
    return None


def _tell_resolution(item: Object, key: str, categories: Mapping[str, str]) -> Iterator[Object]:
    """Tell a resolution that came without its status, as some bodies have it."""
    if find_text(item, "toString"):
        yield {"event_id": f"{key}/status", "type": "resolved", "status": "resolved"}
    elif categories.get("") != "done":
        yield {"event_id": f"{key}/status", "type": "reopened", "status": "open"}
