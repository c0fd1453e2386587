"""Objectives and their error budgets over 7 and 30 days, as measured and as agreed."""

from __future__ import annotations

from dashboards import promql as p
from dashboards.builder import Board, Row, split
from dashboards.desk import Desk
from dashboards.looks import AMBER, BLUE, Look, override, paint, plain, remaining, rising
from dashboards.panels import Panel, Query, bar_gauge, text, time_series
from dashboards.rules import records as r
from slawatch import conventions as c

_WINDOWS = ("7d", "30d")
_LEGEND = "{{target}} {{priority}}"


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    return Board(
        desk.uid("slo"),
        w["board_slo"],
        w["about_slo"],
        desk.no_data,
        (
            Row(4, ((24, text(w["how_to_read"], w["slo_explained"])),)),
            *(
                split(10, *(_budget(desk, window, agreed=kind) for kind in (False, True)))
                for window in _WINDOWS
            ),
            *(
                split(10, *(_attained(desk, window, agreed=kind) for kind in (False, True)))
                for window in _WINDOWS
            ),
            split(9, _objectives(desk), _excused(desk), _corrections(desk)),
            split(9, _burn(desk), _spikes(desk)),
        ),
        desk.below("slo"),
        span="7d",
        refresh="1m",
    )


def _titled(desk: Desk, key: str, window: str, *, agreed: bool) -> str:
    kind = desk.words["as_agreed" if agreed else "as_measured"]
    return desk.words[key].format(window=desk.words[f"window_{window}"], kind=kind)


def _budget(desk: Desk, window: str, *, agreed: bool) -> Panel:
    return bar_gauge(
        _titled(desk, "budget", window, agreed=agreed),
        Query(r.budget_remaining(window, agreed=agreed), _LEGEND),
        look=remaining(),
        description=desk.words["about_budget"],
        transformations=desk.reworded("target", "priority"),
    )


def _attained(desk: Desk, window: str, *, agreed: bool) -> Panel:
    errors = r.agreed_error_ratio(window) if agreed else r.error_ratio(r.Level.PRIORITY, window)
    return bar_gauge(
        _titled(desk, "attained_over", window, agreed=agreed),
        Query(f"1 - {errors}", _LEGEND),
        look=plain("percentunit", decimals=2),
        description=desk.words["about_attained"],
        transformations=desk.reworded("target", "priority"),
    )


def _objectives(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["objectives"],
        Query(p.objective("target", "priority"), _LEGEND),
        look=plain("percentunit", decimals=1),
        description=desk.words["about_objectives"],
        transformations=desk.reworded("target", "priority"),
    )


def _excused(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["excused"],
        Query(p.excuses("30d"), "{{reason}}"),
        Query(p.restored("30d"), desk.words["restored"]),
        look=plain("short", decimals=0),
        description=desk.words["about_excused"],
        overrides=desk.renamed("reason"),
    )


def _corrections(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.CORRECTIONS), "30d"), "change")
    return bar_gauge(
        desk.words["corrections"],
        Query(grown, "{{change}}"),
        look=plain("short", decimals=0),
        description=desk.words["about_corrections"],
        overrides=desk.renamed("change"),
    )


def _burn(desk: Desk) -> Panel:
    """How fast the budget goes: at 1 it lasts exactly as long as its window."""
    errors = r.error_ratio(r.Level.PRIORITY, "6h")
    allowed = f"(1 - {p.objective('target', 'priority')})"
    return time_series(
        desk.words["burn"],
        Query(f"{errors} / on (target, priority) {allowed}", _LEGEND, may_be_empty=True),
        look=rising(1, 3, "short", decimals=1),
        description=desk.words["about_burn"],
        transformations=desk.reworded("target", "priority"),
    )


def _spikes(desk: Desk) -> Panel:
    w = desk.words
    return time_series(
        w["breaches_usual"],
        Query(p.total(r.window_breaches(r.Level.CHANNEL)), "now"),
        Query(p.total(r.usual_breaches(r.Level.CHANNEL)), "usual", may_be_empty=True),
        look=Look("short", decimals=0),
        description=w["about_usual"],
        overrides=(
            override("byName", "now", color=paint(BLUE), displayName=w["now"]),
            override("byName", "usual", color=paint(AMBER), displayName=w["usual"]),
        ),
    )
