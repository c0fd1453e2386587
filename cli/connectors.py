"""`slawatch connectors`: add a channel, check it, try it, and look at what it hears."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich.markup import escape
from rich.table import Table

from cli.bootstrap import bootstrap
from cli.connectors_live import record, send, watch
from cli.console import ERR, OUT, told_errors
from cli.redecode import redecode
from connectors.golden import load_golden
from connectors.kit.bodies import BodyReport, check_bodies
from connectors.kit.checks import Outcome, Tier, compute_tier, run_checks
from connectors.kit.subject import FUZZ_COUNT, load_subject
from connectors.registry import Registry, load_registry
from connectors.scaffold import scaffold
from connectors.shown import find_shown_acts
from slawatch.config import load_config
from slawatch.errors import ConfigError

app = typer.Typer(help="Add a channel, check it, try it, and look at what it hears.")
app.command()(record)
app.command()(send)
app.command()(watch)
app.command()(redecode)
app.command()(bootstrap)

_LIST_FUZZ = 50
_DEFAULT_FOLDER = Path("slawatch-connectors")

FolderOption = Annotated[
    list[Path] | None,
    typer.Option(help="A folder with connectors of your own; may be given again"),
]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(help="A policy whose connectors.folders are looked through as well"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print as JSON")]


def _load(folders: list[Path] | None, policy: list[str] | None) -> Registry:
    configured = load_config(policy).settings.connector_folders if policy else ()
    return load_registry(list(dict.fromkeys([*configured, *(folders or [])])))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The connector's name, such as acme")],
    sample: Annotated[Path, typer.Option(help="One body of the system: a JSON object")],
    folder: Annotated[
        Path, typer.Option(help="Where to put it: outside the project it survives upgrades")
    ] = _DEFAULT_FOLDER,
    channel: Annotated[str, typer.Option(help="The channel of events that name none")] = "web",
) -> None:
    """Write a connector from a sample: decoder, golden body, expected events, page."""
    with told_errors():
        paths = scaffold(name, sample, folder, channel)
        for path in paths:
            OUT.print(f"wrote {path}", highlight=False, soft_wrap=True)
        OUT.print(_next_steps(name, folder), highlight=False, soft_wrap=True, markup=False)


def _next_steps(name: str, folder: Path) -> str:
    golden = folder / "golden" / name
    return f"""
