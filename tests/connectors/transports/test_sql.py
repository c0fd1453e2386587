"""Tables of real databases, read into the intake log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.pump import Pump
from connectors.transports.sql import PAGE_ROWS, build_table
from connectors.wall import WallClock
from slawatch.errors import ConfigError
from tests.connectors.transports.databases import Database, serve_mariadb, serve_postgres
from tests.e2e.monitor import poll

SERVERS = {"postgres": serve_postgres, "mariadb": serve_mariadb}


@pytest.fixture(scope="module", params=SERVERS)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    with SERVERS[request.param]() as running:
        yield running


class Reading:
    """Be a log and what reads into it; may be started again over its position."""

    def __init__(self, folder: Path) -> None:
        self.position = folder / "position"
        self.log = SqliteLog(folder / "intake.sqlite3", WallClock())

    @contextmanager
    def running(self, options: dict[str, Any]) -> Iterator[Pump]:
        table = build_table(options, ())
        with LogWriter(self.log) as writer:

            def run(stop: threading.Event) -> None:
                table.pump(writer, "sql", stop, self.position)

            pump = Pump("sql", run)
            try:
                yield pump
            finally:
                pump.stop()
        assert pump.error is None

    def rows(self) -> list[dict[str, Any]]:
        return [orjson.loads(one.body) for one in self.log.read_after(0, 10 * PAGE_ROWS)]

    def texts(self) -> list[str]:
        return [row["text"] for row in self.rows()]


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    found = Reading(tmp_path)
    yield found
    found.log.close()


def make(database: Database, name: str, columns: str = "") -> str:
    database.run(f"CREATE TABLE {name} (id int PRIMARY KEY, text varchar(40){columns})")
    return name


def add(database: Database, name: str, *rows: tuple[int, str]) -> None:
    values = ", ".join(f"({number}, '{text}')" for number, text in rows)
    database.run(f"INSERT INTO {name} (id, text) VALUES {values}")  # noqa: S608 - the test's own


def test_rows_are_stored_as_they_come(database: Database, reading: Reading) -> None:
    name = make(database, "come")
    add(database, name, (1, "one"), (2, "二"))
    with reading.running(database.options(name)):
        poll(lambda: reading.texts() == ["one", "二"], "what was there")
        add(database, name, (3, "three"))
        poll(lambda: reading.texts() == ["one", "二", "three"], "what came")


def test_a_row_that_commits_after_a_later_one_is_not_lost(
    database: Database, reading: Reading
) -> None:
    name = make(database, "late")
    with reading.running(database.options(name)):
        with database.transaction() as slow:
            slow.execute(f"INSERT INTO {name} (id, text) VALUES (1, 'slow')")  # noqa: S608 - the test's own
            add(database, name, (2, "quick"))
            poll(lambda: reading.texts() == ["quick"], "the later row")
        poll(lambda: reading.texts() == ["quick", "slow"], "the row that was open")


def test_a_restart_reads_on_and_stores_nothing_twice(database: Database, reading: Reading) -> None:
    name = make(database, "again")
    add(database, name, (1, "one"), (2, "two"))
    options = database.options(name, settle_seconds=0)
    with reading.running(options):
        poll(lambda: reading.texts() == ["one", "two"], "the first rows")
    add(database, name, (3, "three"))
    with reading.running(options):
        poll(lambda: reading.texts() == ["one", "two", "three"], "the third")


def test_a_restart_does_not_read_again_what_the_log_has_forgotten(
    database: Database, reading: Reading
) -> None:
    name = make(database, "forgotten")
    add(database, name, (1, "one"), (2, "two"))
    options = database.options(name, settle_seconds=0)
    with reading.running(options):
        poll(lambda: reading.texts() == ["one", "two"], "the first rows")
        poll(lambda: reading.position.exists() and "2" in reading.position.read_text(), "its place")
    reading.log.trim(2)  # its delivery key is gone: only the place tells
    add(database, name, (3, "three"))
    with reading.running(options):
        poll(lambda: "three" in reading.texts(), "the third")
    assert reading.texts() == ["two", "three"]


def test_more_rows_than_a_page_are_read_in_order(database: Database, reading: Reading) -> None:
    name = make(database, "many")
    count = 2 * PAGE_ROWS + 5
    add(database, name, *((number, str(number)) for number in range(count)))
    with reading.running(database.options(name)):
        poll(lambda: len(reading.texts()) == count, "all rows")
    assert reading.texts() == [str(number) for number in range(count)]


def test_a_changed_row_comes_again_by_its_cursor(database: Database, reading: Reading) -> None:
    name = make(database, "changed", ", updated_at timestamp")
    database.run(f"INSERT INTO {name} VALUES (1, 'new', '2026-03-03 09:00:00')")  # noqa: S608 - the test's own
    with reading.running(database.options(name, cursor="updated_at")):
        poll(lambda: reading.texts() == ["new"], "the row")
        database.run(f"UPDATE {name} SET text = 'old', updated_at = '2026-03-03 09:00:00'")  # noqa: S608 - the test's own
        poll(lambda: reading.texts() == ["new", "old"], "the change of the same second")


def test_a_table_is_read_from_its_start(database: Database, reading: Reading) -> None:
    name = make(database, "began", ", updated_at timestamp")
    database.run(
        f"INSERT INTO {name} VALUES (1, 'before', '2026-03-02 09:00:00')",  # noqa: S608 - the test's own
        f"INSERT INTO {name} VALUES (2, 'after', '2026-03-03 09:00:00')",  # noqa: S608 - the test's own
    )
    options = database.options(name, cursor="updated_at", start="2026-03-03")
    with reading.running(options):
        poll(lambda: reading.texts() == ["after"], "the row after the start")


def test_an_instant_is_of_the_table_s_zone(database: Database, reading: Reading) -> None:
    name = make(database, "zoned", ", at timestamp, cost decimal(6,2)")
    database.run(f"INSERT INTO {name} VALUES (1, 'x', '2026-03-03 09:00:00', 1.50)")  # noqa: S608 - the test's own
    with reading.running(database.options(name, zone="Asia/Shanghai")):
        poll(reading.rows, "the row")
    (row,) = reading.rows()
    assert row["cost"] == "1.50"
    assert row["at"].endswith(":00:00+08:00")


def test_a_missing_table_is_told_and_tried_again(
    database: Database, reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    with reading.running(database.options("nowhere")):
        poll(lambda: "nowhere" in caplog.text, "a warning")
        make(database, "nowhere")
        add(database, "nowhere", (1, "found"))
        poll(lambda: reading.texts() == ["found"], "the row")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"kind": "oracle"}, "options.kind must be one of", id="kind"),
        pytest.param({"table": ""}, "options.table is required", id="no table"),
        pytest.param({"table": "a; DROP"}, "options.table must be a plain name", id="table"),
        pytest.param({"key": 'a"b'}, "options.key or cursor must be a plain", id="key"),
        pytest.param({"zone": "Mars/Base"}, "options.zone must be a zone's name", id="zone"),
    ],
)
def test_what_a_table_needs_is_asked_for(options: dict[str, Any], message: str) -> None:
    said = {"kind": "postgres", "database": "d", "user": "u", "table": "t"}
    with pytest.raises(ConfigError, match=message):
        build_table({**said, **options}, ())
