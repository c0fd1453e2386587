"""A running desk brought in: true clocks, history in no counter, and nobody paged for it."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.commands import call
from tests.connectors.transports.desks import serve
from tests.e2e.monitor import Monitor, Samples, add_up, poll, read_verdicts
from tests.e2e.pager import run_pager
from tests.e2e.zendesk import (
    AGENT,
    CUSTOMER,
    Zendesk,
    comment,
    set_field,
    write_zendesk,
)
from tests.servers import free_port

DAY = 86_400
HOURS = """
[[policies]]
name = "hours"
warnings = []
goals.first_response = "1h"
goals.resolution = "60d"
"""


def open_tickets(zendesk: Zendesk, now: int) -> None:
    """Tell a ticket of 40 days ago that is open and was answered late, and one that has ended."""
    zendesk.open_ids.append(1)
    created = [comment(CUSTOMER), set_field("status", "new"), set_field("priority", "normal")]
    zendesk.tell(1, now - 40 * DAY, CUSTOMER, *created)
    zendesk.tell(1, now - 39 * DAY, AGENT, comment(AGENT), set_field("status", "open", "new"))
    zendesk.tell(2, now - 2 * DAY, CUSTOMER, *created)
    reply = [comment(AGENT), set_field("status", "solved", "new")]
    zendesk.tell(2, now - 2 * DAY + 600, AGENT, *reply)


def write_policy(folder: Path, url: str) -> Path:
    """Write a policy with goals of hours."""
    policy = write_zendesk(folder, url, 'sweep = "1h"')
    quick = policy.read_text().partition("[[policies]]")[2].partition("[intake]")[0]
    policy.write_text(policy.read_text().replace("[[policies]]" + quick, HOURS))
    return policy


def results(samples: Samples) -> float:
    """Return how many results are counted."""
    return add_up(samples, "sla_results_total")


def outcomes(state: Path) -> list[tuple[str, str, str]]:
    """Return ticket, target and outcome of each verdict."""
    return sorted((row[0], row[1], row[3]) for row in read_verdicts(state))


HISTORY = [
    ("zendesk/1", "first_response", "breached"),
    ("zendesk/2", "first_response", "met"),
    ("zendesk/2", "resolution", "met"),
]


def test_a_new_monitor_begins_with_true_clocks(tmp_path: Path) -> None:
    zendesk, state, now = Zendesk(), tmp_path / "state", int(time.time())
    open_tickets(zendesk, now)
    with serve(zendesk.answer) as (url, _):
        policy = write_policy(tmp_path, url)
        told = call("connectors", "bootstrap", "zendesk", "--policy", policy, "--state", state)
        assert told.exit_code == 0, told.stderr
        assert told.stdout.startswith("2 records of open tickets and 2 of the past of zendesk")
        with Monitor(state, "--policy", policy) as monitor:
            monitor.start().wait_until_ready()
            poll(lambda: outcomes(state) == HISTORY, f"{outcomes(state)}")
            samples = monitor.wait_for(
                lambda s: add_up(s, "sla_clocks", target="resolution") == 1, "its open clock"
            )
            assert monitor.stop() == 0, monitor.said()
    assert results(samples) == 0
    assert add_up(samples, "sla_tickets", status="open") == 1
    assert add_up(samples, "slawatch_catching_up") == 1
    opened = add_up(samples, "sla_oldest_waiting_timestamp_seconds", target="resolution")
    assert opened == pytest.approx(now - 40 * DAY)
    assert '"cursor"' in (state / "source-zendesk.json").read_text()


def lose_webhooks(zendesk: Zendesk, begun: int) -> None:
    """Tell five tickets that nobody answers, of which no webhook told."""
    zendesk.open_ids += range(11, 16)
    for number in zendesk.open_ids[-5:]:
        created = [comment(CUSTOMER), set_field("status", "new"), set_field("priority", "normal")]
        zendesk.tell(number, begun, CUSTOMER, *created)


def test_an_import_into_a_desk_that_watches_pages_nobody(tmp_path: Path) -> None:
    zendesk, state = Zendesk(), tmp_path / "state"
    with serve(zendesk.answer) as (url, _):
        policy = write_zendesk(tmp_path, url, 'sweep = "1h"')
        with Monitor(state, "--policy", policy, port=free_port()) as monitor:
            monitor.start().wait_until_ready()
            with run_pager(tmp_path / "pager", policy, monitor.url) as pager:
                # Zendesk tells whole seconds: this one begins after the monitor did.
                lose_webhooks(zendesk, int(time.time()) + 1)
                poll(lambda: pager.has("slawatch_catching_up == 0"), "a desk that watches")
                assert monitor.stop() == 0, monitor.said()
                open_tickets(zendesk, int(time.time()))
                asked = ("bootstrap", "zendesk", "--policy", policy, "--state", state)
                told = call("connectors", *asked)
                assert told.exit_code == 0, told.stderr
                monitor.start()
                digest = pager.wait_for("digest", "SlaCaughtUp")
                summary = digest["annotations"]["summary"]
                assert summary.endswith(" breaches found late, nobody was paged for them")
                # The rules have seen what would be a spike again and again since the digest.
                heard_at = datetime.fromisoformat(digest["startsAt"]).timestamp()
                spike = 'sum(sla_channel_window_results{outcome="breached",window="1h"}) >= 5'
                judged = f'timestamp(ALERTS{{alertname="SlaCaughtUp"}}) > {heard_at + 5}'
                poll(lambda: pager.has(f"{judged} and on () {spike}"), "later evaluations")
                assert len(pager.told("digest", "SlaCaughtUp")) == 1
                assert not pager.has('ALERTS{severity="page"}')
                assert not [m for m in pager.messages if m.receiver.endswith("-page")]
            assert monitor.stop() == 0, monitor.said()
    assert HISTORY[0] in outcomes(state)