What the keys mean was guessed from the sample; persons in it were replaced. Next:
1. Read {folder / name}.py: name every type that concerns a clock. Types: docs/reference/events.md
2. Read {golden}/*.events.jsonl: are these the right events? Write them as they should be.
3. Put a body of each other act beside it (ACT.json, ACT.events.jsonl): an answer, an end.
4. Finish {folder / name}.md.
5. Check: slawatch connectors check {name} --folder {folder}
6. Switch it on: connectors.folders = ["{folder}"] and [sources.{name}] in your policy file."""


class ListRow(NamedTuple):
    """Be one connector of the list; `error` says why it cannot be loaded."""

    name: str
    origin: str
    title: str = ""
    heard_by: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    tier: str = "none"
    error: str = ""


@app.command(name="list")
def list_(
    folder: FolderOption = None, policy: PolicyOption = None, as_json: JsonOption = False
) -> None:
    """List the connectors: how each is heard, which acts it shows, its tier."""
    with told_errors():
        registry = _load(folder, policy)
        rows = [_describe(registry, name) for name in registry.names()]
        if as_json:
            OUT.print_json(json.dumps([row._asdict() for row in rows]))
            return
        table = Table("name", "system", "heard by", "tier", "acts", "origin")
        for row in rows:
            acts = row.error or ", ".join(row.acts) or "any"
            cells = (row.name, row.title, ", ".join(row.heard_by), row.tier, acts, row.origin)
            table.add_row(*map(escape, cells))
        OUT.print(table)


def _describe(registry: Registry, name: str) -> ListRow:
    """Return one row; what cannot be loaded says why and hides nobody else."""
    entry = registry.entry(name)
    try:
        connector = registry.get(name)
        shown = find_shown_acts(connector, load_golden(entry.golden)).get("", frozenset())
        outcomes = run_checks(load_subject(registry, name, fuzz_count=_LIST_FUZZ))
    except ConfigError as ex:
        return ListRow(name, entry.origin, error=str(ex))
    heard = (("push", connector.push), ("pull", connector.pull), ("bus", connector.bus))
    return ListRow(
        name,
        entry.origin,
        connector.title,
        tuple(word for word, how in heard if how is not None) or ("pumped",),
        tuple(sorted(kind.name.lower() for kind in shown)),
        compute_tier(outcomes).name.lower(),
    )


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="The connector")],
    bodies: Annotated[
        Path | None,
        typer.Option(help="Try these bodies instead of the golden ones, a line for each"),
    ] = None,
    fuzz: Annotated[int, typer.Option(min=0, help="How many broken bodies to try")] = FUZZ_COUNT,
    seed: Annotated[
        int, typer.Option(help="Which broken bodies: the same number, the same ones")
    ] = 1,
    tier: Annotated[str, typer.Option(help="Ask for no more than bronze, silver or gold")] = "gold",
    folder: FolderOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the conformance kit over golden bodies, or over any; exit code 1 if it finds anything."""
    with told_errors():
        wanted = _read_tier(tier)
        registry = _load(folder, policy)
        subject = load_subject(registry, name, fuzz_count=fuzz, seed=seed)
        if bodies is not None:
            reports = check_bodies(subject, bodies)
            is_bad = _print_bodies(reports, as_json=as_json)
        else:
            outcomes = run_checks(subject)
            _print_outcomes(name, outcomes, as_json=as_json)
            is_bad = compute_tier(outcomes) < wanted
        if is_bad:
            raise typer.Exit(1)


def _read_tier(text: str) -> Tier:
    tiers = {one.name.lower(): one for one in Tier if one}
    if text not in tiers:
        raise ConfigError(f"--tier: must be one of {', '.join(tiers)}, got {text!r}")
    return tiers[text]


def _print_bodies(reports: Iterable[BodyReport], *, as_json: bool) -> bool:
    """Print each report as it comes and tell whether the connector broke on a body."""
    is_bad = False
    for report in reports:
        is_bad = is_bad or bool(report.problems)
        if as_json:
            OUT.out(json.dumps(report._asdict()), highlight=False)
            continue
        events = ", ".join(f"{count} {kind}" for kind, count in sorted(report.events.items()))
        refused = [f"rejected {why}" for why in report.refused]
        broken = [f"BROKEN {problem}" for problem in report.problems]
        said = [*([events] if events else []), *refused, *broken] or ["no events"]
        if report.drift:
            said.append(f"in no golden body: {', '.join(report.drift)}")
        OUT.out(f"{report.path}: {'; '.join(said)}", highlight=False)
    return is_bad


def _print_outcomes(name: str, outcomes: list[Outcome], *, as_json: bool) -> None:
    tier = compute_tier(outcomes).name.lower()
    if as_json:
        rows = [{"check": o.check.name, "problems": o.problems} for o in outcomes]
        OUT.print_json(json.dumps({"connector": name, "tier": tier, "checks": rows}))
        return
    for outcome in outcomes:
        what = outcome.check
        if outcome.problems is None:
            OUT.print(f"[dim]-  {what.name}: nothing to look at[/]", highlight=False)
        elif not outcome.problems:
            OUT.print(f"[green]ok[/] {what.name}", highlight=False)
        else:
            OUT.print(f"[red]no[/] {what.name} ({what.tier.name.lower()})", highlight=False)
            for problem in outcome.problems:
                OUT.print(f"     {escape(problem)}", highlight=False, soft_wrap=True)
            OUT.print(f"     why: {what.why}", highlight=False, soft_wrap=True)
            OUT.print(f"     cure: {what.cure}", highlight=False, soft_wrap=True)
    ERR.print(f"{name}: {tier}", highlight=False)
