"""Every built-in connector keeps what the kit asks of it."""

from __future__ import annotations

import pytest

from connectors.kit.checks import CHECKS, Check
from connectors.kit.subject import load_subject
from connectors.registry import load_registry

REGISTRY = load_registry()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("name", REGISTRY.names())
def test_a_connector_keeps_what_the_kit_asks(name: str, check: Check) -> None:
    subject = load_subject(REGISTRY, name)
    problems = list(check.run(subject)) if check.applies(subject) else []
    assert problems == [], f"{check.why}; {check.cure}"
