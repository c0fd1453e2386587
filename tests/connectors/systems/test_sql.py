"""Rows of a table: an outbox of native events, or another desk's rows through a mapping."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.payload import Payload
from connectors.systems.sql import CONNECTOR
from slawatch.errors import ConfigError, EventError
from slawatch.events import Kind
from tests.connectors.systems.channels import tell, tell_one

EVENT = {
    "event_id": "1",
    "ticket_id": "T",
    "type": "created",
    "occurred_at": "2026-03-03T09:00:00Z",
}

MAPPING = """
source = "desk"
kind = "update"
[times]
formats = ["rfc3339"]
[fields]
ticket_id = "number"
event_id = "{number}/{updated_at}"
occurred_at = "updated_at"
status = "state"
[values.status]
"new" = "new"
"done" = "resolved"
"""


@pytest.mark.parametrize(
    "document",
    [pytest.param(EVENT, id="a JSON column"), pytest.param(json.dumps(EVENT), id="a text column")],
)
def test_an_outbox_keeps_an_event_in_its_column(document: object) -> None:
    assert tell_one(CONNECTOR, json.dumps({"id": 1, "payload": document})) == EVENT


def test_the_column_has_another_name() -> None:
    row = Payload(json.dumps({"id": 1, "event": EVENT, "payload": "x"}).encode())
    assert list(CONNECTOR.decoder({"body": "event"})(row)) == [EVENT]


def test_columns_named_as_keys_are_an_event_and_empty_ones_say_nothing() -> None:
    event = tell_one(CONNECTOR, json.dumps({**EVENT, "team": None}))
    assert event == EVENT


def test_a_mapping_reads_any_table(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(MAPPING)
    row = {"number": 7, "updated_at": "2026-03-03T09:00:00+00:00", "state": "done"}
    event = tell_one(CONNECTOR, json.dumps(row), mapping=str(path))
    assert (event["ticket_id"], event["type"], event["status"]) == ("7", "observed", "resolved")


def test_a_mapping_says_what_its_table_can_show(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(MAPPING)
    assert CONNECTOR.shows is not None
    shown = CONNECTOR.shows({"mapping": str(path)})
    assert Kind.RESOLVED in shown[""]
    assert Kind.REPLIED not in shown[""]
    assert CONNECTOR.shows({"mapping": None}) == {}


def test_a_bad_event_among_several_is_alone_refused() -> None:
    body = json.dumps({"payload": [EVENT, 7]}).encode()
    first, second = CONNECTOR.decode(Payload(body))
    assert first == EVENT
    assert isinstance(second, EventError)


def test_a_column_that_is_no_json_is_refused() -> None:
    with pytest.raises(EventError, match="column 'payload' must hold JSON"):
        tell(CONNECTOR, json.dumps({"payload": "<xml/>"}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"mapping": 1}, "options.mapping must name", id="mapping"),
        pytest.param({"body": ""}, "options.body must name", id="body"),
        pytest.param({"mapping": "nowhere"}, "nowhere", id="a mapping that is not there"),
    ],
)
def test_wrong_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CONNECTOR.decoder(options)
