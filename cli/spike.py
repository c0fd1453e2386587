"""`slawatch spike`: an hour of breaches beside the usual, taken apart by every label."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cli.console import OUT, told_errors
from cli.explain import render_at
from connectors.wall import WallClock
from flows.desk_file import read_desk
from flows.verdict_table import FILE_NAME, VerdictTable
from slawatch.config import Settings, load_config
from slawatch.errors import ConfigError
from slawatch.spike import Spike, find_windows, take_apart

_SHOWN_PARTS = 3
_SHOWN_TICKETS = 10


def spike(
    at: Annotated[
        str | None,
        typer.Option(help="The end of the hour, RFC 3339 with an offset; none: now"),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="The state folder of the monitor")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """Take a breach spike apart: what is more than usual in an hour, by every label."""
    with told_errors():
        folder = state or Settings().folder
        if not (folder / FILE_NAME).is_file():
            raise ConfigError(
                f"no monitor has run in {str(folder)!r}: name its folder with --state"
            )
        end = WallClock().now() if at is None else _read_instant(at)
        table = VerdictTable(folder / FILE_NAME)
        try:
            windows = find_windows(end, table.first_at())
            hour, *before = table.breaches((windows.hour, *windows.before))
        finally:
            table.close()
        desk = read_desk(folder)
        settings = load_config((desk.policies if desk else ()) or ["default"]).settings
        shadows = {name for name, source in settings.sources.items() if source.shadow}
        found = take_apart(
            windows,
            (breach for breach in hour if breach.source not in shadows),
            (breach for breach in chain.from_iterable(before) if breach.source not in shadows),
        )
        links = dict(settings.ticket_urls)
        if as_json:
            OUT.print_json(json.dumps(_as_json(found, links)))
        else:
            _print(found, links)


def _read_instant(text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as ex:
        raise ConfigError(f"--at: must be RFC 3339 with an offset, got {text!r}") from ex
    if at.tzinfo is None:
        raise ConfigError(f"--at: must carry an offset from UTC (as 'Z'), got {text!r}")
    return int(at.timestamp() * 1_000_000)


def link_ticket(ticket: str, links: dict[str, str]) -> str:
    """Return where a ticket (`source/ticket_id`) can be looked at, or nothing."""
    source, _, ticket_id = ticket.partition("/")
    return links[source].replace("{ticket_id}", ticket_id) if source in links else ""


def _as_json(found: Spike, links: dict[str, str]) -> dict[str, Any]:
    return {
        "at": render_at(found.windows.hour[1]),
        "count": found.count,
        "usual": found.usual,
        "compared_with": _render_basis(found),
        "parts": [
            {**asdict(part), "growth": part.growth}
            for parts in found.parts.values()
            for part in parts
        ],
        "breaches": [
            {**b._asdict(), "at": render_at(b.at), "url": link_ticket(b.ticket, links)}
            for b in found.breaches
        ],
    }


def _render_basis(found: Spike) -> str:
    count = len(found.windows.before)
    if not count:
        return "there is no history yet to compare with"
    if found.windows.weeks:
        return f"mean of this hour in {count} weeks"
    return f"mean of the {count} hours before, there is no week of history yet"


def _print(found: Spike, links: dict[str, str]) -> None:
    hour = render_at(found.windows.hour[1])
    usual = f"usual: {found.usual:.1f} ({_render_basis(found)})"
    OUT.print(f"{found.count} breaches in the hour up to {hour} UTC; {usual}", soft_wrap=True)
    if not found.count:
        return
    table = Table("label", "value", "breaches", "usual", "more by")
    for parts in found.parts.values():
        for part in parts[:_SHOWN_PARTS]:
            figures = (str(part.count), f"{part.usual:.1f}", f"{part.growth:+.1f}")
            table.add_row(part.label, escape(part.value or "none"), *figures)
        table.add_section()
    OUT.print(table)
    for breach in found.breaches[:_SHOWN_TICKETS]:
        where = link_ticket(breach.ticket, links) or "./run explain " + breach.ticket
        OUT.print(
            escape(f"{render_at(breach.at)}  {breach.target}  {breach.ticket}  {where}"),
            soft_wrap=True,
        )
    if (more := found.count - _SHOWN_TICKETS) > 0:
        OUT.print(f"and {more} more: --json has all")
