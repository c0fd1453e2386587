"""A table of Postgres, MySQL or MariaDB: its new and changed rows, in the order of a column.

A transaction may commit after a later one: its rows then lie before what was read already. So
each look begins at the place that the reader had reached `settle_seconds` before; what was stored
meanwhile is known and left out.
"""

from __future__ import annotations

import base64
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from connectors.connector import Secrets
from connectors.intake import LogWriter, Pending
from connectors.pump import store
from connectors.transports.pulling import keep_trying, load_kept, save_kept
from slawatch.errors import ConfigError, ConnectorError

PAGE_ROWS = 1000
TIMEOUT_SECONDS = 20

OPTIONS: Mapping[str, Any] = {
    "database": "",
    "host": "127.0.0.1",
    "port": None,
    "user": "",
    "kind": "",
    "table": "",
    "key": "id",
    "cursor": None,
    "start": None,
    "zone": "UTC",
    "interval_seconds": 1,
    "settle_seconds": 60,
}
"""What a table's options may be; "" is required."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?")
_PORTS = {"postgres": 5432, "mysql": 3306}

Row = dict[str, Any]


class Server(NamedTuple):
    """Be where a database is and who asks."""

    host: str
    port: int
    user: str
    password: str
    database: str


class Connection(Protocol):
    """Ask a database; raises `ConnectorError`."""

    def select(self, query: str, values: tuple[object, ...]) -> list[Row]:
        """Return the rows of a query."""


Connect = Callable[[Server], Any]
"""Open a connection: a context manager of a `Connection`."""


@dataclass(frozen=True, slots=True)
class Table:
    """Be what is read of a table. Names are checked: they stand in the query as they are."""

    name: str
    columns: tuple[str, ...]
    quote: str
    start: object
    zone: ZoneInfo

    def build_query(self, after: tuple[object, ...]) -> str:
        """Return the query of the page that follows a place."""
        columns = ", ".join(map(self._quote, self.columns))
        marks = ", ".join(["%s"] * len(after))
        # at the configured start only the first column is known, and the row itself is wanted
        sign = ">" if len(after) == len(self.columns) else ">="
        left = columns if sign == ">" else self._quote(self.columns[0])
        where = f" WHERE ({left}) {sign} ({marks})" if after else ""
        table = self._quote(self.name)
        return f"SELECT * FROM {table}{where} ORDER BY {columns} LIMIT {PAGE_ROWS}"  # noqa: S608 - names are checked

    def _quote(self, name: str) -> str:
        return ".".join(f"{self.quote}{part}{self.quote}" for part in name.split("."))

    def find_place(self, row: Row) -> tuple[object, ...]:
        """Return where a row stands, as the position keeps it."""
        missing = [name for name in self.columns if row.get(name) is None]
        if missing:
            raise ConnectorError(f"table {self.name!r} has a row without {missing[0]!r}")
        return tuple(_to_place(row[name]) for name in self.columns)

    def write(self, row: Row) -> bytes:
        """Write a row as JSON: what is no JSON value becomes a text, instants RFC 3339."""
        return orjson.dumps({name: self._to_plain(value) for name, value in row.items()})

    def _to_plain(self, value: object) -> object:
        match value:
            case datetime():
                aware = value.replace(tzinfo=self.zone) if value.tzinfo is None else value
                return aware.isoformat()
            case bytes() | bytearray() | memoryview():
                raw = bytes(value)
                try:
                    return raw.decode()
                except UnicodeDecodeError:
                    return base64.b64encode(raw).decode()
            case None | bool() | int() | float() | str() | list() | dict():
                return value if _is_json(value) else str(value)
        return str(value)


def _is_json(value: object) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits, a list of other values
        return False
    return True


def _to_place(value: object) -> object:
    match value:
        case bool() | int() | str():
            return value
        case datetime() | date() | Decimal() | UUID() | timedelta():
            return str(value)
    raise ConnectorError(f"a {type(value).__name__} cannot order rows: name another column")


class TablePuller:
    """Store a table's rows as they come and change."""

    def __init__(
        self,
        connect: Callable[[], Any],
        table: Table,
        interval_seconds: float,
        settle_seconds: float,
    ) -> None:
        """Take how to reach the database, what to read, and how often."""
        self._connect = connect
        self._table = table
        self._interval = interval_seconds
        self._settle = settle_seconds

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store rows until told to stop."""
        kept = load_kept(position_path).get("after")
        start = () if self._table.start is None else (self._table.start,)
        reading = _Reading(tuple(kept) if isinstance(kept, list) else start, self._settle)

        def run(note_success: Callable[[], None]) -> None:
            with self._connect() as connection:
                while not stop.is_set():
                    if not self._look(connection, reading, writer, source, stop):
                        return
                    if reading.settle(time.monotonic()):
                        save_kept(position_path, {"after": list(reading.settled)})
                    note_success()
                    stop.wait(self._interval)

        keep_trying(source, stop, run)

    def _look(
        self,
        connection: Connection,
        reading: _Reading,
        writer: LogWriter,
        source: str,
        stop: threading.Event,
    ) -> bool:
        """Store what follows the settled place; false if told to stop."""
        after, began_at = reading.settled, time.monotonic()
        while not stop.is_set():
            rows = connection.select(self._table.build_query(after), after)
            bodies = [self._table.write(row) for row in rows]
            pending = [Pending(source, key, body) for key, body in reading.pick(bodies)]
            if not store(pending, writer, stop):
                return False
            reading.seen.update((record.dedup_key, began_at) for record in pending)
            if rows:
                after = self._table.find_place(rows[-1])
            if len(rows) < PAGE_ROWS:
                reading.reached.append((began_at, after))
                return True
        return False


class _Reading:
    """Know how far rows were read, and from where the next look must begin."""

    def __init__(self, settled: tuple[object, ...], settle_seconds: float) -> None:
        self.settled = settled
        self.seen: dict[str, float] = {}
        self.reached: list[tuple[float, tuple[object, ...]]] = []
        self._settle = settle_seconds

    def pick(self, bodies: list[bytes]) -> list[tuple[str, bytes]]:
        """Return the rows that were not stored since the settled place, each with its key."""
        keyed = {blake2b(body, digest_size=16).hexdigest(): body for body in bodies}
        return [(key, body) for key, body in keyed.items() if key not in self.seen]

    def settle(self, now: float) -> bool:
        """Move the settled place on; say whether it moved."""
        before, old = self.settled, now - self._settle
        while self.reached and self.reached[0][0] <= old:
            self.settled = self.reached.pop(0)[1]
        if self.settled != before:
            # what lies before the place is not read again, so need not be remembered
            self.seen = {key: at for key, at in self.seen.items() if at > old}
        return self.settled != before


@contextmanager
def connect_postgres(server: Server) -> Iterator[Connection]:
    """Connect to Postgres."""
    psycopg = _import("psycopg", "Postgres", "postgres")
    from psycopg.rows import dict_row  # noqa: PLC0415 - as above

    try:
        with psycopg.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password or None,
            dbname=server.database,
            autocommit=True,
            connect_timeout=TIMEOUT_SECONDS,
            application_name="slawatch",
            row_factory=dict_row,
        ) as connection:
            connection.execute("SET default_transaction_read_only = on")
            yield _Selecting(lambda query, values: connection.execute(query, values).fetchall())
    except psycopg.Error as ex:
        raise ConnectorError(f"{server.host}:{server.port} cannot be read: {_line(ex)}") from ex


@contextmanager
def connect_mysql(server: Server) -> Iterator[Connection]:
    """Connect to MySQL or MariaDB; a TIMESTAMP comes in UTC."""
    pymysql = _import("pymysql", "MySQL", "mysql")
    from pymysql.cursors import DictCursor  # noqa: PLC0415 - as above

    connection = None
    try:
        connection = pymysql.connect(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            database=server.database,
            charset="utf8mb4",
            autocommit=True,  # or every look would see what the first one saw
            connect_timeout=TIMEOUT_SECONDS,
            read_timeout=TIMEOUT_SECONDS,
            cursorclass=DictCursor,
            init_command="SET time_zone = '+00:00'",
        )

        def select(query: str, values: tuple[object, ...]) -> list[Row]:
            with connection.cursor() as cursor:
                cursor.execute(query, values)
                return list(cursor.fetchall())

        yield _Selecting(select)
    except pymysql.MySQLError as ex:
        raise ConnectorError(f"{server.host}:{server.port} cannot be read: {_line(ex)}") from ex
    finally:
        if connection is not None and connection.open:
            connection.close()


@dataclass(frozen=True, slots=True)
class _Selecting:
    run: Callable[[str, tuple[object, ...]], list[Row]]

    def select(self, query: str, values: tuple[object, ...]) -> list[Row]:
        return self.run(query, values)


def _line(ex: Exception) -> str:
    return " ".join(str(ex).split())[:300]


def _import(module: str, what: str, extra: str) -> Any:  # noqa: ANN401 - the module is there or not
    from importlib import import_module  # noqa: PLC0415 - here alone

    try:
        return import_module(module)
    except ImportError as ex:
        raise ConfigError(f"{what} needs the package {module}: install slawatch[{extra}]") from ex


_KINDS: Mapping[str, tuple[Connect, str]] = {
    "postgres": (connect_postgres, '"'),
    "mysql": (connect_mysql, "`"),
}


def build_table(options: Mapping[str, Any], secrets: Secrets) -> TablePuller:
    """Return what reads the table that a source's options name; the secret is the password.

    Raises `ConfigError`.
    """
    said = {**OPTIONS, **options}
    for key in ("kind", "database", "user", "table"):
        if not isinstance(said[key], str) or not said[key]:
            raise ConfigError(f"options.{key} is required to read a table")
    if said["kind"] not in _KINDS:
        allowed = ", ".join(map(repr, _KINDS))
        raise ConfigError(f"options.kind must be one of {allowed}, got {said['kind']!r}")
    connect, quote = _KINDS[said["kind"]]
    columns = tuple(dict.fromkeys((said["cursor"] or said["key"], said["key"])))
    for key, name in (("table", said["table"]), *(("key or cursor", name) for name in columns)):
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise ConfigError(f"options.{key} must be a plain name, got {name!r}")
    try:
        zone = ZoneInfo(said["zone"])
    except (ZoneInfoNotFoundError, ValueError) as ex:
        raise ConfigError(f"options.zone must be a zone's name, got {said['zone']!r}") from ex
    port = said["port"] or _PORTS[said["kind"]]
    password = secrets[0] if secrets else ""
    server = Server(said["host"], port, said["user"], password, said["database"])
    table = Table(said["table"], columns, quote, said["start"], zone)
    return TablePuller(
        lambda: connect(server),
        table,
        float(said["interval_seconds"]),
        float(said["settle_seconds"]),
    )
