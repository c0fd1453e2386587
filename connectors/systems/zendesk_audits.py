"""Zendesk's ticket events of the incremental export: an audit with what it changed."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.connector import NativeEvent
from connectors.reading import (
    EPOCH_S,
    Object,
    find,
    find_flag,
    find_id,
    find_objects,
    find_text,
    find_texts,
    require_id,
    require_instant,
)
from connectors.systems import zendesk_acts as acts
from connectors.systems.zendesk_words import read_channel, read_priority, read_score

ROLES = "roles"
"""The key under which the poll stores who is what: the export tells only ids."""

_KEPT = ("id", "public", "author_id", "previous_value")
_ACTORS = {"end-user": "customer", "agent": "agent", "admin": "agent"}


def decode_audit(audit: Object) -> Iterator[NativeEvent]:
    """Decode one audit: its children that concern a clock, with the ids that webhooks give."""
    at = (
        require_instant(audit, "created_at")
        if audit.get("created_at")
        else require_instant(audit, "timestamp", EPOCH_S)
    )
    ticket_id = require_id(audit, "ticket_id")
    actor = _find_actor(audit, find_id(audit, "updater_id"))
    base: Object = {
        "ticket_id": ticket_id,
        "occurred_at": at,
        "channel": read_channel(_find_via(audit)),
        "actor": actor,
    }
    children = find_objects(audit, "child_events")
    created = [child for child in children if _type(child) == "create"]
    if created:
        yield acts.finish({**base, **_read_created(created, actor)})
    for child in children:
        said = _read_child(child, audit, at, is_first=bool(created))
        if said is not None:
            yield acts.finish({**base, **said})
    merged = find(audit, "merged_ticket_ids")
    for number in merged if isinstance(merged, list) else []:
        if isinstance(number, int | str) and not isinstance(number, bool) and number != "":
            said = {"ticket_id": str(number), "channel": None, **acts.tell_merge(ticket_id)}
            yield acts.finish({**base, **said})


def to_ticket_event(audit: Object) -> Object:
    """Write an audit of a ticket's own list as the incremental export writes it.

    What was said in it is left out: no clock needs it.
    """
    children = []
    for event in find_objects(audit, "events"):
        child: Object = {key: event[key] for key in _KEPT if key in event}
        name = find_text(event, "field_name")
        if name is not None and name not in child:
            child[name] = event.get("value")
        children.append({**child, "event_type": event.get("type")})
    kept: Object = {
        key: audit[key] for key in ("id", "ticket_id", "created_at", "via") if key in audit
    }
    return {**kept, "updater_id": audit.get("author_id"), "child_events": children}


def _type(child: Object) -> str:
    return (find_text(child, "event_type") or find_text(child, "type") or "").lower()


def _find_via(audit: Object) -> str | None:
    """Return the channel of an audit, which writes "Web form" where a webhook has web_form."""
    text = find_text(audit, "via.channel") or find_text(audit, "via")
    return text.lower().partition(" (")[0].replace(" ", "_") if text else None


def _find_actor(audit: Object, person: str | None) -> str:
    """Say what a person is; nobody's clock moves for one that is gone and has no role."""
    role = find_text(find(audit, ROLES), person) if person and "." not in person else None
    return _ACTORS.get(role or "", "system")


def _read_created(children: list[Object], actor: str) -> Object:
    values: Object = {}
    for child in children:
        values |= child
    return {
        "priority": read_priority(find_text(values, "priority")),
        "team": find_id(values, "group_id"),
        "assignee": find_id(values, "assignee_id"),
        "tags": find_texts(values, "tags") or None,
        **acts.tell_created(find_text(values, "status"), is_own=actor == "customer"),
    }


def _read_child(
    child: Object, audit: Object, stamp: acts.Stamp, *, is_first: bool
) -> Object | None:
    match _type(child):
        case "comment" | "voicecomment" | "facebookcomment":
            # What a ticket is opened with is no reply, and no webhook need tell it.
            return None if is_first else _read_comment(child, audit)
        case "change":
            return _read_change(child, stamp)
    return None


def _read_comment(child: Object, audit: Object) -> Object:
    public = find_flag(child, "public" if "public" in child else "comment_public")
    author = find_id(child, "author_id") or find_id(audit, "updater_id")
    actor = _find_actor(audit, author)
    return acts.tell_comment(require_id(child, "id"), actor, is_public=public or False)


def _read_change(child: Object, stamp: acts.Stamp) -> Object | None:
    if "status" in child:
        old, new = find_text(child, "previous_value"), find_text(child, "status")
        return acts.tell_status(old, new, stamp)
    if "priority" in child:
        return acts.tell_priority(find_text(child, "priority"), stamp)
    for what in ("group", "assignee"):
        if f"{what}_id" in child:
            return acts.tell_holder(what, find_id(child, f"{what}_id"), stamp)
    if "tags" in child:
        return acts.tell_tags(find_texts(child, "tags"), stamp)
    word = find_text(child, "satisfaction_score")
    if word == "offered":
        return acts.tell_survey(stamp)
    score = read_score(word)
    return None if score is None else acts.tell_rating(score, stamp)
