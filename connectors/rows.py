"""The rows of a mapped log: CSV, JSON lines, or one JSON array."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import orjson

from connectors.files import Oversize, is_blank, read_lines
from connectors.mapping import Mapping, Row
from slawatch.errors import EventError


def read_rows(path: str, mapping: Mapping) -> Iterator[Row | EventError]:
    """Yield rows in the order of the log; what is no row comes as the error that says why."""
    match mapping.file.format:
        case "csv":
            yield from _read_csv(path, mapping)
        case "jsonl":
            yield from _read_jsonl(path)
        case "json":
            yield from _read_json(path)


def _lines(path: str, mapping: Mapping) -> Iterator[str | EventError]:
    encoding = mapping.file.encoding
    for line in read_lines(path):
        if isinstance(line, Oversize):
            yield EventError("oversize", f"a line of {line.length} bytes is too long")
            continue
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as ex:
            yield EventError("bad_encoding", f"not {encoding} at byte {ex.start}")


def _read_csv(path: str, mapping: Mapping) -> Iterator[Row | EventError]:
    errors: list[EventError] = []

    def texts() -> Iterator[str]:
        for line in _lines(path, mapping):
            if isinstance(line, EventError):
                errors.append(line)
            else:
                yield line + "\n"

    reader = csv.reader(texts(), delimiter=mapping.file.delimiter)
    header: list[str] | None = None
    while True:
        try:
            row = next(reader, None)
        except csv.Error as ex:
            yield EventError("malformed", f"not CSV: {ex}")
            continue
        yield from errors
        errors.clear()
        if row is None:
            return
        if header is None:
            header = [name.removeprefix("\ufeff").strip() for name in row]
        elif len(row) == len(header):
            yield dict(zip(header, row, strict=True))
        elif row:
            yield EventError("malformed", f"a row must have {len(header)} columns, got {len(row)}")


def _read_jsonl(path: str) -> Iterator[Row | EventError]:
    for line in read_lines(path):
        if isinstance(line, Oversize):
            yield EventError("oversize", f"a line of {line.length} bytes is too long")
        elif not is_blank(line):
            yield _parse_row(line)


def _parse_row(text: bytes) -> Row | EventError:
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError as ex:
        return EventError("malformed", f"not JSON: {ex}")
    return row if isinstance(row, dict) else EventError("bad_type", "a row must be an object")


def _read_json(path: str) -> Iterator[Row | EventError]:
    text = b"\n".join(line for line in read_lines(path) if isinstance(line, bytes))
    try:
        rows = orjson.loads(text)
    except orjson.JSONDecodeError as ex:
        yield EventError("malformed", f"not JSON: {ex}")
        return
    if isinstance(rows, dict):  # REST exports wrap the rows: {"result": [...]}
        rows = next((value for value in rows.values() if isinstance(value, list)), [rows])
    for row in rows if isinstance(rows, list) else []:
        yield row if isinstance(row, dict) else EventError("bad_type", "a row must be an object")
