"""The identity of a verdict and its JSON form: both are read by others."""

from __future__ import annotations

import pytest
from hypothesis import given

from slawatch.events import Actor, Event, Kind
from slawatch.verdicts import (
    HANDED_OVER,
    IDENTITY,
    KINDS,
    Output,
    Verdict,
    render_id,
    render_verdict,
)
from tests.rules import DAY, HOUR, MINUTE, START, act, created, find, judge
from tests.strategies import told_tickets


def tell_breach() -> Verdict:
    """Return the breach of a ticket held by two teams."""
    events = [created(team="l1"), act(1, Kind.ASSIGNED, 20 * MINUTE, Actor.AGENT, team="l2")]
    _, out = judge(events, 2 * HOUR)
    return find(out, "resolution", "breached")


def test_the_identity_is_what_the_id_is_made_of() -> None:
    assert IDENTITY == ("ticket", "target", "cycle", "kind", "number")
    assert render_id(tell_breach()) == "desk/1/resolution/1/breached/1"


def test_the_kinds_are_a_closed_set() -> None:
    assert KINDS == ("met", "breached", "warning", "to_met", "to_breached", "withdrawn")


def test_a_verdict_is_rendered_with_every_field() -> None:
    assert render_verdict(tell_breach()) == {
        "id": "desk/1/resolution/1/breached/1",
        "ticket": "desk/1",
        "target": "resolution",
        "cycle": 1,
        "kind": "breached",
        "number": 1,
        "at": START + HOUR,
        "started_at": START,
        "stopped_at": None,
        "due_at": START + HOUR,
        "breach_at": START + HOUR,
        "goal_us": HOUR,
        "elapsed_us": HOUR,
        "wall_us": HOUR,
        "level": "",
        "channel": "email",
        "priority": "normal",
        "team": "l2",
        "tier": 2,
        "region": "north",
        "customer_tier": "",
        "assignee": "",
        "policy": "general",
        "reason": "",
        "held": [
            {"team": "l2", "wall_us": 40 * MINUTE, "business_us": 40 * MINUTE},
            {"team": "l1", "wall_us": 20 * MINUTE, "business_us": 20 * MINUTE},
        ],
    }


def test_holders_are_left_out_where_nobody_is_to_blame() -> None:
    _, out = judge([created(), act(1, Kind.RESOLVED, MINUTE, Actor.AGENT)], HOUR)
    assert "held" not in render_verdict(find(out, "resolution", "met"))


def test_nothing_is_history_unless_it_is_said() -> None:
    out = Output()
    assert (out.first_at, out.verdicts, dict(out.counts)) == (0, [], {})


@given(told_tickets())
def test_no_identity_is_given_twice(events: list[Event]) -> None:
    late = [
        e.replace(received_at=e.occurred_at + int.from_bytes(e.id_hash, "big") % HOUR)
        for e in events
    ]
    _, out = judge(sorted(late, key=lambda e: e.received_at), 2 * DAY, batch=1)
    ids = [render_id(verdict) for verdict in out.verdicts]
    assert len(ids) == len(set(ids))


def test_rows_are_handed_over_where_somebody_takes_them() -> None:
    taken: list[int] = []
    out = Output(on_rows=lambda rows: taken.append(len(rows)))
    (row,) = judge([created()], DAY)[1].rows[:1]
    for _ in range(HANDED_OVER):
        out.say(row)
    for _ in range(HANDED_OVER + 1):
        out.shade.say(row)
    assert taken == [HANDED_OVER, HANDED_OVER]
    assert out.rows == [row] == out.shade.rows


@pytest.mark.parametrize("amount", [1, -1, (1 << 46) - 1, 1 << 46, -(1 << 46), 1 << 80])
def test_any_amount_is_added_as_it_is(amount: int) -> None:
    out, key = Output(), ("sla_held_seconds_total", ("l1",))
    out.add(key, 5)
    out.add(key, amount)
    assert out.counts[key] == 5 + amount
