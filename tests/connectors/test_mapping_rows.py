import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import zstandard

from connectors.files import MAX_LINE_BYTES
from connectors.mapping import Mapping
from connectors.rows import read_rows
from slawatch.errors import ConfigError, ConnectorError
from tests.connectors.mapped import EVENT, UPDATE, WIDE, read_all, write_mapping

HEADER = b"number,count,updated\n"
GOOD = {"number": "1", "count": "2", "updated": "3"}
JSON = EVENT.replace('"jsonl"', '"json"')


@pytest.fixture
def update(tmp_path: Path) -> Mapping:
    return write_mapping(tmp_path, UPDATE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b"1,2,3\n", [GOOD], id="a row"),
        pytest.param(b"1,2,3", [GOOD], id="no last newline"),
        pytest.param(b"1,2,3\r\n\r\n", [GOOD], id="windows"),
        pytest.param(b'1,"2\n2",3\n', [{**GOOD, "count": "2\n2"}], id="a newline in quotes"),
        pytest.param(b'1,"2,""2""",3\n', [{**GOOD, "count": '2,"2"'}], id="quotes"),
        pytest.param(b"1,2\n1,2,3\n", ["malformed", GOOD], id="too few columns"),
        pytest.param(b"1,2,3,4\n1,2,3\n", ["malformed", GOOD], id="too many columns"),
        pytest.param(b"1,2,3\n1,2,\xff\n1,2,3\n", [GOOD, "bad_encoding", GOOD], id="bad bytes"),
        pytest.param(b"1,2,3\n1,\xff,3\n", [GOOD, "bad_encoding"], id="bad bytes at the end"),
        pytest.param(b'1,2,"3\n', ["malformed"], id="cut inside quotes"),
        pytest.param(b'1,"2"x,3\n1,2,3\n', ["malformed", GOOD], id="text after quotes"),
        pytest.param(
            b"1," + b"2" * MAX_LINE_BYTES + b",3\n1,2,3\n", ["oversize", GOOD], id="a huge line"
        ),
        pytest.param(b"", [], id="a header alone"),
    ],
)
def test_csv_rows_and_what_is_none(
    tmp_path: Path, update: Mapping, body: bytes, expected: list[object]
) -> None:
    (tmp_path / "log.csv").write_bytes(HEADER + body)
    assert read_all(tmp_path / "log.csv", update) == expected


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        pytest.param("", bytes, id="plain"),
        pytest.param(".gz", gzip.compress, id="gz"),
        pytest.param(".zst", zstandard.compress, id="zst"),
    ],
)
def test_compressed_logs_are_read(
    tmp_path: Path, update: Mapping, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"log.csv{suffix}"
    path.write_bytes(pack(HEADER + b"1,2,3\n"))
    assert read_all(path, update) == [GOOD]


def test_standard_input_is_read(update: Mapping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HEADER + b"1,2,3\n")))
    assert list(read_rows("-", update)) == [GOOD]


def test_encoding_and_delimiter_are_the_mappings(tmp_path: Path) -> None:
    mapping = write_mapping(tmp_path, f'encoding = "cp1252"\ndelimiter = ";"\n{UPDATE}')
    (tmp_path / "log").write_bytes("number;count;updated\nä;ö,ü;ß\n".encode("cp1252"))
    assert read_all(tmp_path / "log", mapping) == [{"number": "ä", "count": "ö,ü", "updated": "ß"}]


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path, update: Mapping) -> None:
    (tmp_path / "log").write_bytes(b"\xef\xbb\xbf" + HEADER + b"1,2,3\n")
    assert read_all(tmp_path / "log", update) == [GOOD]


@pytest.mark.parametrize(
    ("text", "header", "said"),
    [
        pytest.param(
            UPDATE, b"id,updated\n", "lacks 'number'.*has 'id', 'updated'", id="no ticket"
        ),
        pytest.param(UPDATE, b"", "no header", id="an empty file"),
        pytest.param(UPDATE, b"num\xffber,updated\n", "not utf-8", id="bad bytes"),
        pytest.param(UPDATE, b'number,"upd', "not CSV", id="cut"),
        pytest.param(WIDE, b"ID,State\n", "lacks 'Created'", id="no time column"),
    ],
)
def test_a_log_that_is_another_one_stops_the_start(
    tmp_path: Path, text: str, header: bytes, said: str
) -> None:
    (tmp_path / "log").write_bytes(header)
    with pytest.raises(ConfigError, match=said):
        read_all(tmp_path / "log", write_mapping(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(b'{"a": 1}', {"a": 1}, id="an object"),
        pytest.param(b'{"a": 1', "malformed", id="cut"),
        pytest.param(b"[1]", "bad_type", id="a list"),
        pytest.param(b'{"a": "\xff"}', "bad_encoding", id="bad bytes"),
        pytest.param(b"{" + b" " * MAX_LINE_BYTES + b"}", "oversize", id="a huge line"),
    ],
)
def test_json_lines_and_what_is_none(tmp_path: Path, line: bytes, expected: object) -> None:
    (tmp_path / "log").write_bytes(b"{}\n" + line + b"\n{}")
    assert read_all(tmp_path / "log", write_mapping(tmp_path, EVENT)) == [{}, expected, {}]


@pytest.mark.parametrize(
    ("rows", "body", "expected"),
    [
        pytest.param("", b'[{"a": 1}, 2]', [{"a": 1}, "bad_type"], id="a list"),
        pytest.param("", b'{"tags": [1]}', [{"tags": [1]}], id="one row"),
        pytest.param("d.r", b'{"d": {"r": [{"a": 1}]}}', [{"a": 1}], id="inside"),
        pytest.param("d.r", b'{"error": 1}', ["bad_type"], id="nothing inside"),
        pytest.param("", b"[{", ["malformed"], id="cut"),
        pytest.param("", b'["\xff"]', ["bad_encoding"], id="bad bytes"),
    ],
)
def test_a_json_document_holds_rows(
    tmp_path: Path, rows: str, body: bytes, expected: list[object]
) -> None:
    mapping = write_mapping(tmp_path, f'rows = "{rows}"\n{JSON}' if rows else JSON)
    (tmp_path / "log").write_bytes(body)
    assert read_all(tmp_path / "log", mapping) == expected


def test_a_json_document_may_be_one_long_line(tmp_path: Path) -> None:
    rows = [{"text": "x" * 1000}] * 2 * (MAX_LINE_BYTES // 1000)
    (tmp_path / "log.json").write_bytes(orjson.dumps(rows))
    assert read_all(tmp_path / "log.json", write_mapping(tmp_path, JSON)) == rows


def test_a_document_that_breaks_off_is_an_error_of_the_world(tmp_path: Path) -> None:
    (tmp_path / "log.gz").write_bytes(gzip.compress(b"[]" * 1000)[:-9])
    with pytest.raises(ConnectorError, match="to its end"):
        read_all(tmp_path / "log.gz", write_mapping(tmp_path, JSON))
