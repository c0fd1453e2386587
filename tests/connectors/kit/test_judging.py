"""No clock that could only breach, also where the events are the sender's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.kit.judging import find_dead_clocks, find_missing_acts
from connectors.kit.subject import Subject, load_subject
from connectors.registry import load_registry

REGISTRY = load_registry()
NATIVE = [name for name in REGISTRY.names() if REGISTRY.get(name).is_native]


def keep(subject: Subject, *acts: str) -> Subject:
    """Return the subject with these golden bodies alone."""
    return replace(subject, golden=[one for one in subject.golden if one.act in acts])


def test_the_native_connectors_are_checked_like_all_others() -> None:
    assert NATIVE == ["file", "http", "kafka", "nats", "redis", "sql"]


def test_a_native_clock_that_no_golden_act_stops_is_told() -> None:
    opened = keep(load_subject(REGISTRY, "file"), "native_line")
    assert list(find_dead_clocks(opened)) == [
        "first_response starts, and no golden act is replied by agent",
        "bot_first_response starts, and no golden act is replied by bot",
        "resolution starts, and no golden act is closed or resolved",
    ]


@pytest.mark.parametrize("name", NATIVE)
def test_a_native_ticket_that_never_ends_is_told(name: str) -> None:
    opened = keep(load_subject(REGISTRY, name), "native_line", "native", "one", "created")
    assert any("no ticket is ended" in problem for problem in find_missing_acts(opened))


def test_the_tickets_of_http_are_opened_on_every_shipped_channel() -> None:
    (body,) = keep(load_subject(REGISTRY, "http"), "native_every_channel").golden
    opened = [e["channel"] for e in body.expected or () if e["type"] == "created"]
    assert sorted(opened) == sorted(
        ["phone", "chat", "email", "remote", "onsite", "portal", "app", "web", "social"]
    )
