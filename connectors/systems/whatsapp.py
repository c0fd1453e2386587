"""WhatsApp Business Platform: messages of customers, and what the business sent them.

A customer of one number is a ticket; the platform knows no tickets of its own.
docs/reference/connectors/whatsapp.md has the table of acts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from connectors.connector import Connector, NativeEvent, Push, Reply, Secrets
from connectors.payload import Payload
from connectors.reading import (
    EPOCH_S,
    Object,
    find_id,
    find_objects,
    find_text,
    parse_object,
    require_instant,
    require_text,
)
from connectors.sessions import Thread
from connectors.signatures import WHATSAPP
from slawatch.errors import EventError
from slawatch.events import Kind

Said = dict[str, object]

_NO_MESSAGES = frozenset(("system", "reaction", "revoke", "edit", "request_welcome"))
"""Types that ask nothing and answer nothing."""
_NOTICES = frozenset(("marketing", "marketing_lite", "utility", "authentication"))
"""Categories of templates: sent to many or by a machine, no answer to anybody."""
_CHALLENGE = re.compile(r"[\w.=-]{1,256}", re.ASCII)


def decode(payload: Payload) -> Iterator[NativeEvent | EventError]:
    """Decode one delivery, which may hold messages of several customers."""
    data = parse_object(payload)
    for entry in find_objects(data, "entry"):
        for change in find_objects(entry, "changes"):
            yield from _read_change(change)


def _read_change(change: Object) -> Iterator[NativeEvent | EventError]:
    value, field = change.get("value"), find_text(change, "field")
    number = find_id(value, "metadata.phone_number_id") or ""
    for of_field, key, read in _READERS:
        for one in find_objects(value, key) if field == of_field else ():
            try:
                said = read(one, number)
            except EventError as ex:
                yield ex
            else:
                if said is not None:
                    yield said


def _read_message(message: Object, number: str) -> Said | None:
    """Read what a customer wrote; it opens what was ended."""
    if require_text(message, "type") in _NO_MESSAGES:
        return None
    customer = find_id(message, "from") or find_id(message, "from_user_id")
    return _base(message, number, customer) | {"actor": "customer", "status": "open"}


def _read_echo(message: Object, number: str) -> Said | None:
    """Read what a person wrote in the WhatsApp Business app."""
    if require_text(message, "type") in _NO_MESSAGES:
        return None
    customer = find_id(message, "to") or find_id(message, "to_user_id")
    return _base(message, number, customer) | {"actor": "agent"}


def _read_status(status: Object, number: str) -> Said | None:
    """Read that the desk's software sent something: WhatsApp tells nothing else of it."""
    if find_text(status, "status") != "sent" or find_text(status, "recipient_type") == "group":
        return None
    category = find_text(status, "pricing.category") or find_text(
        status, "conversation.origin.type"
    )
    if category in _NOTICES:
        return None
    customer = find_id(status, "recipient_id") or find_id(status, "recipient_user_id")
    return _base(status, number, customer) | {"actor": "agent"}


def _base(one: Object, number: str, customer: str | None) -> Said:
    if customer is None:
        raise EventError("missing_key", "a message must name its customer, by number or user id")
    return {
        "event_id": f"whatsapp:{require_text(one, 'id')}",
        "ticket_id": Thread(f"whatsapp:{number}:{customer.lstrip('+')}"),
        "type": "replied",
        "occurred_at": require_instant(one, "timestamp", EPOCH_S),
    }


_READERS: tuple[tuple[str, str, Callable[[Object, str], Said | None]], ...] = (
    ("messages", "messages", _read_message),
    ("messages", "statuses", _read_status),
    ("smb_message_echoes", "message_echoes", _read_echo),
)
"""What is read of a change, by its field; calls, templates and the account are not."""


def _answer(method: str, payload: Payload, _: Secrets) -> Reply | None:
    """Answer the address check. Its token proves nothing here: deliveries are signed."""
    if method != "GET":
        return None
    challenge = payload.query.get("hub.challenge", "")
    is_check = payload.query.get("hub.mode") == "subscribe" and _CHALLENGE.fullmatch(challenge)
    if not is_check:
        raise EventError("malformed", "hub.mode must be 'subscribe', with a hub.challenge")
    return Reply(challenge.encode(), headers={"content-type": "text/plain"})


CONNECTOR = Connector(
    name="whatsapp",
    title="WhatsApp Business Platform",
    decode=decode,
    channel="social",
    push=Push(WHATSAPP, handshake=_answer, methods=("GET", "POST")),
    grace_seconds=5.0,
    session_gap_seconds=86_400.0,
    unseen={
        Kind.CREATED: "WhatsApp tells messages, not tickets: a session's first opens one",
        Kind.RESOLVED: "WhatsApp knows no solved conversation",
    },
)
