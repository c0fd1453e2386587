"""Urgent tickets: which to take next, with links into the desk."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards import judgements as j
from dashboards import promql as p
from dashboards.boards.wall import headline_overrides
from dashboards.builder import Board, Row, split
from dashboards.desk import Desk
from dashboards.looks import AMBER, BLUE, RED, Json, Look, override, plain
from dashboards.panels import Link, Panel, Query, bar_gauge, render_link, stat, table
from slawatch import conventions as c
from slawatch import labels as v

_URL = "url"
_SOON_SECONDS = 900
"""What is due within a quarter of an hour is amber: the time one answer takes."""


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    return Board(
        desk.uid("urgent"),
        w["board_urgent"],
        w["about_urgent"],
        desk.no_data,
        (
            Row(5, ((8, _open(desk)), (8, _at_risk(desk)), (8, _none_took(desk)))),
            Row(16, ((24, _tickets(desk)),)),
            split(9, _by_target(desk), _oldest(desk)),
        ),
        desk.below("urgent"),
    )


def ticket_links(expr: str, templates: Mapping[str, str]) -> str:
    """Return series with a label `url`, made from `ticket` by the template of its source.

    The ticket's label is source/ticket_id. A source without a template gets no `url`.
    """
    for source, template in sorted(templates.items()):
        # In a replacement $ begins a group.
        url = p.quote(template.replace("$", "$$").replace("{ticket_id}", "${1}"))
        pattern = p.quote(f"{p.escape(source)}/(.+)")
        expr = f'label_replace({expr}, "{_URL}", {url}, "ticket", {pattern})'
    return expr


def _tickets(desk: Desk) -> Panel:
    w = desk.words
    due = f"{p.select(c.URGENT)} - time()"
    cells = {"type": "color-background", "mode": "basic"}
    return table(
        w["urgent_tickets"],
        Query(ticket_links(due, desk.ticket_urls), may_be_empty=True),
        look=Look("s", ((None, RED), (0, AMBER), (_SOON_SECONDS, BLUE)), decimals=0),
        sort_by=w["due_in"],
        description=w["about_urgent_tickets"],
        transformations=(_columns(desk),),
        overrides=(
            override("byName", w["due_in"], custom__cellOptions=cells),
            override("byName", w["ticket"], links=_ticket_links(desk)),
            override("byName", _URL, custom__hidden=True),
            *(_spoken(desk, column) for column in ("target", "channel")),
        ),
    )


def _columns(desk: Desk) -> Json:
    names = ("ticket", "target", "channel", "team")
    places = {"Value": 0, **{name: place for place, name in enumerate(names, 1)}, _URL: 5}
    return {
        "id": "organize",
        "options": {
            "excludeByName": {"Time": True},
            "includeByName": {},
            "indexByName": places,
            "renameByName": {
                "Value": desk.words["due_in"],
                **{name: desk.words[name] for name in names},
            },
        },
    }


def _ticket_links(desk: Desk) -> list[Json]:
    """Return the link of a row, whose `url` the query has made; none where no source has one."""
    link = Link(desk.words["open_ticket"], f"${{__data.fields.{_URL}}}", leaves=True)
    return [render_link(link)] if desk.ticket_urls else []


def _spoken(desk: Desk, column: str) -> Json:
    """Return an override that shows a column's label values as people call them."""
    area = f"{column}__"
    names = {
        key.removeprefix(area): {"index": i, "text": text}
        for i, (key, text) in enumerate(sorted(desk.words.items()))
        if key.startswith(area)
    }
    return override("byName", desk.words[column], mappings=[{"type": "value", "options": names}])


def _open(desk: Desk) -> Panel:
    return stat(
        desk.words["headline_open"],
        *j.open_breaches(),
        look=plain("short", decimals=0),
        description=desk.words["about_open"],
        overrides=headline_overrides(desk, "allowed"),
    )


def _at_risk(desk: Desk) -> Panel:
    return stat(
        desk.words["at_risk_now"],
        Query(p.total(p.select(c.CLOCKS, state=v.STATE_AT_RISK)), desk.words["at_risk"]),
        Query(p.total(p.select(c.CLOCKS)), desk.words["of_open"]),
        look=plain("short", decimals=0),
        description=desk.words["about_at_risk"],
    )


def _none_took(desk: Desk) -> Panel:
    counts = p.total(p.select(c.TICKETS, status="new"), "priority")
    return stat(
        desk.words["untouched"],
        Query(counts, "{{priority}}"),
        look=plain("short", decimals=0),
        description=desk.words["about_untouched"],
        overrides=desk.renamed("priority"),
    )


def _by_target(desk: Desk) -> Panel:
    late = p.total(p.select(c.CLOCKS, state=(v.STATE_BREACHED, v.STATE_AT_RISK)), "target", "state")
    return bar_gauge(
        desk.words["late_by_target"],
        Query(late, "{{target}} {{state}}"),
        look=plain("short", decimals=0),
        transformations=desk.reworded("target", "state"),
    )


def _oldest(desk: Desk) -> Panel:
    return bar_gauge(
        desk.words["oldest_by_channel"],
        Query(j.oldest("channel"), "{{channel}}"),
        look=plain("s"),
        description=desk.words["about_oldest"],
        overrides=desk.renamed("channel"),
    )
