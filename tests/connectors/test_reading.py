from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.payload import Payload
from connectors.reading import (
    EPOCH_MS,
    EPOCH_S,
    RFC3339,
    find,
    find_flag,
    find_id,
    find_instant,
    find_integer,
    find_number,
    find_object,
    find_objects,
    find_text,
    find_texts,
    instant,
    parse_form,
    parse_json,
    parse_object,
    parse_objects,
    require_id,
    require_instant,
    require_integer,
    require_list,
    require_object,
    require_text,
)
from slawatch.errors import EventError
from slawatch.events import REJECT_REASONS

TICKET = {"id": 7, "by": {"name": "Ada", "bot": False}, "tags": ["a", 1], "parts": [{"at": 5}, 3]}

FINDERS = (
    *(find_text, find_id, find_integer, find_number, find_flag, find_object),
    *(find_objects, find_texts, find_instant),
)
REQUIRERS = (require_text, require_id, require_integer, require_object, require_list)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


def refuse(read: Callable[[], object]) -> EventError:
    with pytest.raises(EventError) as raised:
        read()
    return raised.value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("id", 7, id="key"),
        pytest.param("by.name", "Ada", id="dotted"),
        pytest.param("parts.0.at", 5, id="through-a-list"),
        pytest.param("by.name.first", None, id="through-a-text"),
        pytest.param("parts.9.at", None, id="past-the-end"),
    ],
)
def test_a_path_leads_to_a_value_or_to_none(path: str, value: object) -> None:
    assert find(TICKET, path) == value


def test_nothing_is_found_in_what_is_no_object() -> None:
    assert find("id", "id") is None


def test_an_id_may_be_a_number() -> None:
    assert require_id(TICKET, "id") == "7"


def test_true_is_no_integer_and_no_id() -> None:
    assert find_integer({"n": True}, "n") is None
    assert find_id({"n": True}, "n") is None


def test_digits_in_quotes_are_an_integer() -> None:
    assert require_integer({"n": "012"}, "n") == 12


def test_false_is_a_flag_that_was_given() -> None:
    assert find_flag(TICKET, "by.bot") is False


def test_of_a_list_those_of_the_type_are_found() -> None:
    assert find_objects(TICKET, "parts") == [{"at": 5}]
    assert find_texts(TICKET, "tags") == ["a"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param({}, "missing_key", id="absent"),
        pytest.param({"a": None}, "missing_key", id="null"),
        pytest.param({"a": ""}, "missing_key", id="empty"),
        pytest.param({"a": {1}}, "bad_type", id="other-type"),
    ],
)
@pytest.mark.parametrize("require", REQUIRERS)
def test_what_is_required_says_why_it_is_not_there(
    require: Callable[[object, str], object], data: object, reason: str
) -> None:
    error = refuse(lambda: require(data, "a"))
    assert error.reason == reason
    assert "'a'" in str(error)


@pytest.mark.parametrize(
    ("value", "formats", "expected"),
    [
        pytest.param("2026-03-02T09:00:00Z", (), 1_772_442_000_000, id="rfc3339"),
        pytest.param("2026-03-02T10:00:00.000+0100", (RFC3339,), 1_772_442_000_000, id="jira"),
        pytest.param(1_772_442_000, (EPOCH_S,), 1_772_442_000_000, id="seconds"),
        pytest.param("1772442000.5", (EPOCH_S,), 1_772_442_000_500, id="seconds-as-text"),
        pytest.param(1_772_442_000_123, (EPOCH_MS,), 1_772_442_000_123, id="milliseconds"),
        pytest.param(
            "2026-03-02 09:00:00 UTC",
            (RFC3339, "%Y-%m-%d %H:%M:%S UTC"),
            1_772_442_000_000,
            id="the-second-format",
        ),
        pytest.param(
            "2026-03-02T09:00:00.000001Z",
            (),
            "2026-03-02T09:00:00.000001+00:00",
            id="microseconds-survive",
        ),
    ],
)
def test_an_instant_is_read(value: object, formats: tuple[str, ...], expected: object) -> None:
    assert instant(value, *formats) == expected


def test_a_local_time_is_of_the_zone() -> None:
    at = instant("02.07.2026 11:00", "%d.%m.%Y %H:%M", zone="Europe/Berlin")
    assert at == instant("2026-07-02T09:00:00Z")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "missing_key", id="none"),
        pytest.param("soon", "bad_time", id="text"),
        pytest.param(float("nan"), "bad_time", id="nan"),
        pytest.param(10**30, "bad_time", id="huge"),
        pytest.param(True, "bad_time", id="flag"),
        pytest.param({}, "bad_time", id="object"),
    ],
)
def test_what_says_no_instant_is_refused(value: object, reason: str) -> None:
    assert refuse(lambda: instant(value, EPOCH_MS)).reason == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"{", "malformed", id="cut"),
        pytest.param(b'"\xff"', "bad_encoding", id="not-utf-8"),
        pytest.param(b"[" * 5000, "malformed", id="too-deep"),
        pytest.param(b"[]", "bad_type", id="no-object"),
    ],
)
def test_a_body_that_is_no_object_is_refused(body: bytes, reason: str) -> None:
    assert refuse(lambda: parse_object(Payload(body))).reason == reason


def test_one_object_and_a_list_of_objects_are_read_alike() -> None:
    assert parse_objects(Payload(b'{"a":1}')) == parse_objects(Payload(b'[{"a":1}]')) == [{"a": 1}]


def test_a_form_is_read() -> None:
    assert parse_form(Payload(b"a=1&b=x+y&c=")) == {"a": "1", "b": "x y", "c": ""}


def test_a_form_that_is_no_text_is_refused() -> None:
    assert refuse(lambda: parse_form(Payload(b"a=\xff"))).reason == "bad_encoding"


@given(data=JSON, path=st.sampled_from(["a", "a.b", "a.0.b", "b.a.a"]))
def test_no_json_breaks_a_finder(data: object, path: str) -> None:
    assert [read for read in FINDERS if isinstance(read(data, path), Exception)] == []


@given(data=JSON, read=st.sampled_from([*REQUIRERS, require_instant]))
def test_no_json_breaks_a_requirer(data: object, read: Callable[[Any, str], object]) -> None:
    try:
        read(data, "a.b")
    except EventError as ex:
        assert ex.reason in REJECT_REASONS  # noqa: PT017 - either way is right


def test_json_that_is_no_object_is_read_too() -> None:
    assert parse_json(Payload(b"[1]")) == [1]
