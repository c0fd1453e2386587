"""A polled Zendesk that stops answering, and a monitor that is killed meanwhile."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.connectors.transports.desks import Answer, Asked, serve
from tests.e2e.desk import POLICY, SECOND
from tests.e2e.monitor import Monitor, Samples, add_up, read_rows, read_verdicts
from tests.e2e.zendesk import AGENT, CUSTOMER, Zendesk, comment, set_field

ANSWERED, UNANSWERED = 141, 142
GONE_BY_SECONDS = 6
"""After so long every promise of the first response has run out, and its grace."""
_SOURCE = """
[sources.zendesk]
grace = "1s"

[sources.zendesk.options]
url = "{url}"
user = "sla@acme.example"
token_file = "{folder}/token"
interval_seconds = 0.2
"""


class Desk(Zendesk):
    """A Zendesk that may be away, and has told everything up to a second that a test sets."""

    def __init__(self, told_to: int) -> None:
        super().__init__()
        self.told_to = told_to
        self.is_away = False

    def answer(self, asked: Asked) -> Answer:
        """Answer a question, or ask to come again."""
        if self.is_away:
            return Answer(status=503, headers={"Retry-After": "1"})
        answer = super().answer(asked)
        if isinstance(answer.body, dict) and "end_time" in answer.body:
            answer.body["end_time"] = self.told_to
        return answer


class Told(NamedTuple):
    """Be what was seen while the desk was away, from before and after a kill, and at the end."""

    away: Samples
    again: Samples
    rows: list[tuple[Any, ...]]
    covered: list[int]

    def outcomes(self, ticket: int) -> list[str]:
        """Return what was judged of a ticket's first response, in order."""
        rows = [row for row in self.rows if row[:2] == (f"zendesk/{ticket}", "first_response")]
        return [row[3] for row in rows if row[3] != "warning"]


def wait_until_past(monitor: Monitor, second: int) -> Samples:
    """Wait until log time has reached a second."""
    name = "slawatch_log_time_timestamp_seconds"
    return monitor.wait_for(lambda s: add_up(s, name) >= second, "log time goes on")


def write_policy(folder: Path, url: str) -> Path:
    """Write a policy that polls the desk."""
    (folder / "token").write_text("t")
    path = folder / "desk.toml"
    path.write_text(POLICY + _SOURCE.format(url=url, folder=folder))
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Let the desk go away while two customers wait, of whom one is answered."""
    folder = tmp_path_factory.mktemp("outage")
    state, desk = folder / "state", Desk(int(time.time()))
    with (
        serve(desk.answer) as (url, _),
        Monitor(state, "--policy", write_policy(folder, url)) as monitor,
    ):
        monitor.start().wait_until_ready()
        opened = desk.told_to = int(time.time()) + 1  # what was before its start is not counted
        for ticket in (ANSWERED, UNANSWERED):
            desk.tell(ticket, opened, CUSTOMER, comment(CUSTOMER), set_field("status", "new"))
        monitor.wait_for(lambda s: add_up(s, "sla_clocks", target="first_response") == 2, "open")
        desk.is_away = True
        desk.tell(ANSWERED, opened + 1, AGENT, comment(AGENT))
        away = wait_until_past(monitor, opened + GONE_BY_SECONDS)
        monitor.kill()
        monitor.start().wait_until_ready()
        again = wait_until_past(monitor, opened + GONE_BY_SECONDS + 1)
        desk.told_to, desk.is_away = opened + GONE_BY_SECONDS, False
        monitor.wait_for(
            lambda s: add_up(s, "sla_results_total", target="first_response") == 2, "both judged"
        )
        assert monitor.stop() == 0, monitor.said()
    query = "SELECT complete_to FROM log WHERE complete_to IS NOT NULL ORDER BY seq"
    covered = [row[0] for row in read_rows(state / "intake.sqlite3", query)]
    return Told(away, again, read_verdicts(state), [(to - opened * SECOND) for to in covered])


@pytest.mark.parametrize("seen", ["away", "again"])
def test_nothing_is_breached_of_a_desk_that_does_not_answer(told: Told, seen: str) -> None:
    samples: Samples = getattr(told, seen)
    assert add_up(samples, "sla_results_total") == 0
    assert add_up(samples, "sla_clocks", target="first_response", state="breached") == 0
    assert add_up(samples, "sla_clocks", target="first_response") == 2


def test_what_was_answered_meanwhile_is_met(told: Told) -> None:
    assert told.outcomes(ANSWERED) == ["met"]


def test_what_was_not_is_breached_once(told: Told) -> None:
    assert told.outcomes(UNANSWERED) == ["breached"]


def test_each_poll_says_how_far_it_came_once(told: Told) -> None:
    assert told.covered[-2:] == [0, GONE_BY_SECONDS * SECOND]
