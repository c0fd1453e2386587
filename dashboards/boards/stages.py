"""Stages, tiers and holders: where the time goes."""

from __future__ import annotations

from dashboards import judgements as j
from dashboards import promql as p
from dashboards.builder import Board, Row, split
from dashboards.desk import Desk
from dashboards.looks import plain, spent
from dashboards.panels import Panel, Query, bar_gauge, time_series
from slawatch import conventions as c
from slawatch import labels as v

_COUNT = plain("short", decimals=0)


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    return Board(
        desk.uid("stages"),
        w["board_stages"],
        w["about_stages"],
        desk.no_data,
        (
            split(9, _stages_used(desk), _stage_time(desk), _stage_goals(desk)),
            split(9, _teams_used(desk), _tiers_used(desk)),
            split(9, *_held(desk)),
            split(8, *_pauses(desk)),
            split(8, *_moves(desk)),
            Row(9, ((24, _holding(desk)),)),
        ),
        desk.below("stages"),
        span="24h",
    )


def _stages_used(desk: Desk) -> Panel:
    share = j.used("priority", "8h", "target", "priority", target=desk.stages)
    return bar_gauge(
        desk.words["stages_used"],
        Query(share, "{{target}} {{priority}}"),
        look=spent(),
        description=desk.words["about_used"],
        transformations=desk.reworded("target", "priority"),
    )


def _stage_time(desk: Desk) -> Panel:
    selector = p.select(c.DURATION, "_bucket", clock=v.BUSINESS, target=desk.stages)
    buckets = p.total(p.increase(selector, "1d"), "le", "target")
    return bar_gauge(
        desk.words["stage_time"],
        Query(f"histogram_quantile(0.9, {buckets})", "{{target}}"),
        look=plain("s"),
        description=desk.words["about_stage_time"],
        overrides=desk.renamed("target"),
    )


def _stage_goals(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["stage_goals"],
        Query(f"min by (target) ({p.select(c.GOAL, target=desk.stages)})", "{{target}}"),
        look=plain("s"),
        description=desk.words["about_goals"],
        overrides=desk.renamed("target"),
    )


def _teams_used(desk: Desk) -> Panel:
    first = desk.headlines[0]
    return bar_gauge(
        desk.words["used_by_team"].format(target=desk.target(first)),
        Query(j.used("team", "8h", "team", target=first), "{{team}}", may_be_empty=True),
        look=spent(),
        description=desk.words["about_used"],
    )


def _tiers_used(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["used_by_tier"],
        Query(j.used("team", "8h", "tier", "target"), "{{tier}} {{target}}", may_be_empty=True),
        look=spent(),
        description=desk.words["about_used"],
        transformations=desk.reworded("target"),
    )


def _held(desk: Desk) -> tuple[Panel, ...]:
    grown = p.increase(p.select(c.HELD), "1d")
    return tuple(
        bar_gauge(
            desk.words[f"held_by_{label}"],
            Query(p.total(grown, label, "status"), f"{{{{{label}}}}} {{{{status}}}}"),
            look=plain("s"),
            transformations=desk.reworded("status"),
        )
        for label in ("team", "tier", "region")
    )


def _pauses(desk: Desk) -> tuple[Panel, ...]:
    paused = p.total(p.increase(p.select(c.PAUSED), "1d"), "reason")
    hops = p.select(c.HOPS, "_sum"), p.select(c.HOPS, "_count")
    mean = " / ".join(p.total(p.increase(part, "1d")) for part in hops)
    return (
        bar_gauge(
            desk.words["paused"],
            Query(paused, "{{reason}}"),
            look=plain("s"),
            overrides=desk.renamed("reason"),
        ),
        bar_gauge(
            desk.words["hops"],
            Query(p.total(p.increase(p.select(c.HOPS, "_bucket"), "1d"), "le"), "≤ {{le}}"),
            look=_COUNT,
            description=desk.words["about_hops"],
        ),
        time_series(
            desk.words["mean_hops"],
            Query(mean, desk.words["mean_hops"]),
            look=plain("short", decimals=1),
        ),
    )


def _moves(desk: Desk) -> tuple[Panel, ...]:
    return tuple(
        bar_gauge(
            desk.words[title],
            Query(p.total(p.increase(p.select(family), "1d"), *by), legend, may_be_empty),
            look=_COUNT,
        )
        for title, family, by, legend, may_be_empty in (
            # A desk without teams hands nothing over.
            ("handovers", c.HANDOVERS, ("from", "to"), "{{from}} → {{to}}", True),
            ("escalations", c.ESCALATIONS, ("tier",), "{{tier}}", False),
            ("reassigned", c.REASSIGNED, ("category",), "{{category}}", False),
        )
    )


def _holding(desk: Desk) -> Panel:
    return time_series(
        desk.words["holding"],
        Query(p.total(p.select(c.TEAM_TICKETS), "team"), "{{team}}"),
        look=_COUNT,
        stacks=True,
    )
