"""What `run` and `intake` take in."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from zlib import crc32

from cli.console import ERR
from cli.sources import Desk
from connectors.connector import Connector, Secrets
from connectors.inputs import LiveInput
from connectors.intake import LogWriter
from connectors.pump import load_position, pump_stdin, pump_tail
from connectors.receiver.inlets import build_inlets
from connectors.receiver.server import HttpReceiver, open_receiver
from connectors.tail import FileTail
from connectors.transports.bus import Bus, pump_bus
from slawatch.config import Settings, SourceSettings
from slawatch.errors import ConfigError, Problem

BusBuilder = Callable[[Mapping[str, Any], Secrets], Bus]


def find_receiver(desk: Desk, settings: Settings, *, is_alone: bool = False) -> HttpReceiver | None:
    """Open the receiver if a source is received over HTTP. Raises `ConfigError`."""
    inlets = build_inlets(settings, desk.registry)
    return open_receiver(settings, inlets, is_alone=is_alone) if inlets else None


def build_inputs(
    desk: Desk,
    state: Path,
    tails: Sequence[Path],
    receiver: HttpReceiver | None = None,
    *,
    stdin: bool,
) -> list[LiveInput]:
    """Build the inputs of the configuration, then those that a command line names."""
    inputs = [*_bus_inputs(desk), *(_tail_input(path, state) for path in tails)]
    if stdin:
        inputs.append(LiveInput("stdin", lambda writer, stop: pump_stdin(writer, "stdin", stop)))
    if receiver is not None:
        inputs.append(LiveInput("receiver", receiver.pump))
        ERR.print(f"deliveries: {receiver.url}/in/NAME", highlight=False)
    return inputs


def has_inputs(desk: Desk) -> bool:
    """Say whether the configuration names an input."""
    return any(_buses(desk))


def _buses(desk: Desk) -> Iterator[tuple[str, SourceSettings, Connector, BusBuilder]]:
    known = frozenset(desk.registry.names())
    for name, source in desk.config.settings.sources.items():
        if source.connector in known:
            connector = desk.registry.get(source.connector)
            if connector.bus is not None:
                yield name, source, connector, connector.bus


def _bus_inputs(desk: Desk) -> Iterator[LiveInput]:
    """Join each source's broker; options that do not fit stop the start."""
    for name, source, connector, build in _buses(desk):
        try:
            bus = build({**connector.options, **source.options}, ())
        except ConfigError as ex:
            raise ConfigError([Problem("", f"sources.{name}.options", str(ex))]) from ex
        yield LiveInput(name, partial(_pump_bus, bus, name))


def _pump_bus(bus: Bus, source: str, writer: LogWriter, stop: threading.Event) -> None:
    pump_bus(bus, writer, source, stop)


def _tail_input(path: Path, state: Path) -> LiveInput:
    """Follow a file from where the last run was; a position that cannot be read stops the start."""
    # Files of one name in different folders are different files.
    folder = crc32(os.fsencode(path.absolute().parent))
    position = state / f"tail-{path.name}-{folder:08x}.json"
    tail = FileTail(path, load_position(position))

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        pump_tail(tail, writer, "file", stop, position)

    return LiveInput("file", pump)
