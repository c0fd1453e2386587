"""A connector's decoder, with and without options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.connector import Connector, Decode, NativeEvent
from connectors.payload import Payload


def decode(_: Payload) -> Iterable[NativeEvent]:
    """Decode to nothing."""
    return []


def configure(options: Mapping[str, Any]) -> Decode:
    """Return a decoder that tells its options."""
    return lambda _: [dict(options)]


def test_without_options_of_its_own_a_connector_has_one_decoder() -> None:
    assert Connector("a", "A", decode, "email").decoder({}) is decode


def test_a_source_s_options_are_laid_over_the_connector_s() -> None:
    connector = Connector(
        "a", "A", decode, "email", options={"team": "l1", "zone": "UTC"}, configure=configure
    )
    said = connector.decoder({"team": "l2"})(Payload(b""))
    assert list(said) == [{"team": "l2", "zone": "UTC"}]
