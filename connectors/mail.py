"""What the headers of a mail tell: who wrote it, by hand or not, in which thread, and when.

Nothing here reads a mail's text. RFC 5322 (format), 3834 (automatic mail), 3464 (bounces).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import blake2b

from slawatch.errors import EventError

FOLDER_HEADER = "x-folder"
SENT = "sent"
"""What the IMAP transport keeps with a mail of a folder where the desk's own mail lies."""

QUEUE_DAYS = 5
"""How long servers try to deliver: a mail dated further back has a wrong clock (RFC 5321)."""

_ID = re.compile(r"<([^<>\s]+)>")
_BARE_ID = re.compile(r"[^\s<>,;]+@[^\s<>,;]+")
_ADDRESS = re.compile(r"[^\s<>,;\"()]+@[^\s<>,;\"()]+")
_MAILERS = ("mailer-daemon", "postmaster")
_AUTOMATIC_WORDS = ("x-autoreply", "x-autorespond", "x-autoreply-from", "x-mail-autoreply")
_BULK = frozenset(("bulk", "junk", "list"))
_LIST_HEADERS = ("list-id", "list-post", "list-unsubscribe", "list-help", "feedback-id")
_WRONG_DATES = (ValueError, TypeError, OverflowError, IndexError)


@dataclass(frozen=True, slots=True)
class Headers:
    """Be a mail's headers: the values of each, in order, by lower-case name."""

    values: Mapping[str, Sequence[str]]

    def get(self, name: str) -> str:
        """Return a header's first value, empty where there is none."""
        found = self.values.get(name)
        return found[0] if found else ""


def parse_headers(raw: bytes) -> Headers:
    """Read the headers of a raw mail, whole or cut behind them.

    Raises `EventError` where there are none: that is no mail.
    """
    return collect(_read_lines(raw))


def collect(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Gather (name, value) pairs. Raises `EventError` where there are none."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name.strip().lower(), []).append(" ".join(value.split()))
    if not values:
        raise EventError("malformed", "must be a mail with headers (RFC 5322), found none")
    return Headers(values)


def _read_lines(raw: bytes) -> list[tuple[str, str]]:
    message: Message[str, str] = BytesHeaderParser(policy=compat32).parsebytes(raw.lstrip())
    return [(_clean(name), _clean(value)) for name, value in message.raw_items()]


def _clean(text: str) -> str:
    """Put bytes that are no ASCII, which the parser hides in the text, right."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def find_addresses(headers: Headers, *names: str) -> list[str]:
    """Return the addresses in these headers, lower-case, without `+tags` of the local part."""
    values = [value for name in names for value in headers.values.get(name, ())]
    found = [address for _, address in getaddresses(values) if "@" in address]
    if not found:  # a comma in a name without quotes, or all of it in an encoded word
        found = [one for value in values for one in _ADDRESS.findall(_decode(value))]
    return [_plain(address) for address in found]


def _decode(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _plain(address: str) -> str:
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def is_among(address: str, own: Iterable[str]) -> bool:
    """Tell whether an address is one of these addresses or lies in one of these domains."""
    domain = address.rpartition("@")[2]
    return any(
        address == _plain(one) if one.rpartition("@")[0] else domain == one.lower().lstrip("@")
        for one in own
    )


def is_report(headers: Headers) -> bool:
    """Tell whether the mail is a bounce, a receipt, or another letter of a mail server."""
    kind = headers.get("content-type").lower()
    sender = find_addresses(headers, "from", "sender")
    return (
        headers.get("return-path") == "<>"
        or kind.startswith(("multipart/report", "message/delivery-status"))
        or "x-failed-recipients" in headers.values
        or (bool(sender) and sender[0].partition("@")[0] in _MAILERS)
    )


def is_automatic(headers: Headers) -> bool:
    """Tell whether a machine answered or wrote (RFC 3834), by what senders say of themselves."""
    word = re.split(r"[;\s(]", headers.get("auto-submitted").lower())[0]
    if word not in ("", "no"):
        return True
    if any(headers.get(name).lower() not in ("", "no") for name in _AUTOMATIC_WORDS):
        return True
    return _precedence(headers) in ("auto_reply", "auto-reply")


def is_bulk(headers: Headers, own: Iterable[str]) -> bool:
    """Tell whether the mail went to many: a newsletter, a mailing list, spam.

    A list of one's own is how a group receives its mail: that is not bulk.
    """
    if headers.get("x-spam-flag").lower() == "yes":
        return True
    hosts = (
        host.lower()
        for name in ("list-id", "list-post", "mailing-list")
        for host in re.findall(r"[\w-]+(?:\.[\w-]+)+", headers.get(name))
    )
    domains = [one.rpartition("@")[2].lower() for one in own]
    if any(host == one or host.endswith(f".{one}") for host in hosts for one in domains):
        return False
    return _precedence(headers) in _BULK or any(n in headers.values for n in _LIST_HEADERS)


def _precedence(headers: Headers) -> str:
    return headers.get("precedence").lower()


def find_ids(headers: Headers, name: str) -> list[str]:
    """Return the message ids in a header, without their brackets; forgotten brackets are fine."""
    text = " ".join(headers.values.get(name, ()))
    return _ID.findall(text) or _BARE_ID.findall(text)


def find_own_id(headers: Headers) -> str:
    """Return the Message-ID, or what stands for one: a hash of what no server changes."""
    if found := find_ids(headers, "message-id"):
        return found[0]
    told = "\n".join(headers.get(name) for name in ("from", "date", "to", "subject"))
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def find_root(headers: Headers, own_id: str) -> str | None:
    """Return the id of the thread's first mail, as far as this mail tells; `None` where it is it.

    References begin with the root; In-Reply-To alone names the mail before this one.
    """
    for name in ("references", "in-reply-to"):
        for found in find_ids(headers, name):
            if found != own_id:
                return found
    return None


def find_sent_at(headers: Headers) -> datetime:
    """Return when the mail was sent, UTC: its Date, unless our server's receipt belies it.

    A date after the receipt, or further back than servers try to deliver, is a wrong clock's.
    Raises `EventError`.
    """
    said = _parse_date(headers.get("date"))
    received = _find_receipt(headers)
    if said is not None and received is not None:
        age = received - said
        return said if timedelta() <= age <= timedelta(days=QUEUE_DAYS) else received
    at = said or received
    if at is None:
        was = headers.get("date")
        msg = f"'Date' or 'Received' must say when (RFC 5322), got Date {was!r:.80}"
        raise EventError("bad_time" if was else "missing_key", msg)
    return at


def _find_receipt(headers: Headers) -> datetime | None:
    """Return the last server's stamp: the uppermost Received, behind its last semicolon."""
    for value in headers.values.get("received", ()):
        if (at := _parse_date(value.rpartition(";")[2])) is not None:
            return at
    return None


def _parse_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except _WRONG_DATES:
        return None
