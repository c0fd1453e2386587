"""The one command line, `slawatch`."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from slawatch.build import find_build

COMMANDS = {
    "up": "cli.live",
    "run": "cli.live",
    "intake": "cli.intake",
    "replay": "cli.replay",
    "check": "cli.check",
    "explain": "cli.explain",
    "spike": "cli.spike",
    "drill": "cli.drill",
    "bridge": "cli.bridge",
    "dashboards": "cli.dashboards",
    "connectors": "cli.connectors",
}
"""Each command's module: it has a function of its name, or an `app` with several commands."""


class CommandGroup(TyperGroup):
    """Import a command when it is called: whoever starts one does not wait for all."""

    # The types of the interface are click's own, which typer brings in one way or another.
    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        """Return the command, or `None` for a name that there is not."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(COMMANDS[cmd_name])
        if isinstance(several := getattr(module, "app", None), typer.Typer):
            group = typer.main.get_group(several)
            group.name = cmd_name
            return group
        single = typer.Typer(add_completion=False)
        single.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(single)


app = typer.Typer(
    name="slawatch",
    cls=CommandGroup,
    help="Watch support tickets on every channel: are customers being answered in time?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(*, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        typer.echo(f"slawatch {version('slawatch')} ({find_build()})")
        raise typer.Exit


@app.callback()
def _top(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and the build",
            callback=lambda value: _show_version(wanted=value),
            is_eager=True,
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    try:
        app()
    finally:
        gc.freeze()  # the process ends: no look for cycles in all that it leaves behind
