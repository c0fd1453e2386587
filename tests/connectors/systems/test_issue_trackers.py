"""Trackers, alerts, Chatwoot and Zammad: real bodies, and what is easily read wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.registry import load_registry
from connectors.systems import alertmanager, chatwoot, github, gitlab
from slawatch.errors import EventError
from tests.connectors.systems.bodies import decode_json, decode_real, list_bodies, pick


@pytest.mark.parametrize("name", list_bodies("github"))
def test_every_real_body_of_github_is_events_or_nothing(name: str) -> None:
    assert len(decode_real(github.CONNECTOR, "github", name)) <= 1


def test_a_transferred_issue_goes_on_as_the_new_one() -> None:
    events = decode_real(github.CONNECTOR, "github", "issues.transferred.21.json")
    assert pick(events, "ticket_id", "type", "into") == [
        ("512748900", "merged", {"ticket_id": "444500041"})
    ]


@pytest.mark.parametrize(
    ("label", "priority"),
    [
        ("P0", "urgent"),
        ("priority: high", "high"),
        ("Severity/Medium", "normal"),
        ("highlight", None),
        ("bug", None),
    ],
)
def test_a_label_may_be_the_priority(label: str, priority: str | None) -> None:
    assert github.find_priority(["x", label]) == priority


def test_the_real_note_of_gitlab_is_read_with_both_of_its_time_formats() -> None:
    events = decode_real(gitlab.CONNECTOR, "gitlab", "note_issue.json")
    assert pick(events, "type", "occurred_at", "opened_at") == [
        ("replied", 1431882400000, 1451921506176)
    ]


def test_the_real_issue_of_gitlab_was_opened_for_somebody_else() -> None:
    events = decode_real(gitlab.CONNECTOR, "gitlab", "issue.json")
    assert pick(events, "ticket_id", "type", "origin", "priority") == [
        ("301", "created", "agent", "high")
    ]


@pytest.mark.parametrize("name", list_bodies("chatwoot"))
def test_the_cut_bodies_of_chatwoot_are_refused_with_their_reason(name: str) -> None:
    with pytest.raises(EventError) as raised:
        decode_real(chatwoot.CONNECTOR, "chatwoot", name)
    assert raised.value.reason == "missing_key"


def alert(**said: object) -> dict[str, Any]:
    """Return a notification of one alert."""
    one = {"status": "firing", "startsAt": "2026-03-02T09:00:00.9Z", "fingerprint": "f", **said}
    return {"alerts": [one]}


def test_an_alert_that_fires_again_is_another_ticket() -> None:
    first = decode_json(alertmanager.CONNECTOR, alert())
    again = decode_json(alertmanager.CONNECTOR, alert(startsAt="2026-03-02T10:00:00Z"))
    assert pick(first, "ticket_id") == [("f-1772442000",)]
    assert pick(again, "ticket_id") == [("f-1772445600",)]


def test_an_alert_without_fingerprint_is_known_by_its_labels() -> None:
    one = decode_json(alertmanager.CONNECTOR, alert(fingerprint=None, labels={"a": "1", "b": "2"}))
    other = decode_json(
        alertmanager.CONNECTOR, alert(fingerprint=None, labels={"b": "2", "a": "1"})
    )
    assert pick(one, "ticket_id") == pick(other, "ticket_id")


def test_an_end_that_was_never_reached_is_refused() -> None:
    events = decode_json(
        alertmanager.CONNECTOR, alert(status="resolved", endsAt="0001-01-01T00:00:00Z")
    )
    assert events[-1] == {"rejected": "bad_time"}


def test_a_conversation_that_a_bot_has_waits_for_nobody() -> None:
    body = {
        "event": "conversation_status_changed",
        "id": 42,
        "status": "pending",
        "updated_at": 1772442600,
        "changed_attributes": [{"status": {"previous_value": "open", "current_value": "pending"}}],
    }
    assert pick(decode_json(chatwoot.CONNECTOR, body), "type", "status", "reason") == [
        ("observed", "open", None)
    ]


def test_the_real_body_of_zammad_opens_a_ticket() -> None:
    connector = load_registry().get("zammad")
    events = decode_real(connector, "zammad", "default_webhook.json")
    assert pick(events, "ticket_id", "type", "actor", "channel", "priority", "team") == [
        ("81", "created", "customer", "phone", "normal", "Service Desk")
    ]


def test_a_real_ticket_of_freshdesk_is_told_from_its_beginning() -> None:
    connector = load_registry().get("freshdesk")
    events = decode_real(connector, "freshdesk", "api_ticket_with_conversations.json")
    assert [(event["type"], event["occurred_at"]) for event in events] == [
        ("created", 1_704_189_600_000),
        ("replied", 1_704_371_400_000),
        ("replied", 1_704_268_800_000),
        ("note", 1_704_272_400_000),
        ("observed", 1_704_371_400_000),
    ]
