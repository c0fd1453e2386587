from __future__ import annotations

import inspect
import re

import pytest

from connectors.mapping_model import FIELDS
from slawatch import parsing
from slawatch.events import CHANNELS, KINDS, PRIORITIES, REJECT_REASONS, STATUSES
from slawatch.labels import EXCUSE_REASONS, PAUSE_REASONS
from tests.docs.pages import read, rows

REFERENCE = read("docs/reference/events.md")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", REFERENCE, re.DOTALL | re.MULTILINE))
KEYS = {"source", "type", "scores", *FIELDS}


def test_the_parser_reads_the_keys_that_the_reference_lists() -> None:
    assert rows(SECTIONS["Keys"]).keys() == KEYS


def test_no_key_of_the_parser_is_missing() -> None:
    asked = set(re.findall(r'get\("(\w+)"\)', inspect.getsource(parsing))) - {"overall"}
    assert asked <= KEYS


def test_the_types_are_those_of_the_code_in_their_table() -> None:
    assert rows(SECTIONS["Types"]).keys() == KINDS.keys()


def test_the_reject_reasons_are_those_of_the_code() -> None:
    assert rows(SECTIONS["Rejected events"]).keys() == set(REJECT_REASONS)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        pytest.param("channel", CHANNELS, id="channel"),
        pytest.param("priority", PRIORITIES, id="priority"),
        pytest.param("status", sorted(STATUSES), id="status"),
        pytest.param("reason", (*PAUSE_REASONS, *EXCUSE_REASONS), id="reason"),
    ],
)
def test_the_values_of_a_closed_set_are_named(key: str, values: list[str]) -> None:
    row = rows(SECTIONS["Keys"])[key]
    assert [value for value in values if f"`{value}`" not in row] == []
