from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from connectors.decoding import Decoder, RecordParser
from connectors.intake import Pending, complete
from connectors.log_sqlite import SqliteLog
from connectors.marks import Marks, read_marks
from connectors.payload import Payload, pack_payload
from connectors.redecode import redecode
from connectors.wall import WallClock
from slawatch.events import MAX_AHEAD_US, NO_HASH, REVISED, Event, Kind
from slawatch.parsing import Vocabulary


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as opened:
        yield opened


def delivery(number: int, source: str = "acme", **headers: str) -> Pending:
    at = WallClock().now() // 1000
    data = {"event_id": f"e{number}", "ticket_id": "1", "type": "note", "occurred_at": at}
    return Pending(source, str(number), pack_payload(Payload(orjson.dumps(data), headers)))


def read(log: SqliteLog, decoder: Decoder | None = None) -> list[Event]:
    decoders = {} if decoder is None else {"acme": decoder}
    events, rejects = RecordParser(Vocabulary(), decoders).parse(log.read_after(0, 100))
    assert rejects == []
    return events


def test_a_sources_records_stand_in_the_log_once_more(log: SqliteLog) -> None:
    log.append([delivery(1), delivery(2, "other"), delivery(3)])
    revision, count = redecode(log, "acme", 1)
    assert (revision, count) == (4, 2)
    found = [(e.connector, e.id_hash, e.extras and e.extras.revision) for e in read(log)]
    first = [hashed for _, hashed, _ in found]
    assert found[3:] == [("acme", first[0], 4), ("acme", first[2], 4), ("acme", NO_HASH, 4)]


def test_behind_them_stands_that_these_were_all(log: SqliteLog) -> None:
    log.append([delivery(1), delivery(2)])
    redecode(log, "acme", 1)
    end = read(log)[-1]
    assert (end.kind, end.key, end.occurred_at) == (REVISED, "acme/", 0)


def test_what_older_records_may_have_told_is_not_taken_back(log: SqliteLog) -> None:
    log.append([delivery(1), delivery(2)])
    second = log.read_after(1, 1)[0]
    redecode(log, "acme", 2)
    assert read(log)[-1].occurred_at == second.received_at + MAX_AHEAD_US


def test_records_of_others_that_concern_its_tickets_are_told_again_too(log: SqliteLog) -> None:
    log.append([delivery(1), delivery(2, "crm"), delivery(3, "shop")])
    _, count = redecode(log, "acme", 1, lambda record: record.source == "crm")
    assert count == 1
    assert [event.connector for event in read(log)[3:]] == ["acme", "crm", "acme"]


def test_nothing_is_appended_where_a_source_has_no_records(log: SqliteLog) -> None:
    log.append([delivery(1, "crm")])
    assert redecode(log, "acme", 1)[1] == 0
    assert len(read(log)) == 1


def test_records_before_the_number_are_left_alone(log: SqliteLog) -> None:
    log.append([delivery(1), delivery(2), delivery(3)])
    assert redecode(log, "acme", 3)[1] == 1


def test_decoding_anew_twice_takes_the_first_deliveries_again(log: SqliteLog) -> None:
    log.append([delivery(1)])
    assert redecode(log, "acme", 1) == (2, 1)
    assert redecode(log, "acme", 1) == (4, 1)
    assert [e.extras and e.extras.revision for e in read(log)] == [None, 2, 2, 4, 4]


def test_the_decoder_sees_what_first_came(log: SqliteLog) -> None:
    log.append([delivery(1, **{"x-topic": "created"})])
    redecode(log, "acme", 1)
    bodies: list[bytes] = []

    def decode(body: bytes) -> list[object]:
        bodies.append(body)
        return []

    read(log, decode)
    assert bodies == [delivery_body(log), delivery_body(log)]


def delivery_body(log: SqliteLog) -> bytes:
    return log.read_after(0, 1)[0].body


def test_a_mended_decoder_replaces_what_its_acts_said(log: SqliteLog) -> None:
    log.append([delivery(1)])
    redecode(log, "acme", 1)

    def mended(body: bytes) -> list[object]:
        return [{**orjson.loads(body), "type": "resolved"}]

    assert [event.kind for event in read(log, mended)] == [Kind.RESOLVED, Kind.RESOLVED, REVISED]


@pytest.mark.parametrize("headers", [{}, {"x-topic": "a"}])
def test_a_first_delivery_has_no_revision(headers: dict[str, str]) -> None:
    body = pack_payload(Payload(b"{}", headers))
    assert read_marks(body) == (Marks(), body)


def test_what_says_how_far_a_poll_came_is_not_decoded_anew(log: SqliteLog) -> None:
    log.append([delivery(1), complete("acme", 7)])
    assert redecode(log, "acme", 1)[1] == 1
