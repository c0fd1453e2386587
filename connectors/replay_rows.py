"""Read a log whose rows become events through a mapping."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from connectors.decoding import KEPT_BYTES, Reject
from connectors.mapping import Mapping, RowDecoder
from connectors.rows import read_rows
from slawatch.errors import EventError
from slawatch.events import Event
from slawatch.lines import AHEAD
from slawatch.parsing import Vocabulary, parse_event


def read_mapped(
    path: str, mapping: Mapping, vocabulary: Vocabulary, latest_at: int
) -> Iterator[Event | Reject]:
    """Yield the events of a log's rows, and what could not become one, as `read_log` does."""
    source = mapping.source
    for number, row in enumerate(_decode(path, mapping), 1):
        if isinstance(row, Reject):
            yield row
            continue
        try:
            event = parse_event(row, None, source, vocabulary)
            if event.occurred_at > latest_at:
                raise EventError("future", AHEAD)
        except EventError as ex:
            yield Reject(source, ex.reason, str(ex), _body(row), f"{path}:{number}", 0)
        else:
            yield event


def _body(row: object) -> bytes:
    return orjson.dumps(row, default=repr)[:KEPT_BYTES]


def _decode(path: str, mapping: Mapping) -> Iterator[object]:
    decoder = RowDecoder(mapping)
    for number, row in enumerate(read_rows(path, mapping), 1):
        try:
            if isinstance(row, EventError):
                raise row
            yield from decoder.decode(row)
        except EventError as ex:
            key = f"{path}:{number}"
            yield Reject(mapping.source, ex.reason, str(ex), _body(row), key, 0)
