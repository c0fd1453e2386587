"""Read a finite log for a replay: native JSON lines, or rows through a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, cast

import orjson

from connectors.decoding import KEPT_BYTES, Reject, explain_body
from connectors.files import Oversize, read_chunks
from slawatch.build import COMPILED, find_build
from slawatch.errors import EventError
from slawatch.events import MAX_AHEAD_US, Event
from slawatch.lines import LineParser
from slawatch.parsing import Vocabulary

if TYPE_CHECKING:
    from connectors.mapping import Mapping

NATIVE = "file"
"""The connector of native lines in a replay."""


def read_log(
    path: str, mapping: Mapping | None, vocabulary: Vocabulary, *, now: int
) -> Iterator[Event | Reject]:
    """Return a log's events in the order of the file, and what could not become one.

    `now` is the wall clock: what lies more than 5 minutes ahead of it is rejected, since in a
    replay it would carry log time away. `received_at` is the event's own time.
    """
    if mapping is None:
        return chain.from_iterable(_read_native(path, vocabulary, now + MAX_AHEAD_US))
    from connectors.replay_rows import read_mapped  # noqa: PLC0415 - slow to import, few need it

    return read_mapped(path, mapping, vocabulary, now + MAX_AHEAD_US)


def _read_native(
    path: str, vocabulary: Vocabulary, latest_at: int
) -> Iterator[list[Event | Reject]]:
    first = 1
    by_form = find_build() == COMPILED  # interpreted, cutting lines takes longer than parsing
    parser = LineParser(orjson.loads, NATIVE, vocabulary, latest_at, by_form=by_form)
    for lines in read_chunks(path):
        parsed, failed = parser.parse(lines)
        if not failed:
            yield cast("list[Event | Reject]", parsed)
        else:
            yield [
                item if isinstance(item, Event) else _explain(line, item, f"{path}:{number}")
                for number, (line, item) in enumerate(zip(lines, parsed, strict=True), first)
            ]
        first += len(lines)


def _explain(line: bytes | Oversize, error: ValueError | EventError, key: str) -> Reject:
    ex = error if isinstance(error, EventError) else explain_line(line, error)
    body = line.head if isinstance(line, Oversize) else line
    return Reject(NATIVE, ex.reason, str(ex), body[:KEPT_BYTES], key, 0)


def explain_line(line: bytes | Oversize, error: ValueError) -> EventError:
    """Say why a line is no JSON."""
    if isinstance(line, Oversize):
        return EventError("oversize", f"a line of {line.length} bytes is too long")
    return explain_body(line, error)


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
    events.sort(key=Event.order)
    return rejects + events
