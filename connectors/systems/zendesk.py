"""Zendesk Support: event webhooks, and the ticket events of the incremental export."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.connector import Connector, NativeEvent, Push
from connectors.payload import Payload
from connectors.reading import (
    Object,
    find_flag,
    find_id,
    find_instant,
    find_object,
    find_text,
    find_texts,
    parse_object,
    require_id,
    require_instant,
    require_second,
    require_text,
)
from connectors.renaming import rename_teams
from connectors.signatures import ZENDESK
from connectors.systems import zendesk_acts as acts
from connectors.systems.zendesk_audits import decode_audit
from connectors.systems.zendesk_poll import LEFT_OUT_SECONDS, OPTIONS, build_pull
from connectors.systems.zendesk_words import find_score, read_channel, read_priority

_PREFIX = "zen:event-type:"
_SYSTEM = ("-1", "0")
_BOTS = ("system", "bot", "app", "trigger")
_AGENTS = ("agent", "admin", "business")

Read = Callable[[Object, Object, acts.Stamp], Object | None]
"""Read an act from (event, detail, whole second): its id, and what it says of the ticket."""


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode an event webhook, or one audit as the poll stores it."""
    data = parse_object(payload)
    if "child_events" in data:
        yield from decode_audit(data)
        return
    domain, _, name = require_text(data, "type").removeprefix(_PREFIX).partition(".")
    read = _ACTS.get(name) if domain == "ticket" else None
    if domain == "messaging_ticket" and name == "message_added":
        read = _read_message
    if read is not None:
        yield from _tell(data, read)


def _tell(data: Object, read: Read) -> Iterator[NativeEvent]:
    detail = find_object(data, "detail")
    # Of what audits tell too the second, as they do: a sweep changes nothing that was heard.
    require = require_instant if read is _read_message else require_second
    at = require(data, "time" if data.get("time") else "detail.updated_at")
    opened_at = find_instant(detail, "created_at")
    if read is _read_comment and at == opened_at:
        return  # a ticket is opened with it: it is no reply
    said = read(find_object(data, "event"), detail, find_instant(detail, "updated_at") or at)
    if said is None:
        return
    ticket_id = find_id(detail, "id") or _ticket_of(data)
    event = {
        "ticket_id": ticket_id,
        "occurred_at": at,
        "opened_at": opened_at,
        "channel": read_channel(find_text(detail, "via.channel")),
        "priority": read_priority(find_text(detail, "priority")),
        "team": find_id(detail, "group_id"),
        "assignee": find_id(detail, "assignee_id"),
        "tags": find_texts(detail, "tags") or None,
        "actor": _find_actor(detail),
    }
    yield acts.finish({**event, **said})


def _ticket_of(data: Object) -> str:
    """Return the ticket of "zen:ticket:141"."""
    kind, _, number = require_text(data, "subject").rpartition(":")
    return number if kind == "zen:ticket" and number else require_id(data, "detail.id")


def _find_actor(detail: Object) -> str:
    """Say who acted: only ids are told, so an agent is who neither asked nor is the system."""
    actor = find_id(detail, "actor_id")
    if actor is None or actor in _SYSTEM:
        return "system"
    if actor == find_id(detail, "requester_id") and actor != find_id(detail, "assignee_id"):
        return "customer"
    return "agent"


def _read_created(_: Object, detail: Object, __: acts.Stamp) -> Object:
    submitter = find_id(detail, "submitter_id")
    is_own = submitter is None or submitter == find_id(detail, "requester_id")
    said = acts.tell_created(find_text(detail, "status"), is_own=is_own)
    return {**said, "opened_at": None}


def _read_comment(event: Object, _: Object, __: acts.Stamp) -> Object:
    author = find_id(event, "comment.author.id")
    is_staff = find_flag(event, "comment.author.is_staff")
    actor = "agent" if is_staff else "customer"
    if author in _SYSTEM or is_staff is None:
        actor = "system"
    is_public = find_flag(event, "comment.is_public") or False
    return acts.tell_comment(require_id(event, "comment.id"), actor, is_public=is_public)


def _read_message(event: Object, _: Object, __: acts.Stamp) -> Object:
    actor, kind = find_id(event, "actor.id") or "", find_text(event, "actor.type")
    who = "agent" if kind in _AGENTS else "customer"
    if kind in _BOTS or actor.startswith("zd:"):
        who = "bot"
    key = f"message/{require_id(event, 'message.id')}"
    return {"event_id": key, "type": "replied", "actor": who, "channel": "chat"}


_ACTS: dict[str, Read] = {
    "created": _read_created,
    "comment_added": _read_comment,
    "status_changed": lambda event, _, stamp: acts.tell_status(
        find_text(event, "previous"), find_text(event, "current"), stamp
    ),
    "priority_changed": lambda event, _, stamp: acts.tell_priority(
        find_text(event, "current"), stamp
    ),
    "agent_assignment_changed": lambda event, _, stamp: acts.tell_holder(
        "assignee", find_id(event, "current"), stamp
    ),
    "group_assignment_changed": lambda event, _, stamp: acts.tell_holder(
        "group", find_id(event, "current"), stamp
    ),
    "tags_changed": lambda _, detail, stamp: acts.tell_tags(find_texts(detail, "tags"), stamp),
    "merged": lambda event, _, __: acts.tell_merge(find_id(event, "target_ticket_id")),
    "marked_as_spam": lambda _, __, stamp: acts.tell_end("spam", stamp),
    "soft_deleted": lambda _, __, stamp: acts.tell_end("deleted", stamp),
    "permanently_deleted": lambda _, __, stamp: acts.tell_end("gone", stamp),
    "undeleted": lambda _, __, stamp: {"event_id": f"undeleted/{stamp}", "type": "reopened"},
    "csat_requested": lambda _, __, stamp: acts.tell_survey(stamp),
    "csat_received": lambda event, _, stamp: acts.tell_rating(find_score(event), stamp),
}
"""The types that concern a clock. docs/reference/connectors/zendesk.md names the others."""


CONNECTOR = Connector(
    name="zendesk",
    title="Zendesk Support",
    decode=decode,
    channel="email",
    push=Push(signature=ZENDESK),
    pull=build_pull,
    lag_seconds=LEFT_OUT_SECONDS + 1.0,
    options={"teams": {}, **OPTIONS},
    configure=lambda options: rename_teams(decode, options["teams"]),
)
