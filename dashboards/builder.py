"""Boards as Grafana's classic JSON: laid out in rows, numbered, sorted, the same on every build."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from dashboards.looks import Json
from dashboards.panels import Link, Panel, render_panel

SCHEMA_VERSION: Final = 41
"""Of Grafana 12; later ones convert it themselves."""
COLUMNS: Final = 24
KIOSK_ROWS: Final = 27
"""What a 1080p screen shows in kiosk mode: a row is 30 px and a gap of 8."""


class Row(NamedTuple):
    """Be panels side by side; their widths come to 24 columns."""

    height: int
    panels: tuple[tuple[int, Panel], ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Be one dashboard. `span` is its time range back from now, `links` lead further down."""

    uid: str
    title: str
    description: str
    no_data: str
    rows: tuple[Row, ...]
    links: tuple[Link, ...] = ()
    span: str = "8h"
    refresh: str = "10s"
    tags: tuple[str, ...] = ("slawatch",)

    @property
    def height(self) -> int:
        """Return how many grid rows it takes."""
        return sum(row.height for row in self.rows)

    def panels(self) -> Iterator[Panel]:
        """Yield the panels in reading order."""
        for row in self.rows:
            for _, panel in row.panels:
                yield panel


def split(height: int, *panels: Panel) -> Row:
    """Return a row that its panels share evenly; what is left goes to the first ones."""
    share, rest = divmod(COLUMNS, len(panels))
    return Row(height, tuple((share + (i < rest), panel) for i, panel in enumerate(panels)))


def render_board(board: Board) -> Json:
    """Return a board's JSON. Raises `ValueError` where a row does not fill its 24 columns."""
    panels: list[Json] = []
    y = 0
    for row in board.rows:
        x = 0
        for width, panel in row.panels:
            grid = (x, y, width, row.height)
            panels.append(render_panel(panel, len(panels) + 1, grid, board.no_data))
            x += width
        if x != COLUMNS:
            raise ValueError(f"{board.uid}: a row has {x} columns, must be {COLUMNS}")
        y += row.height
    return {
        "annotations": {"list": [_own_annotations()]},
        "description": board.description,
        "editable": False,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "links": [_board_link(link) for link in board.links],
        "panels": panels,
        "preload": False,
        "refresh": board.refresh,
        "schemaVersion": SCHEMA_VERSION,
        "tags": sorted(board.tags),
        "templating": {"list": []},
        "time": {"from": f"now-{board.span}", "to": "now"},
        "timepicker": {},
        "timezone": "browser",
        "title": board.title,
        "uid": board.uid,
    }


def _own_annotations() -> Json:
    """Show what `slawatch dashboards publish` notes: spikes, policy changes, imports."""
    return {
        "datasource": {"type": "grafana", "uid": "-- Grafana --"},
        "enable": True,
        "hide": False,
        "iconColor": "orange",
        "name": "slawatch",
        "target": {"limit": 100, "matchAny": False, "tags": ["slawatch"], "type": "tags"},
    }


def _board_link(link: Link) -> Json:
    return {
        "asDropdown": False,
        "icon": "dashboard",
        "includeVars": False,
        "keepTime": False,
        "tags": [],
        "targetBlank": False,
        "title": link.title,
        "tooltip": "",
        "type": "link",
        "url": link.url,
    }


def dump(found: Json) -> str:
    """Return JSON text that depends on nothing but its content."""
    return json.dumps(found, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
