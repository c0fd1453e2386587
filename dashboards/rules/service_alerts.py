"""Alerts about how customers are served: they wake the desk's duty manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dashboards import promql as p
from dashboards.rules import templates as t
from dashboards.rules.alert import ALL, Alert, Board, Owner, Severity, Topic, unless_catching_up
from dashboards.rules.promises import round_the_clock
from dashboards.rules.records import (
    CATCHING_UP_RECENTLY,
    Level,
    breaches,
    error_ratio,
    usual_breaches,
    window_breaches,
)
from slawatch import conventions as c
from slawatch import labels as v
from slawatch.config import Config

MAX_ERROR_RATIO = 0.8
"""No burn alert waits for more than this share of breaches: at an objective of 90 % the workbook's
first factor would ask for 144 %, which cannot be."""
MIN_BURN = 5
"""Breaches below which no budget alert fires: one of two calls at night is no trend."""
MIN_SPIKE = 3
SPIKE_FACTOR = 3
"""A spike is at least so many breaches in an hour, and so many times what is usual."""
MIN_AT_RISK = 3
WAITING_RATIO = 0.75
"""A queue whose oldest has waited this share of its goal will breach unless somebody acts."""
ACKNOWLEDGE, FIRST_RESPONSE = "acknowledge", "first_response"
"""An emergency counts as seen when the first of these that its channel has has stopped."""
URGENT_PRIORITY = "urgent"


class Burn(NamedTuple):
    """Be one pair of windows; budget lasts 30 days at a factor of 1."""

    name: str
    long: str
    short: str
    factor: float
    severity: Severity
    keep: str


BURNS = (
    Burn("SlaBudgetBurnFast", "1h", "5m", 14.4, Severity.PAGE, "10m"),
    Burn("SlaBudgetBurn", "6h", "30m", 6, Severity.PAGE, "30m"),
    Burn("SlaBudgetBurnSlow", "1d", "2h", 3, Severity.TICKET, "1h"),
    Burn("SlaBudgetBurnCreeping", "3d", "6h", 1, Severity.TICKET, "1h"),
)
"""Google's SRE workbook, chapter 5."""


def build_service_alerts(config: Config, texts: Mapping[str, str]) -> Iterator[Alert]:
    """Yield the alerts in the order of the file."""
    urls = config.settings.ticket_urls
    yield from (_burn(burn, texts, urls) for burn in BURNS)
    yield _spike(texts, urls)
    yield _drill(texts, urls)
    yield _team_spike(texts, urls)
    yield _unacknowledged(texts, urls)
    yield _at_risk(texts, urls)
    if waiting := _waits_long(config, texts, urls):
        yield waiting
    yield _caught_up(texts)


