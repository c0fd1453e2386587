"""The reference names every key, and its examples load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.mapping import shipped_mappings
from connectors.mapping_model import (
    FIELDS,
    Condition,
    Created,
    MappingFile,
    PushTable,
    SignatureTable,
    Times,
)
from tests.connectors.mapped import write_mapping

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "mappings.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
KEYS = (
    *MappingFile.model_fields,
    *Condition.model_fields,
    *(f"times.{key}" for key in Times.model_fields),
    *(f"created.{key}" for key in Created.model_fields),
    *(f"push.{key}" for key in PushTable.model_fields),
    *SignatureTable.model_fields,
)


@pytest.mark.parametrize("key", KEYS)
def test_the_reference_has_every_key(key: str) -> None:
    assert re.search(rf"\b{re.escape(key)}\b", PAGE)


@pytest.mark.parametrize("name", [*FIELDS, *shipped_mappings()])
def test_the_reference_has_every_name(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("example", EXAMPLES, ids=["event", "update", "wide", "connector"])
def test_the_examples_load(tmp_path: Path, example: str) -> None:
    write_mapping(tmp_path, example)
