"""SQL: an outbox of native events, or any table through a mapping file.

docs/reference/connectors/sql.md tells how to write either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from connectors.connector import Connector, Decode, NativeEvent
from connectors.mapping import RowDecoder, load_mapping
from connectors.payload import Payload
from connectors.reading import Object, as_object, parse_object
from connectors.transports import sql
from slawatch.errors import ConfigError, EventError
from slawatch.events import Kind

BODY = "payload"
"""The column in which an outbox keeps the event, where it is one JSON document."""


def decode(payload: Payload) -> Iterator[NativeEvent | EventError]:
    """Decode a row of an outbox: its column `payload`, or columns named as an event's keys."""
    return _decode(payload, BODY)


def configure(options: Mapping[str, Any]) -> Decode:
    """Return the decoder for an outbox's column, or a mapping. Raises `ConfigError`."""
    name, body = options["mapping"], options["body"]
    if not isinstance(body, str) or not body:
        raise ConfigError(f"options.body must name a column, got {body!r}")
    if name is None:
        return lambda payload: _decode(payload, body)
    if not isinstance(name, str) or not name:
        raise ConfigError(f"options.mapping must name a mapping file, got {name!r}")
    decoder = RowDecoder(load_mapping(name), is_pure=True)
    return lambda payload: decoder.decode(parse_object(payload))


def find_shown(options: Mapping[str, Any]) -> Mapping[str, frozenset[Kind]]:
    """Return the acts that a mapping can show; an outbox shows any."""
    return load_mapping(options["mapping"]).shows if options["mapping"] else {}


def _decode(payload: Payload, body: str) -> Iterator[NativeEvent | EventError]:
    row = parse_object(payload)
    if body not in row:
        yield {name: value for name, value in row.items() if value is not None}
        return
    document = row[body]
    if isinstance(document, str):
        document = _parse(document, body)
    for one in document if isinstance(document, list) else [document]:
        try:
            yield _read(one, body)
        except EventError as ex:
            yield ex


def _read(document: object, body: str) -> Object:
    return as_object(document, f"column {body!r}")


def _parse(text: str, body: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as ex:
        raise EventError("malformed", f"column {body!r} must hold JSON: {ex}") from ex


CONNECTOR = Connector(
    name="sql",
    title="SQL table or outbox (Postgres, MySQL, MariaDB)",
    decode=decode,
    channel="portal",
    follow=sql.build_table,
    grace_seconds=2.0,
    is_native=True,
    options={"mapping": None, "body": BODY, **sql.OPTIONS},
    configure=configure,
    shows=find_shown,
)
