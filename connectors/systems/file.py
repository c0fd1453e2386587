"""A file that grows: native JSON lines, or CSV and JSON lines of another system by a mapping."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from connectors.columns import Row
from connectors.connector import Connector, Decode, NativeEvent
from connectors.decoding import explain_body
from connectors.files import parse_oversize
from connectors.mapping import RowDecoder
from connectors.mapping_model import MappingFile
from connectors.payload import Payload
from connectors.reading import as_object
from connectors.transports.table import COLUMNS_HEADER, OPTIONS, build_follow, read_mapping
from slawatch.errors import EventError
from slawatch.events import Kind

ReadRow = Callable[[Payload, MappingFile], Row | None]
"""Read a row of a payload, `None` for a line that names the columns."""


def decode(payload: Payload) -> Iterator[NativeEvent]:
    """Decode a line of native JSON."""
    if payload.body.strip():
        yield as_object(_parse(payload.body), "an event")


def configure(options: Mapping[str, Any]) -> Decode:
    """Return the decoder of a source that has a mapping."""
    mapping = read_mapping(options)
    if mapping is None:
        return decode
    decoder, file = RowDecoder(mapping, is_pure=True), mapping.file
    read: ReadRow = _read_csv if file.format == "csv" else _read_json

    def decode_mapped(payload: Payload) -> list[NativeEvent]:
        row = read(payload, file) if payload.body.strip() else None
        return [] if row is None else list(decoder.decode(row))

    return decode_mapped


def find_shown(options: Mapping[str, Any]) -> Mapping[str, frozenset[Kind]]:
    """Return the acts that the mapping can show; without one any act."""
    mapping = read_mapping(options)
    return {} if mapping is None else mapping.shows


def _parse(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as ex:
        raise explain_body(body, ex) from ex


def _read_json(payload: Payload, file: MappingFile) -> Row:
    body = payload.body
    if file.encoding.lower() not in ("utf-8", "utf-8-sig"):
        body = _to_text(body, file).encode()
    return as_object(_parse(body.removeprefix(b"\xef\xbb\xbf")), "a row")


def _read_csv(payload: Payload, file: MappingFile) -> Row | None:
    first = payload.headers.get(COLUMNS_HEADER, "").encode("latin-1", "replace")
    if not first.strip():
        raise EventError("malformed", "the first line of the file is gone: it names the columns")
    if payload.body == first:
        return None
    columns, values = (_split(_to_text(line, file), file) for line in (first, payload.body))
    if len(columns) != len(values):
        msg = f"a row must have {len(columns)} columns, got {len(values)}"
        raise EventError("malformed", msg)
    return dict(zip((name.removeprefix("\ufeff").strip() for name in columns), values, strict=True))


def _to_text(line: bytes, file: MappingFile) -> str:
    if (oversize := parse_oversize(line)) is not None:
        raise EventError("oversize", f"a line of {oversize.length} bytes is too long")
    try:
        return line.decode(file.encoding)
    except UnicodeDecodeError as ex:
        raise EventError("bad_encoding", f"not {file.encoding} at byte {ex.start}") from ex


def _split(text: str, file: MappingFile) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=file.delimiter, strict=True), [])
    except csv.Error as ex:
        raise EventError("malformed", f"not CSV on one line: {ex}") from ex


CONNECTOR = Connector(
    name="file",
    title="Followed file",
    decode=decode,
    channel="",
    is_native=True,
    follow=build_follow,
    options=OPTIONS,
    configure=configure,
    shows=find_shown,
)
