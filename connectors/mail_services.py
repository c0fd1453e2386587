"""Mails as services that receive them post them: Postmark, Mailgun, SendGrid, CloudMailin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from urllib.parse import parse_qsl

import orjson

from connectors.mail import PART_HEADER, Headers, collect, parse_headers
from connectors.payload import Payload
from connectors.reading import find_object, find_objects, find_text, parse_object
from slawatch.errors import EventError

_MAX_FIELDS = 1000
_RAW_FIELDS = ("email", "body-mime", "RawEmail", "message")
"""Where a service that was asked for raw mails puts them."""
_PLAIN_FIELDS = ("From", "To", "Cc", "Bcc", "Date", "Subject")


def read_mail(payload: Payload) -> Headers:
    """Return the headers of the mail that a delivery holds. Raises `EventError`."""
    kind = payload.headers.get("content-type", "").lower()
    body = payload.body
    if kind.startswith("multipart/form-data"):
        return _read_fields(_read_multipart(payload))
    if kind.startswith("application/x-www-form-urlencoded"):
        return _read_fields(_read_form(body))
    if kind.startswith("application/json") or body.lstrip()[:1] == b"{":
        return _read_json(payload)
    return parse_headers(body)


def _read_json(payload: Payload) -> Headers:
    """Read Postmark's and CloudMailin's bodies."""
    data = parse_object(payload)
    for name in _RAW_FIELDS:
        if raw := find_text(data, name):
            return parse_headers(raw.encode("utf-8", "surrogatepass"))
    pairs = [(name, find_text(data, name)) for name in _PLAIN_FIELDS]
    listed = find_objects(data, "Headers")
    pairs += [(find_text(one, "Name") or "", find_text(one, "Value")) for one in listed]
    pairs += _flatten(find_object(data, "headers"))
    pairs += _find_parts(data)
    return collect((name, value) for name, value in pairs if value)


def _find_parts(data: dict[str, object]) -> Iterator[tuple[str, str | None]]:
    """Hand out the types of Postmark's and CloudMailin's attachments."""
    for one in find_objects(data, "Attachments"):
        yield PART_HEADER, find_text(one, "ContentType")
    for one in find_objects(data, "attachments"):
        yield PART_HEADER, find_text(one, "content_type")


def _flatten(headers: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Hand out CloudMailin's headers, whose names it may write as `message_id`."""
    for name, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield name.replace("_", "-"), one


def _read_fields(fields: list[tuple[str, str]]) -> Headers:
    """Read Mailgun's and SendGrid's fields, the whole headers where they are among them."""
    by_name = dict(reversed(fields))
    for name in _RAW_FIELDS:
        if raw := by_name.get(name):
            return parse_headers(raw.encode("utf-8", "surrogatepass"))
    if listed := by_name.get("message-headers"):
        return collect(_read_pairs(listed))
    if text := by_name.get("headers"):
        return parse_headers(text.encode("utf-8", "surrogatepass"))
    return collect(fields)


def _read_pairs(text: str) -> Iterable[tuple[str, str]]:
    """Read Mailgun's `message-headers`: a list of [name, value]."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as ex:
        raise EventError("malformed", f"'message-headers' must be JSON: {ex}") from ex
    for pair in data if isinstance(data, list) else ():
        match pair:
            case [str(name), str(value)]:
                yield name, value


def _read_form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MAX_FIELDS)
    except ValueError as ex:
        raise EventError("malformed", f"not a form: {ex}") from ex


def _read_multipart(payload: Payload) -> list[tuple[str, str]]:
    head = f"Content-Type: {payload.headers['content-type']}\r\n\r\n".encode("utf-8", "replace")
    message = BytesParser(policy=compat32).parsebytes(head + payload.body)
    parts = message.get_payload()
    if not isinstance(parts, list):
        raise EventError("malformed", "not a form: its parts cannot be told apart")
    fields = []
    for part in parts[:_MAX_FIELDS]:
        if not isinstance(part, Message):
            continue
        name = part.get_param("name", header="content-disposition")
        if part.get_content_type() == "text/calendar":
            fields.append((PART_HEADER, str(part["content-type"])))
        content = part.get_payload(decode=True)
        if isinstance(name, str) and part.get_filename() is None and isinstance(content, bytes):
            fields.append((name, content.decode("utf-8", "replace").strip()))
    return fields
