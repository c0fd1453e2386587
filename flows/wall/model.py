"""The wall's model: everything a screen shows, from the store's contents, the rules and the time.

Pure: the same contents at the same instant give the same wall. Names stay names (the page
translates them), instants and durations are seconds, shares run from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypedDict
from urllib.parse import quote

from flows.export import FRESH_US
from flows.store import Contents
from flows.wall.cells import Cell, show_cells
from flows.wall.facts import Facts, narrow
from flows.wall.history import Chart, draw_chart, share, sum_quarters
from flows.wall.numbers import Fold, Number, number
from flows.wall.scrapes import ScrapeState
from flows.wall.screen import Screen
from flows.wall.tiles import (
    TODAY,
    Tile,
    show_attainment,
    show_clocks,
    show_longest,
    show_next,
    show_team_hour,
    show_team_work,
    show_urgent,
    sum_results,
)
from slawatch import conventions as c
from slawatch.views import Urgent, View, merge

SHOWN_TICKETS = 10
"""As many as a phone shows with pleasure; the kiosk shows those that fit."""


class Flow(StrEnum):
    """Say how far what is shown can be believed."""

    STARTING = "starting"
    LIVE = "live"
    CATCHING_UP = "catching_up"
    STOPPED = "stopped"


class Tick(TypedDict):
    """Be the heartbeat: what time it is, up to when everything is judged, who listens."""

    now: float
    log_at: float | None
    flow: str
    scrape: ScrapeState
    version: str


class Ticket(TypedDict):
    """Be one of the most urgent clocks; `link` leads into the desk where that is configured."""

    ticket: str
    target: str
    channel: str
    team: str
    due: Number
    is_overdue: bool
    link: str | None


class Wall(TypedDict):
    """Be the numbers of a screen. `chosen` are the parameters that chose it."""

    chosen: list[tuple[str, str]]
    tiles: list[Tile]
    cells: list[Cell]
    tickets: list[Ticket]


def show_tick(
    contents: Contents, now: int, scrape: ScrapeState, *, is_alive: bool, version: str
) -> Tick:
    """Return the heartbeat."""
    log_at = contents.log_at
    return {
        "now": now / 1_000_000,
        "log_at": log_at / 1_000_000 if log_at else None,
        "flow": _judge_flow(contents, now, is_alive=is_alive).value,
        "scrape": scrape,
        "version": version,
    }


def _judge_flow(contents: Contents, now: int, *, is_alive: bool) -> Flow:
    if not is_alive:
        return Flow.STOPPED
    if not contents.log_at:
        return Flow.STARTING
    if now - contents.log_at > FRESH_US:
        return Flow.CATCHING_UP
    return Flow.LIVE


def show_wall(
    facts: Facts, contents: Contents, screen: Screen, now: int, ticket_urls: Mapping[str, str]
) -> Wall:
    """Return the numbers of a screen at an instant."""
    view = narrow(merge(contents.views.values()), screen)
    results = sum_results(contents, screen)
    tiles = [show_attainment(facts, results, target) for target in facts.headlines(screen)]
    if screen.teams:
        tiles += [
            show_team_hour(facts, results),
            show_team_work(view, screen),
            show_next(view, now),
        ]
    else:
        tiles += [
            *show_clocks(facts, view, screen),
            show_longest(facts, view, now),
            show_urgent(facts, view, screen),
        ]
    return {
        "chosen": list(screen.chosen),
        "tiles": tiles,
        "cells": show_cells(facts, contents, view, screen),
        "tickets": _list_tickets(view, now, ticket_urls),
    }


def show_charts(facts: Facts, contents: Contents, screen: Screen, now: int) -> list[Chart]:
    """Return the charts of a screen at an instant."""
    quarters = sum_quarters(contents, screen)
    results = sum_results(contents, screen)
    zone = facts.rules.zone
    return [
        draw_chart(
            target,
            quarters.get(target, {}),
            now,
            zone,
            share(results.pair(target, TODAY)),
            facts.objective(target),
        )
        for target in facts.headlines(screen)
    ]


def _list_tickets(view: View, now: int, ticket_urls: Mapping[str, str]) -> list[Ticket]:
    return [_show_ticket(clock, now, ticket_urls) for clock in view.urgent[:SHOWN_TICKETS]]


def _show_ticket(clock: Urgent, now: int, ticket_urls: Mapping[str, str]) -> Ticket:
    source, _, ticket_id = clock.ticket.partition("/")
    template = ticket_urls.get(source, "")
    # Only what a browser opens as a page: a template is configuration, its ids are not.
    is_page = template.startswith(("https://", "http://"))
    return {
        "ticket": clock.ticket,
        "target": clock.target,
        "channel": clock.channel,
        "team": clock.team,
        "due": number(
            clock.due_at / 1_000_000,
            c.URGENT,
            Fold.MIN,
            ticket=clock.ticket,
            target=clock.target,
            channel=clock.channel,
            team=clock.team or "none",
        ),
        "is_overdue": clock.due_at <= now,
        "link": template.replace("{ticket_id}", quote(ticket_id, safe="")) if is_page else None,
    }
