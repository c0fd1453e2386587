"""Every record and alert asked of a real Prometheus: what it refuses, warns of or knows not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import promql_parser

from dashboards.rules.alerts import build_alerts
from dashboards.rules.records import build_groups
from slawatch.config import load_config
from slawatch.errors import ConnectorError
from tests.dashboards.conftest import Watched
from tests.dashboards.history import HOUR, happened_at

OTHERS = frozenset(
    {
        "prometheus_notifications_alertmanagers_discovered",
        "prometheus_notifications_dropped_total",
        'up{job="grafana"}',
        'up{job="slawatch-intake"}',
        "alertmanager_notifications_failed_total",
    }
)
"""What only programs expose that do not run beside the fixed desk, or are not scraped there."""
UNPROMISED = frozenset(
    {
        'slawatch_drill_until_timestamp_seconds{drill="breach-spike"}',
        'sla_clocks{priority="urgent",state=~"breached|at_risk",target="acknowledge"}',
        "slawatch_calendar_ends_timestamp_seconds",
    }
)
"""What the fixed desk does not have: a drill, that target, a calendar with holidays."""


QUIET = ("priority_target:sla_errors:ratio5m", "channel_target:sla_errors:ratio5m")
"""Nothing of the fixed desk ends within the last five minutes."""
LATER = "slawatch:catching_up:min5m"
"""Recorded four times a minute at whole quarters: not yet, perhaps; its query is asked itself."""


def find_rule_faults(watched: Watched) -> Iterator[tuple[str, str, str]]:
    """Yield (name, query, what is wrong) for rules; an alert's selectors must have series each.

    Asked of now, of the thirty days before, and of the hour of history in which much happened.
    """
    for group in build_groups():
        for record in group.records:
            yield from _ask(watched, record.name, record.expr, is_needed=True)
    for alert in build_alerts(load_config([watched.policy]), "en"):
        yield from _ask(watched, alert.name, alert.expr, is_needed=False)
        for selector in find_selectors(alert.expr) - OTHERS - UNPROMISED:
            yield from _ask(watched, alert.name, selector, is_needed=True)


def find_selectors(expr: str) -> frozenset[str]:
    """Return the selectors of a query, each as a query of its own."""
    found: set[str] = set()

    def visit(node: Any) -> None:  # noqa: ANN401 - an AST
        kind = type(node).__name__
        if kind == "VectorSelector":
            found.add(_write(node))
        elif kind == "MatrixSelector":
            found.add(_write(node.vector_selector))

    promql_parser.walk(promql_parser.parse(expr), visit)
    return frozenset(found)


def _write(selector: Any) -> str:  # noqa: ANN401 - an AST
    signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    pins = ",".join(
        f'{m.name}{signs[str(m.op).removeprefix("MatchOp.")]}"{m.value}"'
        for m in selector.matchers.matchers
    )
    return f"{selector.name}{{{pins}}}" if pins else str(selector.name)


def _ask(
    watched: Watched, name: str, query: str, *, is_needed: bool
) -> Iterator[tuple[str, str, str]]:
    begin = happened_at(int(watched.past))
    answered = False
    whole_hour = int(watched.past) // HOUR * HOUR
    for at in (watched.now, watched.past, whole_hour, begin + HOUR):
        try:
            answer = watched.prometheus.ask(query, at)
        except ConnectorError as ex:
            yield name, query, str(ex)
            return
        if answer.warnings:
            yield name, query, "; ".join(answer.warnings)
        answered = answered or bool(answer.series)
    may_rest = name in QUIET or query in (*QUIET, LATER)
    if is_needed and not answered and not may_rest:
        yield name, query, "returns nothing"
