from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.connector import Connector, Push, Secrets
from connectors.payload import Payload, hash_body
from connectors.receiver.inlets import build_inlets
from connectors.receiver.server import open_receiver
from connectors.registry import Entry, Registry
from slawatch.config import Settings, SourceSettings
from slawatch.errors import ConfigError, EventError
from tests.connectors.receiver.desk import PLAIN, SIGNED


def fetch(options: Mapping[str, Any], secrets: Secrets) -> tuple[object, ...]:
    return options, secrets


POLLED = Connector("polled", "One that is asked", lambda _: [], "web", pull=fetch)
MAILED = replace(POLLED, name="mailed", pull=None, follow=fetch, push=Push())
REGISTRY = Registry(
    Entry(one.name, "here", Path(), lambda one=one: one)  # type: ignore[misc]  # each its own
    for one in (PLAIN, SIGNED, POLLED, MAILED)
)


def settings(**sources: Mapping[str, Any]) -> Settings:
    return Settings(
        sources={
            name: SourceSettings(table.get("connector", name), auth=table.get("auth", {}))
            for name, table in sources.items()
        }
    )


def test_a_source_with_authentication_is_received() -> None:
    inlets = build_inlets(settings(plain={"auth": {"scheme": "none"}}), REGISTRY)
    assert [(name, inlet.connector.name) for name, inlet in inlets.items()] == [("plain", "plain")]


def test_a_source_without_authentication_is_not() -> None:
    assert build_inlets(settings(plain={}, polled={}), REGISTRY) == {}


def test_the_secrets_of_what_is_fetched_are_no_reason_to_receive_it() -> None:
    fetched = {"auth": {"secret_env": "PASSWORD"}}
    assert build_inlets(settings(polled=fetched, mailed=fetched), REGISTRY) == {}


def test_a_source_that_can_be_fetched_is_received_where_a_scheme_says_so() -> None:
    inlets = build_inlets(settings(mailed={"auth": {"scheme": "none"}}), REGISTRY)
    assert list(inlets) == ["mailed"]


def test_a_source_may_have_the_connector_of_another_name() -> None:
    inlets = build_inlets(
        settings(shop={"connector": "plain", "auth": {"scheme": "none"}}), REGISTRY
    )
    assert inlets["shop"].build_record(Payload(b"{}")).source == "shop"


def test_every_problem_is_told_at_once() -> None:
    wrong = settings(
        polled={"auth": {"scheme": "none"}},
        nobody={"auth": {"scheme": "none"}},
        signed={"auth": {"scheme": "signature"}},
        plain={"auth": {"scheme": "none", "rate": "fast"}},
    )
    with pytest.raises(ConfigError) as caught:
        build_inlets(wrong, REGISTRY)
    keys = [problem.key for problem in caught.value.problems]
    assert keys == [
        "sources.polled.auth",
        "",
        "sources.signed.auth.secret_file",
        "sources.plain.auth.rate",
    ]


def key_of(dedup_key: str | Exception) -> str:
    def find(_: Payload) -> str:
        if isinstance(dedup_key, Exception):
            raise dedup_key
        return dedup_key

    keyed = Connector("plain", "", lambda _: [], "web", dedup_key=find, push=Push())
    registry = Registry([Entry("plain", "here", Path(), lambda: keyed)])
    inlets = build_inlets(settings(plain={"auth": {"scheme": "none"}}), registry)
    return inlets["plain"].build_record(Payload(b"body")).dedup_key


def test_a_delivery_is_known_by_its_connectors_key() -> None:
    assert key_of("d1") == "d1"


@pytest.mark.parametrize(
    "found", ["", EventError("malformed", "no id"), KeyError("id")], ids=["empty", "none", "broken"]
)
def test_a_delivery_without_a_key_is_known_by_its_body(found: str | Exception) -> None:
    assert key_of(found) == hash_body(Payload(b"body"))


def test_a_key_is_of_bounded_length() -> None:
    assert len(key_of("k" * 10_000)) == 32
    assert key_of("k" * 10_000) != key_of("k" * 10_001)


def test_tls_needs_certificate_and_key() -> None:
    with pytest.raises(ConfigError, match="TLS needs both"):
        open_receiver(Settings(intake_tls_key=Path("key")), {})


def test_a_port_that_is_taken_stops_the_start() -> None:
    first = open_receiver(Settings(intake_port=0), {})
    with pytest.raises(ConfigError, match=f"port {first.port} on 127.0.0.1 is taken"):
        open_receiver(Settings(intake_port=first.port), {})
    first.close()
