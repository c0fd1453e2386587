from __future__ import annotations

import re
from pathlib import Path

import pytest

from slawatch import conventions as c

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md"
every_family = pytest.mark.parametrize("family", c.FAMILIES, ids=lambda family: family.name)


def test_every_family_of_the_module_is_in_the_table_once() -> None:
    single = {value for value in vars(c).values() if isinstance(value, c.Family)}
    windows = {*c.WINDOW_RESULTS.values(), *c.WINDOW_DURATIONS.values()}
    assert sorted(c.FAMILIES) == sorted(single | windows)


def test_names_are_unique_without_their_suffixes() -> None:
    assert len({family.base for family in c.FAMILIES}) == len(c.FAMILIES)


@every_family
def test_a_name_has_one_of_the_two_prefixes(family: c.Family) -> None:
    assert re.fullmatch(r"(sla|slawatch)_[a-z][a-z_]*[a-z]", family.name)


@every_family
def test_counters_alone_end_in_total(family: c.Family) -> None:
    assert family.name.endswith("_total") == (family.type is c.Type.COUNTER)


@every_family
def test_labels_are_names_that_promtool_accepts(family: c.Family) -> None:
    assert all(re.fullmatch("[a-z]+", label) for label in family.labels)
    assert not {"le", "quantile", "job", "instance"} & set(family.labels)


@every_family
def test_help_is_one_sentence(family: c.Family) -> None:
    assert re.fullmatch(r"[A-Z0-9].*[^.]\.", family.help)


def test_only_the_urgent_family_names_tickets() -> None:
    assert [family for family in c.FAMILIES if "ticket" in family.labels] == [c.URGENT]


@pytest.mark.parametrize(
    ("family", "unit"),
    [
        pytest.param(c.PAUSED, "seconds", id="before-total"),
        pytest.param(c.OLDEST, "seconds", id="timestamp"),
        pytest.param(c.OBJECTIVE, "ratio", id="ratio"),
        pytest.param(c.SNAPSHOT_BYTES, "bytes", id="bytes"),
        pytest.param(c.HOPS, "", id="a-count-has-none"),
    ],
)
def test_the_unit_is_what_the_name_ends_in(family: c.Family, unit: str) -> None:
    assert family.unit == unit


@every_family
def test_the_reference_has_a_row_with_type_and_labels(family: c.Family) -> None:
    labels = ", ".join(f"`{label}`" for label in family.labels) or "-"
    row = f"| `{family.name}` | {family.type} | {labels} | {family.help} |"
    assert row in REFERENCE.read_text(encoding="utf-8").splitlines()


def test_the_reference_names_no_metric_that_is_not_exported() -> None:
    named = re.findall(r"^\| `(sla\w+)` \|", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE)
    assert named == [family.name for family in c.FAMILIES]
