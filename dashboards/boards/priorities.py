"""Priorities and regions: are the most urgent served first, and everywhere."""

from __future__ import annotations

from dashboards import judgements as j
from dashboards import promql as p
from dashboards.builder import Board, split
from dashboards.desk import Desk
from dashboards.looks import AMBER, BLUE, NEUTRAL, RED, override, paint, plain, spent
from dashboards.panels import Panel, Query, bar_gauge, time_series
from slawatch import conventions as c
from slawatch import labels as v


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    # No team answers for what only a bot can meet.
    answered = [t for t in desk.headlines if t not in desk.bot_targets] or desk.headlines
    return Board(
        desk.uid("priorities"),
        w["board_priorities"],
        w["about_priorities"],
        desk.no_data,
        (
            split(8, *(_used(desk, target) for target in desk.headlines)),
            split(8, *(_by_region(desk, target) for target in answered)),
            split(8, *(_slowest(desk, target) for target in desk.headlines)),
            split(8, _open(desk), _oldest(desk)),
            split(8, _objectives(desk), *(_goals(desk, target) for target in desk.headlines[:2])),
            split(8, _changes(desk), _warnings(desk)),
        ),
        desk.below("priorities"),
    )


def _used(desk: Desk, target: str) -> Panel:
    return bar_gauge(
        desk.words["used_today"].format(target=desk.target(target)),
        Query(j.used("priority", "today", "priority", target=target), "{{priority}}"),
        look=spent(),
        description=desk.words["about_used"],
        overrides=desk.renamed("priority"),
        links=(desk.leads_to("stages"),),
    )


def _by_region(desk: Desk, target: str) -> Panel:
    return bar_gauge(
        desk.words["used_by_region"].format(target=desk.target(target)),
        Query(j.used("team", "today", "region", target=target), "{{region}}", may_be_empty=True),
        look=spent(),
        description=desk.words["about_used"],
        links=(desk.leads_to("stages"),),
    )


def _slowest(desk: Desk, target: str) -> Panel:
    query = p.window_quantile("priority", "8h", 0.9, target=target)
    goal = desk.words["goal"]
    dashed = {"dash": [10, 10], "fill": "dash"}
    return time_series(
        desk.words["slowest_8h"].format(target=desk.target(target)),
        Query(f"max by (priority) ({query})", "{{priority}}", may_be_empty=True),
        Query(f"min by (priority) ({p.select(c.GOAL, target=target)})", f"{{{{priority}}}} {goal}"),
        look=plain("s"),
        description=desk.words["about_slowest"],
        transformations=desk.reworded("priority"),
        overrides=(
            *desk.lines("priority", is_reworded=True),
            override("byRegexp", f"/ {goal}$/", color=paint(NEUTRAL), custom__lineStyle=dashed),
        ),
    )


def _open(desk: Desk) -> Panel:
    counts = p.total(p.select(c.CLOCKS), "priority", "state")
    colors = {v.STATE_BREACHED: RED, v.STATE_AT_RISK: AMBER, v.STATE_RUNNING: BLUE}
    return bar_gauge(
        desk.words["open_by_priority"],
        Query(counts, "{{priority}} {{state}}"),
        look=plain("short", decimals=0),
        transformations=desk.reworded("priority", "state"),
        overrides=tuple(
            override("byRegexp", f"/ {desk.name('state', state)}$/", color=paint(color))
            for state, color in colors.items()
        ),
        links=(desk.leads_to("urgent"),),
    )


def _oldest(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["oldest_by_priority"],
        Query(j.oldest("priority"), "{{priority}}"),
        look=plain("s"),
        description=desk.words["about_oldest"],
        overrides=desk.renamed("priority"),
        links=(desk.leads_to("urgent"),),
    )


def _objectives(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["objectives"],
        Query(p.objective("target", "priority"), "{{target}} {{priority}}"),
        transformations=desk.reworded("target", "priority"),
        look=plain("percentunit", decimals=1),
        description=desk.words["about_objectives"],
        links=(desk.leads_to("slo"),),
    )


def _goals(desk: Desk, target: str) -> Panel:
    return bar_gauge(
        desk.words["goals"].format(target=desk.target(target)),
        Query(f"min by (priority) ({p.select(c.GOAL, target=target)})", "{{priority}}"),
        look=plain("s"),
        description=desk.words["about_goals"],
        overrides=desk.renamed("priority"),
    )


def _changes(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.PRIORITY_CHANGES), "1d"), "from", "to")
    return bar_gauge(
        desk.words["priority_changes"],
        Query(grown, "{{from}} → {{to}}"),
        transformations=desk.reworded("priority"),
        look=plain("short", decimals=0),
        description=desk.words["about_priority_changes"],
    )


def _warnings(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.WARNINGS), "1d"), "level")
    return bar_gauge(
        desk.words["warnings"],
        Query(grown, "{{level}}"),
        look=plain("short", decimals=0),
        description=desk.words["about_warnings"],
    )
