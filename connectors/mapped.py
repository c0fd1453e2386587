"""Mapping files as connectors: a system that pushes JSON, without Python.

The file is a mapping (docs/reference/mappings.md) with `channel`, `title` and `[push]`, which says
how a delivery proves itself. A body is a row, a list of rows, or holds rows at `rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from connectors.columns import Row, find_column
from connectors.connector import Connector, NativeEvent, Push
from connectors.decoding import explain_body
from connectors.mapping import Mapping, RowDecoder, load_mapping
from connectors.mapping_model import MappingFile, PushTable
from connectors.payload import Payload, hash_body
from connectors.signature import Signature
from slawatch.errors import ConfigError, EventError, Problem


def load_mapped(path: Path) -> Connector:
    """Load a mapping file as a connector. Raises `ConfigError` with every problem."""
    mapping = load_mapping(str(path))
    file = mapping.file
    problems = [
        Problem(str(path), key, f"is required of a connector: {why}")
        for key, value, why in (
            ("channel", file.channel, "that of events which name none"),
            ("push", file.push, "how a delivery arrives, as an empty table where it is not signed"),
        )
        if value is None
    ]
    if file.format == "csv":
        problems.append(Problem(str(path), "format", "must be 'json' or 'jsonl' to be pushed"))
    if file.channel is None or file.push is None or problems:
        raise ConfigError(problems)
    return Connector(
        name=path.stem,
        title=file.title or path.stem,
        decode=_build_decode(mapping),
        channel=file.channel,
        dedup_key=_build_dedup(file.push),
        push=Push(_build_signature(path, file.push), headers=_kept_headers(file.push)),
        ticket_url=file.ticket_url or "",
    )


def _build_decode(mapping: Mapping) -> Callable[[Payload], Iterable[NativeEvent]]:
    decoder = RowDecoder(mapping, is_pure=True)

    def decode(payload: Payload) -> list[NativeEvent]:
        return [
            event for row in _read_rows(payload.body, mapping.file) for event in decoder.decode(row)
        ]

    return decode


def _read_rows(body: bytes, file: MappingFile) -> Iterable[Row]:
    bodies = body.splitlines() if file.format == "jsonl" else [body]
    for one in bodies:
        try:
            document = orjson.loads(one)
        except orjson.JSONDecodeError as ex:
            raise explain_body(one, ex) from ex
        found = document
        if file.rows is not None and isinstance(document, dict):
            found = find_column(document, file.rows)
        for row in found if isinstance(found, list) else [found]:
            if not isinstance(row, dict):
                raise EventError("bad_type", f"a row must be a JSON object, got {row!r:.80}")
            yield row


def _build_dedup(push: PushTable) -> Callable[[Payload], str]:
    header = push.dedup_header
    if header is None:
        return hash_body
    return lambda payload: payload.headers.get(header) or hash_body(payload)


def _build_signature(path: Path, push: PushTable) -> Signature | None:
    if push.signature is None:
        return None
    try:
        return Signature(**push.signature.model_dump())
    except ConfigError as ex:
        raise ConfigError([Problem(str(path), "push.signature", str(ex))]) from ex


def _kept_headers(push: PushTable) -> tuple[str, ...]:
    return () if push.dedup_header is None else (push.dedup_header,)
