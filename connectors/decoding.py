"""Decode and parse: raw records to events and rejects."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from connectors.connector import Connector
from connectors.files import parse_oversize
from connectors.intake import Record
from connectors.marks import NO_MARKS, Marks, read_marks
from connectors.opaque import hide_persons
from connectors.payload import unpack_payload
from connectors.sessions import Sessions
from slawatch.errors import EventError
from slawatch.events import NO_EXTRAS, Event, build_revised
from slawatch.parsing import Vocabulary, parse_event

LOGGER = logging.getLogger(__name__)

DECODER_ERROR = "decoder_error"
_NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Reject(NamedTuple):
    """Be one record that became no event. `key` is the same whenever it is read again."""

    connector: str
    reason: str
    message: str
    body: bytes
    key: str
    received_at: int


Decoder = Callable[[bytes], Iterable[object]]
"""Turn one record's body into native events; raises `EventError` alone.

What of a body with several events is none stands among them as the `EventError` that says why, so
that its siblings live.
"""

KEPT_BYTES = 64 * 1024
"""How much of a rejected body is kept for a person to look at."""


def decode_native(body: bytes) -> list[object]:
    """Decode one line of native JSON."""
    try:
        return [orjson.loads(body)]
    except orjson.JSONDecodeError as ex:
        raise explain_body(body, ex) from ex


def explain_body(body: bytes, ex: ValueError) -> EventError:
    """Say why a body is no JSON: too long, not UTF-8, or malformed."""
    if (oversize := parse_oversize(body)) is not None:
        return EventError("oversize", f"a line of {oversize.length} bytes is too long")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return EventError("bad_encoding", f"not UTF-8 at byte {error.start}")
    return EventError("malformed", f"not JSON: {ex}")


def build_decoder(
    connector: Connector,
    key: bytes,
    options: Mapping[str, Any] = _NO_OPTIONS,
    *,
    source: str = "",
    sessions: Sessions | None = None,
) -> Decoder:
    """Return what decodes the records of a source with these options.

    `key` makes the opaque ids of persons; `sessions` are those of the state folder, where threads
    are tickets. Raises `ConfigError` for wrong options.
    """
    decode = connector.decoder(options)
    if not connector.session_gap_seconds:
        return lambda body: hide_persons(decode(unpack_payload(body)), key)
    threads = sessions or Sessions()
    name = source or connector.name
    gap_us = round(connector.session_gap_seconds * 1_000_000)

    def decode_thread(body: bytes) -> Iterable[object]:
        placed = threads.place(decode(unpack_payload(body)), name, key, gap_us)
        return hide_persons(placed, key)

    return decode_thread


class RecordParser:
    """Parse the intake log's records by their connector's decoder (native JSON by default)."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        decoders: Mapping[str, Decoder],
        shadows: frozenset[str] = frozenset(),
    ) -> None:
        """Take the closed label sets and the decoders by connector.

        The tickets of `shadows` are always their source's own: what is tried out must not write
        into the tickets of others. `history_at` is when the newest record that was old news (see
        `Marks`) was received, 0 before the first.
        """
        self._vocabulary = vocabulary
        self._decoders = decoders
        self._shadows = shadows
        self.history_at = 0

    def parse(self, records: Iterable[Record]) -> tuple[list[Event], list[Reject]]:
        """Return the records' events, in order, and what could not become one."""
        events: list[Event] = []
        rejects: list[Reject] = []
        for record in records:
            seq, received_at, source, body, complete_to = record
            if complete_to is not None and not body:
                continue  # it tells how far a poll has come, and nothing else
            decode = self._decoders.get(source, decode_native)
            marks, body = read_marks(body)
            if marks.is_old_news:
                self.history_at = received_at
            if marks.since is not None:
                events.append(build_revised(source, marks.revision, marks.since, received_at))
                continue
            try:
                decoded = self._keep_own(list(decode(body)), source)
            except EventError as ex:
                rejects.append(_reject(record, ex, body, str(seq)))
                continue
            except Exception as ex:  # a decoder's defect costs one record
                LOGGER.debug("decoder failed source=%s seq=%d", source, seq, exc_info=True)
                error = EventError(DECODER_ERROR, f"the decoder failed: {type(ex).__name__}: {ex}")
                rejects.append(_reject(record, error, body, str(seq)))
                continue
            for number, data in enumerate(decoded):
                try:
                    event = parse_event(data, received_at, source, self._vocabulary)
                    events.append(event if marks is NO_MARKS else _mark(event, marks))
                except EventError as ex:
                    error = data if isinstance(data, EventError) else ex
                    if len(decoded) == 1:
                        rejects.append(_reject(record, error, body, str(seq)))
                    else:
                        rejects.append(_reject(record, error, _write(data), f"{seq}.{number}"))
        return events, rejects

    def _keep_own(self, decoded: list[object], source: str) -> list[object]:
        """Return native events, those of a shadow as its own."""
        if source not in self._shadows:
            return decoded
        return [
            {**data, "source": source} if isinstance(data, Mapping) else data for data in decoded
        ]


def _mark(event: Event, marks: Marks) -> Event:
    if marks.revision:
        extras = (event.extras or NO_EXTRAS)._replace(revision=marks.revision)
        event = event.replace(extras=extras)
    return event.replace(marks=event.marks | marks.came)


def _reject(record: Record, ex: EventError, body: bytes, key: str) -> Reject:
    return Reject(record.source, ex.reason, str(ex), body[:KEPT_BYTES], key, record.received_at)


def _write(data: object) -> bytes:
    """Write one of a record's events for a person to look at; an error says itself what it was."""
    return b"" if isinstance(data, EventError) else orjson.dumps(data, default=repr)
