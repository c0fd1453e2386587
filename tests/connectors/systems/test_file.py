"""A followed file: native lines, and rows of other systems by their mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.payload import Payload
from connectors.systems.file import CONNECTOR
from connectors.transports.table import COLUMNS_HEADER
from slawatch.errors import ConfigError, EventError
from slawatch.events import Kind
from tests.connectors.systems.bodies import pick, tell

MAPPING = """\
source = "crm"
kind = "event"
format = "{form}"
encoding = "cp1252"
delimiter = ";"
type_column = "what"

[times]
formats = ["%Y-%m-%d %H:%M"]
zone = "Europe/Berlin"

[fields]
event_id = "number"
ticket_id = "case"
occurred_at = "when"
team = "team"

[types]
opened = "created"
solved = "resolved"
"""
COLUMNS = {COLUMNS_HEADER: "number;case;when;what;team"}


@pytest.fixture
def csv(tmp_path: Path) -> str:
    path = tmp_path / "crm.toml"
    path.write_text(MAPPING.format(form="csv"))
    return str(path)


def decode(line: bytes, headers: dict[str, str], mapping: str | None = None) -> list[Any]:
    """Decode a line by a source's mapping."""
    return [tell(e) for e in CONNECTOR.decoder({"mapping": mapping})(Payload(line, headers))]


def refuse(line: bytes, headers: dict[str, str], mapping: str) -> str:
    """Return the reason for which a line is refused."""
    with pytest.raises(EventError) as raised:
        decode(line, headers, mapping)
    return raised.value.reason


def test_without_a_mapping_a_line_is_a_native_event() -> None:
    assert decode(b'{"ticket_id": "1"}', {}) == [{"ticket_id": "1"}]


def test_a_row_of_csv_is_read_by_the_columns_of_its_file(csv: str) -> None:
    line = "7;4711;2026-03-02 10:00;opened;Süd".encode("cp1252")
    assert pick(decode(line, COLUMNS, csv), "event_id", "ticket_id", "type", "team") == [
        ("7", "4711", "created", "Süd")
    ]


def test_a_row_of_csv_is_in_the_zone_of_the_mapping(csv: str) -> None:
    events = decode(b"7;4711;2026-03-02 10:00;opened;", COLUMNS, csv)
    assert pick(events, "occurred_at") == [(1772442000000,)]


def test_the_line_of_the_columns_is_no_row(csv: str) -> None:
    assert decode(b"number;case;when;what;team", COLUMNS, csv) == []


@pytest.mark.parametrize(
    ("line", "headers", "reason"),
    [
        pytest.param(b"7;4711", COLUMNS, "malformed", id="too-few-values"),
        pytest.param(b'7;"4711', COLUMNS, "malformed", id="value-over-two-lines"),
        pytest.param(b"7;1;2026-03-02 10:00;opened;", {}, "malformed", id="no-columns"),
        pytest.param(b"7;1;2026-03-02 10:00;opened;\x81", COLUMNS, "bad_encoding", id="bytes"),
        pytest.param(b"7;1;yesterday;opened;", COLUMNS, "bad_time", id="no-time"),
        pytest.param(b"7;1;2026-03-02 10:00;slept;", COLUMNS, "unknown_type", id="no-type"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused(
    csv: str, line: bytes, headers: dict[str, str], reason: str
) -> None:
    assert refuse(line, headers, csv) == reason


def test_lines_of_json_are_read_by_a_mapping_too(tmp_path: Path) -> None:
    path = tmp_path / "crm.toml"
    path.write_text(MAPPING.format(form="jsonl"))
    line = b'{"number": 7, "case": 4711, "when": "2026-03-02 10:00", "what": "solved"}'
    assert pick(decode(line, {}, str(path)), "ticket_id", "type") == [("4711", "resolved")]


def test_a_source_can_show_what_its_mapping_can(csv: str) -> None:
    assert CONNECTOR.shows is not None
    assert CONNECTOR.shows({"mapping": csv}) == {"": frozenset({Kind.CREATED, Kind.RESOLVED})}


def test_a_document_cannot_be_followed(tmp_path: Path) -> None:
    path = tmp_path / "crm.toml"
    path.write_text(MAPPING.format(form="json"))
    with pytest.raises(ConfigError, match="only 'csv' and 'jsonl'"):
        CONNECTOR.decoder({"mapping": str(path)})
