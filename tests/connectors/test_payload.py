from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.payload import Payload, pack_payload, unpack_payload

_TEXTS = st.dictionaries(st.text(), st.text(), max_size=3)


@given(st.builds(Payload, st.binary(), _TEXTS, _TEXTS))
def test_a_packed_payload_comes_back(payload: Payload) -> None:
    assert unpack_payload(pack_payload(payload)) == payload


def test_a_body_without_headers_is_stored_as_it_came() -> None:
    assert pack_payload(Payload(b'{"a": 1}')) == b'{"a": 1}'


def test_a_body_that_looks_like_an_envelope_comes_back() -> None:
    inner = pack_payload(Payload(b"x", {"a": "b"}))
    assert unpack_payload(pack_payload(Payload(inner))) == Payload(inner)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x1eH1 ", id="nothing-behind"),
        pytest.param(b"\x1eH1 x {}", id="no-length"),
        pytest.param(b"\x1eH1 2 {}", id="no-headers"),
        pytest.param(b"\x1eH1 4 nullx", id="null"),
    ],
)
def test_what_only_begins_as_an_envelope_is_a_body(body: bytes) -> None:
    assert unpack_payload(body) == Payload(body)
