"""What `run` and `intake` take in."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

from cli.console import ERR
from cli.sources import Desk
from connectors.auth import open_secrets
from connectors.connector import Connector, Secrets
from connectors.held import find_held, load_held
from connectors.inputs import LiveInput
from connectors.intake import LogWriter
from connectors.pump import load_position, pump_stdin, pump_tail
from connectors.receiver.inlets import build_inlets
from connectors.receiver.server import HttpReceiver, open_receiver
from connectors.tail import FileTail
from connectors.transports.bus import Bus, pump_bus
from connectors.transports.poll import Poll
from connectors.transports.pulling import Puller
from slawatch.config import Settings, SourceSettings
from slawatch.errors import ConfigError, Problem

Build = Callable[[Mapping[str, Any], Secrets], Any]
"""Build what fetches a source, a bus or a puller, by its options and secrets."""


def find_receiver(
    desk: Desk, settings: Settings, *, is_alone: bool = False, is_asked: bool = False
) -> HttpReceiver | None:
    """Open the receiver if a source is received over HTTP, or it is asked for all the same.

    Raises `ConfigError`.
    """
    inlets = build_inlets(settings, desk.registry)
    return open_receiver(settings, inlets, is_alone=is_alone) if inlets or is_asked else None


def build_inputs(
    desk: Desk,
    state: Path,
    tails: Sequence[Path],
    receiver: HttpReceiver | None = None,
    *,
    stdin: bool,
) -> list[LiveInput]:
    """Build the inputs of the configuration, then those that a command line names."""
    _refuse_sweeps(desk)
    inputs = [
        *_fetched_inputs(desk, state, receiver),
        *(_tail_input(path, state) for path in tails),
    ]
    if stdin:
        inputs.append(LiveInput("stdin", lambda writer, stop: pump_stdin(writer, "stdin", stop)))
    if receiver is not None:
        inputs.append(LiveInput("receiver", receiver.pump))
        ERR.print(f"deliveries: {receiver.url}/in/NAME", highlight=False)
    return inputs


def has_inputs(desk: Desk) -> bool:
    """Say whether the configuration names an input that is fetched."""
    return any(_fetched(desk))


def _fetched(desk: Desk) -> Iterator[tuple[str, SourceSettings, Connector, Build]]:
    """Yield the sources whose connector fetches and that say from where."""
    known = frozenset(desk.registry.names())
    for name, source in desk.config.settings.sources.items():
        if source.connector in known:
            connector, _ = desk.registry.find_source(source)
            build = connector.bus
            if build is None and source.options:
                build = connector.follow
            if build is None and "url" in source.options:
                build = connector.pull
            if build is not None:
                yield name, source, connector, build


def _fetched_inputs(desk: Desk, state: Path, receiver: HttpReceiver | None) -> Iterator[LiveInput]:
    """Prepare what fetches each source; options that do not fit stop the start.

    What is fetched once a delivery says that there is something is poked by the receiver.
    """
    for name, source, connector, build in _fetched(desk):
        options = {**connector.options, **source.options}
        try:
            found = build(options, open_secrets(name, source.auth))
        except ConfigError as ex:
            problems = [_place(problem, name) for problem in ex.problems]
            raise ConfigError(problems) from ex
        if found is None:
            continue  # its options are about what is sent to us
        if source.sweep_us is not None and isinstance(found, Poll):
            read_held = partial(load_held, find_held(state, name))
            found = found.as_sweep(source.sweep_us / 1_000_000, read_held)
        if connector.bus is not None:
            yield LiveInput(name, partial(_pump_bus, found, name))
        else:
            if receiver is not None and hasattr(found, "poke"):
                receiver.pokes[name] = found.poke
            position = find_position(state, name)
            yield LiveInput(name, partial(_pump_fetched, found, name, position))


def find_position(state: Path, source: str) -> Path:
    """Return where a fetched source's position is kept."""
    return state / f"source-{quote(source, safe='')}.json"


def _refuse_sweeps(desk: Desk) -> None:
    """Raise `ConfigError` for sources that are to be swept and cannot be asked."""
    asked = {name for name, _, connector, build in _fetched(desk) if build is connector.pull}
    problems = [
        Problem("", f"sources.{name}.sweep", "needs a connector that can be asked, and its 'url'")
        for name, source in desk.config.settings.sources.items()
        if source.sweep_us is not None and name not in asked
    ]
    if problems:
        raise ConfigError(problems)


def _place(problem: Problem, source: str) -> Problem:
    """Name the key of a problem that a connector's builder found."""
    if problem.key:
        return problem
    return Problem(problem.file, f"sources.{source}.options", problem.message)


def _pump_bus(bus: Bus, source: str, writer: LogWriter, stop: threading.Event) -> None:
    pump_bus(bus, writer, source, stop)


def _pump_fetched(
    puller: Puller, source: str, position: Path, writer: LogWriter, stop: threading.Event
) -> None:
    puller.pump(writer, source, stop, position)


def _tail_input(path: Path, state: Path) -> LiveInput:
    """Follow a file from where the last run was; a position that cannot be read stops the start."""
    # Files of one name in different folders are different files.
    folder = crc32(os.fsencode(path.absolute().parent))
    position = state / f"tail-{path.name}-{folder:08x}.json"
    tail = FileTail(path, load_position(position))

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        pump_tail(tail, writer, "file", stop, position)

    return LiveInput("file", pump)
