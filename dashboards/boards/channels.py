"""Channels: where customers wait too long, and what cannot be seen there."""

from __future__ import annotations

from dashboards import judgements as j
from dashboards import promql as p
from dashboards.boards.wall import attainment_history, channel_tiles
from dashboards.builder import Board, Row, split
from dashboards.desk import Desk
from dashboards.looks import AMBER, BLUE, NEUTRAL, Look, Word, plain, spent
from dashboards.panels import Panel, Query, bar_gauge, stat, time_series
from slawatch import conventions as c


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    return Board(
        desk.uid("channels"),
        w["board_channels"],
        w["about_channels"],
        desk.no_data,
        (
            Row(5, ((24, channel_tiles(desk)),)),
            split(9, *(_used(desk, target) for target in desk.headlines)),
            split(9, *(_attained(desk, target) for target in desk.headlines)),
            split(8, *(attainment_history(desk, target) for target in desk.headlines[:2])),
            split(9, *(_slowest(desk, target) for target in desk.headlines[:2])),
            split(9, _open(desk), _traffic(desk)),
            split(8, *(_goals(desk, target) for target in desk.headlines)),
            Row(9, ((24, _measured(desk)),)),
        ),
        desk.below("channels"),
    )


def _used(desk: Desk, target: str) -> Panel:
    return bar_gauge(
        desk.words["used_today"].format(target=desk.target(target)),
        Query(j.used("channel", "today", "channel", target=target), "{{channel}}"),
        look=spent(),
        description=desk.words["about_used"],
        overrides=desk.renamed("channel"),
        links=(desk.leads_to("stages"),),
    )


def _attained(desk: Desk, target: str) -> Panel:
    shares = p.window_share("channel", "today", "channel", target=target)
    return bar_gauge(
        desk.words["attained_today"].format(target=desk.target(target)),
        Query(j.with_unmeasured(shares, target), "{{channel}}"),
        look=Look(
            "percentunit",
            ((None, NEUTRAL),),
            words=(Word(-1, desk.words["not_measured"], NEUTRAL),),
            decimals=1,
            minimum=0,
            maximum=1,
        ),
        description=desk.words["about_attained"],
        overrides=desk.renamed("channel"),
    )


def _slowest(desk: Desk, target: str) -> Panel:
    query = p.window_quantile("channel", "1h", 0.9, target=target)
    return time_series(
        desk.words["slowest"].format(target=desk.target(target)),
        Query(f"max by (channel) ({query})", "{{channel}}", may_be_empty=True),
        look=plain("s"),
        description=desk.words["about_slowest"],
        overrides=desk.lines("channel"),
    )


def _open(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["open_by_channel"],
        Query(p.total(p.select(c.CLOCKS), "channel", "state"), "{{channel}} {{state}}"),
        look=plain("short", decimals=0),
        transformations=desk.reworded("channel", "state"),
    )


def _traffic(desk: Desk) -> Panel:
    hourly = p.total(p.increase(p.select(c.CREATED), "1h"), "channel")
    return time_series(
        desk.words["created_hourly"],
        Query(hourly, "{{channel}}"),
        look=plain("short", decimals=0),
        overrides=desk.lines("channel"),
    )


def _goals(desk: Desk, target: str) -> Panel:
    goals = f"max by (channel, priority) ({p.select(c.GOAL, target=target)})"
    return bar_gauge(
        desk.words["goals"].format(target=desk.target(target)),
        Query(goals, "{{channel}} {{priority}}"),
        look=plain("s"),
        description=desk.words["about_goals"],
        transformations=desk.reworded("channel", "priority"),
    )


def _measured(desk: Desk) -> Panel:
    w = desk.words
    return stat(
        w["measured"],
        Query(f"max by (channel, target) ({p.select(c.OBSERVABLE)})", "{{channel}} {{target}}"),
        look=Look(words=(Word(0, w["not_measured"], AMBER), Word(1, w["is_measured"], BLUE))),
        description=w["about_measured"],
        transformations=desk.reworded("channel", "target"),
    )
