import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.files import (
    HEAD_BYTES,
    MAX_LINE_BYTES,
    LineSplitter,
    Oversize,
    parse_oversize,
    read_lines,
)
from slawatch.errors import ConfigError, ConnectorError

LINES = [b'{"a": 1}', b'{"b": "\xc3\xa4"}', b"\xff not text"]
TEXT = b"\n".join(LINES) + b"\n"


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        pytest.param("log.jsonl", bytes, id="plain"),
        pytest.param("log.jsonl.gz", gzip.compress, id="gz"),
        pytest.param("log.jsonl.zst", zstandard.compress, id="zst"),
        pytest.param(
            "log.zst", lambda text: zstandard.compress(text) + zstandard.compress(b""), id="frames"
        ),
    ],
)
def test_lines_are_read_as_bytes(tmp_path: Path, name: str, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / name).write_bytes(pack(TEXT))
    assert list(read_lines(tmp_path / name)) == LINES


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    assert list(read_lines("-")) == LINES


def test_blank_lines_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\n{}\n\r\n  \n[]\n \n")
    assert list(read_lines(tmp_path / "log")) == [b"{}", b"[]"]


def test_a_cut_last_line_is_handed_out_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{}\n{"event_id": "x')
    assert list(read_lines(tmp_path / "log")) == [b"{}", b'{"event_id": "x']


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"x" * MAX_LINE_BYTES, b"x" * MAX_LINE_BYTES, id="the longest line"),
        pytest.param(
            b"x" * (MAX_LINE_BYTES + 1),
            Oversize(MAX_LINE_BYTES + 1, b"x" * HEAD_BYTES),
            id="one byte more",
        ),
        pytest.param(b"y" * 10_000_000, Oversize(10_000_000, b"y" * HEAD_BYTES), id="10 MB"),
    ],
)
@pytest.mark.parametrize("end", [pytest.param(b"\n{}\n", id="inside"), pytest.param(b"", id="cut")])
def test_an_over_long_line_keeps_its_length_and_head(
    tmp_path: Path, text: bytes, expected: bytes | Oversize, end: bytes
) -> None:
    (tmp_path / "log").write_bytes(b"[]\n" + text + end)
    lines = list(read_lines(tmp_path / "log"))
    assert lines == [b"[]", expected, b"{}"][: 3 if end else 2]


def test_an_over_long_line_is_never_held_whole() -> None:
    splitter = LineSplitter()
    for _ in range(100):
        splitter.feed(b"x" * 100_000)
        assert len(splitter._rest) <= MAX_LINE_BYTES


@given(st.lists(st.binary(max_size=6), max_size=8))
@example([b"a\n\nb", b"", b"\n", b"c"])
def test_lines_do_not_depend_on_where_chunks_end(chunks: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    rest = splitter.flush()
    assert [*lines, rest or b""] == list(b"".join(chunks).split(b"\n"))


@pytest.mark.parametrize("head", [b"", b"{", b"a\nb", b"\x00oversize 5\n"])
def test_an_over_long_line_survives_the_intake_log(head: bytes) -> None:
    line = Oversize(2_000_000, head)
    assert parse_oversize(line.to_body()) == line


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00", b"\x00oversize x\n"])
def test_other_bodies_are_no_over_long_lines(body: bytes) -> None:
    assert parse_oversize(body) is None


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.gz", "."])
def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        list(read_lines(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("log.gz", gzip.compress(TEXT)[:-9], id="gz cut"),
        pytest.param("log.gz", TEXT, id="no gz"),
        pytest.param("log.zst", zstandard.compress(TEXT)[:-2], id="zst cut"),
        pytest.param("log.zst", TEXT, id="no zst"),
    ],
)
def test_a_broken_archive_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConnectorError, match=f"{name}' cannot be read to its end"):
        list(read_lines(tmp_path / name))
