"""`slawatch drill`: a marked alert by the real path to the real receiver, in no count."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import OUT, told_errors
from connectors.wall import WallClock
from flows.drill import write_drill
from slawatch.config import Settings
from slawatch.errors import ConfigError
from slawatch.labels import DRILLS


def drill(
    name: Annotated[str, typer.Argument(help=f"What to rehearse: {', '.join(DRILLS)}")],
    state: Annotated[Path | None, typer.Option(help="The state folder of the monitor")] = None,
    minutes: Annotated[float, typer.Option(min=1, help="How long the alert stays")] = 10.0,
    stop: Annotated[bool, typer.Option("--stop", help="End a drill that runs")] = False,
) -> None:
    """Rehearse a page: a marked alert goes the way of a real one and is in no count."""
    with told_errors():
        if name not in DRILLS:
            raise ConfigError(f"no drill {name!r}: there is {', '.join(DRILLS)}")
        now = WallClock().now()
        until = now if stop else now + round(minutes * 60_000_000)
        write_drill(state or Settings().folder, name, until, now)
        if stop:
            OUT.print(f"drill {name} ended: the receiver hears that it is resolved")
            return
        OUT.print(
            f"drill {name} runs for {minutes:g} minutes: the next scrape shows it, the page marked "
            "as a drill should arrive within about two minutes. If it does not, look in "
            "Prometheus under Alerts, then in Alertmanager",
            soft_wrap=True,
        )
