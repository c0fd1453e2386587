"""Real databases on free ports, their data in folders of the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from tests.e2e.monitor import poll
from tests.servers import free_port, require_program

NAME = "desk"


class Database:
    """Be a database that is asked as its owner; `options` are those of a source."""

    def __init__(self, kind: str, port: int, user: str) -> None:
        self.kind, self.port, self.user = kind, port, user

    def options(self, table: str, **more: object) -> dict[str, Any]:
        said = {"kind": self.kind, "port": self.port, "user": self.user, "database": NAME}
        return {**said, "table": table, "interval_seconds": 0.05, **more}

    def connect(self, database: str = NAME) -> Any:  # noqa: ANN401 - either driver's
        if self.kind == "postgres":
            return psycopg.connect(
                host="127.0.0.1", port=self.port, user=self.user, dbname=database, autocommit=True
            )
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            database=database or None,
            autocommit=True,
            charset="utf8mb4",
        )

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Give a cursor whose work is committed when the body ends."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            yield cursor
            cursor.execute("COMMIT")

    def run(self, *statements: str, database: str = NAME) -> None:
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


@contextmanager
def _folder(owner: str) -> Iterator[tuple[Path, list[str]]]:
    """Make a folder that the server's user owns; with it comes how to run as that user."""
    path = Path(tempfile.mkdtemp(prefix="slawatch-sql-"))
    is_root = os.getuid() == 0
    if is_root:
        shutil.chown(path, owner)
    try:
        yield path, ["runuser", "-u", owner, "--"] if is_root else []
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _serve(command: list[str], database: Database, first: str) -> Iterator[Database]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        poll(lambda: _answers(database, first), f"{database.kind} answers")
        database.run(f"CREATE DATABASE {NAME}", database=first)
        yield database
    finally:
        process.terminate()
        process.wait(30)


def _answers(database: Database, first: str) -> bool:
    try:
        database.connect(first).close()
    except (psycopg.Error, pymysql.MySQLError):
        return False
    return True


@contextmanager
def serve_postgres() -> Iterator[Database]:
    initdb, program = require_program("initdb"), require_program("postgres")
    database = Database("postgres", free_port(), "postgres")
    with _folder("postgres") as (folder, as_owner):
        data = str(folder / "data")
        made = [*as_owner, initdb, "-D", data, "-U", "postgres", "--no-sync", "-E", "UTF8"]
        subprocess.run(made, check=True, capture_output=True)
        options = ["-p", str(database.port), "-k", str(folder), "-h", "127.0.0.1", "-F"]
        with _serve([*as_owner, program, "-D", data, *options], database, "postgres") as running:
            yield running


@contextmanager
def serve_mariadb() -> Iterator[Database]:
    install, program = require_program("mariadb-install-db"), require_program("mariadbd")
    database = Database("mysql", free_port(), "root")
    with _folder("mysql") as (folder, as_owner):
        common = ["--no-defaults", f"--datadir={folder}/data"]
        made = [*as_owner, install, *common, "--auth-root-authentication-method=normal"]
        subprocess.run(made, check=True, capture_output=True)
        options = [
            f"--port={database.port}",
            f"--socket={folder}/socket",
            f"--pid-file={folder}/pid",
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        with _serve([*as_owner, program, *common, *options], database, "") as running:
            yield running
