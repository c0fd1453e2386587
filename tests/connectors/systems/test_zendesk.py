"""Zendesk: what its webhooks and its export do that a reader would not expect."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.systems.zendesk import CONNECTOR
from slawatch.errors import ConfigError, EventError
from tests.connectors.systems.bodies import decode_json, decode_real, list_bodies, pick

DETAIL = {
    "id": "141",
    "actor_id": "9001",
    "requester_id": "7001",
    "assignee_id": "9001",
    "group_id": "42",
    "updated_at": "2026-03-02T09:00:00Z",
}


def hook(name: str, event: dict[str, Any], **detail: object) -> dict[str, Any]:
    """Return an event webhook."""
    return {
        "id": "e-1",
        "type": f"zen:event-type:{name}",
        "subject": "zen:ticket:141",
        "time": "2026-03-02T09:00:00.5Z",
        "detail": {**DETAIL, **detail},
        "event": event,
    }


def comment(**said: object) -> dict[str, Any]:
    """Return the webhook of a comment."""
    return hook("ticket.comment_added", {"comment": {"id": "8", "is_public": True, **said}})


@pytest.mark.parametrize("name", list_bodies("zendesk"))
def test_every_real_body_is_events_or_nothing(name: str) -> None:
    assert len(decode_real(CONNECTOR, "zendesk", name)) <= 1


def test_the_answer_bot_of_a_real_body_is_a_bot() -> None:
    events = decode_real(CONNECTOR, "zendesk", "messaging_ticket.message_added.bot.json")
    assert pick(events, "ticket_id", "type", "actor", "channel") == [
        ("141", "replied", "bot", "chat")
    ]


def test_what_writes_as_zendesk_itself_is_a_bot_whatever_its_type_is_called() -> None:
    said = {"actor": {"id": "zd:aiAgent", "type": "ai"}, "message": {"id": "m"}}
    body = hook("messaging_ticket.message_added", said)
    assert pick(decode_json(CONNECTOR, body), "actor") == [("bot",)]


def test_words_in_capitals_are_read() -> None:
    events = decode_real(CONNECTOR, "zendesk", "ticket.created.json")
    assert pick(events, "type", "priority", "status") == [("created", "low", "open")]


def test_an_attachment_concerns_no_clock() -> None:
    name = "ticket.attachment_linked_to_comment.json"
    assert decode_real(CONNECTOR, "zendesk", name) == []


@pytest.mark.parametrize(
    ("author", "actor"),
    [
        pytest.param({"id": "9001", "is_staff": True}, "agent", id="staff"),
        pytest.param({"id": "7001", "is_staff": False}, "customer", id="customer"),
        pytest.param({"id": "-1", "is_staff": False}, "system", id="system"),
        pytest.param({}, "system", id="untold"),
    ],
)
def test_who_wrote_a_comment_decides_the_clock(author: dict[str, Any], actor: str) -> None:
    assert pick(decode_json(CONNECTOR, comment(author=author)), "actor") == [(actor,)]


def test_a_private_comment_is_a_note() -> None:
    body = comment(is_public=False, author={"id": "9001", "is_staff": True})
    assert pick(decode_json(CONNECTOR, body), "type") == [("note",)]


def test_a_comment_made_private_later_takes_no_answer_back() -> None:
    body = hook("ticket.comment_made_private", {"comment": {"id": "8"}})
    assert decode_json(CONNECTOR, body) == []


def test_the_ticket_is_named_by_the_subject_where_the_detail_is_cut() -> None:
    body = {**comment(author={"is_staff": True}), "detail": {}}
    assert pick(decode_json(CONNECTOR, body), "ticket_id") == [("141",)]


def test_an_agent_who_is_the_requester_too_acts_as_an_agent() -> None:
    body = hook("ticket.priority_changed", {"current": "HIGH"}, requester_id="9001")
    assert pick(decode_json(CONNECTOR, body), "actor", "priority") == [("agent", "high")]


def test_a_priority_that_is_taken_away_changes_no_goal() -> None:
    assert decode_json(CONNECTOR, hook("ticket.priority_changed", {"current": None})) == []


def test_a_hold_is_no_wait_for_the_customer() -> None:
    body = hook("ticket.status_changed", {"previous": "PENDING", "current": "HOLD"})
    assert pick(decode_json(CONNECTOR, body), "type", "reason") == [("paused", "hold")]


@pytest.mark.parametrize(
    ("event", "score"),
    [
        pytest.param({"score": 3}, 3, id="number"),
        pytest.param({"satisfaction_rating": {"score": "good"}}, 5, id="thumb-up"),
        pytest.param({"current": "badwithcomment"}, 1, id="thumb-down"),
        pytest.param({}, None, id="untold"),
    ],
)
def test_a_rating_is_found_where_each_kind_of_survey_has_it(
    event: dict[str, Any], score: int | None
) -> None:
    body = hook("ticket.csat_received", event)
    assert pick(decode_json(CONNECTOR, body), "type", "score") == [("rated", score)]


def test_a_webhook_and_the_export_tell_one_act_by_one_id() -> None:
    told = decode_json(CONNECTOR, hook("ticket.status_changed", {"current": "SOLVED"}))
    change = {"id": 1, "event_type": "Change", "status": "solved", "previous_value": "open"}
    audit = {"ticket_id": 141, "created_at": "2026-03-02T09:00:00Z", "child_events": [change]}
    polled = decode_json(CONNECTOR, audit)
    assert pick(told, "event_id", "type") == pick(polled, "event_id", "type")


def test_in_the_export_nobody_acts_whose_role_is_unknown() -> None:
    child = {"id": 8, "event_type": "Comment", "public": True, "author_id": 5}
    audit = {"ticket_id": 141, "timestamp": 1772442000, "child_events": [child]}
    events = decode_json(CONNECTOR, audit)
    assert pick(events, "type", "actor", "occurred_at") == [("replied", "system", 1772442000000)]


def test_groups_get_the_names_that_the_source_gives_them() -> None:
    body = comment(author={"is_staff": True})
    events = decode_json(CONNECTOR, body, teams={"42": "billing"})
    assert pick(events, "team") == [("billing",)]


def test_teams_that_are_no_table_stop_the_start() -> None:
    with pytest.raises(ConfigError, match="'teams' must be a table"):
        CONNECTOR.decoder({"teams": ["42"]})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"subject": "zen:ticket:1"}, "missing_key", id="no-type"),
        pytest.param({**comment(), "subject": "", "detail": {}}, "missing_key", id="no-ticket"),
        pytest.param({**comment(), "time": "yesterday"}, "bad_time", id="no-time"),
        pytest.param({**comment(), "event": {}}, "missing_key", id="no-comment"),
    ],
)
def test_what_lacks_its_identity_is_refused(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(EventError) as raised:
        decode_json(CONNECTOR, body)
    assert raised.value.reason == reason


@pytest.mark.parametrize("name", ["user.created", "user.merged", "organization.tags_changed"])
def test_what_happens_to_others_than_tickets_is_nothing(name: str) -> None:
    body = {
        "type": f"zen:event-type:{name}",
        "subject": "zen:user:7",
        "time": "2026-03-02T09:00:00Z",
        "detail": {"id": "7", "created_at": "2026-03-02T09:00:00Z"},
        "event": {"target_ticket_id": "8"},
    }
    assert decode_json(CONNECTOR, body) == []
