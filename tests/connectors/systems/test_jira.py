"""Jira: what Cloud and Data Center send that a reader would not expect."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.systems.jira import CONNECTOR
from slawatch.errors import ConfigError, EventError
from tests.connectors.systems.bodies import decode_json, decode_real, list_bodies, pick

ANN = {"accountId": "ann", "accountType": "atlassian"}
AT = 1772442000000


def issue(**fields: object) -> dict[str, Any]:
    """Return an issue."""
    return {"id": "20001", "key": "HELP-7", "fields": {"reporter": {"accountId": "bob"}, **fields}}


def update(*items: dict[str, Any], **said: object) -> dict[str, Any]:
    """Return the webhook of a change."""
    return {
        "timestamp": AT,
        "webhookEvent": "jira:issue_updated",
        "user": ANN,
        "issue": issue(),
        "changelog": {"id": "3", "items": list(items)},
        **said,
    }


def move(old: str, new: str) -> dict[str, Any]:
    """Return a change of the status by names alone, as old servers have it."""
    return {"field": "status", "fromString": old, "toString": new}


def category(name: str, key: str) -> dict[str, Any]:
    """Return the status of an issue."""
    return {"name": name, "statusCategory": {"key": key}}


@pytest.mark.parametrize("name", list_bodies("jira"))
def test_every_real_body_is_events_or_nothing(name: str) -> None:
    assert len(decode_real(CONNECTOR, "jira", name)) <= 1


@pytest.mark.parametrize(
    ("name", "acts"),
    [
        ("webhook-issue-created-no-description.json", [("created", "customer", "new")]),
        (
            "webhook-issue-updated-resolved-one-changelog.json",
            [("resolved", "customer", "resolved")],
        ),
        ("webhook-issue-updated-reopened-one-changelog.json", [("reopened", "customer", "open")]),
        ("webhook-server-issue-updated-closed.json", [("closed", "agent", "closed")]),
        ("webhook-server-issue-updated-reopened.json", [("reopened", "agent", "open")]),
        ("webhook-cloud-comment-created.json", [("replied", "agent", None)]),
        (
            "webhook-server-old-issue-updated-no-event-type-commented.json",
            [("replied", "agent", None)],
        ),
        ("webhook-server-old-issue-updated-no-event-type-comment-edited.json", []),
        ("webhook-server-issue-updated-comment-edited.json", []),
        ("webhook-server-comment-updated.json", []),
        ("webhook-issue-updated-rank.json", []),
    ],
)
def test_real_bodies_are_the_acts_that_people_see(name: str, acts: list[tuple[object]]) -> None:
    assert pick(decode_real(CONNECTOR, "jira", name), "type", "actor", "status") == acts


def test_both_deliveries_of_one_comment_have_one_id() -> None:
    comment = {
        "id": "10082",
        "self": "https://jira.example/rest/api/2/issue/10013/comment/10082",
        "author": {"name": "levbrouk"},
        "created": "2019-06-04T00:15:17.234+0000",
    }
    alone = decode_json(CONNECTOR, {"webhookEvent": "comment_created", "comment": comment})
    name = "webhook-server-issue-updated-commented-1.json"
    twin = decode_real(CONNECTOR, "jira", name)
    keys = ("event_id", "ticket_id", "occurred_at")
    assert pick(alone, *keys) == pick(twin, *keys)


def test_a_comment_without_its_issue_does_not_say_who_its_author_is() -> None:
    comment = {"id": "4", "self": "/issue/20001/comment/4", "author": {"name": "x"}, "created": AT}
    events = decode_json(CONNECTOR, {"webhookEvent": "comment_created", "comment": comment})
    assert pick(events, "ticket_id", "actor") == [("20001", "system")]


def test_a_comment_by_a_program_is_a_bot_s() -> None:
    comment = {"id": "4", "author": {"accountId": "a", "accountType": "app"}, "created": AT}
    body = {"webhookEvent": "comment_created", "comment": comment, "issue": issue()}
    assert pick(decode_json(CONNECTOR, body), "actor") == [("bot",)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        pytest.param({"jsdPublic": True}, "replied", id="public"),
        pytest.param({"jsdPublic": False}, "note", id="internal"),
        pytest.param({"jsdPublic": True, "visibility": {"type": "role"}}, "note", id="of-a-role"),
        pytest.param(
            {"properties": [{"key": "sd.public.comment", "value": {"internal": True}}]},
            "note",
            id="internal-by-its-property",
        ),
    ],
)
def test_what_says_that_a_comment_is_internal_is_believed(said: dict[str, Any], kind: str) -> None:
    comment = {"id": "4", "author": ANN, "created": AT, **said}
    body = {"webhookEvent": "comment_created", "comment": comment, "issue": issue()}
    assert pick(decode_json(CONNECTOR, body), "type") == [(kind,)]


def test_comments_that_do_not_say_may_be_taken_as_internal() -> None:
    comment = {"id": "4", "author": ANN, "created": AT}
    body = {"webhookEvent": "comment_created", "comment": comment, "issue": issue()}
    events = decode_json(CONNECTOR, body, unmarked_comments="internal")
    assert pick(events, "type") == [("note",)]


def test_a_transition_with_a_comment_is_two_acts() -> None:
    comment = {"id": "4", "author": ANN, "created": AT, "updated": AT}
    events = decode_json(CONNECTOR, update(move("Open", "Resolved"), comment=comment))
    assert pick(events, "type") == [("resolved",), ("replied",)]


def test_a_comment_that_is_deleted_is_not_told_once_more() -> None:
    comment = {"id": "4", "author": ANN, "created": AT, "updated": AT}
    body = update(issue_event_type_name="issue_comment_deleted", comment=comment)
    assert decode_json(CONNECTOR, body) == []


@pytest.mark.parametrize(
    ("old", "status", "told"),
    [
        pytest.param("x", category("Erledigt", "done"), ("resolved", "resolved"), id="category"),
        pytest.param("x", category("Closed", "done"), ("closed", "closed"), id="name"),
        pytest.param("x", category("Done", "indeterminate"), ("observed", "open"), id="not-done"),
        pytest.param("Done", category("To Do", "new"), ("reopened", "open"), id="back-to-new"),
        pytest.param(
            "Pending", category("Offen", "indeterminate"), ("resumed", "open"), id="waited"
        ),
    ],
)
def test_a_status_is_read_by_name_and_category(
    old: str, status: dict[str, Any], told: tuple[str, str]
) -> None:
    body = update(move(old, status["name"]), issue=issue(status=status))
    assert pick(decode_json(CONNECTOR, body), "type", "status") == [told]


def test_a_status_of_unknown_name_and_category_tells_nothing() -> None:
    assert decode_json(CONNECTOR, update(move("Öffnen", "Schließen"))) == []


def test_a_source_names_its_own_statuses() -> None:
    body = update(move("Offen", "Bei Lieferant"))
    events = decode_json(CONNECTOR, body, statuses={"Bei Lieferant": "pending:vendor"})
    assert pick(events, "type", "status", "reason") == [("paused", "pending", "vendor")]


def test_a_source_names_the_field_of_the_team() -> None:
    body = update(
        {"field": "Team", "fieldId": "customfield_10100", "toString": "Netz"},
        issue=issue(customfield_10100={"name": "Netz"}),
    )
    field, teams = "customfield_10100.name", {"Netz": "network"}
    events = decode_json(CONNECTOR, body, team_field=field, teams=teams)
    assert pick(events, "type", "team") == [("assigned", "network")]


def test_an_assignment_with_an_empty_changelog_is_one() -> None:
    name = "webhook-issue-assigned-empty-changelog.json"
    assert pick(decode_real(CONNECTOR, "jira", name), "type", "assignee") == [
        ("assigned", "789012")
    ]


def test_a_polled_issue_began_before_its_first_changes() -> None:
    changes = [
        {"field": "priority", "fromString": "Low", "toString": "Highest"},
        move("To Do", "Done"),
    ]
    history = {"id": "3", "author": ANN, "created": "2026-03-02T10:00:00.000+0000"}
    body = {
        **issue(created="2026-03-02T09:00:00.000+0000", status=category("Done", "done")),
        "changelog": {"histories": [{**history, "items": changes}]},
    }
    events = decode_json(CONNECTOR, body)
    assert pick(events, "type", "priority", "status") == [
        ("created", "low", "open"),
        ("resolved", None, "resolved"),
        ("priority_changed", "urgent", None),
    ]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"statuses": {"x": "asleep"}}, id="no-status"),
        pytest.param({"statuses": {"x": "pending:tea"}}, id="no-reason"),
        pytest.param({"unmarked_comments": "perhaps"}, id="neither"),
        pytest.param({"team_field": 7}, id="no-field"),
    ],
)
def test_options_that_mean_nothing_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="option"):
        CONNECTOR.decoder(options)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param({"timestamp": AT}, "missing_key", id="no-event"),
        pytest.param(update(move("Open", "Done"), issue={}), "missing_key", id="no-issue"),
        pytest.param(update(move("Open", "Done"), timestamp="x"), "bad_time", id="no-time"),
        pytest.param(
            {"webhookEvent": "comment_created", "comment": {"id": "4", "created": AT}},
            "missing_key",
            id="comment-of-no-issue",
        ),
    ],
)
def test_what_lacks_its_identity_is_refused(body: dict[str, Any], reason: str) -> None:
    with pytest.raises(EventError) as raised:
        decode_json(CONNECTOR, body)
    assert raised.value.reason == reason


@pytest.mark.parametrize(("updated", "kinds"), [("09:05", ["replied"]), ("09:06", [])])
def test_a_comment_that_was_edited_is_not_said_again(updated: str, kinds: list[str]) -> None:
    body = {
        "webhookEvent": "jira:issue_updated",
        "timestamp": 1_772_442_360_000,
        "issue": {"id": "10", "fields": {"created": "2026-03-02T09:00:00.000+0000"}},
        "comment": {
            "id": "5",
            "created": "2026-03-02T09:05:00.000+0000",
            "updated": f"2026-03-02T{updated}:00.000+0000",
        },
    }
    assert [event["type"] for event in decode_json(CONNECTOR, body)] == kinds
