"""Bots against humans, and what customers say of it."""

from __future__ import annotations

from dashboards import judgements as j
from dashboards import promql as p
from dashboards.builder import Board, split
from dashboards.desk import Desk
from dashboards.looks import Look, plain, spent
from dashboards.panels import Panel, Query, bar_gauge, stat, text, time_series
from slawatch import conventions as c
from slawatch import labels as v

_SATISFIED = ("4", "5")


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    return Board(
        desk.uid("bots"),
        w["board_bots"],
        w["about_bots"],
        desk.no_data,
        (
            split(9, _first_replies(desk), _bot_share(desk)),
            split(9, *_bot_targets(desk)),
            split(5, _csat(desk), _mean_score(desk), _answered_surveys(desk)),
            split(9, _csat_by_channel(desk), _scores(desk)),
            split(8, _csat_history(desk)),
        ),
        desk.below("bots"),
        span="7d",
        refresh="1m",
    )


def _first_replies(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.FIRST_REPLIES), "1d"), "channel", "actor")
    return bar_gauge(
        desk.words["first_replies"],
        Query(grown, "{{channel}} {{actor}}"),
        look=plain("short", decimals=0),
        transformations=desk.reworded("channel", "actor"),
    )


def _bot_share(desk: Desk) -> Panel:
    bots, everyone = (
        p.total(p.increase(p.select(c.FIRST_REPLIES, **labels), "1d"), "channel")
        for labels in ({"actor": v.BOT}, {})
    )
    return bar_gauge(
        desk.words["bot_share"],
        Query(f"{bots} / {everyone}", "{{channel}}"),
        look=plain("percentunit", decimals=0),
        description=desk.words["about_bot_share"],
        overrides=desk.renamed("channel"),
    )


def _bot_targets(desk: Desk) -> tuple[Panel, ...]:
    if not desk.bot_targets:
        return (text(desk.words["bot_speed"], desk.words["no_bot_targets"]),)
    return (
        bar_gauge(
            desk.words["bot_used"],
            Query(
                j.used("channel", "today", "channel", target=desk.bot_targets),
                "{{channel}} {{target}}",
            ),
            look=spent(),
            description=desk.words["about_used"],
            transformations=desk.reworded("channel", "target"),
        ),
        bar_gauge(
            desk.words["bot_speed"],
            Query(
                p.window_quantile("channel", "today", 0.9, target=desk.bot_targets),
                "{{channel}} {{target}}",
                may_be_empty=True,
            ),
            look=plain("s"),
            description=desk.words["about_slowest"],
            transformations=desk.reworded("channel", "target"),
        ),
    )


def satisfied(span: str, *by: str) -> str:
    """Return the share of ratings that are 4 or 5."""
    good, rated = (
        p.total(p.increase(p.select(c.CSAT, **labels), span), *by)
        for labels in ({"score": _SATISFIED}, {})
    )
    return f"{good} / {rated}"


def _csat(desk: Desk) -> Panel:
    return stat(
        desk.words["csat"],
        Query(satisfied("7d"), desk.words["satisfied"]),
        look=plain("percentunit", decimals=0),
        description=desk.words["about_csat"],
    )


def _mean_score(desk: Desk) -> Panel:
    grown = p.increase(p.select(c.CSAT), "7d")
    # Only a label can be a number here: each score counts as often as its value says.
    each = {score: p.total(p.increase(p.select(c.CSAT, score=score), "7d")) for score in v.SCORES}
    weighed = " + ".join(f"{score} * {count}" for score, count in each.items())
    return stat(
        desk.words["mean_score"],
        Query(f"({weighed}) / {p.total(grown)}", desk.words["of_five"]),
        look=plain("none", decimals=2),
    )


def _answered_surveys(desk: Desk) -> Panel:
    rated, asked = (p.total(p.increase(p.select(family), "7d")) for family in (c.CSAT, c.SURVEYS))
    return stat(
        desk.words["response_rate"],
        Query(f"{rated} / {asked}", desk.words["answered"]),
        look=plain("percentunit", decimals=0),
        description=desk.words["about_response_rate"],
    )


def _csat_by_channel(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["csat_by_channel"],
        Query(satisfied("7d", "channel"), "{{channel}}"),
        look=Look("percentunit", plain().steps, decimals=0, minimum=0, maximum=1),
        overrides=desk.renamed("channel"),
    )


def _scores(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["scores"],
        Query(p.total(p.increase(p.select(c.CSAT), "7d"), "score"), "{{score}}"),
        look=plain("short", decimals=0),
    )


def _csat_history(desk: Desk) -> Panel:
    return time_series(
        desk.words["csat_history"],
        Query(satisfied("1d"), desk.words["satisfied"]),
        look=plain("percentunit", decimals=0),
    )
