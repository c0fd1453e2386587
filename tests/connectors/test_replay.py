"""A finite log as events and rejects, native or through a mapping."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from connectors.decoding import Reject
from connectors.files import MAX_LINE_BYTES
from connectors.mapping import load_mapping
from connectors.replay import NATIVE, read_log, sort_log
from slawatch.errors import ConfigError
from slawatch.events import Event, Kind
from slawatch.parsing import Vocabulary

NOW = 1_767_603_600_000_000
MINUTE_MS = 60_000
MAPPING = """
source = "desk"
kind = "event"
type_column = "what"
[fields]
ticket_id = "ticket"
event_id = "{ticket}/{at}"
occurred_at = "at"
priority = "priority"
[types]
opened = "created"
answered = "replied"
"""


def tell(number: int, *, ticket: object = "1", at_ms: int = NOW // 1000) -> bytes:
    """Return one native line."""
    row = {"event_id": str(number), "ticket_id": ticket, "type": "note", "occurred_at": at_ms}
    return orjson.dumps(row)


def read(path: Path, mapping: Path | None = None) -> list[Event | Reject]:
    """Read a log to its end."""
    rows = None if mapping is None else load_mapping(str(mapping))
    return list(read_log(str(path), rows, Vocabulary(), now=NOW))


def write(path: Path, *lines: bytes) -> Path:
    """Write lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def told(items: list[Event | Reject]) -> list[tuple[str, str]]:
    """Return key or reason of each item."""
    return [
        ("event", item.key) if isinstance(item, Event) else (item.reason, item.key)
        for item in items
    ]


def test_native_lines_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", tell(1, ticket="b"), b"", tell(2, ticket="a"))
    assert told(read(path)) == [("event", f"{NATIVE}/b"), ("event", f"{NATIVE}/a")]


def test_an_event_of_a_file_arrives_when_it_happens(tmp_path: Path) -> None:
    (event,) = read(write(tmp_path / "log.jsonl", tell(1, at_ms=5)))
    assert isinstance(event, Event)
    assert (event.occurred_at, event.received_at, event.connector) == (5000, 5000, NATIVE)


def test_a_compressed_log_is_the_same_log(tmp_path: Path) -> None:
    plain = write(tmp_path / "log.jsonl", tell(1), tell(2))
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed) == read(plain)


def test_each_bad_line_is_a_reject_with_its_reason_and_place(tmp_path: Path) -> None:
    path = write(
        tmp_path / "log.jsonl",
        tell(1),
        tell(2)[:-5],
        tell(3, ticket=5),
        tell(4, ticket=""),
        b'{"event_id": "\xff"}',
        b"x" * (MAX_LINE_BYTES + 1),
        tell(5, at_ms=NOW // 1000 + 6 * MINUTE_MS),
        tell(6).replace(str(NOW // 1000).encode(), b'"2026-01-05T09:00:00"'),
        tell(7),
    )
    reasons = [item.reason for item in read(path) if isinstance(item, Reject)]
    assert reasons == [
        *("malformed", "bad_type", "bad_type", "bad_encoding", "oversize", "future", "bad_time")
    ]
    assert told(read(path))[1] == ("malformed", f"{path}:2")
    assert len(read(path)) == 9


def test_up_to_five_minutes_ahead_of_the_clock_is_no_future(tmp_path: Path) -> None:
    path = write(tmp_path / "log.jsonl", tell(1, at_ms=NOW // 1000 + 5 * MINUTE_MS))
    assert told(read(path)) == [("event", f"{NATIVE}/1")]


def test_rows_are_read_through_a_mapping(tmp_path: Path) -> None:
    mapping = tmp_path / "desk.toml"
    mapping.write_text(MAPPING, "utf-8")
    path = write(
        tmp_path / "log.csv",
        b"ticket,what,at,priority",
        b"7,opened,2026-01-05T08:00:00Z,urgent",
        b"7,forgotten,2026-01-05T08:10:00Z,",
        b"7,answered,soon,",
        b"7,answered,2036-01-05T08:10:00Z,",
        b"7,answered",
        b"7,answered,2026-01-05T08:20:00Z,",
    )
    items = read(path, mapping)
    assert [told([item])[0][0] for item in items] == [
        *("event", "unknown_type", "bad_time", "future", "malformed", "event")
    ]
    events = [item for item in items if isinstance(item, Event)]
    assert [(e.kind, e.key, e.attrs.priority) for e in events] == [
        (Kind.CREATED, "desk/7", "urgent"),
        (Kind.REPLIED, "desk/7", None),
    ]


def test_a_log_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.jsonl"):
        read(tmp_path / "missing.jsonl")


def test_a_log_is_sorted_as_acts_on_a_ticket_are(tmp_path: Path) -> None:
    created = tell(9, at_ms=5).replace(b"note", b"created")
    path = write(tmp_path / "log.jsonl", tell(1, at_ms=9), tell(2, at_ms=5), b"{", created)
    items = sort_log(read(path))
    assert isinstance(items[0], Reject)
    assert [item.kind for item in items if isinstance(item, Event)] == [
        Kind.CREATED,
        Kind.NOTE,
        Kind.NOTE,
    ]


def test_the_order_of_ties_does_not_depend_on_the_file(tmp_path: Path) -> None:
    lines = [tell(n, ticket=str(n % 3)) for n in range(20)]
    one = sort_log(read(write(tmp_path / "one.jsonl", *lines)))
    other = sort_log(read(write(tmp_path / "other.jsonl", *reversed(lines))))
    assert one == other
