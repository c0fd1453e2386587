from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from connectors import signatures
from connectors.connector import Push
from connectors.kit.proof import find_weak_proof
from connectors.payload import Payload
from connectors.signature import Fault, Signature
from connectors.signing import sign_payload
from tests.connectors.kit.acme import load_acme, write_acme

NAMED = {name: value for name, value in vars(signatures).items() if isinstance(value, Signature)}


@dataclass(frozen=True, slots=True)
class Forgetful(Signature):
    """Leave out one part of the proof."""

    forgets: str = ""

    def find_fault(
        self, payload: Payload, secrets: Sequence[str], now_seconds: float, url: str = ""
    ) -> Fault:
        fault = Signature.find_fault(self, payload, secrets, now_seconds, url)
        return "" if fault == self.forgets else fault


def weak(folder: Path, signature: Signature) -> list[str]:
    subject = load_acme(write_acme(folder))
    connector = replace(subject.connector, push=Push(signature))
    return list(find_weak_proof(replace(subject, connector=connector)))


@pytest.mark.parametrize("name", NAMED)
def test_the_signatures_of_systems_hold(tmp_path: Path, name: str) -> None:
    assert weak(tmp_path, NAMED[name]) == []


@pytest.mark.parametrize(
    ("forgets", "told"),
    [
        pytest.param("wrong", "another body is believed", id="anything-goes"),
        pytest.param("stale", "a stale one is believed", id="any-time-goes"),
        pytest.param("missing", "a body without one is believed", id="none-goes"),
    ],
)
def test_a_proof_that_forgets_something_is_found(tmp_path: Path, forgets: str, told: str) -> None:
    signature = Forgetful("x-s", "{timestamp}.{body}", timestamp_header="x-t", forgets=forgets)
    assert told in weak(tmp_path, signature)


@pytest.mark.parametrize("unit", ["s", "ms", "rfc3339"])
def test_a_signed_delivery_is_believed(unit: str) -> None:
    signature = Signature("x-s", "{id}{timestamp}{body}", timestamp_header="x-t", id_header="x-i")
    signature = replace(signature, timestamp_unit=unit)  # type: ignore[arg-type]  # one of them
    signed = sign_payload(signature, Payload(b"{}"), "secret", 1_772_442_000.5)
    assert signature.find_fault(signed, ["secret"], 1_772_442_000.5) == ""
