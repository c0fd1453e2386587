"""`slawatch intake`: take deliveries in, for a flow that runs in another process."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.console import ERR, set_up_logging, told_errors
from cli.demo_input import DEMO, PAST_US, build_intake_demo
from cli.inputs import build_inputs, find_receiver, has_inputs
from cli.sources import Desk, load_desk
from connectors.inputs import pumped
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.receiver.server import HttpReceiver
from connectors.state_folder import INTAKE_LOCK_NAME, lock_state_folder
from connectors.wall import WallClock
from flows.desk_file import keep_intake_begin, read_desk
from slawatch.config import Settings
from slawatch.errors import ConfigError


def intake(
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    tail: Annotated[
        list[Path] | None,
        typer.Option(help="Follow this file of native JSON lines; may be given again"),
    ] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read native JSON lines from standard input")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Run the demo support centre as an input")
    ] = False,
    seed: Annotated[int, typer.Option(help="The demo's seed")] = 1,
    state: Annotated[Path | None, typer.Option(help="The state folder")] = None,
    host: Annotated[str | None, typer.Option(help="Where to receive deliveries")] = None,
    port: Annotated[
        int | None, typer.Option(help="Where to receive deliveries; 0 takes a free port")
    ] = None,
    log_format: Annotated[str, typer.Option(help="text or json")] = "text",
) -> None:
    """Take deliveries in until SIGTERM or Ctrl-C; `run --no-intake` judges them."""
    set_up_logging(as_json=log_format == "json")
    with told_errors():
        desk = load_desk(policy or [DEMO if demo else "default"])
        settings = desk.config.settings
        settings = replace(
            settings,
            folder=state or settings.folder,
            intake_host=settings.intake_host if host is None else host,
            intake_port=settings.intake_port if port is None else port,
        )
        with ExitStack() as opened:
            # Who says where it listens asks it for its health, also while it has no source.
            is_asked = host is not None or port is not None
            receiver = find_receiver(desk, settings, is_alone=True, is_asked=is_asked)
            if receiver is not None:
                opened.callback(receiver.close)
            elif not (tail or stdin or demo or has_inputs(desk)):
                raise ConfigError(
                    "nothing to take in: name an input with --tail FILE, --stdin or --demo, or a "
                    "source in the configuration that is heard: received, with "
                    "[sources.NAME.auth], or fetched"
                )
            seed_or_none = seed if demo else None
            _take_in(desk, settings, tail or [], receiver, stdin=stdin, seed=seed_or_none)


def _take_in(
    desk: Desk,
    settings: Settings,
    tails: list[Path],
    receiver: HttpReceiver | None,
    *,
    stdin: bool,
    seed: int | None,
) -> None:
    stop = threading.Event()
    state, wall = settings.folder, WallClock()
    with (
        lock_state_folder(state, INTAKE_LOCK_NAME),
        SqliteLog(state / LOG_NAME, wall, max_backlog=settings.intake_max_backlog) as log,
    ):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        inputs = build_inputs(desk, state, tails, receiver, stdin=stdin)
        began_at = keep_intake_begin(state, wall.now() - (0 if seed is None else PAST_US))
        if seed is not None:
            watched = read_desk(state)
            started_at = began_at if watched is None else watched.first_at
            is_read = watched is not None
            inputs.append(build_intake_demo(log, wall, seed, started_at, is_read=is_read))
        with pumped(log, inputs):
            ERR.print(f"intake: {state / LOG_NAME}", highlight=False)
            stop.wait()
