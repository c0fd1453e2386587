"""The rows of a mapped log: CSV, JSON lines, or one JSON document."""

from __future__ import annotations

import csv
import logging
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

import orjson
import zstandard

from connectors.columns import Row, find_column
from connectors.decoding import explain_body
from connectors.files import Oversize, read_lines
from connectors.files import _open as open_chunks
from connectors.mapping import Mapping
from connectors.mapping_model import MappingFile
from slawatch.errors import ConfigError, ConnectorError, EventError, Problem

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
"""A longer JSON document is not read: JSON lines have no such limit."""

_log = logging.getLogger(__name__)


def read_rows(path: str, mapping: Mapping) -> Iterator[Row | EventError]:
    """Yield rows in the order of the log; what is no row comes as the error that says why.

    Raises `ConfigError` when the file cannot be opened or its CSV header lacks what the mapping
    needs, `ConnectorError` when the file breaks off.
    """
    match mapping.file.format:
        case "csv":
            return _read_csv(path, mapping)
        case "jsonl":
            return _read_jsonl(path, mapping.file.encoding)
        case "json":
            return _read_json(path, mapping.file)


def _read_csv(path: str, mapping: Mapping) -> Iterator[Row | EventError]:
    file = mapping.file
    rejected: list[EventError] = []
    reader = csv.reader(
        _read_texts(path, file.encoding, rejected), delimiter=file.delimiter, strict=True
    )
    header: list[str] = []
    while True:
        try:
            row = next(reader, None)
        except csv.Error as ex:
            if not header:
                raise ConfigError([Problem(path, "", f"the header is not CSV: {ex}")]) from ex
            yield EventError("malformed", f"not CSV: {ex}")
            continue
        if not header:
            header = _check_header(path, mapping, row, rejected)
            continue
        if rejected:
            yield from rejected
            rejected.clear()
        if row is None:
            return
        if len(row) == len(header):
            yield dict(zip(header, row, strict=True))
        else:
            yield EventError("malformed", f"a row must have {len(header)} columns, got {len(row)}")


def _read_texts(path: str, encoding: str, rejected: list[EventError]) -> Iterator[str]:
    """Yield the lines that can be read; the others go aside, so that the next row finds them."""
    for line in read_lines(path):
        if isinstance(line, Oversize):
            rejected.append(EventError("oversize", f"a line of {line.length} bytes is too long"))
            continue
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as ex:
            rejected.append(EventError("bad_encoding", f"not {encoding} at byte {ex.start}"))
        else:
            yield text + "\n"


def _check_header(
    path: str, mapping: Mapping, row: list[str] | None, rejected: list[EventError]
) -> list[str]:
    """Return the names of the columns; a file that is another one is told at once."""
    file = mapping.file
    if rejected:
        raise ConfigError([Problem(path, "", f"the header cannot be read: {rejected[0]}")])
    if row is None:
        raise ConfigError([Problem(path, "", "has no header: the file is empty")])
    header = [name.removeprefix("\ufeff").strip() for name in row]
    needed = [file.fields[key] for key in ("ticket_id", "occurred_at") if key in file.fields]
    missing = [name for name in needed if name not in header]
    if file.kind == "wide" and not any(name in header for name in file.columns):
        missing += file.columns
    if missing:
        msg = (
            f"the header lacks {', '.join(map(repr, missing))}, which mapping {mapping.name!r} "
            f"needs; it has {', '.join(map(repr, header)):.400}"
        )
        raise ConfigError([Problem(path, "", msg)])
    optional = (*file.fields.values(), *file.columns, *((file.created.at,) if file.created else ()))
    lacking = [name for name in optional if name not in header and "{" not in name]
    if lacking:
        _log.info("the header lacks columns of the mapping file=%s columns=%s", path, lacking)
    return header


def _read_jsonl(path: str, encoding: str) -> Iterator[Row | EventError]:
    for line in read_lines(path):
        body = line.to_body() if isinstance(line, Oversize) else line
        row = _parse_json(body, encoding)
        yield row if isinstance(row, dict | EventError) else _reject_row(row)


def _parse_json(body: bytes, encoding: str) -> object:
    try:
        if encoding in ("utf-8", "utf-8-sig"):
            return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
        return orjson.loads(body.decode(encoding))
    except UnicodeDecodeError as ex:
        return EventError("bad_encoding", f"not {encoding} at byte {ex.start}")
    except orjson.JSONDecodeError as ex:
        return explain_body(body, ex)


def _read_json(path: str, file: MappingFile) -> Iterator[Row | EventError]:
    """Read a whole document: a list of rows, one row, or rows somewhere inside."""
    body = _read_document(path)
    document = _parse_json(body, file.encoding) if isinstance(body, bytes) else body
    if isinstance(document, EventError):
        yield document
        return
    found = document
    if file.rows is not None and isinstance(document, dict):
        found = find_column(document, file.rows)
    for row in found if isinstance(found, list) else [found]:
        yield row if isinstance(row, dict) else _reject_row(row)


def _read_document(path: str) -> bytes | EventError:
    body = bytearray()
    with ExitStack() as stack:
        try:
            for chunk in open_chunks(path, stack):
                body += chunk
                if len(body) > MAX_DOCUMENT_BYTES:
                    return EventError("oversize", f"over {MAX_DOCUMENT_BYTES} bytes: too long")
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as ex:
            raise ConnectorError(f"{path!r} cannot be read to its end: {ex}") from ex
    return bytes(body)


def _reject_row(row: object) -> EventError:
    return EventError("bad_type", f"a row must be a JSON object, got {row!r:.80}")
