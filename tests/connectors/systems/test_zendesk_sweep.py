"""A sweep over a Zendesk where no webhook was lost changes nothing."""

from __future__ import annotations

import time
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from connectors.payload import Payload
from connectors.systems.zendesk import CONNECTOR
from connectors.systems.zendesk_audits import to_ticket_event
from slawatch import conventions
from slawatch.events import CAME_BY_SWEEP, Event
from slawatch.parsing import Vocabulary, parse_event
from slawatch.shard import Shard
from slawatch.verdicts import Output
from tests.rules import DAY, SECOND, START, judge
from tests.slawatch.test_shard import clocks_of

CUSTOMER, AGENT = 7001, 9001
ROLES = {str(CUSTOMER): "end-user", str(AGENT): "agent"}
TOPICS = {
    "status": "status_changed",
    "priority": "priority_changed",
    "group_id": "group_assignment_changed",
    "assignee_id": "agent_assignment_changed",
}
ACTS = st.one_of(
    st.tuples(st.just("comment"), st.sampled_from([(CUSTOMER, True), (AGENT, True)])),
    st.tuples(st.just("comment"), st.just((AGENT, False))),
    st.tuples(st.just("status"), st.sampled_from(["open", "pending", "hold", "solved"])),
    st.tuples(st.just("priority"), st.sampled_from(["low", "normal", "high", "urgent"])),
    st.tuples(st.just("group_id"), st.sampled_from(["41", "42"])),
    st.tuples(st.just("assignee_id"), st.sampled_from([str(AGENT)])),
)
STORIES = st.lists(st.tuples(st.integers(1, 9_000), ACTS), max_size=12)
Body = dict[str, Any]


class Desk:
    """A ticket as webhooks and as audits tell it, one act after the other."""

    def __init__(self) -> None:
        self.second = START // SECOND
        self.fields: Body = {"status": "new", "priority": "normal", "group_id": "41"}
        self.hooks: list[tuple[int, Body]] = []
        self.audits: list[tuple[int, Body]] = []
        created = [{"type": "Create", "field_name": k, "value": v} for k, v in self.fields.items()]
        first = {"type": "Comment", "public": True, "author_id": CUSTOMER}
        self._tell("created", {}, CUSTOMER, [first, *created])

    def act(self, gap: int, name: str, value: Any) -> None:  # noqa: ANN401 - a comment or a word
        """Let something happen some seconds later."""
        self.second += gap
        number = str(10 * len(self.audits))
        if name == "comment":
            author, is_public = value
            event = {"type": "Comment", "public": is_public, "author_id": author}
            said = {"id": author, "is_staff": author == AGENT}
            comment = {"id": number, "is_public": is_public, "author": said}
            self._tell("comment_added", {"comment": comment}, author, [event])
            return
        old = self.fields.get(name)
        if old == value:
            return
        self.fields[name] = value
        change = {"type": "Change", "field_name": name, "value": value, "previous_value": old}
        self._tell(TOPICS[name], {"current": value, "previous": old}, AGENT, [change])

    def _tell(self, topic: str, event: Body, person: int, children: list[Body]) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.second))
        number = len(self.audits)
        detail = {"id": "141", "requester_id": str(CUSTOMER), "submitter_id": str(CUSTOMER)}
        times = {"created_at": "2026-01-05T09:00:00Z", "updated_at": f"{at}Z"}
        hook = {
            "type": f"zen:event-type:ticket.{topic}",
            "time": f"{at}.672717030Z",
            "event": event,
            "detail": {**detail, **times, **self.fields, "actor_id": str(person)},
        }
        told = [{**child, "id": 10 * number + n} for n, child in enumerate(children)]
        audit = {"id": number, "ticket_id": 141, "created_at": f"{at}Z", "events": told}
        self.hooks.append((self.second, hook))
        self.audits.append((self.second, to_ticket_event({**audit, "author_id": person})))


def parse(bodies: list[tuple[int, Body]]) -> list[Event]:
    """Return the events of bodies, each received a second after its act."""
    events = [(at, e) for at, one in bodies for e in CONNECTOR.decode(Payload(orjson.dumps(one)))]
    return [parse_event(e, (at + 1) * SECOND, "zendesk", Vocabulary()) for at, e in events]


def sweep(desk: Desk) -> list[Event]:
    """Return what a sweep a day later brings."""
    audits = [(at, {**audit, "roles": ROLES}) for at, audit in desk.audits]
    later = START + DAY
    return [e.replace(marks=CAME_BY_SWEEP, received_at=later) for e in parse(audits)]


def run(events: list[Event]) -> tuple[Shard, Output]:
    """Judge a ticket for two days."""
    return judge(events, 2 * DAY)


@given(STORIES)
def test_a_sweep_over_a_desk_where_nothing_was_lost_changes_nothing(
    story: list[tuple[int, tuple[str, object]]],
) -> None:
    desk = Desk()
    for gap, (name, value) in story:
        desk.act(gap, name, value)
    heard = parse(desk.hooks)
    expected, before = run(heard)
    shard, after = run([*heard, *sweep(desk)])
    assert clocks_of(shard) == clocks_of(expected)
    assert after.verdicts == before.verdicts
    assert not [key for key in after.counts if key[0] == conventions.HEALED.name]


@given(STORIES, st.data())
def test_a_sweep_makes_a_desk_that_lost_webhooks_whole(
    story: list[tuple[int, tuple[str, object]]], data: st.DataObject
) -> None:
    desk = Desk()
    for gap, (name, value) in story:
        desk.act(gap, name, value)
    lost = data.draw(st.sets(st.integers(0, len(desk.hooks))))
    heard = [hook for number, hook in enumerate(desk.hooks) if number not in lost]
    shard, _ = run([*parse(heard), *sweep(desk)])
    assert clocks_of(shard) == clocks_of(run(parse(desk.hooks))[0])
