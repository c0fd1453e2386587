"""`slawatch explain`: one ticket's timeline, and why each verdict was given."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.console import OUT, told_errors
from cli.sources import Desk, load_desk, with_mapping
from connectors.decoding import RecordParser
from connectors.intake import find_completions
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.mapping import load_mapping
from connectors.replay import read_log, sort_log
from connectors.wall import WallClock
from flows.desk_file import read_desk
from slawatch.book import Book
from slawatch.clocks import Clock, State
from slawatch.completeness import Completion
from slawatch.config import Config, Settings
from slawatch.errors import ConfigError
from slawatch.events import Event
from slawatch.openwork import clock_state
from slawatch.timeline import VERDICT, Timeline, render_span, tell_timeline
from slawatch.verdicts import BREACHED, MET

_READ = 5000


def explain(
    ticket: Annotated[str, typer.Argument(help="The ticket: its id, or source/id")],
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    log: Annotated[
        str | None, typer.Option(help="Look in this log instead of the running monitor's")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="The log's mapping; none: native JSON lines")
    ] = None,
    state: Annotated[Path | None, typer.Option(help="The state folder of the monitor")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """Tell a ticket's timeline: acts, clocks, warning levels, verdicts, and why."""
    with told_errors():
        folder = state or Settings().folder
        desk = read_desk(folder) if log is None else None
        loaded = load_desk(policy or (desk.policies if desk else ()) or ["default"])
        config = loaded.config
        if mapping:
            config = with_mapping(config, load_mapping(mapping))
        completions: list[Completion] = []
        if log is not None:
            events, now = _from_file(log, mapping, config, ticket)
        else:
            events, completions = _from_state(folder, loaded, ticket)
            now = WallClock().now()
        keys = sorted({event.key for event in events})
        if not keys:
            where = log or str(folder)
            raise ConfigError(
                f"no event of ticket {ticket!r} in {where!r}: give its id, or source/id"
            )
        if len(keys) > 1:
            raise ConfigError(
                f"several sources have a ticket {ticket!r}: give one of {', '.join(keys)}"
            )
        timeline = tell_timeline(config.rules, keys[0], events, now, completions)
        if as_json:
            OUT.print_json(json.dumps([entry._asdict() for entry in timeline.entries]))
        else:
            _print(keys[0], timeline, now)


def _is_of(event: Event, ticket: str) -> bool:
    return event.key == ticket or event.key.partition("/")[2] == ticket


def _from_file(
    path: str, mapping: str | None, config: Config, ticket: str
) -> tuple[list[Event], int]:
    """Return the ticket's events, and the end of the log, up to which a replay judges it."""
    rows = load_mapping(mapping) if mapping else None
    items = sort_log(read_log(path, rows, config.vocabulary, now=WallClock().now()))
    events = [item for item in items if isinstance(item, Event)]
    ends_at = max((event.occurred_at for event in events), default=0)
    return [event for event in events if _is_of(event, ticket)], ends_at


def _from_state(state: Path, desk: Desk, ticket: str) -> tuple[list[Event], list[Completion]]:
    """Return the ticket's events, and how far polled sources told everything."""
    if not (state / LOG_NAME).is_file():
        raise ConfigError(f"no monitor has run in {str(state)!r}: name its folder with --state")
    shadows = Book(desk.config.rules).shadows
    parser = RecordParser(desk.config.vocabulary, desk.build_decoders(state), shadows)
    found: list[Event] = []
    completions: list[Completion] = []
    with SqliteLog(state / LOG_NAME, WallClock()) as log:
        seq = 0
        while records := log.read_after(seq, _READ):
            seq = records[-1].seq
            events, _ = parser.parse(records)
            found += [event for event in events if _is_of(event, ticket)]
            completions += find_completions(records)
    return found, completions


def render_at(at: int) -> str:
    """Render an instant for people, in UTC."""
    return f"{_day(at)} {_time(at)}"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d")


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%H:%M:%S.%f")[:-3]


def _print(key: str, timeline: Timeline, now: int) -> None:
    OUT.print(f"[bold]{escape(key)}[/] as of {render_at(now)} UTC", highlight=False)
    OUT.print(_lines(timeline))
    OUT.print()
    OUT.print(_clocks(timeline, now))
    if timeline.unmeasured:
        OUT.print(
            f"not measured, for the source cannot show their end: {', '.join(timeline.unmeasured)}"
        )


def _lines(timeline: Timeline) -> Table:
    """Lay out what happened; the day stands on a line of its own, where it changes."""
    table = Table(box=None, pad_edge=False)
    for title in ("time (UTC)", "what", "clock", ""):
        table.add_column(title, no_wrap=True)
    table.add_column("why", overflow="fold")
    day = ""
    for entry in timeline.entries:
        if _day(entry.at) != day:
            day = _day(entry.at)
            table.add_row(day, style="dim")
        style = {"breached": "red", "to_breached": "red", "warning": "yellow"}.get(entry.word, "")
        name = f"{entry.target} #{entry.cycle}" if entry.target else ""
        word = f"[bold]{entry.word}[/]" if entry.what == VERDICT else entry.word
        table.add_row(_time(entry.at), entry.what, name, word, escape(entry.detail), style=style)
    return table


def _clocks(timeline: Timeline, now: int) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("clock", "state", "elapsed", "goal", "due (UTC)"):
        table.add_column(title, no_wrap=True)
    table.add_column("policy")
    for clock in timeline.clocks:
        due_at = clock.due_at()
        table.add_row(
            f"{timeline.names[clock.target]} #{clock.cycle}",
            say_state(clock),
            render_span(clock.elapsed(now)),
            render_span(clock.goal.goal_us),
            render_at(due_at)[:19] if due_at else "",
            clock.goal.policy,
        )
    return table


def say_state(clock: Clock) -> str:
    """Say where a clock stands, or what it came to."""
    if clock.is_live():
        return clock_state(clock)
    if clock.state == State.STOPPED:
        return BREACHED if clock.breached_at else MET
    return "breached, cancelled" if clock.breached_at else "cancelled"
