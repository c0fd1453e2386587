"""Read a finite log for a replay: native JSON lines, or rows through a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from connectors.decoding import KEPT_BYTES, Reject, explain_body
from connectors.files import Oversize, is_blank, read_lines
from connectors.mapping import Mapping, RowDecoder
from connectors.rows import read_rows
from slawatch.errors import EventError
from slawatch.events import MAX_AHEAD_US, Event
from slawatch.parsing import Vocabulary, parse_event


def read_log(
    path: str, mapping: Mapping | None, vocabulary: Vocabulary, *, now: int
) -> Iterator[Event | Reject]:
    """Yield a log's events in the order of the file, and what could not become one.

    `now` is the wall clock: what lies more than 5 minutes ahead of it is rejected, since in a
    replay it would carry log time away. `received_at` is the event's own time.
    """
    rows = _native(path) if mapping is None else _mapped(path, mapping)
    connector = "replay" if mapping is None else mapping.source
    for number, row in enumerate(rows, 1):
        if isinstance(row, Reject):
            yield row
            continue
        try:
            event = parse_event(row, None, connector, vocabulary)
            if event.occurred_at > now + MAX_AHEAD_US:
                raise EventError("future", "the event lies ahead of the clock")
        except EventError as ex:
            yield Reject(connector, ex.reason, str(ex), _body(row), f"{path}:{number}", 0)
        else:
            yield event


def _body(row: object) -> bytes:
    return orjson.dumps(row, default=repr)[:KEPT_BYTES]


def _native(path: str) -> Iterator[object]:
    loads = orjson.loads
    for number, line in enumerate(read_lines(path), 1):
        if is_blank(line):
            continue
        if isinstance(line, Oversize):
            ex = EventError("oversize", f"a line of {line.length} bytes is too long")
            yield Reject("replay", ex.reason, str(ex), line.head, f"{path}:{number}", 0)
            continue
        try:
            yield loads(line)
        except orjson.JSONDecodeError as error:
            ex = explain_body(line, error)
            body = line[:KEPT_BYTES]
            yield Reject("replay", ex.reason, str(ex), body, f"{path}:{number}", 0)


def _mapped(path: str, mapping: Mapping) -> Iterator[object]:
    decoder = RowDecoder(mapping)
    for number, row in enumerate(read_rows(path, mapping), 1):
        try:
            if isinstance(row, EventError):
                raise row
            yield from decoder.decode(row)
        except EventError as ex:
            key = f"{path}:{number}"
            yield Reject(mapping.source, ex.reason, str(ex), _body(row), key, 0)


def sort_log(items: Iterable[Event | Reject]) -> list[Event | Reject]:
    """Return the log in the order of time; real exports are grouped by ticket.

    The order is that of acts on a ticket, so that ties are told alike in any file order.
    """
    events: list[Event] = []
    rejects: list[Event | Reject] = []
    for item in items:
        if isinstance(item, Event):
            events.append(item)
        else:
            rejects.append(item)
    events.sort(key=lambda event: event[:4])
    return rejects + events


