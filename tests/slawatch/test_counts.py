"""What a ticket's acts count beside its clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slawatch.events import Actor, Event, Extras, Kind
from tests.rules import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    act,
    build_rules,
    created,
    judge,
)

AGENT, CUSTOMER, BOT = Actor.AGENT, Actor.CUSTOMER, Actor.BOT


@pytest.mark.parametrize(
    ("event", "family", "labels", "amount"),
    [
        pytest.param(
            act(1, Kind.ASSIGNED, MINUTE, AGENT, team="l2"),
            "sla_handovers_total",
            ("l1", "l2"),
            1,
            id="handover",
        ),
        pytest.param(
            act(1, Kind.PRIORITY_CHANGED, MINUTE, AGENT, priority="urgent"),
            "sla_priority_changes_total",
            ("normal", "urgent"),
            1,
            id="priority",
        ),
        pytest.param(
            act(1, Kind.ESCALATED, MINUTE, AGENT),
            "sla_escalations_total",
            ("2",),
            1,
            id="escalation-names-no-tier",
        ),
        pytest.param(
            act(1, Kind.REPLIED, MINUTE, BOT),
            "sla_first_replies_total",
            ("email", "bot"),
            1,
            id="bot",
        ),
        pytest.param(
            act(1, Kind.RATED, MINUTE, CUSTOMER, extras=Extras(score=4)),
            "sla_csat_ratings_total",
            ("email", "4"),
            1,
            id="rating",
        ),
        pytest.param(
            act(1, Kind.RESOLVED, MINUTE, AGENT),
            "sla_held_seconds_total",
            ("l1", "north", "1", "new"),
            MINUTE,
            id="held-until-resolved",
        ),
    ],
)
def test_an_act_counts_once(
    event: Event, family: str, labels: tuple[str, ...], amount: int
) -> None:
    _, out = judge([created(team="l1"), event, event], DAY)
    assert out.counts[family, labels] == amount


def test_a_pause_counts_by_its_reason() -> None:
    events = [
        created(),
        act(1, Kind.PAUSED, MINUTE, AGENT, reason="vendor"),
        act(2, Kind.RESUMED, 3 * MINUTE),
    ]
    _, out = judge(events, DAY)
    assert out.counts["sla_paused_seconds_total", ("vendor",)] == 2 * MINUTE


def test_a_ticket_that_no_policy_matches_is_counted() -> None:
    _, out = judge([created(priority="other")], DAY)
    assert out.counts["slawatch_policy_unmatched_total", ()] == 1


@pytest.mark.parametrize(
    ("kind", "after_us", "outcome", "within"),
    [
        pytest.param(Kind.ACKNOWLEDGED, 20 * SECOND, "answered", "true", id="on-the-threshold"),
        pytest.param(Kind.REPLIED, 21 * SECOND, "answered", "false", id="late"),
        pytest.param(Kind.ABANDONED, 5 * SECOND, "abandoned", "true", id="short-abandon"),
    ],
)
def test_a_contact_ends_in_one_outcome(
    kind: Kind, after_us: int, outcome: str, within: str
) -> None:
    rules = replace(build_rules(), contact_channels=frozenset(("phone",)))
    events = [created(channel="phone"), act(1, kind, after_us, AGENT)]
    _, out = judge(events, DAY, rules)
    assert out.counts["sla_contacts_total", ("phone", outcome, within)] == 1


def test_a_contact_that_waits_past_the_threshold_is_seen_without_an_event() -> None:
    rules = replace(build_rules(), contact_channels=frozenset(("phone",)))
    shard, _ = judge([created(channel="phone")], 21 * SECOND, rules)
    assert shard.view(START + 20 * SECOND).waiting_past == {}
    assert shard.view(START + 21 * SECOND).waiting_past == {"phone": 1}


@pytest.mark.parametrize(
    "kind", [Kind.RESOLVED, Kind.CLOSED, Kind.DELETED, Kind.MERGED], ids=lambda kind: kind.name
)
def test_a_contact_that_a_bot_ended_or_that_timed_out_waits_no_more(kind: Kind) -> None:
    rules = replace(build_rules(), contact_channels=frozenset(("phone",)))
    ended = act(1, kind, 10 * SECOND, Actor.BOT)
    shard, out = judge([created(channel="phone"), ended], HOUR, rules)
    assert shard.view(START + HOUR).waiting == {}
    assert not any(family == "sla_contacts_total" for family, _ in out.counts)
