"""How open tickets of Zendesk and Jira are asked for one by one, and told to be gone."""

from __future__ import annotations

import pytest

from connectors.payload import Payload
from connectors.systems import jira, zendesk
from connectors.systems.jira_poll import JiraPoller
from connectors.systems.zendesk_poll import ZendeskPoller
from connectors.transports.compare import UNASKED, State
from connectors.transports.poll import Api
from slawatch.errors import ConnectorError
from tests.connectors.systems.bodies import pick, tell
from tests.connectors.transports.desks import Answer, Asked, serve

NINE = 1_772_442_000_000_000  # 2026-03-02T09:00Z
AT_NINE = "2026-03-02T09:00:00Z"
JIRA_NINE = "2026-03-02T09:00:00.000+0000"


def answer_zendesk(asked: Asked) -> Answer:
    """Answer: 1 is open, 2 solved, 3 archived, 4 deleted, 5 gone."""
    if asked.path == "/api/v2/tickets/show_many.json":
        told = [("1", "open"), ("2", "solved")]
        tickets = [{"id": int(n), "status": s, "updated_at": AT_NINE} for n, s in told]
        return Answer({"tickets": tickets})
    if asked.path == "/api/v2/deleted_tickets.json":
        return Answer({"deleted_tickets": [{"id": 4, "deleted_at": AT_NINE}, {"id": 9}]})
    archived = {"ticket": {"id": 3, "status": "closed", "updated_at": AT_NINE}}
    return Answer(archived) if asked.path == "/api/v2/tickets/3.json" else Answer({}, 404)


def test_zendesk_tells_how_tickets_stand_and_leaves_out_what_is_gone() -> None:
    with serve(answer_zendesk) as (url, asked):
        states = ZendeskPoller(Api(url)).fetch_states(["1", "2", "3", "4", "5"])
    assert states == {
        "1": State(NINE),
        "2": State(NINE, is_over=True),
        "3": State(NINE, is_over=True),
        "4": State(NINE, is_over=True, gone_at=NINE),
    }
    assert asked[0].query == {"ids": "1,2,3,4,5"}
    newest = {"sort_by": "deleted_at", "sort_order": "desc", "per_page": "100"}
    assert asked[-1].query == newest


def test_zendesk_is_not_asked_for_deleted_tickets_while_none_is_missing() -> None:
    with serve(answer_zendesk) as (url, asked):
        ZendeskPoller(Api(url)).fetch_states(["1", "2"])
    assert [one.path for one in asked] == ["/api/v2/tickets/show_many.json"]


def test_a_ticket_that_may_not_be_read_is_not_gone() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer({"tickets": []}) if asked.query else Answer({}, 403)

    with serve(answer) as (url, _), pytest.raises(ConnectorError, match="may not read this"):
        ZendeskPoller(Api(url)).fetch_states(["1"])


def test_what_no_question_can_hold_is_not_asked_for() -> None:
    with serve(answer_zendesk) as (url, asked):
        api = Api(url)
        assert ZendeskPoller(api).fetch_states(["a-1"]) == {"a-1": UNASKED}
        assert JiraPoller(api, "", is_cloud=True).fetch_states(["a-1"]) == {"a-1": UNASKED}
    assert asked == []


def test_a_gone_zendesk_ticket_has_the_id_of_its_webhook() -> None:
    _, body = ZendeskPoller(Api("http://localhost")).tell_gone("141", NINE + 5)
    events = [tell(event) for event in zendesk.decode(Payload(body))]
    told = ("141/deleted/1772442000000", "141", "deleted", 1_772_442_000_000)
    assert pick(events, "event_id", "ticket_id", "type", "occurred_at") == [told]


ISSUES = [
    {"id": "1", "fields": {"updated": JIRA_NINE, "status": {"statusCategory": {"key": "new"}}}},
    {"id": "2", "fields": {"updated": JIRA_NINE, "status": {"statusCategory": {"key": "done"}}}},
]
STATES = {"1": State(NINE), "2": State(NINE, is_over=True)}


def test_a_data_center_is_asked_not_to_mind_what_is_gone() -> None:
    with serve(lambda _: Answer({"issues": ISSUES})) as (url, asked):
        states = JiraPoller(Api(url), "project = A", is_cloud=False).fetch_states(["1", "2", "3"])
    assert states == STATES
    assert asked[0].query["jql"] == "id in (1, 2, 3)"
    assert asked[0].query["validateQuery"] == "false"


def test_the_cloud_is_asked_for_many_at_once() -> None:
    with serve(lambda _: Answer({"issues": ISSUES})) as (url, asked):
        states = JiraPoller(Api(url), "project = A", is_cloud=True).fetch_states(["1", "2", "3"])
    assert states == STATES
    wanted = {"issueIdsOrKeys": ["1", "2", "3"], "fields": ["status", "updated"]}
    assert (asked[0].path, asked[0].body) == ("/rest/api/2/issue/bulkfetch", wanted)


def test_jira_issues_are_fetched_whole_whatever_the_sources_jql() -> None:
    with serve(lambda _: Answer({"issues": [ISSUES[0]]})) as (url, asked):
        records = JiraPoller(Api(url), "project = A", is_cloud=True).fetch_tickets(["1"])
    assert [key for key, _ in records] == [f"issue/1/{JIRA_NINE}"]
    assert (asked[0].query["jql"], asked[0].query["expand"]) == ("id in (1)", "changelog")


def test_a_gone_jira_issue_has_the_id_of_its_webhook() -> None:
    _, body = JiraPoller(Api("http://localhost"), "", is_cloud=True).tell_gone("141", NINE)
    events = [tell(event) for event in jira.decode(Payload(body))]
    told = ("141/deleted", "141", "deleted", 1_772_442_000_000)
    assert pick(events, "event_id", "ticket_id", "type", "occurred_at") == [told]
