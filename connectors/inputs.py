"""The inputs of an intake log, pumped into it by one writer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from connectors.decoding import Decoder
from connectors.intake import IntakeLog, LogWriter
from connectors.pump import Pump

PumpBuilder = Callable[[LogWriter, threading.Event], None]
"""Pump one input into the log until the flag is set; blocks."""


@dataclass(frozen=True, slots=True)
class LiveInput:
    """Be one input: its connector's name, how it is pumped and decoded."""

    connector: str
    pump: PumpBuilder
    decoder: Decoder | None = None


@contextmanager
def pumped(log: IntakeLog, inputs: Sequence[LiveInput]) -> Iterator[LogWriter]:
    """Pump every input while the body runs; what was read when it ends is stored first."""
    with ExitStack() as running:
        writer = running.enter_context(LogWriter(log))
        for entry in inputs:
            pump = Pump(entry.connector, partial(entry.pump, writer))
            running.callback(pump.stop)
        yield writer
