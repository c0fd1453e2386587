"""Requests as they come: what is refused of them, and those that need no h11 to be read.

h11 counts only the bytes of headers that have not ended yet, and joins and drops what repeats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import h11

from connectors.receiver.limits import Limits

_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*(.*?)[ \t]*\r$")
_CODING = re.compile(rb"(?im)^transfer-encoding[ \t]*:")
_FOLDED = re.compile(rb"\n[ \t]")
_MAX_LENGTH_DIGITS = 15

_END = b"\r\n\r\n"
# Possessive: a head that does not fit is given up in one pass.
_PLAIN = re.compile(
    r"POST (/[!-$&->@-~]*+)(?:\?([!-~]*+))? HTTP/1\.1"
    r"((?:\r\n[A-Za-z0-9_-]++: [!-~]++(?: ++[!-~]++)*+)++)"
)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_SPECIAL = frozenset(("transfer-encoding", "expect", "upgrade"))
"""Headers that change what follows: h11's business."""


class PlainRequest(NamedTuple):
    """Be a whole POST; headers by lower-case name, none of which came twice."""

    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def parse_plain(data: bytes, limits: Limits) -> PlainRequest | None:
    """Read a request that is as plain as nearly all are, all of which came at once.

    `None` where anything about it is other than usual: `StrictConnection` reads or refuses it. What
    is read here, that one reads as well and the same, with nothing behind it, on a connection that
    is kept.
    """
    end = data.find(_END, 0, limits.max_header_bytes)
    if end < 0:
        return None
    try:
        match = _PLAIN.fullmatch(data[:end].decode("ascii"))
    except UnicodeDecodeError:
        return None
    if match is None:
        return None
    path, query, lines = match.groups("")
    pairs = [line.split(": ", 1) for line in lines[2:].split("\r\n")]
    headers = {name.lower(): value for name, value in pairs}
    length = headers.get("content-length", "")
    body = data[end + len(_END) :]
    is_plain = (
        len(pairs) == len(headers) <= limits.max_headers
        and "host" in headers
        and _NUMBER.fullmatch(length) is not None
        and int(length) == len(body)
        and _SPECIAL.isdisjoint(headers)
        and headers.get("connection", "keep-alive").lower() == "keep-alive"
    )
    return PlainRequest(path, query, headers, body) if is_plain else None


class StrictConnection(h11.Connection):
    """Refuse requests that two parsers could read differently, and floods of headers."""

    def __init__(self, limits: Limits) -> None:
        """Begin as a server's side."""
        super().__init__(h11.SERVER, limits.max_header_bytes)
        self._limits = limits
        self.refusal = 400

    def next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        """Return the next event; `refusal` is the status for what is raised."""
        head = self.trailing_data[0] if self.their_state is h11.IDLE else b""
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                self._check(head[: len(head) - len(self.trailing_data[0])], event.http_version)
        except h11.RemoteProtocolError as ex:
            self.refusal = ex.error_status_hint
            raise
        return event

    def _check(self, head: bytes, version: bytes) -> None:
        """Look at the header's own bytes: h11 has joined and dropped what repeats in them."""
        lines = head.count(b"\n")
        if len(head) > self._limits.max_header_bytes or lines - 2 > self._limits.max_headers:
            raise h11.RemoteProtocolError("too many headers", 431)
        if lines != head.count(b"\r\n") or _FOLDED.search(head):
            raise h11.RemoteProtocolError("lines must end in CR LF and not be folded")
        lengths = _LENGTH.findall(head)
        codings = len(_CODING.findall(head))
        if len(lengths) + codings > 1:
            raise h11.RemoteProtocolError("the length of the body is told twice")
        if lengths and not (lengths[0].isdigit() and len(lengths[0]) <= _MAX_LENGTH_DIGITS):
            raise h11.RemoteProtocolError("Content-Length must be a number")
        if codings and version < b"1.1":
            raise h11.RemoteProtocolError("HTTP/1.0 knows no Transfer-Encoding")
