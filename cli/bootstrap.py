"""`slawatch connectors bootstrap`: begin with a running desk's open tickets and its past."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import ERR, OUT, read_interval, told_errors
from cli.inputs import find_position
from cli.sources import load_desk
from connectors.auth import open_secrets
from connectors.bootstrap import bring_in
from connectors.connector import Connector
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.state_folder import INTAKE_LOCK_NAME, lock_state_folder
from connectors.transports.poll import Poll, load_cursor, save_cursor
from connectors.wall import WallClock
from slawatch.config import SourceSettings
from slawatch.config_values import hint
from slawatch.errors import ConfigError, Problem


def bootstrap(
    source: Annotated[str, typer.Argument(help="The source whose system is asked")],
    since: Annotated[str, typer.Option(help="How far back the past is asked for")] = "30d",
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="The state folder of the monitor")] = None,
) -> None:
    """Bring in the open tickets and the past of a running desk, so that clocks begin true.

    Before the monitor is started for the first time, or while it is stopped.
    """
    with told_errors():
        desk = load_desk(policy or ["default"])
        settings = desk.config.settings
        found = settings.sources.get(source)
        if found is None:
            raise ConfigError(f"no source has the name {source!r}{hint(source, settings.sources)}")
        poll = _build_poll(desk.registry.get(found.connector), source, found)
        seconds = read_interval(since, "--since")
        folder = state or settings.folder
        wall = WallClock()
        ERR.print(f"asking {source} for its open tickets and the last {since}", highlight=False)
        with (
            lock_state_folder(folder),
            lock_state_folder(folder, INTAKE_LOCK_NAME),
            SqliteLog(folder / LOG_NAME, wall) as log,
        ):
            brought = bring_in(log, poll.poller, source, wall.now() - round(seconds * 1e6))
            position = find_position(folder, source)
            if load_cursor(position) is None:
                save_cursor(position, brought.cursor)
        OUT.print(
            f"{brought.opened} records of open tickets and {brought.past} of the past of {source} "
            f"are in the intake log; {brought.known} had been there. Start the monitor: it judges "
            "them as history, and pages nobody for them",
            soft_wrap=True,
            highlight=False,
        )


def _build_poll(connector: Connector, name: str, source: SourceSettings) -> Poll:
    if connector.pull is None:
        raise ConfigError(f"connector {connector.name!r} is sent deliveries and cannot be asked")
    options = {**connector.options, **source.options}
    try:
        poll = connector.pull(options, open_secrets(name, source.auth))
    except ConfigError as ex:
        key = f"sources.{name}.options"
        raise ConfigError(
            [Problem(one.file, one.key or key, one.message) for one in ex.problems]
        ) from ex
    if not isinstance(poll, Poll):
        raise ConfigError(f"connector {connector.name!r} cannot be asked for its past")
    return poll
