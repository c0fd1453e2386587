"""`slawatch run` and `slawatch up`: the monitor, live."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cli.console import ERR, read_interval, set_up_logging, told_errors
from cli.demo_input import PAST_US, build_demo_input
from cli.inputs import build_inputs, find_receiver, has_inputs
from cli.screen import Screen
from cli.sources import Desk, load_desk
from cli.stack import LocalStack
from connectors.receiver.server import HttpReceiver
from dashboards.paging.render import render_alertmanager
from dashboards.rules.render import render_rules
from flows.desk_file import read_intake_begin
from flows.live import Live, LiveOptions
from slawatch.config import Config
from slawatch.errors import ConfigError

DEMO_POLICY = "demo"
DEMO_FOLDER = Path("slawatch-demo")
"""Where `up` keeps the demo: never among a real desk's state."""


def run(
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
    no_intake: Annotated[
        bool, typer.Option("--no-intake", help="Judge what `slawatch intake` takes in")
    ] = False,
    state: Annotated[Path | None, typer.Option(help="The state folder")] = None,
    host: Annotated[str | None, typer.Option(help="Where to serve metrics")] = None,
    port: Annotated[
        int | None, typer.Option(help="Where to serve metrics; 0 takes a free port")
    ] = None,
    snapshot_interval: Annotated[
        str | None, typer.Option(help="Between two snapshots of the state, as 60s")
    ] = None,
    log_format: Annotated[str, typer.Option(help="text or json")] = "text",
) -> None:
    """Run the monitor on live input until SIGTERM or Ctrl-C."""
    set_up_logging(as_json=log_format == "json")
    with told_errors():
        if no_intake and (tail or stdin or demo):
            raise ConfigError(
                "--no-intake leaves every input to `slawatch intake`: name them there"
            )
        names = policy or ([DEMO_POLICY] if demo else ["default"])
        desk = load_desk(names)
        options = _options(desk.config, names, state, host, port, snapshot_interval)
        options = replace(options, has_intake=not no_intake)
        with ExitStack() as opened:
            receiver = None if no_intake else find_receiver(desk, desk.config.settings)
            if receiver is not None:
                opened.callback(receiver.close)
            elif not (no_intake or tail or stdin or demo or has_inputs(desk)):
                raise ConfigError(
                    "nothing to read: name an input with --tail FILE, --stdin or --demo, or a "
                    "source in the configuration that is heard: received, with "
                    "[sources.NAME.auth], or fetched; or leave them to `slawatch intake` with "
                    "--no-intake"
                )
            seed_or_none = seed if demo else None
            _run(desk, options, tail or [], receiver, stdin=stdin, seed=seed_or_none, screen=None)


def up(
    state: Annotated[Path | None, typer.Option(help="The state folder")] = None,
    port: Annotated[
        int | None, typer.Option(help="Where to serve metrics; 0 takes a free port")
    ] = None,
    seed: Annotated[int, typer.Option(help="The demo's seed")] = 1,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    stack: Annotated[
        bool,
        typer.Option(help="Start Prometheus and Alertmanager beside it, if they are on PATH"),
    ] = True,
) -> None:
    """Bring the whole monitor up on embedded defaults, with the demo support centre.

    Prometheus and Alertmanager run beside it where they are installed.
    """
    is_terminal = sys.stdout.isatty()
    set_up_logging(as_json=False, level=logging.WARNING if is_terminal else logging.INFO)
    with told_errors():
        names = policy or [DEMO_POLICY]
        desk = load_desk(names)
        options = _options(desk.config, names, state or DEMO_FOLDER, None, port, None)
        with LocalStack(options.state / "stack") as beside:
            screen = Screen(desk.config.rules, beside.urls, is_terminal=is_terminal)
            start = partial(_start_stack, beside, desk.config) if stack else _start_nothing
            _run(desk, options, [], None, stdin=False, seed=seed, screen=screen, on_start=start)


def _start_nothing(_: Live) -> None:
    return


def _options(
    config: Config,
    names: Sequence[str],
    state: Path | None,
    host: str | None,
    port: int | None,
    interval: str | None,
) -> LiveOptions:
    settings = config.settings
    return LiveOptions(
        state=state or settings.folder,
        policies=tuple(names),
        host=settings.host if host is None else host,
        port=settings.port if port is None else port,
        shards=settings.shards,
        snapshot_seconds=(
            settings.snapshot_interval_seconds
            if interval is None
            else read_interval(interval, "--snapshot-interval")
        ),
        ticket_urls=settings.ticket_urls,
        token_file=settings.token_file,
        max_backlog=settings.intake_max_backlog,
        sweeps={
            name: source.sweep_us / 1_000_000
            for name, source in settings.sources.items()
            if source.sweep_us is not None
        },
    )


def _run(
    desk: Desk,
    options: LiveOptions,
    tails: list[Path],
    receiver: HttpReceiver | None,
    *,
    stdin: bool,
    seed: int | None,
    screen: Screen | None,
    on_start: Callable[[Live], None] = _start_nothing,
) -> None:
    config = desk.config
    requests = dict if receiver is None else receiver.counts.read
    with Live(config.rules, config.vocabulary, options, requests, desk.find_shapes()) as live:
        decoders = desk.build_decoders(options.state)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: live.stop.set())
        inputs = []
        if options.has_intake:
            inputs = build_inputs(desk, options.state, tails, receiver, stdin=stdin)
        first_at = live.first_at(_find_begin(live, has_past=seed is not None))
        if seed is not None:
            inputs.append(build_demo_input(live, seed, first_at))
        ERR.print(f"metrics: {live.url}metrics", highlight=False)
        ERR.print(f"wall: {live.wall_url}", highlight=False)
        on_start(live)
        watcher = None
        if screen is not None:
            watcher = threading.Thread(target=screen.watch, args=(live,), daemon=True)
            watcher.start()
        live.serve(inputs, first_at, decoders)
        if watcher is not None:
            watcher.join(2)


def _find_begin(live: Live, *, has_past: bool) -> int:
    """Return since when a new folder is watched: an intake may have begun before its flow did."""
    begun = [read_intake_begin(live.options.state), live.wall.now() - PAST_US * has_past]
    heard = [record.received_at for record in live.log.read_after(0, 1)]
    return min(at for at in (*begun, *heard) if at is not None)


def _start_stack(stack: LocalStack, config: Config, live: Live) -> None:
    """Start what is installed, with the rules and routes of the policy, and tell of it."""
    rules = {path.name: text for path, text in render_rules(config).items()}
    stack.start(f"{live.local_host}:{live.server.port}", rules, render_alertmanager(config))
    for line in stack.told:
        ERR.print(line, highlight=False, soft_wrap=True)
