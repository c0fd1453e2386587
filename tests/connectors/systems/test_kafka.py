"""The kafka connector: which decoder its values get."""

from __future__ import annotations

import pytest

from connectors.golden import Golden, decode_plain, load_golden
from connectors.payload import Payload
from connectors.registry import load_registry
from connectors.systems.kafka import CONNECTOR
from slawatch.errors import EventError


@pytest.mark.parametrize(
    "golden", load_golden(load_registry().entry("kafka").golden), ids=lambda golden: golden.act
)
def test_a_value_holds_native_events(golden: Golden) -> None:
    assert decode_plain(CONNECTOR.decode, golden.payload) == list(golden.expected or ())


def test_a_value_that_is_no_object_is_refused() -> None:
    with pytest.raises(EventError, match="an event"):
        CONNECTOR.decode(Payload(b"[7]"))
