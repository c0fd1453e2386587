"""`slawatch check`: is the configuration right, and how many series will it be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import typer
from rich.table import Table

from cli.console import ERR, OUT, told_errors
from cli.sources import Desk, load_desk
from connectors.mapping import load_mapping
from slawatch.book import Book
from slawatch.config import Config
from slawatch.errors import ConfigError, Problem
from slawatch.events import Kind
from slawatch.policy import Condition, Source
from slawatch.series import SeriesBudget, count_series


def check(
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    mapping: Annotated[
        list[str] | None, typer.Option(help="A mapping to check as well; may be given again")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """Check policy, calendars and mappings, every error at once, and count the series."""
    with told_errors():
        problems: list[Problem] = []
        desk = None
        try:
            desk = load_desk(policy or ["default"])
        except ConfigError as ex:
            problems += ex.problems
        for name in mapping or []:
            try:
                load_mapping(name)
            except ConfigError as ex:
                problems += ex.problems
        if problems or desk is None:
            raise ConfigError(problems)
        config = desk.config
        budget = count_series(config.rules)
        unmeasured = find_unmeasured(config)
        sources = find_measured(desk)
        if as_json:
            OUT.print_json(json.dumps(_as_json(config, budget, unmeasured, sources)))
        else:
            _print(config, budget, unmeasured, sources)
        if budget.is_over:
            raise ConfigError(
                f"{budget.ceiling:,} series are over the budget of {budget.limit:,}: "
                "name fewer channels, teams or targets"
            )


def find_unmeasured(config: Config) -> list[tuple[str, str, str, str]]:
    """Return (source, channel, target, missing acts) of promised targets that cannot end."""
    book = Book(config.rules)
    found = []
    for name, source in config.rules.sources.items():
        for channel in source.shows:
            for target in book.targets:
                if not _is_promised(config, target.spec.name):
                    continue
                if not book.is_observable(target.spec, name, channel):
                    stops = book.own_stop(target.spec)
                    acts = (_name_acts(stop, source, channel) for stop in stops)
                    missing = ", ".join(sorted({act for names in acts for act in names}))
                    found.append((name, channel or "any", target.spec.name, missing))
    return found


def _name_acts(stop: Condition, source: Source, channel: str) -> Iterator[str]:
    """Name the acts of a condition; by whom, where the source shows them by others."""
    shown = source.shows.get(channel, frozenset())
    by = " or ".join(sorted(actor.name.lower() for actor in stop.actors))
    for kind in stop.kinds:
        name = Kind(kind).name.lower()
        yield f"{name} by {by}" if kind in shown and by else name


class Measured(NamedTuple):
    """Be a configured source: its connector, "" for native records, and targets it can end."""

    source: str
    connector: str
    targets: list[str]


def find_measured(desk: Desk) -> list[Measured]:
    """Return what each configured source can measure of what is promised, on some channel."""
    book = Book(desk.config.rules)
    known = frozenset(desk.registry.names())
    found = []
    for name, settings in desk.config.settings.sources.items():
        channels = book.source(name).shows or ("",)
        targets = [
            target.spec.name
            for target in book.targets
            if _is_promised(desk.config, target.spec.name)
            and any(book.is_observable(target.spec, name, channel) for channel in channels)
        ]
        connector = settings.connector if settings.connector in known else ""
        found.append(Measured(name, connector, targets))
    return found


def _is_promised(config: Config, target: str) -> bool:
    return any(target in policy.goals for policy in config.rules.policies)


def _as_json(
    config: Config,
    budget: SeriesBudget,
    unmeasured: list[tuple[str, str, str, str]],
    sources: list[Measured],
) -> dict[str, object]:
    return {
        "digest": config.rules.digest,
        "policies": [policy.name for policy in config.rules.policies],
        "warnings": [str(problem) for problem in config.warnings],
        "sources": [row._asdict() for row in sources],
        "not_measured": [
            dict(zip(("source", "channel", "target", "needs_one_of"), row, strict=True))
            for row in unmeasured
        ],
        "series": {"start": budget.start, "ceiling": budget.ceiling, "limit": budget.limit},
    }


def _print(
    config: Config,
    budget: SeriesBudget,
    unmeasured: list[tuple[str, str, str, str]],
    sources: list[Measured],
) -> None:
    rules = config.rules
    OUT.print(
        f"policies: {len(rules.policies)}, targets: {len(rules.targets)}, "
        f"channels: {len(rules.channels)}, teams: {len(rules.teams)}"
    )
    for problem in config.warnings:
        ERR.print(f"[yellow]warning[/] {problem}", soft_wrap=True)
    for source, channel, target, missing in unmeasured:
        OUT.print(
            f"not measured: {target} of {source} on {channel}: it shows none of {missing}",
            soft_wrap=True,
        )
    for source, connector, targets in sources:
        how = f"connector {connector}" if connector else "no connector: native events"
        measures = ", ".join(targets) or "nothing that is promised"
        OUT.print(f"source {source} ({how}) measures {measures}", soft_wrap=True)
    table = Table("family", "at start", "at most")
    for row in budget.families:
        table.add_row(row.family, f"{row.start:,}", f"{row.ceiling:,}")
    table.add_section()
    table.add_row("series", f"{budget.start:,}", f"{budget.ceiling:,}")
    OUT.print(table)
    if not budget.is_over:
        OUT.print(f"ok: at most {budget.ceiling:,} series of {budget.limit:,} allowed")
