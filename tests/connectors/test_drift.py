"""What a body has, without what it holds."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from connectors.drift import MAX_VALUES, find_baseline, find_shape
from connectors.golden import Golden
from connectors.payload import Payload


def shape(data: object) -> set[str]:
    return set(find_shape(Payload(orjson.dumps(data))))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({"a": "x"}, {"a (text)"}, id="text"),
        pytest.param({"a": 1}, {"a (number)"}, id="integer"),
        pytest.param({"a": 1.5}, {"a (number)"}, id="fraction"),
        pytest.param({"a": True}, {"a (flag)"}, id="flag"),
        pytest.param({"a": None}, set(), id="nothing-has-no-type"),
        pytest.param({"a": {"b": 1}}, {"a (object)", "a.b (number)"}, id="object"),
        pytest.param({"a": [1, "x"]}, {"a (list)", "a[] (number)", "a[] (text)"}, id="list"),
        pytest.param([{"a": 1}], {"[] (object)", "[].a (number)"}, id="bare-list"),
        pytest.param("x", set(), id="no-object"),
    ],
)
def test_a_shape_names_fields_and_types(data: object, expected: set[str]) -> None:
    assert shape(data) == expected


def test_a_body_that_is_no_json_has_no_shape() -> None:
    assert find_shape(Payload(b"<xml/>")) == frozenset()


def test_the_type_of_a_delivery_is_part_of_its_shape() -> None:
    assert shape({"type": "ticket.created"}) == {"type (text)", "type = ticket.created"}


@pytest.mark.parametrize("value", ["Ann Lee", "4915112345678", "ann@acme.example", "x" * 99])
def test_what_a_type_holds_that_is_no_word_is_left_out(value: str) -> None:
    assert shape({"type": value}) == {"type (text)"}


@pytest.mark.parametrize(
    "key",
    ["4711", "ann@acme.example", "+49 151 2345678", "9f0c2d51a6b14e0f8c1d", "U024BE7LH", "k" * 65],
)
def test_a_key_that_names_a_person_or_a_thing_stands_for_any(key: str) -> None:
    assert shape({"by": {key: 1}}) == {"by (object)", "by.* (number)"}


def test_an_object_of_very_many_keys_is_a_map() -> None:
    assert shape({"by": {f"team{n}x": n for n in range(65)}}) == {"by (object)", "by.* (number)"}


def test_a_large_body_is_looked_at_in_part() -> None:
    deep: object = [[0] * 60 for _ in range(60)]
    assert len(list(find_shape(Payload(orjson.dumps({"a": deep}))))) == 3
    assert MAX_VALUES < 3600


def test_the_baseline_is_what_all_golden_bodies_have() -> None:
    golden = [
        Golden("one", Path("one.json"), Payload(b'{"a":1}'), ()),
        Golden("two", Path("two.json"), Payload(b'{"b":"x"}'), None),
    ]
    assert find_baseline(golden) == {"a (number)", "b (text)"}


def test_no_golden_body_is_no_baseline() -> None:
    assert find_baseline([]) == frozenset()
