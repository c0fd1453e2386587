"""`slawatch dashboards`: boards and rules as files, checked, and put into a Grafana."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cli.console import ERR, OUT, told_errors
from dashboards.check import (
    PanelAnswer,
    Verdict,
    ask_panels,
    find_differences,
    write_files,
)
from dashboards.library import build_boards, render_files
from dashboards.paging.receivers import read_receivers
from dashboards.prometheus_api import Prometheus
from dashboards.publish import PublishOptions, connect, publish_boards
from slawatch.config import Config, load_config
from slawatch.errors import ConfigError, ConnectorError
from slawatch.texts import LANGUAGES

app = typer.Typer(help="Boards and rules as files, checked, and put into a Grafana.")

_POLICY = "demo"
"""What is committed shows the demo; a desk builds its own."""

PolicyOption = Annotated[
    list[str] | None,
    typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
]
OutOption = Annotated[Path, typer.Option(help="The folder that holds grafana/ and prometheus/")]


LanguageOption = Annotated[str, typer.Option(help="The language of alerts: en or zh")]
ReceiversOption = Annotated[
    Path | None, typer.Option(help="How people are reached: Alertmanager's receivers, YAML")
]


def _render(config: Config, language: str, receivers: Path | None) -> dict[str, str]:
    if language not in LANGUAGES:
        raise ConfigError(f"--language must be one of {', '.join(LANGUAGES)}, got {language!r}")
    return render_files(config, language, read_receivers(receivers) if receivers else None)


def _load(policy: list[str] | None) -> Config:
    return load_config(policy or [_POLICY])


@app.command()
def build(
    policy: PolicyOption = None,
    out: OutOption = Path("dashboards"),
    language: LanguageOption = LANGUAGES[0],
    receivers: ReceiversOption = None,
) -> None:
    """Write boards, rules, routes and provisioning as the policy gives them."""
    with told_errors():
        files = _render(_load(policy), language, receivers)
        write_files(files, out)
        OUT.print(f"wrote {len(files)} files to {out}", highlight=False)


@app.command()
def check(
    policy: PolicyOption = None,
    out: OutOption = Path("dashboards"),
    prometheus: Annotated[
        str | None, typer.Option(help="Ask every panel's query of the Prometheus at this URL")
    ] = None,
    language: LanguageOption = LANGUAGES[0],
    receivers: ReceiversOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON")] = False,
) -> None:
    """Tell whether the files are those of the policy, and whether every panel answers."""
    with told_errors():
        config = _load(policy)
        differences = find_differences(_render(config, language, receivers), out)
        answers = [] if prometheus is None else _ask(config, prometheus)
        faults = [answer for answer in answers if answer.is_fault]
        if as_json:
            OUT.print_json(json.dumps(_as_json(differences, answers)))
        else:
            _print(differences, answers)
        if differences or faults:
            raise typer.Exit(1)


def _ask(config: Config, url: str) -> list[PanelAnswer]:
    # The languages ask the same queries.
    boards = build_boards(config, LANGUAGES[0])
    count = sum(len(panel.queries) for board in boards.values() for panel in board.panels())
    with Prometheus(url) as prometheus, Progress(console=ERR, transient=True) as progress:
        prometheus.ask("vector(1)")
        return list(progress.track(ask_panels(boards, prometheus), count, description="asking"))


def _print(differences: list[str], answers: list[PanelAnswer]) -> None:
    for line in differences:
        OUT.print(line, highlight=False, soft_wrap=True)
    if not differences:
        OUT.print("files: as the policy gives them")
    for answer in answers:
        if answer.verdict is not Verdict.ANSWERED:
            line = f"{answer.board}: {answer.panel}: {answer.verdict}: {answer.detail}"
            OUT.print(line, highlight=False, soft_wrap=True, markup=False)
    if answers:
        faults = sum(answer.is_fault for answer in answers)
        OUT.print(f"queries: {len(answers)}, faults: {faults}")


def _as_json(differences: list[str], answers: list[PanelAnswer]) -> dict[str, object]:
    return {
        "differences": differences,
        "queries": [
            {
                "board": answer.board,
                "panel": answer.panel,
                "query": answer.query.expr,
                "verdict": answer.verdict,
                "detail": answer.detail,
                "series": len(answer.answer.series),
            }
            for answer in answers
        ],
    }


@app.command()
def publish(
    url: Annotated[str, typer.Option(help="Where Grafana answers")] = "http://localhost:3000",
    token: Annotated[
        str,
        typer.Option(envvar="GRAFANA_TOKEN", help="A service account's token, or user:password"),
    ] = "",
    policy: PolicyOption = None,
    language: Annotated[
        list[str] | None, typer.Option(help="en or zh; both without it; the first is home")
    ] = None,
    prometheus: Annotated[
        str | None,
        typer.Option(help="Note spikes, policy changes and imports of this Prometheus"),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=60, help="How far back to note them")] = 7,
) -> None:
    """Put folders, boards, playlist, home and annotations into a running Grafana."""
    with told_errors():
        languages = tuple(language or LANGUAGES)
        if unknown := [name for name in languages if name not in LANGUAGES]:
            raise ConfigError(f"--language: must be among {LANGUAGES}, got {unknown[0]!r}")
        config = _load(policy)
        with connect(url, token) as grafana:
            done = publish_boards(grafana, config, PublishOptions(languages, prometheus, days))
        for line in done.lines():
            OUT.print(line, highlight=False, soft_wrap=True)
        if done.refused:
            raise ConnectorError(
                f"{len(done.refused)} boards are provisioned from files there: "
                "change those files, or take them out of Grafana's provisioning"
            )
