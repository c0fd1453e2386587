"""Mapping files written in the tests, and logs read through them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.mapping import Mapping, RowDecoder, load_mapping
from connectors.rows import read_rows
from slawatch.errors import EventError

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NO_DATA = "needs the shared data beside the project, ../shared/data"

UPDATE = """
source = "desk"
kind = "update"
empty = ["", "?"]
[times]
formats = ["%d/%m/%Y %H:%M"]
[fields]
ticket_id = "number"
event_id = "{number}/{count}"
occurred_at = "updated"
sequence = "count"
priority = "priority"
status = "state"
team = "group"
[created]
at = "opened"
[values.state]
"Active" = { status = "open" }
"Awaiting User" = { status = "pending", reason = "customer" }
"-100" = {}
"""

EVENT = """
source = "calls"
kind = "event"
format = "jsonl"
type_column = "what"
[times]
formats = ["rfc3339", "epoch_s"]
[fields]
ticket_id = "call.id"
event_id = "{call.id}/{n}"
occurred_at = "at"
public = "seen"
tags = "tags"
handle_seconds = "talk"
[constants]
channel = "phone"
[types]
answer = { type = "replied", actor = "agent" }
ring = "created"
[[acts]]
when = { what = "answer", by = ["bot", "ivr"] }
type = "replied"
actor = "bot"
[[acts]]
when = { what = "field" }
type = "observed"
fields = { priority = "value" }
"""

WIDE = """
source = "export"
kind = "wide"
[times]
formats = ["%Y-%m-%d %H:%M"]
zone = "Europe/Berlin"
[fields]
ticket_id = "ID"
status = "State"
team = "Group"
[columns]
Created = "created"
"First reply" = { type = "replied", actor = "agent" }
Solved = "resolved"
Updated = "observed"
"""


def write_mapping(folder: Path, text: str) -> Mapping:
    """Write a mapping file and load it."""
    path = folder / "mine.toml"
    path.write_text(text)
    return load_mapping(str(path))


def read_all(path: Path, mapping: Mapping) -> list[object]:
    """Return a log's rows, its errors as their reasons."""
    rows = read_rows(str(path), mapping)
    return [row.reason if isinstance(row, EventError) else row for row in rows]


def decode_all(path: Path, mapping: Mapping) -> list[dict[str, Any]]:
    """Return a log's events; every row must become some."""
    decoder = RowDecoder(mapping)
    events: list[dict[str, Any]] = []
    for row in read_rows(str(path), mapping):
        if isinstance(row, EventError):
            raise row
        events += decoder.decode(row)
    return events
