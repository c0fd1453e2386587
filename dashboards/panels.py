"""Panels of Grafana's classic schema: what they ask, how they look, where they lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from dashboards.looks import BY_NAME, PLAIN, Json, Look, render_config

DATASOURCE: Final = {"type": "prometheus", "uid": "slawatch-prometheus"}
"""The provisioned data source; an environment variable in a board is not replaced."""


class Query(NamedTuple):
    """Be one PromQL query. `may_be_empty`: that it returns nothing is news, not a fault."""

    expr: str
    legend: str = ""
    may_be_empty: bool = False


class Link(NamedTuple):
    """Be where a panel, a value or a board leads. `url` may hold Grafana's data link variables."""

    title: str
    url: str
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Be one panel. `is_range` asks for the board's whole time range, else for its end alone."""

    kind: str
    title: str
    queries: tuple[Query, ...] = ()
    look: Look = PLAIN
    description: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    overrides: tuple[Json, ...] = ()
    transformations: tuple[Json, ...] = ()
    links: tuple[Link, ...] = ()
    is_range: bool = False
    is_table: bool = False


_CALCS: Final = {"calcs": ["last"], "fields": "", "values": False}
"""`last`, not `lastNotNull`: that takes a share of nothing, NaN, for data that is not there."""
_TOOLTIP: Final = {"mode": "multi", "sort": "desc"}


def stat(
    title: str,
    *queries: Query,
    look: Look,
    side_by_side: bool = True,
    shows: str = "value_and_name",
    **more: Any,  # noqa: ANN401 - fields of Panel
) -> Panel:
    """Return large numbers on their colour, one a series.

    `shows` is Grafana's text mode: "value_and_name", "value" or "name".
    """
    options = {
        "colorMode": "background_solid",
        "graphMode": "none",
        "justifyMode": "center",
        "orientation": "vertical" if side_by_side else "horizontal",
        "percentChangeColorMode": "standard",
        "reduceOptions": _CALCS,
        "showPercentChange": False,
        "textMode": shows,
        "wideLayout": False,
    }
    return Panel("stat", title, queries, look, options=options, **more)


def bar_gauge(title: str, *queries: Query, look: Look, **more: Any) -> Panel:  # noqa: ANN401 - fields of Panel
    """Return a bar a series, longest where the value is highest."""
    options = {
        "displayMode": "basic",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": 300,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "left",
        "orientation": "horizontal",
        "reduceOptions": _CALCS,
        "showUnfilled": True,
        "sizing": "auto",
        "valueMode": "color",
    }
    return Panel("bargauge", title, queries, look, options=options, **more)


def state_timeline(title: str, *queries: Query, look: Look, **more: Any) -> Panel:  # noqa: ANN401 - fields of Panel
    """Return a band a series, coloured by its state over time, with the word in it."""
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.9,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 85, "lineWidth": 0, "spanNulls": False}
    return Panel(
        "state-timeline",
        title,
        queries,
        look,
        options=options,
        custom=custom,
        is_range=True,
        **more,
    )


def time_series(
    title: str,
    *queries: Query,
    look: Look,
    stacks: bool = False,
    shows_legend: bool = True,
    **more: Any,  # noqa: ANN401 - fields of Panel
) -> Panel:
    """Return lines over the board's time range; gaps stay gaps."""
    options = {
        "legend": {
            "calcs": ["lastNotNull"],
            "displayMode": "table",
            "placement": "right",
            "showLegend": shows_legend,
        },
        "tooltip": _TOOLTIP,
    }
    if look.fixed:
        look = look._replace(fixed=BY_NAME)
    custom = {
        "drawStyle": "line",
        "fillOpacity": 25 if stacks else 0,
        "lineInterpolation": "linear",
        "lineWidth": 2,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacks else "none"},
    }
    return Panel(
        "timeseries",
        title,
        queries,
        look,
        options=options,
        custom=custom,
        is_range=True,
        **more,
    )


def table(title: str, *queries: Query, look: Look, sort_by: str, **more: Any) -> Panel:  # noqa: ANN401 - fields of Panel
    """Return rows; for boards that are read at a desk, never for a wall."""
    options = {
        "cellHeight": "md",
        "footer": {"countRows": False, "fields": "", "reducer": ["sum"], "show": False},
        "showHeader": True,
        "sortBy": [{"desc": False, "displayName": sort_by}],
    }
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
    return Panel(
        "table", title, queries, look, options=options, custom=custom, is_table=True, **more
    )


def text(title: str, content: str) -> Panel:
    """Return a paragraph of Markdown."""
    options = {
        "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False},
        "content": content,
        "mode": "markdown",
    }
    return Panel("text", title, options=options)


def render_panel(panel: Panel, number: int, grid: tuple[int, int, int, int], no_data: str) -> Json:
    """Return a panel's JSON; `grid` is (x, y, width, height)."""
    x, y, width, height = grid
    found: Json = {
        "gridPos": {"h": height, "w": width, "x": x, "y": y},
        "id": number,
        "options": dict(panel.options),
        "title": panel.title,
        "type": panel.kind,
    }
    if panel.description:
        found["description"] = panel.description
    if not panel.queries:
        return found
    defaults = render_config(panel.look, no_data)
    if panel.custom:
        defaults["custom"] = dict(panel.custom)
    if panel.links:
        defaults["links"] = [render_link(link) for link in panel.links]
    found["datasource"] = DATASOURCE
    found["fieldConfig"] = {"defaults": defaults, "overrides": list(panel.overrides)}
    found["targets"] = [_target(panel, query, i) for i, query in enumerate(panel.queries)]
    if panel.transformations:
        found["transformations"] = list(panel.transformations)
    return found


def render_link(link: Link) -> Json:
    """Return a data link."""
    return {"targetBlank": link.leaves, "title": link.title, "url": link.url}


def _target(panel: Panel, query: Query, place: int) -> Json:
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "format": "table" if panel.is_table else "time_series",
        "instant": not panel.is_range,
        "legendFormat": query.legend or "__auto",
        "range": panel.is_range,
        "refId": chr(ord("A") + place),
    }
