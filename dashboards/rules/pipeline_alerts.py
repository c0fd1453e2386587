"""Alerts about the monitor itself: they wake whoever keeps it running."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dashboards import promql as p
from dashboards.rules import templates as t
from dashboards.rules.alert import Alert, Board, Owner, Severity, Topic, unless_catching_up
from dashboards.rules.records import EVENTS_EXPECTED, EVENTS_HOUR
from slawatch import conventions as c

STALLED_SECONDS = 60
BEHIND_SECONDS = 300
MIN_EXPECTED = 5
"""Events an hour below which a connector's silence says nothing."""
LATE_RATIO = 0.2
MIN_LATE = 20
MIN_QUARANTINED = 5
MIN_NEW_FIELDS = 5
"""New fields and types of a connector in a day that are worth a look at its decoder."""
MAX_BACKLOG = 5_000
"""A few seconds of reading: more, and growing, means that it does not keep up."""
CALENDAR_DAYS = 60
"""Long enough to get the next year's holidays from whoever decides them."""

_LOG_TIME = f"min({c.LOG_TIME.name})"


def build_pipeline_alerts(texts: Mapping[str, str]) -> Iterator[Alert]:
    """Yield the alerts in the order of the file."""
    yield from _stream_alerts()
    yield from _input_alerts(texts["none"])
    yield from _stack_alerts()


def _stream_alerts() -> Iterator[Alert]:
    lag = f"(time() - {_LOG_TIME})"
    yield _alert(
        "SlawatchStreamStalled",
        # Far behind and not a second further than two minutes ago: catching up moves.
        f"{lag} > {STALLED_SECONDS} and on () ({_LOG_TIME} - {_LOG_TIME[:-1]} offset 2m) < 1)",
        Severity.PAGE,
        wait="1m",
        blanks={"lag": t.DURATION},
    )
    yield _alert(
        "SlawatchFallsBehind",
        f"{lag} > {BEHIND_SECONDS}",
        Severity.TICKET,
        wait="15m",
        blanks={"lag": t.DURATION},
    )
    yield _alert(
        "SlawatchMetricsAbsent",
        f'min(up{{job="slawatch"}}) == 0 or absent({c.BUILD.name})',
        Severity.PAGE,
        wait="2m",
    )


def _input_alerts(none: str) -> Iterator[Alert]:
    labels = ("connector",)
    usual = t.number(f"{EVENTS_EXPECTED}{{{t.matchers(labels)}}}", labels, none)
    yield _alert(
        "SlawatchConnectorSilent",
        unless_catching_up(f"{EVENTS_HOUR} == 0 and {EVENTS_EXPECTED} >= {MIN_EXPECTED}"),
        Severity.TICKET,
        wait="10m",
        blanks={"connector": t.label("connector"), "usual": usual},
    )
    late = p.total(p.increase(p.select(c.EVENTS, outcome="late"), "30m"), "connector")
    every = p.total(p.increase(p.select(c.EVENTS), "30m"), "connector")
    yield _alert(
        "SlawatchEventsLate",
        unless_catching_up(f"{late} / ({every} > 0) > {LATE_RATIO} and {late} >= {MIN_LATE}"),
        Severity.TICKET,
        wait="10m",
        blanks={"connector": t.label("connector"), "share": t.SHARE},
    )
    bad = p.total(p.increase(p.select(c.QUARANTINED), "30m"), "connector", "reason")
    yield _alert(
        "SlawatchEventsQuarantined",
        f"{bad} >= {MIN_QUARANTINED}",
        Severity.TICKET,
        keep="30m",
        blanks={
            "connector": t.label("connector"),
            "reason": t.label("reason"),
            "value": t.VALUE,
        },
    )
    new = p.total(p.increase(p.select(c.DRIFT), "1d"), "connector")
    yield _alert(
        "SlawatchPayloadDrifts",
        # A field or two come with any vendor's release; it is told, nobody is hurried.
        f"{new} >= {MIN_NEW_FIELDS}",
        Severity.TICKET,
        wait="30m",
        blanks={"connector": t.label("connector"), "value": t.VALUE},
    )
    backlog = f"sum({c.BACKLOG.name})"
    yield _alert(
        "SlawatchIntakeBacklog",
        f"{backlog} > {MAX_BACKLOG} and {backlog} > {backlog[:-1]} offset 10m)",
        Severity.TICKET,
        wait="10m",
        blanks={"value": t.VALUE},
    )
    ends = f"max by (calendar) ({c.CALENDAR_ENDS.name})"
    yield _alert(
        "SlawatchCalendarEnds",
        f"{ends} - time() < {CALENDAR_DAYS} * 86400",
        Severity.TICKET,
        blanks={"calendar": t.label("calendar"), "left": t.DURATION},
    )


def _stack_alerts() -> Iterator[Alert]:
    yield _alert(
        "SlawatchIntakeDown",
        'up{job="slawatch-intake"} == 0',
        Severity.PAGE,
        Topic.STACK,
        wait="2m",
        blanks={"instance": t.label("instance")},
    )
    yield _alert(
        "PrometheusWithoutAlertmanager",
        "max(prometheus_notifications_alertmanagers_discovered) < 1",
        Severity.PAGE,
        Topic.STACK,
        wait="5m",
    )
    yield _alert(
        "PrometheusDropsAlerts",
        "sum(increase(prometheus_notifications_dropped_total[10m])) > 0",
        Severity.PAGE,
        Topic.STACK,
        wait="5m",
        blanks={"value": t.VALUE},
    )
    yield _alert(
        "AlertmanagerCannotNotify",
        "sum by (integration) (increase(alertmanager_notifications_failed_total[10m])) > 0",
        Severity.TICKET,
        Topic.STACK,
        wait="5m",
        blanks={"integration": t.label("integration"), "value": t.VALUE},
    )
    grafana = 'up{job="grafana"}'
    yield _alert(
        "GrafanaDown",
        # A stack without Grafana is none that has lost it.
        f"max({grafana}) == 0 or max(absent({grafana}) and on () max_over_time({grafana}[1d]))",
        Severity.TICKET,
        Topic.STACK,
        wait="2m",
    )
    yield _alert("Watchdog", "vector(1)", Severity.INFO, Topic.STACK)


def _alert(
    name: str,
    expr: str,
    severity: Severity,
    topic: Topic = Topic.PIPELINE,
    *,
    wait: str = "",
    keep: str = "",
    blanks: Mapping[str, str] | None = None,
) -> Alert:
    return Alert(
        name,
        expr,
        severity,
        Owner.PLATFORM,
        topic,
        Board.PIPELINE,
        wait=wait,
        keep=keep,
        blanks=blanks or {},
    )
