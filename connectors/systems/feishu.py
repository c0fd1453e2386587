"""Feishu (Lark) helpdesk: events of tickets and their messages.

A bot's service and a person's are stages of one ticket: the handover opens no second one.
docs/reference/connectors/feishu.md has the table of acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from connectors.cipher import open_feishu
from connectors.connector import Connector, NativeEvent, Push, Reply, Secrets
from connectors.opaque import Opaque
from connectors.payload import Payload, hash_body
from connectors.reading import (
    EPOCH_MS,
    Object,
    find_id,
    find_integer,
    find_object,
    find_objects,
    find_text,
    instant,
    parse_object,
    require_id,
    require_object,
    require_text,
)
from connectors.verifiers import FEISHU
from slawatch.errors import EventError

Said = dict[str, object]

_BOT_STAGE, _HUMAN_STAGE = 1, 2
_STATUSES: Mapping[int, Said] = {
    1: {"status": "new"},  # created
    2: {"status": "open"},  # being worked on
    3: {"status": "open"},  # waits for an agent
    4: {"status": "pending", "reason": "hold"},
    5: {"status": "pending", "reason": "customer"},
    50: {"status": "closed"},  # by the bot
    51: {"status": "closed"},
}
_ACTORS = {1: "bot", 2: "customer", 3: "agent"}
_SCORES = {1: 1, 2: 3, 3: 5}
"""Feishu asks for dissatisfied, neutral or satisfied."""
_SOLVED = 2
_MICROSECONDS = 10**14


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode one event."""
    data = parse_object(payload)
    if "header" not in data:
        return  # an address check, or an event of the old form, which helpdesks never had
    header = require_object(data, "header")
    event = find_object(data, "event")
    told_at = _read_time(header.get("create_time"), "header.create_time")
    match require_text(header, "event_type"):
        case "helpdesk.ticket.created_v1":
            yield from _created(event, told_at)
        case "helpdesk.ticket.updated_v1":
            ticket = require_object(event, "object")
            yield from _updated(ticket, find_object(event, "old_object"), told_at)
        case "helpdesk.ticket_message.created_v1":
            yield from _messaged(event, told_at)


def _created(ticket: Object, told_at: int | str) -> Iterator[Said]:
    at = _find_time(ticket, "created_at", told_at)
    yield _base(ticket, "created", at) | {"actor": "customer"} | _holder(ticket)


def _updated(ticket: Object, old: Object, told_at: int | str) -> Iterator[Said]:
    """Yield what a change of the ticket is; `old` has the changed keys as they were."""
    at = _find_time(ticket, "updated_at", told_at)
    stage = find_integer(ticket, "stage")
    if stage == _HUMAN_STAGE and find_integer(old, "stage") == _BOT_STAGE:
        yield _base(ticket, "handoff_requested", at) | {"actor": "customer"}
    status = find_integer(ticket, "status")
    is_closed = status in (50, 51)
    actor = "bot" if status == 50 else "agent"  # noqa: PLR2004 - Feishu's numbers stand above
    if is_closed and find_integer(ticket, "solve") == _SOLVED:
        yield _base(ticket, "resolved", at) | {"actor": actor}
    said = _STATUSES.get(status, {"status": f"feishu {status}"}) if status is not None else {}
    holder = _holder(ticket)
    if said or holder:
        yield _base(ticket, "observed", at) | {"actor": actor} | said | holder
    score = _SCORES.get(find_integer(ticket, "score") or 0)
    if score is not None:
        # it stands on every later update as well: one id, the first counts
        rated = _base(ticket, "rated", at) | {"actor": "customer", "score": score}
        yield rated | {"event_id": f"feishu:{require_id(ticket, 'ticket_id')}:rated"}


def _messaged(event: Object, told_at: int | str) -> Iterator[Said]:
    actor = _ACTORS.get(find_integer(event, "sender_type") or 0)
    if actor is None:
        return
    ticket = require_object(event, "ticket")
    base = _base(ticket, "replied", told_at)
    message = require_id(event, "ticket_message_id")
    yield base | {"event_id": f"feishu:message:{message}", "actor": actor}


def _base(ticket: Object, kind: str, at: int | str) -> Said:
    ticket_id = require_id(ticket, "ticket_id")
    return {
        "event_id": f"feishu:{ticket_id}:{kind}:{at}",
        "ticket_id": ticket_id,
        "type": kind,
        "occurred_at": at,
    }


def _holder(ticket: Object) -> Said:
    """Name the last of the ticket's agents; Feishu's ids of people are opaque outside."""
    agents = find_objects(ticket, "agents")
    found = find_id(agents[-1], "id.open_id") or find_id(agents[-1], "id") if agents else None
    return {} if found is None else {"assignee": Opaque(f"feishu:{found}")}


def _find_time(ticket: Object, key: str, told_at: int | str) -> int | str:
    value = ticket.get(key)
    return told_at if value in (None, 0, "0", "") else _read_time(value, key)


def _read_time(value: object, key: str) -> int | str:
    """Read milliseconds, which Feishu writes as a text; some of its senders write microseconds."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        number = int(value[:20])
        value = number // 1000 if number >= _MICROSECONDS else number
    return instant(value, EPOCH_MS, key=key)


def _unwrap(payload: Payload, secrets: Secrets, _: Mapping[str, Any]) -> Payload:
    """Open an enciphered delivery with whichever encrypt key opens it."""
    ciphertext = find_text(parse_object(payload), "encrypt")
    if ciphertext is None:
        return payload
    error = EventError("malformed", "there is no encrypt key to open it with")
    for secret in secrets:
        try:
            return payload._replace(body=open_feishu(ciphertext, secret))
        except EventError as ex:
            error = ex
    raise error


def _answer(method: str, payload: Payload, secrets: Secrets) -> Reply | None:
    """Answer the address check."""
    if method != "POST":
        return None
    try:
        data = parse_object(_unwrap(payload, secrets, {}))
    except EventError:
        return None  # a delivery that cannot be read: it is verified, then kept as it is
    challenge = find_text(data, "challenge")
    if find_text(data, "type") != "url_verification" or challenge is None:
        return None
    body = orjson.dumps({"challenge": challenge})
    return Reply(body, headers={"content-type": "application/json"})


def _find_key(payload: Payload) -> str:
    """Return the event's id: Feishu repeats a delivery for hours."""
    try:
        return find_id(parse_object(payload), "header.event_id") or hash_body(payload)
    except EventError:
        return hash_body(payload)


CONNECTOR = Connector(
    name="feishu",
    title="Feishu helpdesk (飞书服务台)",
    decode=decode,
    channel="chat",
    dedup_key=_find_key,
    push=Push(FEISHU, handshake=_answer, unwrap=_unwrap),
    grace_seconds=2.0,
)
