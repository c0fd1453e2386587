"""Webhooks lost on purpose, and the sweep that heals what they left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.connectors.transports.desks import serve
from tests.e2e.monitor import Monitor, Samples, add_up, read_verdicts
from tests.e2e.test_receive import find_address
from tests.e2e.zendesk import (
    AGENT,
    CUSTOMER,
    Zendesk,
    comment,
    post_created,
    set_field,
    write_zendesk,
)

REPLIES = {"target": "first_response"}
CHANGED, ANSWERED, CLOSED, DELETED, VANISHED, WHOLE = 141, 142, 143, 144, 145, 146
"""What each ticket's lost delivery would have told. The export tells the first alone, and of the
last none was lost."""


class Told(NamedTuple):
    """Be what was seen: before anything was healed, and at the end."""

    before: Samples
    after: Samples
    rows: list[tuple[Any, ...]]

    def outcomes(self, ticket: int, target: str) -> list[str]:
        """Return what was judged of a ticket, in order."""
        rows = [row for row in self.rows if row[:2] == (f"zendesk/{ticket}", target)]
        return [row[3] for row in rows if row[3] != "warning"]


def lose(zendesk: Zendesk, second: int) -> None:
    """Let the desk do what no webhook tells."""
    zendesk.tell(CHANGED, second, AGENT, comment(AGENT))
    zendesk.tell(ANSWERED, second, AGENT, comment(AGENT))
    zendesk.tell(CLOSED, second, AGENT, set_field("status", "closed", "new"))
    zendesk.statuses[CLOSED] = "closed"
    zendesk.deleted |= {DELETED: second, VANISHED: 0}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Sweep a desk until all is healed."""
    folder = tmp_path_factory.mktemp("swept")
    zendesk, state = Zendesk(), folder / "state"
    zendesk.exported = {CHANGED, WHOLE}
    with serve(zendesk.answer) as (url, _):
        policy = write_zendesk(folder, url, 'sweep = "1s"')
        with Monitor(state, "--policy", policy) as monitor:
            monitor.start().wait_until_ready()
            address = find_address(monitor.messages)
            time.sleep(1 - time.time() % 1)  # so that its whole second is after the first start
            opened = int(time.time())
            for ticket in (CHANGED, ANSWERED, CLOSED, DELETED, VANISHED, WHOLE):
                begin = [comment(CUSTOMER), set_field("status", "new")]
                zendesk.tell(ticket, opened, CUSTOMER, *begin)
                assert post_created(address, ticket, opened) == 200
            before = monitor.wait_for(
                lambda s: add_up(s, "sla_results_total", outcome="breached", **REPLIES) == 6,
                "breaches of which four are none",
            )
            lose(zendesk, opened + 1)
            after = monitor.wait_for(
                lambda s: (
                    add_up(s, "slawatch_healed_total") == 5
                    and add_up(s, "sla_clocks", target="resolution") == 3
                ),
                "healed",
            )
            assert monitor.stop() == 0, monitor.said()
        yield Told(before, after, read_verdicts(state))


def test_a_lost_webhook_is_healed_by_the_next_sweep_and_counted(told: Told) -> None:
    assert add_up(told.before, "slawatch_healed_total") == 0
    assert told.outcomes(CHANGED, "first_response") == ["breached", "to_met"]


def test_each_lost_act_is_counted_once_and_a_first_message_never(told: Told) -> None:
    assert add_up(told.after, "slawatch_healed_total", connector="zendesk") == 5
    assert told.outcomes(WHOLE, "first_response") == ["breached"]


def test_a_lost_reply_that_the_export_does_not_tell_is_healed(told: Told) -> None:
    assert told.outcomes(ANSWERED, "first_response") == ["breached", "to_met"]


def test_a_lost_close_that_the_export_does_not_tell_is_healed(told: Told) -> None:
    assert told.outcomes(CLOSED, "first_response") == ["breached", "withdrawn"]
    assert told.outcomes(CLOSED, "resolution")[-1] in ("met", "to_met")


def test_a_lost_delete_is_healed_as_of_its_second(told: Told) -> None:
    assert told.outcomes(DELETED, "first_response") == ["breached", "withdrawn"]


def test_a_ticket_that_vanished_ends_when_it_was_missed(told: Told) -> None:
    assert told.outcomes(VANISHED, "first_response") == ["breached"]
    assert add_up(told.after, "sla_clocks", **REPLIES) == 1
