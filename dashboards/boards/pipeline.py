"""Pipeline health: can the other boards be believed."""

from __future__ import annotations

from dashboards import promql as p
from dashboards.boards.wall import data_age, progress
from dashboards.builder import Board, split
from dashboards.desk import Desk
from dashboards.looks import plain, rising
from dashboards.panels import Panel, Query, bar_gauge, stat, time_series
from slawatch import conventions as c

_COUNT = plain("short", decimals=0)
_MANY = rising(1_000, 10_000, "short", decimals=0)
"""Records waiting: one read takes up to 2,000."""
_ANY = rising(1, 100, "short", decimals=0)


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    return Board(
        desk.uid("pipeline"),
        w["board_pipeline"],
        w["about_pipeline"],
        desk.no_data,
        (
            split(5, data_age(desk), progress(desk), *_numbers(desk)),
            split(9, _events(desk), _outcomes(desk)),
            split(9, _quarantined(desk), _unknown(desk), _delays(desk)),
            split(7, *_sources(desk)),
            split(9, _lags(desk), _lateness(desk)),
            split(9, _snapshots(desk), _backlog(desk)),
            split(5, *_told(desk)),
        ),
        desk.below("pipeline"),
        span="6h",
    )


def _numbers(desk: Desk) -> tuple[Panel, ...]:
    return tuple(
        stat(
            desk.words[title],
            Query(expr),
            look=look,
            shows="value",
            description=desk.words[f"about_{title}"],
        )
        for title, expr, look in (
            ("backlog", p.total(p.select(c.BACKLOG)), _MANY),
            ("set_aside", p.total(p.increase(p.select(c.QUARANTINED), "1h")), _ANY),
            ("unmatched", p.total(p.increase(p.select(c.UNMATCHED), "1d")), _ANY),
        )
    )


def _events(desk: Desk) -> Panel:
    rate = f"rate({p.select(c.EVENTS)}[5m])"
    return time_series(
        desk.words["events_rate"],
        Query(p.total(rate, "connector"), "{{connector}}"),
        look=plain("eps"),
    )


def _outcomes(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.EVENTS), "1h"), "connector", "outcome")
    return bar_gauge(
        desk.words["events_outcome"],
        Query(grown, "{{connector}} {{outcome}}"),
        look=_COUNT,
        description=desk.words["about_events_outcome"],
        transformations=desk.reworded("event"),
    )


def _quarantined(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.QUARANTINED), "1h"), "connector", "reason")
    return bar_gauge(
        desk.words["quarantined"],
        Query(f"topk(12, {grown})", "{{connector}} {{reason}}"),
        look=_ANY,
        description=desk.words["about_set_aside"],
    )


def _unknown(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.UNKNOWN_VALUES), "1h"), "connector", "key")
    return bar_gauge(
        desk.words["unknown"],
        Query(f"topk(12, {grown})", "{{connector}} {{key}}"),
        look=_COUNT,
        description=desk.words["about_unknown"],
    )


def _sources(desk: Desk) -> tuple[Panel, ...]:
    return tuple(
        bar_gauge(
            desk.words[title],
            Query(p.total(p.increase(p.select(family), "1d"), "connector"), "{{connector}}"),
            look=_ANY,
            description=desk.words[f"about_{title}"],
        )
        for title, family in (("healed", c.HEALED), ("drift", c.DRIFT))
    )


def _delays(desk: Desk) -> Panel:
    longest = f"max by (connector) ({p.select(c.DELIVERY_DELAY)})"
    return bar_gauge(
        desk.words["delays"],
        Query(longest, "{{connector}}", may_be_empty=True),
        look=plain("s"),
        description=desk.words["about_delays"],
    )


def _lags(desk: Desk) -> Panel:
    w = desk.words
    return time_series(
        w["lags"],
        Query(f"time() - max({p.select(c.LOG_TIME)})", w["log_lag"]),
        Query(f"time() - max({p.select(c.WATERMARK)})", w["event_lag"], may_be_empty=True),
        Query(f"time() - max({p.select(c.LAST_SCRAPE)})", w["scrape_lag"]),
        look=plain("s"),
        description=w["about_lags"],
    )


def _lateness(desk: Desk) -> Panel:
    return time_series(
        desk.words["lateness"],
        Query(f"max({p.select(c.LATENESS)})", desk.words["lateness"]),
        look=plain("s"),
        description=desk.words["about_lateness"],
    )


def _snapshots(desk: Desk) -> Panel:
    w = desk.words
    return time_series(
        w["snapshots"],
        Query(f"max({p.select(c.SNAPSHOT_SECONDS)})", w["snapshot_seconds"]),
        Query(f"max({p.select(c.SNAPSHOT_BYTES)})", "bytes"),
        look=plain("s"),
        overrides=(_as_bytes(w["snapshot_bytes"]),),
    )


def _as_bytes(shown: str) -> dict[str, object]:
    return {
        "matcher": {"id": "byName", "options": "bytes"},
        "properties": [
            {"id": "unit", "value": "bytes"},
            {"id": "displayName", "value": shown},
            {"id": "custom.axisPlacement", "value": "right"},
        ],
    }


def _backlog(desk: Desk) -> Panel:
    return time_series(
        desk.words["backlog"],
        Query(p.total(p.select(c.BACKLOG)), desk.words["backlog"]),
        look=_MANY,
        description=desk.words["about_backlog"],
    )


def _told(desk: Desk) -> tuple[Panel, ...]:
    w = desk.words
    version = f"max by (version) ({p.select(c.BUILD)})"
    digest = f"max by (digest) ({p.select(c.CONFIG)})"
    return (
        stat(w["version"], Query(version, "{{version}}"), look=_COUNT, shows="name"),
        stat(w["policy"], Query(digest, "{{digest}}"), look=_COUNT, shows="name"),
        stat(
            w["offsets"],
            Query(p.total(p.select(c.OFFSETS)), w["offsets"]),
            Query(p.total(p.select(c.FLOOR_ERRORS)), w["floor_errors"]),
            look=_COUNT,
            description=w["about_offsets"],
        ),
    )
