from __future__ import annotations

import re
from pathlib import Path

import pytest

from slawatch import config_model
from slawatch.config import SHIPPED, Settings
from slawatch.config_model import Document, Table
from slawatch.config_values import render_duration
from slawatch.policy import Rules
from tests.configs import load

PROJECT = Path(__file__).resolve().parents[2]
REFERENCE = (PROJECT / "docs/reference/policy.md").read_text()
TABLES = [
    table
    for table in vars(config_model).values()
    if isinstance(table, type) and issubclass(table, Table) and table is not Table
]


def named(word: str) -> bool:
    return re.search(rf"`[^`\n]*\b{word}\b[^`\n]*`", REFERENCE) is not None


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_the_reference_names_every_key(table: type[Table]) -> None:
    assert [key for key in table.model_fields if not named(key)] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_the_reference_names_what_ships(name: str) -> None:
    assert f"`{name}`" in REFERENCE


@pytest.mark.parametrize("text", re.findall(r"```toml\n(.*?)```", REFERENCE, re.DOTALL))
def test_the_examples_of_the_reference_load(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).warnings == ()


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("grace", Rules((), (), (), ()).grace_us),
        ("retention", Rules((), (), (), ()).retention_us),
        ("expire", Rules((), (), (), ()).expire_us),
        ("answer_within", Rules((), (), (), ()).answer_within_us),
        ("state.snapshot_interval", round(Settings().snapshot_interval_seconds * 1_000_000)),
    ],
)
def test_the_reference_has_the_default_durations(key: str, default: int) -> None:
    shown = "60s" if default == 60_000_000 else render_duration(default)
    assert f'| `{key}` | duration | `"{shown}"` |' in REFERENCE


def test_the_reference_has_every_top_level_table() -> None:
    assert all(f"[{name}" in REFERENCE for name in Document.model_fields if name != "include")
