from __future__ import annotations

import re

import pytest

from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import STAMP_SUFFIX
from connectors.state_folder import INTAKE_LOCK_NAME, LOCK_NAME
from flows.desk_file import FILE_NAME as DESK_NAME
from flows.live import FLOOR_NAME
from flows.verdict_table import FILE_NAME as TABLE_NAME
from slawatch import config_model
from slawatch.config import Settings
from slawatch.config_model import Table
from tests.docs.pages import read, rows

REFERENCE = read("docs/reference/settings.md")
STATE = read("docs/reference/state.md")
LISTED = REFERENCE.partition("## Every key")[2]
TABLES = [
    table
    for table in vars(config_model).values()
    if isinstance(table, type) and issubclass(table, Table) and table is not Table
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_one_row_lists_the_keys_of_a_table(table: type[Table]) -> None:
    listed = [set(re.findall(r"`(\w+)`", line)) for line in LISTED.splitlines()]
    assert any(keys >= table.model_fields.keys() for keys in listed)


def test_no_key_is_listed_that_is_none() -> None:
    keys = {key for table in TABLES for key in table.model_fields}
    named = {word for line in LISTED.splitlines() for word in re.findall(r"`(\w+)`", line)}
    assert named - {"match"} <= keys


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("server.host", f'"{Settings().host}"'),
        ("server.port", Settings().port),
        ("state.folder", f'"{Settings().folder}"'),
        ("state.snapshot_interval", f'"{Settings().snapshot_interval_seconds:.0f}s"'),
        ("state.shards", Settings().shards),
        ("links.grafana", f'"{Settings().grafana_url}"'),
        ("links.runbooks", f'"{Settings().runbooks_url}"'),
    ],
)
def test_the_defaults_are_those_of_the_code(key: str, default: object) -> None:
    assert f"`{default}`" in rows(REFERENCE)[key]


def test_the_state_page_names_the_files_of_the_code() -> None:
    stamp = LOG_NAME.partition(".")[0] + STAMP_SUFFIX
    names = {DESK_NAME, FLOOR_NAME, LOG_NAME, stamp, TABLE_NAME, LOCK_NAME, INTAKE_LOCK_NAME}
    assert names <= rows(STATE).keys()
