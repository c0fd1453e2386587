"""A delivery as it came: the raw bytes and those headers that its decoder needs.

In the intake log a body stands alone, as most do, or behind an envelope with its headers. The
envelope's form is stored for as long as the log keeps records: never change it, add a mark.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import orjson

_MARK = b"\x1eH1 "  # a record separator begins no JSON, XML, mail or log line
_NONE: Mapping[str, str] = MappingProxyType({})


class Payload(NamedTuple):
    """Be one delivery: raw body, headers by lower-case name, query by name."""

    body: bytes
    headers: Mapping[str, str] = _NONE
    query: Mapping[str, str] = _NONE


def pack_payload(payload: Payload) -> bytes:
    """Return what the intake log stores."""
    if not payload.headers and not payload.query and not payload.body.startswith(_MARK):
        return payload.body
    head = orjson.dumps([dict(payload.headers), dict(payload.query)])
    return b"%b%d %b%b" % (_MARK, len(head), head, payload.body)


def has_envelope(record: bytes) -> bool:
    """Tell whether a stored record has more than its body."""
    return record.startswith(_MARK)


def unpack_payload(record: bytes) -> Payload:
    """Return what `pack_payload` was given; what only looks like an envelope is a body."""
    if not has_envelope(record):
        return Payload(record)
    size, _, rest = record[len(_MARK) :].partition(b" ")
    try:
        length = int(size)
        headers, query = orjson.loads(rest[:length])
    except (ValueError, TypeError):  # a line of a followed file may begin with anything
        return Payload(record)
    if not (isinstance(headers, dict) and isinstance(query, dict)):
        return Payload(record)
    return Payload(rest[length:], headers, query)


def hash_body(payload: Payload) -> str:
    """Return the delivery key of a source that sends none: the same body is the same delivery."""
    return hashlib.blake2b(payload.body, digest_size=16).hexdigest()
