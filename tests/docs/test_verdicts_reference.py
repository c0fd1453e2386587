from __future__ import annotations

import json
import re

from slawatch import verdicts
from tests.docs.pages import PROJECT, fences, read, rows

REFERENCE = read("docs/reference/verdicts.md")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", REFERENCE, re.DOTALL | re.MULTILINE))


def test_the_fields_are_those_of_the_export_in_their_order() -> None:
    assert list(rows(SECTIONS["Fields"])) == ["id", *verdicts.FIELDS]


def test_the_kinds_are_those_of_the_code() -> None:
    assert rows(SECTIONS["Kinds"]).keys() == set(verdicts.KINDS)


def test_the_example_has_every_field() -> None:
    (example,) = fences(PROJECT / "docs/reference/verdicts.md")
    assert list(json.loads(example.text)) == ["id", *verdicts.FIELDS]
