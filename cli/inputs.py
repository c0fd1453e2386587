"""What `run` and `intake` take in."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from connectors.inputs import LiveInput
from connectors.intake import LogWriter
from connectors.pump import load_position, pump_stdin, pump_tail
from connectors.tail import FileTail


def build_inputs(state: Path, tails: Sequence[Path], *, stdin: bool) -> list[LiveInput]:
    """Build the inputs that a command line names."""
    inputs = [_tail_input(path, state) for path in tails]
    if stdin:
        inputs.append(LiveInput("stdin", lambda writer, stop: pump_stdin(writer, "stdin", stop)))
    return inputs


def _tail_input(path: Path, state: Path) -> LiveInput:
    """Follow a file from where the last run was; a position that cannot be read stops the start."""
    # Files of one name in different folders are different files.
    folder = crc32(os.fsencode(path.absolute().parent))
    position = state / f"tail-{path.name}-{folder:08x}.json"
    tail = FileTail(path, load_position(position))

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        pump_tail(tail, writer, "file", stop, position)

    return LiveInput("file", pump)
