"""What the pollers of Zendesk and Jira ask, and what they make of the answers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from connectors.payload import Payload
from connectors.systems import jira, jira_poll, zendesk, zendesk_poll
from connectors.transports.poll import Api
from slawatch.errors import ConfigError
from tests.connectors.systems.bodies import pick, tell
from tests.connectors.transports.desks import Answer, Asked, serve

AUDIT = {
    "id": 501,
    "ticket_id": 141,
    "created_at": "2026-03-02T09:00:00Z",
    "updater_id": 7001,
    "child_events": [{"id": 8, "event_type": "Comment", "public": True, "author_id": 9001}],
}
USERS = {"users": [{"id": 9001, "role": "agent"}, {"id": 7001, "role": "end-user"}]}
NOW = 1_772_442_600_000_000  # 2026-03-02T09:10Z


TOKEN = {"token_env": "DESK_TOKEN"}


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TOKEN", "t")


def ask_zendesk(url: str) -> zendesk_poll.ZendeskPoller:
    """Return what asks Zendesk."""
    options = {**zendesk_poll.OPTIONS, "url": url, "user": "a@b.example", **TOKEN}
    poller = zendesk_poll.build_pull(options, ()).poller
    assert isinstance(poller, zendesk_poll.ZendeskPoller)
    return poller


def answer_zendesk(asked: Asked) -> Answer:
    """Answer as Zendesk does."""
    if asked.path == "/api/v2/users/show_many.json":
        return Answer(USERS)
    return Answer({"ticket_events": [AUDIT], "end_time": 1772442001, "end_of_stream": True})


def test_zendesk_audits_come_with_the_roles_of_those_who_acted() -> None:
    with serve(answer_zendesk) as (url, _):
        page = ask_zendesk(url).fetch("7")
    ((key, body),) = page.records
    assert key == "audit/501"
    events = [tell(event) for event in zendesk.decode(Payload(body))]
    assert pick(events, "event_id", "type", "actor") == [("141/comment/8", "replied", "agent")]


def test_zendesk_is_asked_from_the_cursor_with_an_api_token() -> None:
    with serve(answer_zendesk) as (url, asked):
        poller = ask_zendesk(url)
        page = poller.fetch(poller.start(5_000_000))
    token = base64.b64encode(b"a@b.example/token:t").decode()
    assert asked[0].query == {"start_time": "5", "include": "comment_events"}
    assert asked[0].headers["authorization"] == f"Basic {token}"
    assert (page.cursor, page.is_last) == ("1772442001", True)


@pytest.mark.parametrize(
    ("end_of_stream", "complete_to"),
    [
        pytest.param(True, NOW - 60_000_000, id="all-but-the-last-minute"),
        pytest.param(False, 1772442001_000_000, id="more-to-come"),
    ],
)
def test_how_far_zendesk_has_told_everything(*, end_of_stream: bool, complete_to: int) -> None:
    said = {"ticket_events": [], "end_time": 1772442001, "end_of_stream": end_of_stream}
    with serve(lambda _: Answer(said)) as (url, _):
        page = zendesk_poll.ZendeskPoller(Api(url), lambda: NOW).fetch("7")
    assert page.complete_to == complete_to


def test_zendesk_is_asked_for_a_person_once() -> None:
    with serve(answer_zendesk) as (url, asked):
        poller = ask_zendesk(url)
        poller.fetch("7")
        poller.fetch("7")
    assert [one.query["ids"] for one in asked if "ids" in one.query] == ["7001,9001"]


def test_a_zendesk_page_that_leads_nowhere_is_the_last() -> None:
    stuck = {"ticket_events": [], "end_time": 7, "end_of_stream": False}
    with serve(lambda _: Answer(stuck)) as (url, _):
        page = zendesk_poll.ZendeskPoller(Api(url)).fetch("7")
    assert page.is_last


ISSUE: dict[str, Any] = {
    "id": "20001",
    "fields": {
        "created": "2026-03-02T09:00:00.000+0000",
        "updated": "2026-03-02T09:09:00.000+0000",
        "reporter": {"name": "bob"},
    },
    "changelog": {
        "histories": [
            {
                "id": "3",
                "created": "2026-03-02T09:09:00.000+0000",
                "author": {"name": "ann"},
                "items": [{"field": "status", "from": "1", "to": "50", "toString": "Erledigt"}],
            }
        ]
    },
}
COMMENTS = {
    "comments": [
        {
            "id": "4",
            "author": {"name": "ann"},
            "created": "2026-03-02T09:05:00.000+0000",
            "properties": [{"key": "sd.public.comment", "value": {"internal": True}}],
        }
    ]
}
STATUSES = [
    {"id": "1", "statusCategory": {"key": "new"}},
    {"id": "50", "statusCategory": {"key": "done"}},
]


def answer_jira(asked: Asked) -> Answer:
    """Answer as a Data Center does."""
    if asked.path == "/rest/api/2/status":
        return Answer(STATUSES)
    return Answer(COMMENTS if asked.path.endswith("/comment") else {"issues": [ISSUE]})


def test_a_jira_issue_comes_with_what_its_statuses_and_comments_mean() -> None:
    with serve(answer_jira) as (url, asked):
        poller = jira_poll.build_pull({**jira_poll.ASKED, "url": url, **TOKEN}, ()).poller
        ((_, body),) = poller.fetch("1772442000000").records
    events = [tell(event) for event in jira.decode(Payload(body))]
    assert pick(events, "type", "actor") == [
        ("created", "customer"),
        ("resolved", "agent"),
        ("note", "agent"),
    ]
    assert asked[0].headers["authorization"] == "Bearer t"


def test_jira_is_asked_by_minutes_ago_as_its_zone_is_unknown() -> None:
    with serve(answer_jira) as (url, asked):
        poller = jira_poll.JiraPoller(Api(url), "project = HELP", is_cloud=False, clock=lambda: NOW)
        page = poller.fetch("1772442000000")
    assert asked[0].query["jql"] == '(project = HELP) AND updated >= "-12m" ORDER BY updated ASC'
    assert (page.cursor, page.is_last, page.complete_to) == ("1772442540000", True, NOW)


def test_jira_cloud_is_asked_at_its_new_address() -> None:
    with serve(lambda _: Answer({"issues": []})) as (url, asked):
        jira_poll.JiraPoller(Api(url), "project = A", is_cloud=True, clock=lambda: NOW).fetch(
            "0:tok"
        )
    assert asked[0].path == "/rest/api/2/search/jql"
    assert asked[0].query["nextPageToken"] == "tok"


def test_a_minute_that_fills_a_page_is_read_on_from_where_it_ended() -> None:
    many = [{"id": str(n), "fields": {"updated": ISSUE["fields"]["created"]}} for n in range(100)]
    with serve(lambda asked: Answer({"issues": many} if "jql" in asked.query else {})) as (
        url,
        asked,
    ):
        poller = jira_poll.JiraPoller(Api(url), "project = A", is_cloud=False, clock=lambda: NOW)
        first = poller.fetch("1772442000000")
        second = poller.fetch(first.cursor)
    assert (first.cursor, first.is_last) == ("1772442000000:100", False)
    assert second.cursor == "1772442000000:200"
    assert [one.query["startAt"] for one in asked if "jql" in one.query] == ["0", "100"]


def test_a_zendesk_token_without_its_owner_stops_the_start() -> None:
    options = {**zendesk_poll.OPTIONS, "url": "https://acme.example", **TOKEN}
    with pytest.raises(ConfigError, match="'user'"):
        zendesk_poll.build_pull(options, ())


def test_a_record_is_written_alike_whoever_asks() -> None:
    with serve(answer_zendesk) as (url, _):
        poller = ask_zendesk(url)
        bodies = {poller.fetch("7").records[0][1] for _ in range(2)}
    assert len(bodies) == 1


def answer_open_zendesk(asked: Asked) -> Answer:
    """Answer as Zendesk does when it is asked for open tickets and their audits."""
    if asked.path == "/api/v2/users/show_many.json":
        return Answer(USERS)
    if asked.path == "/api/v2/search/export.json":
        more = "page[after]" not in asked.query
        ticket = {"id": 141 if more else 142, "status": "open"}
        return Answer({"results": [ticket], "meta": {"has_more": more, "after_cursor": "two"}})
    audits = TICKET_AUDITS if "/141/" in asked.path else []
    return Answer({"audits": audits, "meta": {"has_more": False}})


TICKET_AUDITS = [
    {
        "id": 500,
        "ticket_id": 141,
        "created_at": "2026-03-02T08:00:00Z",
        "author_id": 7001,
        "via": {"channel": "web"},
        "metadata": {"system": {"ip_address": "203.0.113.9"}},
        "events": [
            {"id": 1, "type": "Comment", "public": True, "author_id": 7001, "body": "Help"},
            {"id": 2, "type": "Create", "field_name": "status", "value": "new"},
            {"id": 3, "type": "Create", "field_name": "priority", "value": "high"},
        ],
    },
    {
        "id": 501,
        "ticket_id": 141,
        "created_at": "2026-03-02T09:00:00Z",
        "author_id": 9001,
        "events": [
            {"id": 8, "type": "Comment", "public": True, "author_id": 9001, "body": "Hello"},
            {
                "id": 9,
                "type": "Change",
                "field_name": "status",
                "value": "pending",
                "previous_value": "new",
            },
        ],
    },
]


def test_an_open_zendesk_ticket_is_told_from_its_beginning() -> None:
    with serve(answer_open_zendesk) as (url, _):
        page = ask_zendesk(url).fetch_open("")
    assert [key for key, _ in page.records] == ["audit/500", "audit/501"]
    events = [tell(e) for _, body in page.records for e in zendesk.decode(Payload(body))]
    assert pick(events, "event_id", "type", "actor") == [
        ("141/created", "created", "customer"),
        ("141/comment/8", "replied", "agent"),
        ("141/status/pending/1772442000000", "paused", "agent"),
    ]


def test_an_open_zendesk_ticket_has_what_webhooks_say_of_its_beginning() -> None:
    with serve(answer_open_zendesk) as (url, _):
        (_, body), _ = ask_zendesk(url).fetch_open("").records
    created = next(iter(zendesk.decode(Payload(body))))
    assert isinstance(created, dict)
    assert (created["priority"], created["status"]) == ("high", "new")
    assert b"Help" not in body
    assert b"203.0.113.9" not in body


def test_open_zendesk_tickets_are_asked_for_by_pages() -> None:
    with serve(answer_open_zendesk) as (url, asked):
        poller = ask_zendesk(url)
        first = poller.fetch_open("")
        second = poller.fetch_open(first.cursor)
    searches = [one.query for one in asked if one.path == "/api/v2/search/export.json"]
    wanted = {"query": "status<solved", "filter[type]": "ticket", "page[size]": "100"}
    assert searches == [wanted, {**wanted, "page[after]": "two"}]
    assert (first.is_last, second.is_last, second.records) == (False, True, [])


def test_open_jira_issues_are_those_that_are_not_done() -> None:
    many = [{"id": str(n), "fields": {}} for n in range(100)]

    def answer(asked: Asked) -> Answer:
        if "jql" not in asked.query:
            return Answer({})
        return Answer({"issues": many if asked.query["startAt"] == "0" else [ISSUE]})

    with serve(answer) as (url, asked):
        poller = jira_poll.JiraPoller(Api(url), "project = A", is_cloud=False, clock=lambda: NOW)
        first = poller.fetch_open("")
        second = poller.fetch_open(first.cursor)
    asked_for = [one.query["jql"] for one in asked if "jql" in one.query]
    assert asked_for == ["(project = A) AND statusCategory != Done ORDER BY created ASC"] * 2
    assert (first.cursor, first.is_last, second.is_last) == ("100", False, True)
