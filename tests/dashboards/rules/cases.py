"""One case for each alert: series that make it fire, and series like them that must not.

Steps are minutes unless the case says more. `labels` are what the alert must carry beside its
name and state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SUPPORT = {"owner": "support"}
PLATFORM = {"owner": "platform", "severity": "ticket", "topic": "pipeline"}
STACK = {"owner": "platform", "severity": "page", "topic": "stack"}
CALM = {"slawatch_catching_up": "0x6000"}
HELD = {"slawatch_catching_up": "1x6000"}


@dataclass(frozen=True)
class Case:
    """Be one alert firing and silent at an instant."""

    alert: str
    at: str
    firing: Mapping[str, str]
    silent: Mapping[str, str]
    labels: Mapping[str, str]
    step: str = "1m"


def _series(name: str, **labels: str) -> str:
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def results(outcome: str, **more: str) -> str:
    labels = {"channel": "chat", "priority": "high", "target": "first_response"}
    return _series("sla_results_total", **{**labels, **more}, outcome=outcome)


def window(dimension: str, **labels: str) -> str:
    pins = {"target": "first_response", "window": "1h", "outcome": "breached"}
    return _series(f"sla_{dimension}_window_results", **{**labels, **pins})


def clocks(state: str, priority: str = "urgent", target: str = "first_response") -> str:
    return _series("sla_clocks", channel="chat", priority=priority, target=target, state=state)


OBJECTIVE = _series("sla_objective_ratio", target="first_response", priority="high")
GOAL = _series("sla_goal_seconds", channel="chat", priority="urgent", target="first_response")
OLDEST = GOAL.replace("sla_goal_seconds", "sla_oldest_waiting_timestamp_seconds")
TEAM = {"team": "l1-south", "region": "south", "tier": "1"}
LOG_TIME = "slawatch_log_time_timestamp_seconds"
EVENTS = 'slawatch_events_total{connector="zendesk",outcome="accepted"}'
LATE = 'slawatch_events_total{connector="zendesk",outcome="late"}'
DRILL = 'slawatch_drill_until_timestamp_seconds{drill="breach-spike"}'
CALENDAR = 'slawatch_calendar_ends_timestamp_seconds{calendar="business"}'


def _burn(alert: str, severity: str, at: str, share: str, below: str, step: str) -> Case:
    """Of ten results a step, `share` breach; `below` is just under the factor of the windows."""

    def mix(breached: str) -> dict[str, str]:
        met = str(10 - int(breached))
        return {
            **CALM,
            OBJECTIVE: "0.95x6000",
            results("breached"): f"0+{breached}x6000",
            results("met"): f"0+{met}x6000",
        }

    labels = {"severity": severity, "topic": "budget", "channel": "all"}
    pins = {"priority": "high", "target": "first_response"}
    return Case(alert, at, mix(share), mix(below), {**SUPPORT, **labels, **pins}, step)


# At 95 % the factors 14.4, 6, 3 and 1 are 72, 30, 15 and 5 % of breaches.
CASES = (
    _burn("SlaBudgetBurnFast", "page", "2h", "8", "7", "1m"),
    _burn("SlaBudgetBurn", "page", "8h", "4", "2", "5m"),
    _burn("SlaBudgetBurnSlow", "ticket", "30h", "2", "1", "20m"),
    _burn("SlaBudgetBurnCreeping", "ticket", "80h", "1", "0", "20m"),
    Case(
        "SlaBreachSpike",
        "5m",
        {**CALM, window("channel", channel="chat"): "0 0 3x20"},
        {**CALM, window("channel", channel="chat"): "0 0 2x20"},
        {
            **SUPPORT,
            "severity": "page",
            "topic": "spike",
            "priority": "all",
            "channel": "chat",
            "target": "first_response",
        },
    ),
    Case(
        "SlaBreachSpikeDrill",
        "5m",
        # Catching up does not hold it: it counts nothing.
        {**HELD, DRILL: "600x20"},
        # Shown once more after its end, by a scrape that was under way.
        {**CALM, DRILL: "240x20"},
        {
            **SUPPORT,
            "severity": "page",
            "topic": "spike",
            "priority": "all",
            "channel": "all",
            "drill": "true",
        },
    ),
    Case(
        "SlaTeamBreachSpike",
        "10m",
        {**CALM, window("team", **TEAM): "3x20"},
        {**CALM, window("team", **TEAM): "2x20"},
        {
            **SUPPORT,
            **TEAM,
            "severity": "ticket",
            "topic": "spike",
            "priority": "all",
            "channel": "all",
            "target": "first_response",
        },
    ),
    Case(
        "SlaUrgentUnacknowledged",
        "3m",
        {**CALM, clocks("breached"): "0 1x20", clocks("running"): "0x20"},
        {**CALM, clocks("breached"): "0x20", clocks("running"): "9x20"},
        {
            **SUPPORT,
            "severity": "page",
            "topic": "waiting",
            "channel": "chat",
            "priority": "urgent",
            "target": "first_response",
        },
    ),
    Case(
        "SlaClocksAtRisk",
        "3m",
        {**CALM, clocks("at_risk", "high"): "3x20"},
        {**CALM, clocks("at_risk", "high"): "2x20", clocks("running", "high"): "9x20"},
        {
            **SUPPORT,
            "severity": "ticket",
            "topic": "waiting",
            "channel": "chat",
            "priority": "high",
            "target": "first_response",
        },
    ),
    Case(
        # 75 % of 900 s are 675 s: 11 min 15 s.
        "SlaQueueWaitsLong",
        "14m",
        {**CALM, GOAL: "900x20", OLDEST: "60x20"},
        {**CALM, GOAL: "900x20", OLDEST: "240x20"},
        {
            **SUPPORT,
            "severity": "ticket",
            "topic": "waiting",
            "channel": "chat",
            "priority": "urgent",
            "target": "first_response",
        },
    ),
    Case(
        "SlaCaughtUp",
        "20m",
        {"slawatch_catching_up": "1x60", LOG_TIME: "0+60x60"},
        # A restart that had nothing to catch up with.
        {"slawatch_catching_up": "0x17 1 1 0x20", LOG_TIME: "0+60x60"},
        {
            **SUPPORT,
            "severity": "info",
            "topic": "digest",
            "priority": "all",
            "channel": "all",
        },
    ),
    Case(
        "SlawatchStreamStalled",
        "10m",
        {LOG_TIME: "0+60x4 240x20"},
        # Six hours behind and reading: it moves.
        {LOG_TIME: "0+600x20", "slawatch_catching_up": "1x20"},
        {**PLATFORM, "severity": "page"},
    ),
    Case(
        "SlawatchFallsBehind",
        "40m",
        {LOG_TIME: "0+30x60"},
        {LOG_TIME: "0+60x60"},
        PLATFORM,
    ),
    Case(
        "SlawatchMetricsAbsent",
        "10m",
        {'slawatch_build_info{version="1"}': "1x2 stale"},
        {'slawatch_build_info{version="1"}': "1x20", 'up{job="slawatch"}': "1x20"},
        {**PLATFORM, "severity": "page"},
    ),
    Case(
        "SlawatchConnectorSilent",
        "16h",
        # 60 an hour for 14 hours, then nothing.
        {**CALM, EVENTS: "0+5x168 840x100"},
        {**CALM, EVENTS: "0+5x300"},
        {**PLATFORM, "connector": "zendesk"},
        "5m",
    ),
    Case(
        "SlawatchEventsLate",
        "50m",
        {**CALM, EVENTS: "0+7x60", LATE: "0+3x60"},
        {**CALM, EVENTS: "0+9x60", LATE: "0+1x60"},
        {**PLATFORM, "connector": "zendesk"},
    ),
    Case(
        "SlawatchEventsQuarantined",
        "20m",
        {'slawatch_quarantined_total{connector="zendesk",reason="malformed"}': "0x5 9x30"},
        {'slawatch_quarantined_total{connector="zendesk",reason="malformed"}': "0x5 3x30"},
        {**PLATFORM, "connector": "zendesk", "reason": "malformed"},
    ),
    Case(
        "SlawatchPayloadDrifts",
        "50m",
        {'slawatch_drift_total{connector="zendesk"}': "0x5 5x60"},
        {'slawatch_drift_total{connector="zendesk"}': "0x5 4x60"},
        {**PLATFORM, "connector": "zendesk"},
    ),
    Case(
        "SlawatchIntakeBacklog",
        "40m",
        {"slawatch_intake_backlog": "0+500x60"},
        # As long, but it shrinks.
        {"slawatch_intake_backlog": "50000-500x60"},
        PLATFORM,
    ),
    Case(
        "SlawatchCalendarEnds",
        "10m",
        # 59 and 61 days from 0.
        {CALENDAR: "5097600x20"},
        {CALENDAR: "5270400x20"},
        {**PLATFORM, "calendar": "business"},
    ),
    Case(
        "SlawatchIntakeDown",
        "5m",
        {'up{job="slawatch-intake",instance="intake:9465"}': "1 0x20"},
        {'up{job="slawatch-intake",instance="intake:9465"}': "1x20"},
        {**STACK, "job": "slawatch-intake", "instance": "intake:9465"},
    ),
    Case(
        "PrometheusWithoutAlertmanager",
        "10m",
        {"prometheus_notifications_alertmanagers_discovered": "0x20"},
        {"prometheus_notifications_alertmanagers_discovered": "1x20"},
        STACK,
    ),
    Case(
        "PrometheusDropsAlerts",
        "20m",
        {"prometheus_notifications_dropped_total": "0x5 0+1x30"},
        {"prometheus_notifications_dropped_total": "7x40"},
        STACK,
    ),
    Case(
        "AlertmanagerCannotNotify",
        "20m",
        {'alertmanager_notifications_failed_total{integration="email"}': "0x5 0+1x30"},
        {'alertmanager_notifications_failed_total{integration="email"}': "7x40"},
        {**STACK, "severity": "ticket", "integration": "email"},
    ),
    Case(
        "GrafanaDown",
        "10m",
        {'up{job="grafana"}': "1 1 stale"},
        # A stack that never had one.
        {'up{job="slawatch"}': "1x20"},
        {**STACK, "severity": "ticket"},
    ),
    Case(
        "Watchdog",
        "1m",
        {"slawatch_catching_up": "1x5"},
        {},
        {**STACK, "severity": "info"},
    ),
)