def _burn(burn: Burn, texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert:
    level, labels = Level.PRIORITY, Level.PRIORITY.labels
    budget = f"(1 - {p.objective(*labels)})"
    limit = f"clamp_max({burn.factor:g} * {budget}, {MAX_ERROR_RATIO})"
    expr = (
        f"{error_ratio(level, burn.long)} > {limit}"
        f" and {error_ratio(level, burn.short)} > {limit}"
        f" and {breaches(level, burn.long)} >= {MIN_BURN}"
    )
    # A ticket tells of budget that is gone, also by what was found late: the hold of the metric
    # itself is enough.
    window = burn.long if burn.severity is Severity.PAGE else "1h"
    pins = t.matchers(labels)
    return Alert(
        burn.name,
        unless_catching_up(expr, window),
        burn.severity,
        Owner.SUPPORT,
        Topic.BUDGET,
        Board.SLO,
        # Longer than a spike waits, which says the same and where: it silences this one.
        wait="2m",
        keep=burn.keep,
        labels={"channel": ALL},
        blanks={
            **_facts(burn.name, labels, texts, urls, ("target",)),
            "share": t.SHARE,
            "window": texts[f"window_{burn.long}"],
            "count": t.number(f"{breaches(level, burn.long)}{{{pins}}}", labels, texts["none"]),
            "objective": t.number(
                f"max({c.OBJECTIVE.name}{{{pins}}})", labels, texts["none"], "humanizePercentage"
            ),
            "usual": t.usual(level, texts["no_history"]),
            "by_channel": t.found_by("channel", labels, texts),
            "by_team": t.teams(texts),
        },
    )


def _spiking(level: Level) -> str:
    found, usual = window_breaches(level), usual_breaches(level)
    above = f"({found} >= {SPIKE_FACTOR} * {usual} or ({found} unless {usual}))"
    return f"{found} >= {MIN_SPIKE} and {above}"


def _spike(texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert:
    name, labels = "SlaBreachSpike", Level.CHANNEL.labels
    return Alert(
        name,
        unless_catching_up(_spiking(Level.CHANNEL)),
        Severity.PAGE,
        Owner.SUPPORT,
        Topic.SPIKE,
        Board.CHANNELS,
        wait="1m",
        keep="10m",
        labels={"priority": ALL},
        blanks={
            **_facts(name, labels, texts, urls, labels),
            "usual": t.usual(Level.CHANNEL, texts["no_history"]),
            "by_priority": t.found_by("priority", labels, texts),
            "by_team": t.teams(texts),
        },
    )


def _drill(texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert:
    # A real spike's way to a real receiver. It counts nothing, so it need not stand still while
    # counters hold what is old; the gauge is absent while the flow itself is behind.
    name = "SlaBreachSpikeDrill"
    until = f"max({p.select(c.DRILL, drill=v.DRILL_BREACH_SPIKE)})"
    return Alert(
        name,
        f"{until} > time()",
        Severity.PAGE,
        Owner.SUPPORT,
        Topic.SPIKE,
        Board.CHANNELS,
        wait="1m",
        labels={"priority": ALL, "channel": ALL, "drill": "true"},
        blanks={
            "since": t.since(name, (), texts["now"]),
            "until": f"{{{{ {t.instant('$value')} }}}}",
            "by_channel": t.largest(
                f"sum by (channel) ({window_breaches(Level.CHANNEL)})",
                (),
                "channel",
                texts,
            ),
            "by_team": t.largest(
                f"sum by (team) ({window_breaches(Level.TEAM)})", (), "team", texts
            ),
            "tickets": t.tickets((), urls, texts),
        },
    )


def _team_spike(texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert:
    name = "SlaTeamBreachSpike"
    return Alert(
        name,
        unless_catching_up(_spiking(Level.TEAM)),
        Severity.TICKET,
        Owner.SUPPORT,
        Topic.SPIKE,
        Board.STAGES,
        wait="5m",
        keep="15m",
        labels={"priority": ALL, "channel": ALL},
        blanks={
            **_facts(name, ("team", "target"), texts, urls, ("team", "target"), goal=("target",)),
            "usual": t.usual(Level.TEAM, texts["no_history"]),
            "by_channel": t.channels_now(texts),
        },
    )


def _unacknowledged(texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert:
    name, labels = "SlaUrgentUnacknowledged", ("channel", "priority", "target")
    stage, reply = (
        p.total(
            p.select(
                c.CLOCKS,
                priority=URGENT_PRIORITY,
                target=target,
                state=(v.STATE_BREACHED, v.STATE_AT_RISK),
            ),
            *labels,
        )
        for target in (ACKNOWLEDGE, FIRST_RESPONSE)
    )
    # A count, never a ratio. A channel with both clocks would count a ticket twice.
    expr = f"({stage} or ({reply} unless on (channel, priority) {stage})) > 0"
    return Alert(
        name,
        unless_catching_up(expr),
        Severity.PAGE,
        Owner.SUPPORT,
        Topic.WAITING,
        Board.URGENT,
        wait="1m",
        blanks={
            **_facts(name, labels, texts, urls, ("channel", "target")),
            "usual": t.usual(Level.CHANNEL, texts["no_history"]),
            "oldest": _oldest(labels, texts),
            "by_team": t.teams(texts),
        },
    )


def _at_risk(texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert:
    name, labels = "SlaClocksAtRisk", ("channel", "priority", "target")
    risky = p.total(p.select(c.CLOCKS, state=v.STATE_AT_RISK), *labels)
    return Alert(
        name,
        unless_catching_up(f"{risky} >= {MIN_AT_RISK}"),
        Severity.TICKET,
        Owner.SUPPORT,
        Topic.WAITING,
        Board.URGENT,
        wait="1m",
        keep="5m",
        blanks=_facts(name, labels, texts, urls, ("channel", "target")),
    )


def _waits_long(config: Config, texts: Mapping[str, str], urls: Mapping[str, str]) -> Alert | None:
    name, labels = "SlaQueueWaitsLong", ("channel", "priority", "target")
    # The gauge is wall time and the goal open time: they compare only where it is always open.
    selectors = [p.select(c.OLDEST, **pins) for pins in round_the_clock(config.rules)]
    if not selectors:
        return None
    oldest = f"min by ({', '.join(labels)}) ({' or '.join(selectors)})"
    goal = f"max by ({', '.join(labels)}) ({c.GOAL.name})"
    return Alert(
        name,
        unless_catching_up(f"(time() - {oldest}) > {WAITING_RATIO} * {goal}"),
        Severity.TICKET,
        Owner.SUPPORT,
        Topic.WAITING,
        Board.URGENT,
        wait="1m",
        keep="5m",
        blanks={**_facts(name, labels, texts, urls, ("channel", "target")), "waited": t.DURATION},
    )


def _caught_up(texts: Mapping[str, str]) -> Alert:
    # Five minutes long, so no mere start; and log time is back, so that all has been found.
    lag = f"time() - min({c.LOG_TIME.name})"
    expr = f"{CATCHING_UP_RECENTLY} == 1 and on () ({lag} < 60)"
    return Alert(
        "SlaCaughtUp",
        expr,
        Severity.INFO,
        Owner.SUPPORT,
        Topic.DIGEST,
        Board.WALL,
        labels={"priority": ALL, "channel": ALL},
        blanks={
            "count": t.number(_found_late(), (), texts["none"]),
            "by_target": t.largest(_found_late("target"), (), "target", texts),
            "by_channel": t.largest(_found_late("channel"), (), "channel", texts),
            "open": t.number(
                f"sum({p.select(c.CLOCKS, state=v.STATE_BREACHED)})", (), texts["none"]
            ),
        },
    )


def _found_late(*by: str) -> str:
    """Return what was found in the last two hours, or since it was last counted before a stop.

    An increase would begin with the first scrape after the stop, when most has been found.
    """
    found = p.all_breached(*by)
    return f"{found} - (last_over_time({found}[3d:5m] offset 2h) or 0 * {found})"


def _facts(
    name: str,
    labels: tuple[str, ...],
    texts: Mapping[str, str],
    urls: Mapping[str, str],
    listed: tuple[str, ...],
    goal: tuple[str, ...] = (),
) -> dict[str, str]:
    """Return what every alert of the desk says; `listed` are the labels that pin its tickets."""
    return {
        **{label: t.named(f"$labels.{label}", label, texts) for label in labels},
        "value": t.VALUE,
        "since": t.since(name, labels, texts["now"]),
        "goal": t.goal(goal or labels, texts["none"], texts["to"]),
        "tickets": t.tickets(listed, urls, texts),
    }


def _oldest(labels: tuple[str, ...], texts: Mapping[str, str]) -> str:
    query = f"time() - min({c.OLDEST.name}{{{t.matchers(labels)}}})"
    return t.number(query, labels, texts["none"], "humanizeDuration")
