"""A page reaches whoever is to be woken, through a real Prometheus and a real Alertmanager."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.intake import Pending
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from tests.e2e.desk import SECOND, act, created, wall_us, write_policy
from tests.e2e.monitor import Monitor, Samples, add_up, poll, run_slawatch, write_lines
from tests.e2e.pager import Pager, run_pager

POLICY = """
include = ["targets"]

[desk]
channels = ["email"]

[teams.l1]
tier = 1
[teams.l2]
tier = 2
[teams.l3]
tier = 3
[teams.back]
tier = 3

[sources.desk]
grace = "1s"
ticket_url = "https://desk.example.org/tickets/{ticket_id}"

[links]
grafana = "https://boards.example.org"
runbooks = "https://wiki.example.org/sla"

[[policies]]
name = "quick"
goals.first_response = "1s"
"""
TEAMS = ("l1",) * 4 + ("l2",) * 3 + ("l3",) * 2 + ("back",)
HOUR = 3600 * SECOND
SPIKE, DRILL, DIGEST = "SlaBreachSpike", "SlaBreachSpikeDrill", "SlaCaughtUp"


class Desk(NamedTuple):
    """Be a monitor that is watched, and the file it follows."""

    monitor: Monitor
    pager: Pager
    file: Path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run a monitor that keeps up, and everything behind it."""
    folder = tmp_path_factory.mktemp("page")
    policy, file = write_policy(folder, POLICY), folder / "desk.jsonl"
    file.touch()
    with Monitor(folder / "state", "--policy", policy, "--tail", file) as monitor:
        monitor.start().wait_until_ready()
        with run_pager(folder / "pager", policy, monitor.url) as pager:
            yield Desk(monitor, pager, file)
        assert monitor.stop() == 0, monitor.said()


def ticket(number: int, at: int) -> dict[str, Any]:
    """Return an urgent ticket that lies with one of the teams."""
    return created(f"t{number}", at, priority="urgent", team=TEAMS[number])


def test_a_breach_spike_wakes_the_desk_is_repeated_and_ends(desk: Desk) -> None:
    begun_at = wall_us()
    write_lines(desk.file, [ticket(number, begun_at) for number in range(len(TEAMS))])
    page = desk.pager.wait_for("support-page", SPIKE)
    assert page["labels"] == {
        "alertname": SPIKE,
        "channel": "email",
        "target": "first_response",
        "priority": "all",
        "severity": "page",
        "owner": "support",
        "topic": "spike",
    }
    said = page["annotations"]
    assert said["summary"] == "10 breaches of first_response on email in the last hour"
    assert said["runbook_url"] == "https://wiki.example.org/sla/en/support.md#slabreachspike"
    assert said["dashboard_url"] == "https://boards.example.org/d/slawatch-channels"
    text = said["description"]
    assert "Goal: 1s." in text
    assert "Usual at this hour: no history yet." in text
    assert re.search(r"Most by priority: urgent \d+\. By team: l1 4, l2 3, l3 2\.\n", text), text
    links = re.findall(r"\n- desk/(t\d) \(first_response\), due .* (https:\S+)", text)
    assert [url for _, url in links] == [f"https://desk.example.org/tickets/{t}" for t, _ in links]
    assert len(links) == 3
    desk.pager.wait_for("support-page", SPIKE, count=2)

    # Written down late: everybody had been answered in time.
    answered = [
        act(f"t{number}", "replied", 1, begun_at + SECOND // 2, actor="agent", team=TEAMS[number])
        for number in range(len(TEAMS))
    ]
    write_lines(desk.file, answered)
    desk.pager.wait_for("support-page", SPIKE, "resolved")
    assert add_up(desk.monitor.scrape(), "sla_result_corrections_total", change="to_met") == 10


def test_a_drill_arrives_marked_and_moves_no_figure_of_the_desk(desk: Desk) -> None:
    before = pick_figures(desk.monitor.scrape())
    assert run_slawatch("drill", "breach-spike", "--state", desk.monitor.state)[0] == 0
    page = desk.pager.wait_for("support-page", DRILL)
    assert page["labels"]["drill"] == "true"
    assert page["annotations"]["summary"].startswith("DRILL: ")
    assert page["annotations"]["runbook_url"].endswith("/en/support.md#slabreachspikedrill")
    assert pick_figures(desk.monitor.scrape()) == before
    assert run_slawatch("drill", "breach-spike", "--state", desk.monitor.state, "--stop")[0] == 0
    desk.pager.wait_for("support-page", DRILL, "resolved")


def pick_figures(samples: Samples) -> Samples:
    """Return what is said of how customers are served."""
    return {key: value for key, value in samples.items() if key[0].startswith("sla_")}


def test_a_start_after_six_hours_pages_nobody_and_leaves_one_digest(tmp_path: Path) -> None:
    policy, state = write_policy(tmp_path, POLICY), tmp_path / "state"
    state.mkdir()
    now = wall_us()
    # The last before the stop, and what intake took in alone: within the hour, and unanswered.
    tickets = [(now - 6 * HOUR, ticket(0, now - 6 * HOUR))]
    tickets += [(now - HOUR // 2, ticket(number, now - HOUR // 2)) for number in range(1, 10)]
    with SqliteLog(state / LOG_NAME, WallClock()) as log:
        log.append_history([(at, _pend(event)) for at, event in tickets])
    with Monitor(state, "--policy", policy, "--no-intake") as monitor:
        monitor.start().wait_until_ready()
        with run_pager(tmp_path / "pager", policy, monitor.url) as pager:
            digest = pager.wait_for("digest", DIGEST)
            summary = "Caught up: 10 breaches found late, nobody was paged for them"
            assert (digest["labels"]["severity"], digest["annotations"]["summary"]) == (
                "info",
                summary,
            )
            # The rules have seen the spike again and again since the digest.
            heard_at = datetime.fromisoformat(digest["startsAt"]).timestamp()
            spike = 'sum(sla_channel_window_results{outcome="breached",window="1h"}) >= 9'
            judged = f'timestamp(ALERTS{{alertname="{DIGEST}"}}) > {heard_at + 5}'
            poll(lambda: pager.has(f"{judged} and on () {spike}"), "later evaluations")
            assert len(pager.told("digest", DIGEST)) == 1
            assert not [m for m in pager.messages if m.receiver == "support-page"]
            assert not pager.has('ALERTS{owner="support",severity="page"}')


def _pend(event: dict[str, Any]) -> Pending:
    return Pending("file", event["event_id"], json.dumps(event).encode())
