"""The one command line, `slawatch`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from cli.bridge import bridge
from cli.check import check
from cli.connectors import app as connectors
from cli.dashboards import app as dashboards
from cli.drill import drill
from cli.explain import explain
from cli.intake import intake
from cli.live import run, up
from cli.replay import replay
from cli.spike import spike

app = typer.Typer(
    name="slawatch",
    help="Watch support tickets on every channel: are customers being answered in time?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(up)
app.command()(run)
app.command()(intake)
app.command()(replay)
app.command()(check)
app.command()(explain)
app.command()(spike)
app.command()(drill)
app.command()(bridge)
app.add_typer(dashboards, name="dashboards")
app.add_typer(connectors, name="connectors")


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"slawatch {version('slawatch')}")
        raise typer.Exit


@app.callback()
def _top(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version",
            callback=lambda value: _show_version(wanted=value),
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    app()
