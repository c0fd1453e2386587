"""Every real signature beside the project is walked: none may be left out in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors import signatures, verifiers
from connectors.cipher import open_feishu
from connectors.payload import Payload
from connectors.signature import Verifier
from slawatch.errors import EventError
from tests.connectors.vectors import FILE, build_payload

Vector = dict[str, Any]


def signed(verifier: Verifier, now: float, fault: str = "") -> Callable[[Vector, Payload], bool]:
    """Return what tells whether a delivery comes to a fault, by default to none."""

    def tell(vector: Vector, payload: Payload) -> bool:
        url, secrets = vector.get("url", ""), [vector["secret"][:-4] + "AAAA", vector["secret"]]
        return verifier.find_fault(payload, secrets, now, url) == fault

    return tell


def of_wecom(vector: Vector, payload: Payload) -> bool:
    secret = f"{vector['token']}:{vector['encoding_aes_key']}"
    now = float(vector["query"]["timestamp"])
    return verifiers.WECOM.find_fault(payload, [secret], now) == ""


def of_feishu(vector: Vector, payload: Payload) -> bool:
    try:
        opened = open_feishu(vector["encrypt"], f"{vector['encrypt_key']}{payload.body.decode()}")
    except EventError:
        return False
    return opened.decode() == str(vector["plaintext"])


ZENDESK_AT = 1_627_207_200.0  # 2021-07-25T10:00:00Z
CHECKS: dict[str, Callable[[Vector, Payload], bool]] = {
    "github": signed(signatures.GITHUB, 0),
    "slack": signed(signatures.SLACK, 1_531_420_618),
    "standard-webhooks": signed(signatures.STANDARD_WEBHOOKS, 1_614_265_330),
    "twilio-form": signed(verifiers.TWILIO, 0),
    "twilio-json": signed(verifiers.TWILIO, 0),
    "twilio-form-duplicates": signed(verifiers.TWILIO, 0),
    "zendesk-legacy-order": signed(signatures.ZENDESK, ZENDESK_AT, "wrong"),
    "wecom-verify-url": of_wecom,
    "wecom-callback": of_wecom,
    "wecom-official-verify-url": of_wecom,
    "wecom-official-verify-url-2": of_wecom,
    "feishu-decrypt": of_feishu,
}
NOT_NOW = ("zendesk-legacy-order",)
"""Made by an order that holds no more: wrong as it stands."""
VECTORS: list[Vector] = json.loads(FILE.read_text()) if FILE.exists() else []
needs_file = pytest.mark.skipif(not VECTORS, reason=f"no real signatures at {FILE}")
EACH = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["system"])


@needs_file
def test_every_vector_is_known() -> None:
    assert {vector["system"] for vector in VECTORS} == CHECKS.keys()
    old = {vector["system"] for vector in VECTORS if not vector.get("valid_for_current_scheme", 1)}
    assert old == set(NOT_NOW)


@EACH
def test_a_vector_comes_to_what_it_should(vector: Vector) -> None:
    assert CHECKS[vector["system"]](vector, build_payload(vector))


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector["system"] not in NOT_NOW],
    ids=lambda vector: vector["system"],
)
def test_its_tampered_twin_is_not_believed(vector: Vector) -> None:
    payload = build_payload(vector)
    query = {name: value.swapcase() for name, value in payload.query.items()}
    body = payload.body.replace(b"Rgq", b"rgq") + b"0"
    assert not CHECKS[vector["system"]](vector, payload._replace(body=body, query=query))
