"""Marks: how a record came, which its sender did not say and its decoder does not see.

They stand in the envelope's headers and are stored for as long as the log keeps records.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from connectors.payload import has_envelope, pack_payload, unpack_payload
from slawatch.events import CAME_BY_SWEEP, CAME_OF_OPEN, CAME_OF_PAST

REVISION = "x-slawatch-revision"
CAME = "x-slawatch-came"
SINCE = "x-slawatch-since"

BY_SWEEP = "sweep"
"""A sweep asked for it: what a lost delivery left behind."""
OF_PAST = "past"
"""It was brought in: what happened before anybody watched."""
OF_OPEN = "open"
"""So was this, of a ticket that its system holds as open."""

_BITS: Mapping[str, int] = MappingProxyType(
    {BY_SWEEP: CAME_BY_SWEEP, OF_PAST: CAME_OF_PAST, OF_OPEN: CAME_OF_OPEN}
)


class Marks(NamedTuple):
    """Be a record's marks. `revision` is 0 for a first delivery, `came` bits of an event.

    `since` (microseconds) is set where the record is none, but the end of its revision.
    """

    revision: int = 0
    came: int = 0
    since: int | None = None

    @property
    def is_old_news(self) -> bool:
        """Tell whether what it changes happened long ago: nobody is to be paged for it."""
        return bool(self.revision or self.came & (CAME_OF_PAST | CAME_OF_OPEN))


NO_MARKS = Marks()


def mark(body: bytes, **marks: str) -> bytes:
    """Return a record with marks, by their names, in the place of what it had of them."""
    payload = unpack_payload(body)
    said = {_HEADERS[name]: value for name, value in marks.items()}
    return pack_payload(payload._replace(headers={**payload.headers, **said}))


_HEADERS = {"revision": REVISION, "came": CAME, "since": SINCE}


def read_marks(body: bytes) -> tuple[Marks, bytes]:
    """Return a record's marks, and the record as it would be without them."""
    if not has_envelope(body):
        return NO_MARKS, body
    payload = unpack_payload(body)
    if REVISION not in payload.headers and CAME not in payload.headers:
        return NO_MARKS, body
    headers = dict(payload.headers)
    revision, came = _read_number(headers.pop(REVISION, "")), str(headers.pop(CAME, ""))
    since = _read_number(headers.pop(SINCE, ""))
    plain = pack_payload(payload._replace(headers=headers))
    return Marks(revision or 0, _BITS.get(came, 0), since if revision else None), plain


def _read_number(text: object) -> int | None:
    said = str(text)
    return int(said) if said.isascii() and said.isdigit() else None
