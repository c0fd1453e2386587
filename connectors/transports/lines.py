"""A followed file whose lines keep their place, for logs in which the order is all there is."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.connector import Secrets
from connectors.files import Oversize
from connectors.intake import LogWriter
from connectors.payload import Payload, pack_payload
from connectors.pump import load_position, pump_tail
from connectors.tail import FileTail, TailLine
from slawatch.errors import ConfigError

LINE_HEADER = "x-line"
"""Where in its file a line began."""


@dataclass(frozen=True, slots=True)
class LineFile:
    """Be a file that is followed."""

    path: Path

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store lines with their place until told to stop."""
        tail = FileTail(self.path, load_position(position_path))
        try:
            pump_tail(tail, writer, source, stop, position_path, _pack)
        finally:
            tail.close()


def _pack(line: TailLine) -> bytes:
    body = line.line.to_body() if isinstance(line.line, Oversize) else line.line
    return pack_payload(Payload(body, {LINE_HEADER: line.key.split(":")[1]}))


def build_line_file(options: Mapping[str, Any], _: Secrets) -> LineFile:
    """Return the file that a source's option `path` names. Raises `ConfigError`."""
    path = options.get("path")
    if not isinstance(path, str) or not path:
        raise ConfigError("options.path must name the file to follow")
    return LineFile(Path(path))
