"""What a page says, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboards.rules.cases import CALM, CASES, LOG_TIME, results, window
from tests.dashboards.rules.promtool import Told, build_rules, run_case

POLICY = """
include = ["demo"]
[links]
grafana = "https://boards.example.org"
runbooks = "https://wiki.example.org/sla"
[sources.zen-desk]
ticket_url = "https://desk.example.org/tickets/{ticket_id}/view"
[sources.mail]
"""
CORRECTIONS = (
    'sla_result_corrections_total{channel="chat",priority="high",target="first_response",'
    'change="withdrawn"}'
)
SPIKE = next(case for case in CASES if case.alert == "SlaBreachSpike")


def due(ticket: str) -> str:
    pins = f'ticket="{ticket}",target="first_response",channel="chat",team="l1-south"'
    return f"sla_urgent_ticket_due_timestamp_seconds{{{pins}}}"


def goal(priority: str) -> str:
    pins = f'channel="chat",priority="{priority}",target="first_response"'
    return f"sla_goal_seconds{{{pins}}}"


# A minute a step. Two breaches are usual; now there are twelve, most of them of high priority.
SERIES = {
    **CALM,
    'channel_target:sla_window_breaches:usual1h{channel="chat",target="first_response"}': "2x90",
    window("channel", channel="chat"): "2x59 12x30",
    window("team", team="l1-south", region="south", tier="1"): "0x59 9x30",
    window("team", team="l1-north", region="north", tier="1"): "0x59 3x30",
    window("team", team="l2-north", region="north", tier="2"): "0x90",
    results("breached", priority="high"): "0+1x90",
    results("breached", priority="low"): "0x90",
    goal("urgent"): "900x90",
    goal("low"): "28800x90",
    due("zen-desk/7 1"): "7200x90",
    due("mail/42"): "6300x90",
    due("zen-desk/9"): "8100x90",
    due("zen-desk/99"): "700000x90",
}
ENGLISH = """\
Since 1970-01-01 01:00 UTC: 12 breaches of first_response on chat in the last hour. \
Usual at this hour: 2.0.
Goal: 15m 0s to 8h 0m 0s.
Most by priority: high 60. By team: l1-south 9, l1-north 3.
Most urgent tickets:
- mail/42 (first_response), due 1970-01-01 01:45 UTC
- zen-desk/7 1 (first_response), due 1970-01-01 02:00 UTC https://desk.example.org/tickets/7+1/view
- zen-desk/9 (first_response), due 1970-01-01 02:15 UTC https://desk.example.org/tickets/9/view"""
CHINESE = """\
自 1970-01-01 01:00 UTC 起：在线聊天渠道最近 1 小时首次响应超时 12 次。平时此时段：2.0。
时限：15m 0s 至 8h 0m 0s。
优先级最多：高 60。团队最多：l1-south 9, l1-north 3。
最紧急的工单：
- mail/42 (首次响应), 截止 1970-01-01 01:45 UTC
- zen-desk/7 1 (首次响应), 截止 1970-01-01 02:00 UTC https://desk.example.org/tickets/7+1/view
- zen-desk/9 (首次响应), 截止 1970-01-01 02:15 UTC https://desk.example.org/tickets/9/view"""  # noqa: RUF001 - Chinese


@pytest.mark.parametrize(
    ("language", "summary", "description", "board"),
    [
        pytest.param(
            "en",
            "12 breaches of first_response on chat in the last hour",
            ENGLISH,
            "slawatch-channels",
        ),
        pytest.param(
            "zh", "在线聊天渠道最近 1 小时首次响应超时 12 次", CHINESE, "slawatch-channels-zh"
        ),
    ],
)
def test_a_spike_answers_what_is_asked_at_night(
    promtool: str, tmp_path: Path, language: str, summary: str, description: str, board: str
) -> None:
    (tmp_path / "desk.toml").write_text(POLICY, "utf-8")
    annotations = {
        "summary": summary,
        "description": description,
        "runbook_url": f"https://wiki.example.org/sla/{language}/support.md#slabreachspike",
        "dashboard_url": f"https://boards.example.org/d/{board}",
    }
    told = [Told("SlaBreachSpike", "75m", SPIKE.labels, annotations)]
    rules = build_rules(tmp_path / "desk.toml", language)
    run_case(promtool, tmp_path, SERIES, told=told, rules=rules)


def test_without_history_and_tickets_a_page_says_so(promtool: str, tmp_path: Path) -> None:
    description = (
        "Since 1970-01-01 00:02 UTC: 3 breaches of first_response on chat in the last hour. "
        "Usual at this hour: no history yet.\nGoal: none.\n"
        "Most by priority: none. By team: none.\nMost urgent tickets: none listed"
    )
    annotations = {
        "summary": "3 breaches of first_response on chat in the last hour",
        "description": description,
        "runbook_url": "http://127.0.0.1:9464/runbooks/en/support.md#slabreachspike",
        "dashboard_url": "http://127.0.0.1:3000/d/slawatch-channels",
    }
    told = [Told("SlaBreachSpike", "5m", SPIKE.labels, annotations)]
    run_case(promtool, tmp_path, SPIKE.firing, told=told)


def test_a_digest_counts_from_before_the_stop(promtool: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.alert == "SlaCaughtUp")
    # Down from the first hour to the seventh; the first scrape after it has found everything.
    gap = f"_x{6 * 60 - 1}"
    series = {
        "slawatch_catching_up": f"0x59 {gap} 1x60",
        LOG_TIME: f"0+60x59 {gap} 25200+60x60",
        results("breached"): f"5x59 {gap} 17x60",
        results("breached", channel="email"): f"2x59 {gap} 6x60",
        CORRECTIONS: f"0x59 {gap} 1x60",
    }
    annotations = {
        "summary": "Caught up: 15 breaches found late, nobody was paged for them",
        "description": "The monitor had fallen behind or read history, and has caught up. In the "
        "last two hours it found 15 breaches; none clocks that still run are over their goal.\n"
        "By target: first_response 15. By channel: chat 11, email 4.\n"
        "Pages stand still for an hour, so that what is old wakes nobody.",
        "runbook_url": "http://127.0.0.1:9464/runbooks/en/support.md#slacaughtup",
        "dashboard_url": "http://127.0.0.1:3000/d/slawatch-wall",
    }
    told = [Told("SlaCaughtUp", "430m", case.labels, annotations)]
    run_case(promtool, tmp_path, series, told=told)
