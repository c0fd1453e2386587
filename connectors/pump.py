"""Pumps: threads that carry lines from where they appear into the intake log."""

from __future__ import annotations

import json
import logging
import os
import select
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

from connectors.files import LineSplitter, Oversize, is_blank
from connectors.intake import LogWriter, Pending
from connectors.tail import POSITION_KEYS, FileTail, TailLine
from slawatch.errors import ConfigError, ConnectorError

LOGGER = logging.getLogger(__name__)

TAIL_SECONDS = 0.1
"""How long a tail waits after a look that brought nothing."""

_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
_PIPE_BYTES = 64 * 1024


class Pump:
    """Run one pump in a thread; `error` holds what ended it, if it was not the end of input."""

    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        """Take what to run and start it; it returns once its event is set or its input ends."""
        self.name = name
        self.error: Exception | None = None
        self._run = run
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=f"pump-{name}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Say whether it still carries."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it after what it is storing now."""
        self._stop.set()
        self._thread.join()

    def _guarded(self) -> None:
        try:
            self._run(self._stop)
        except Exception as ex:
            LOGGER.exception("pump ended name=%s", self.name)
            self.error = ex


def pump_tail(
    tail: FileTail,
    writer: LogWriter,
    source: str,
    stop: threading.Event,
    position_path: Path | None = None,
    pack: Callable[[TailLine], bytes] | None = None,
) -> None:
    """Store a growing file's lines until told to stop; where it is goes into `position_path`.

    `pack` makes a record of a line, by default the line alone.

    The position is saved after the lines are stored: a crash between the two stores nothing
    twice, as a line read again has its old key.
    """
    while not stop.is_set():
        try:
            lines = tail.read()
        except ConnectorError as ex:
            LOGGER.warning("tail cannot go on, retrying error=%s", ex)
            stop.wait(_RETRY_SECONDS[-1])
            continue
        pending = [
            Pending(source, line.key, pack(line) if pack else _body(line.line))
            for line in lines
            if not is_blank(line.line)
        ]
        if not store(pending, writer, stop):
            return
        if not lines:
            stop.wait(TAIL_SECONDS)
        elif position_path is not None:
            save_position(position_path, tail.position())


def pump_stdin(
    writer: LogWriter, source: str, stop: threading.Event, *, descriptor: int = 0
) -> None:
    """Store standard input's lines until it ends or we are told to stop.

    What a pipe has handed over cannot be read again, so a line's key is this run's id and the
    line's number.
    """
    run, number = uuid4().hex, 0
    splitter = LineSplitter()
    while not stop.is_set():
        if not select.select([descriptor], [], [], TAIL_SECONDS)[0]:
            continue
        chunk = os.read(descriptor, _PIPE_BYTES)
        last = None if chunk else splitter.flush()
        lines = splitter.feed(chunk) if chunk else [] if last is None else [last]
        pending = [
            Pending(source, f"{run}:{at}", _body(line))
            for at, line in enumerate(lines, number)
            if not is_blank(line)
        ]
        number += len(lines)
        if not store(pending, writer, stop) or not chunk:
            return


def store(records: Sequence[Pending], writer: LogWriter, stop: threading.Event) -> bool:
    """Append until it succeeds, waiting longer each time; false if told to stop before."""
    attempt = 0
    while records:
        try:
            writer.submit(records).result()
        except ConnectorError as ex:
            wait = _RETRY_SECONDS[min(attempt, len(_RETRY_SECONDS) - 1)]
            LOGGER.warning("intake append failed, retrying seconds=%s error=%s", wait, ex)
            attempt += 1
            if stop.wait(wait):
                return False
        else:
            return True
    return True


def save_position(path: Path, position: dict[str, int]) -> None:
    """Write a tail's position so that a reader sees the old one or the new one."""
    replace_text(path, json.dumps(position))


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one."""
    # No fsync: after a power cut an older position costs only what is read again.
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)


def load_position(path: Path) -> dict[str, int] | None:
    """Read what `save_position` wrote, or `None` if nothing did; raises `ConfigError`."""
    try:
        position = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as ex:
        raise ConfigError(f"tail position {str(path)!r} cannot be read: {ex}") from ex
    if not isinstance(position, dict) or set(position) != POSITION_KEYS:
        raise ConfigError(
            f"tail position {str(path)!r} holds {position!r}, must be an object of "
            f"{', '.join(sorted(POSITION_KEYS))}: remove it to read the file from its start"
        )
    return {str(key): int(value) for key, value in position.items()}


def _body(line: bytes | Oversize) -> bytes:
    return line.to_body() if isinstance(line, Oversize) else line
