"""The shipped mappings on real logs; the numbers of the incident log are from its own notes."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from connectors.mapping import load_mapping
from slawatch.parsing import Vocabulary, parse_event
from tests.connectors.mapped import NO_DATA, SHARED_DATA, decode_all

pytestmark = pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=NO_DATA)

Told = list[dict[str, Any]]
_ENDS = ("resolved", "closed")


@pytest.fixture(scope="module")
def events() -> Told:
    return decode_all(SHARED_DATA / "uci_incident_event_log.csv.gz", load_mapping("uci"))


@pytest.fixture(scope="module")
def changes(events: Told) -> Counter[str]:
    """Count what changes from one update of a ticket to the next, in their order."""
    updates = [event for event in events if event["type"] == "observed"]
    updates.sort(key=lambda e: (e["ticket_id"], e["occurred_at"], e["sequence"]))
    counts: Counter[str] = Counter()
    for one, two in pairwise(updates):
        if one["ticket_id"] != two["ticket_id"]:
            continue
        two.setdefault("status", one.get("status"))
        counts["team"] += one["team"] != two["team"]
        counts["priority"] += one["priority"] != two["priority"]
        counts["reopen"] += one["status"] in _ENDS and two["status"] in ("open", "pending")
        counts["stale"] += one["status"] in _ENDS and two["status"] == "new"
        if one["status"] != two["status"]:
            counts[f"{one['status']} -> {two['status']}"] += 1
    return counts


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((SHARED_DATA / "expected-uci.json").read_text())["uci"]
    return facts


def test_every_row_of_the_incident_log_is_an_update(events: Told, expected: dict[str, Any]) -> None:
    kinds = Counter(event["type"] for event in events)
    assert kinds == {"observed": expected["rows"], "created": expected["incidents"]}


def test_no_two_acts_of_the_incident_log_share_an_id(events: Told) -> None:
    assert len({event["event_id"] for event in events}) == len(events)


def test_the_incident_log_changes_as_often_as_it_says(
    changes: Counter[str], expected: dict[str, Any]
) -> None:
    assert changes["team"] == expected["assignment_group_changes"]
    assert changes["priority"] == expected["priority_changes"]
    assert changes["reopen"] == expected["reopen_increments"]


@pytest.mark.parametrize(
    ("change", "count"),
    [
        pytest.param("resolved -> closed", 24_917 - 1, id="closing, but for the stale row"),
        pytest.param("new -> open", 7_936, id="work begins"),
        pytest.param("resolved -> open", 317, id="reopened"),
        pytest.param("closed -> open", 12, id="reopened after closing"),
        pytest.param("resolved -> pending", 2, id="reopened to wait"),
        pytest.param("open -> resolved", 12_048 + 1, id="solving, one past a state that is none"),
        pytest.param("stale", 1, id="one row was written late with an old number"),
    ],
)
def test_the_states_of_the_incident_log_follow_each_other(
    changes: Counter[str], change: str, count: int
) -> None:
    assert changes[change] == count


def test_the_incident_log_holds_nothing_that_is_not_understood(events: Told) -> None:
    vocabulary = Vocabulary()
    assert {parse_event(event, None, "uci", vocabulary).marks for event in events} == {0}


@pytest.mark.parametrize(
    ("name", "log", "kinds"),
    [
        pytest.param(
            "servicenow",
            "servicenow_demo_incidents_rest.csv",
            {"created": 67, "resolved": 27, "closed": 35, "observed": 67},
            id="ServiceNow",
        ),
        pytest.param(
            "zendesk-tickets",
            "dbt_zendesk_seeds/ticket_data.csv",
            {"created": 10, "observed": 10},
            id="Zendesk's tickets",
        ),
        pytest.param(
            "zendesk-field-history",
            "dbt_zendesk_seeds/ticket_field_history_data.csv",
            {"observed": 37},
            id="Zendesk's history",
        ),
    ],
)
def test_shipped_mappings_read_real_exports(name: str, log: str, kinds: dict[str, int]) -> None:
    events = decode_all(SHARED_DATA / log, load_mapping(name))
    assert Counter(event["type"] for event in events) == kinds
    for event in events:
        parse_event(event, None, name, Vocabulary())
