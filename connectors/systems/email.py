"""E-mail: one mail is one act, told by its headers alone; the text is never looked at.

A mail is a raw message (RFC 5322), whole or cut behind its headers as the IMAP transport stores
it, or the webhook of a service that receives mail. docs/reference/connectors/email.md has the
table of acts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors import mail
from connectors.connector import Connector, Decode, NativeEvent, Push
from connectors.mail import Headers
from connectors.mail_services import read_mail
from connectors.opaque import Opaque
from connectors.payload import Payload
from connectors.transports import imap
from slawatch.errors import ConfigError, EventError
from slawatch.events import Kind


class Desk(NamedTuple):
    """Be what must be known of the desk: its addresses and domains, and those of its forms."""

    own: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode one mail for a desk that has named none of its addresses."""
    return _decode(payload, Desk())


def configure(options: Mapping[str, Any]) -> Decode:
    """Return the decoder for a desk's addresses. Raises `ConfigError`."""
    desk = Desk(_read_addresses(options, "own"), _read_addresses(options, "forms"))
    return lambda payload: _decode(payload, desk)


def _read_addresses(options: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = options[key]
    if isinstance(found, list) and all(isinstance(one, str) and one for one in found):
        return tuple(found)
    raise ConfigError(f"options.{key} must be a list of addresses or domains, got {found!r}")


def _decode(payload: Payload, desk: Desk) -> Iterator[NativeEvent]:
    headers = read_mail(payload)
    parts = payload.headers.get(mail.PART_HEADER, "")
    if mail.is_report(headers) or mail.is_calendar_answer(headers, parts):
        return
    writers = mail.find_addresses(headers, "from") or mail.find_addresses(headers, "sender")
    if not writers:
        raise EventError("missing_key", "'From' must name who wrote the mail (RFC 5322)")
    own_id = mail.find_own_id(headers)
    root = mail.find_root(headers, own_id)
    is_sent = payload.headers.get(mail.FOLDER_HEADER) == mail.SENT
    said: Mapping[str, object] | None = _of_customer(root)
    if mail.is_among(writers[0], desk.forms):
        pass
    elif is_sent or mail.is_among(writers[0], desk.own):
        said = _of_desk(headers, desk.own, root)
    elif mail.is_automatic(headers) or mail.is_bulk(headers, desk.own):
        return
    if said is not None:
        yield {
            "event_id": f"email:{own_id}",
            "ticket_id": Opaque(f"email:{root or own_id}"),
            "occurred_at": mail.find_sent_at(headers).isoformat(),
            **said,
        }


def _of_customer(root: str | None) -> Mapping[str, object]:
    return {"type": "replied" if root else "created", "actor": "customer"}


def _of_desk(headers: Headers, own: Sequence[str], root: str | None) -> Mapping[str, object] | None:
    """Tell what a mail of the desk's own is: an answer, an automatic one, or talk among us."""
    is_automatic = mail.is_automatic(headers)
    readers = mail.find_addresses(headers, "to", "cc", "bcc")
    is_inside = bool(readers) and all(mail.is_among(one, own) for one in readers)
    if is_inside:
        is_note = root is not None and not is_automatic
        return {"type": "note", "actor": "agent", "public": False} if is_note else None
    if root is not None:
        return {"type": "replied", "actor": "bot" if is_automatic else "agent"}
    if is_automatic or mail.is_bulk(headers, ()):  # our newsletters and notices open nothing
        return None
    return {"type": "created", "actor": "agent", "origin": "agent"}


CONNECTOR = Connector(
    name="email",
    title="E-mail",
    decode=decode,
    channel="email",
    push=Push(headers=("content-type",)),
    follow=imap.build_mailbox,
    grace_seconds=61.0,
    options={"own": [], "forms": [], **imap.OPTIONS},
    configure=configure,
    unseen={Kind.RESOLVED: "mail has no status: nobody writes that a ticket is solved"},
)
