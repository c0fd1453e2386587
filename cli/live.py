"""`slawatch run` and `slawatch up`: the monitor, live."""

from __future__ import annotations

import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cli.console import ERR, read_interval, set_up_logging, told_errors
from cli.inputs import build_inputs, find_receiver, has_inputs
from cli.screen import Screen
from cli.sources import Desk, load_desk
from connectors.demo import DemoDesk
from connectors.demo_model import BACKFILL_US
from connectors.demo_pump import Delivery, DemoPump, tell_history
from connectors.inputs import LiveInput
from connectors.intake import LogWriter, Pending
from connectors.pump import store
from connectors.receiver.server import HttpReceiver
from flows.live import Live, LiveOptions
from slawatch.book import Book
from slawatch.config import Config
from slawatch.errors import ConfigError

DEMO = "demo"
DEMO_POLICY = "demo"
DEMO_FOLDER = Path("slawatch-demo")
"""Where `up` keeps the demo: never among a real desk's state."""
_TOLD_AGAIN_US = 60_000_000
"""How much of what was heard is told again after a restart: the last of it came in disorder."""


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
) -> None:
    """Bring the whole monitor up on embedded defaults, with the demo support centre."""
    is_terminal = sys.stdout.isatty()
    set_up_logging(as_json=False, level=logging.WARNING if is_terminal else logging.INFO)
    with told_errors():
        names = policy or [DEMO_POLICY]
        desk = load_desk(names)
        options = _options(desk.config, names, state or DEMO_FOLDER, None, port, None)
        screen = Screen(desk.config.rules, is_terminal=is_terminal)
        _run(desk, options, [], None, stdin=False, seed=seed, screen=screen)


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
        now = live.wall.now()
        # An intake that began before its flow did is watched from its beginning.
        began_at = min([now, *(record.received_at for record in live.log.read_after(0, 1))])
        first_at = live.first_at(began_at if seed is None else now - BACKFILL_US)
        if seed is not None:
            inputs.append(_demo_input(live, seed, first_at))
        ERR.print(f"metrics: {live.url}metrics", highlight=False)
        ERR.print(f"wall: {live.wall_url}", highlight=False)
        watcher = None
        if screen is not None:
            watcher = threading.Thread(target=screen.watch, args=(live,), daemon=True)
            watcher.start()
        live.serve(inputs, first_at, decoders)
        if watcher is not None:
            watcher.join(2)


def _demo_input(live: Live, seed: int, started_at: int) -> LiveInput:
    """Tell the demo's past before anything is read, then pump it as it comes.

    After a restart the past is what happened meanwhile; its keys tell what was told before.
    """
    desk = DemoDesk(seed=seed, started_at=started_at)
    began = time.monotonic()
    now = live.wall.now()
    heard_at = live.log.last()[1]
    # Verdicts were given up to here: nothing may seem to have been received before.
    grace_us = Book(live.rules).source(DEMO).grace_us
    judged_at = min(now, live.table.last_at() + grace_us + 1)

    def append(deliveries: list[tuple[int, str, bytes]]) -> None:
        live.log.append_history(
            [
                (max(at, judged_at), Pending(DEMO, key, body))
                for at, key, body in deliveries
                if at > heard_at - _TOLD_AGAIN_US
            ]
        )

    late = tell_history(desk, append, now)
    logging.getLogger(__name__).info("demo back-filled seconds=%.1f", time.monotonic() - began)

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        def submit(batch: list[Delivery]) -> None:
            store([Pending(DEMO, key, body) for key, body in batch], writer, stop)

        DemoPump(desk, submit, live.wall.now, stop, late=late).run()

    return LiveInput(DEMO, pump)
