"""A followed file of another system: each line with the names of its columns, as CSV needs them."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.connector import Secrets
from connectors.files import MAX_LINE_BYTES, Oversize
from connectors.intake import LogWriter
from connectors.mapping import Mapping, load_mapping
from connectors.payload import Payload, pack_payload
from connectors.pump import load_position, pump_tail
from connectors.tail import FileTail, TailLine, list_generations
from slawatch.errors import ConfigError

COLUMNS_HEADER = "x-columns"
"""Where a line of CSV says what its columns are: the first line of its file, as it stands."""

OPTIONS: Map[str, Any] = {"path": None, "mapping": None}
"""The file to follow, and the mapping by which it is read (none: native JSON lines)."""


@dataclass(frozen=True, slots=True)
class FollowedFile:
    """Be a file that is followed."""

    path: Path
    mapping: Mapping | None

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store lines until told to stop, from where the last run was."""
        tail = FileTail(self.path, load_position(position_path))
        is_csv = self.mapping is not None and self.mapping.file.format == "csv"
        pack = _Columns(self.path).pack if is_csv else None
        try:
            pump_tail(tail, writer, source, stop, position_path, pack)
        finally:
            tail.close()


@dataclass(slots=True)
class _Columns:
    """Know the first line of each file that is read; a rotation brings another one."""

    path: Path
    known: dict[str, str] = field(default_factory=dict)

    def pack(self, line: TailLine) -> bytes:
        inode, offset, _ = line.key.split(":")
        body = line.line.to_body() if isinstance(line.line, Oversize) else line.line
        if offset == "0":
            self.known[inode] = body.decode("latin-1")
        elif inode not in self.known:
            self.known[inode] = self._read_first_line(int(inode))
        return pack_payload(Payload(body, {COLUMNS_HEADER: self.known[inode]}))

    def _read_first_line(self, inode: int) -> str:
        """Read it again after a restart in the middle of a file; "" where the file is gone."""
        for path in list_generations(self.path):
            try:
                with path.open("rb") as file:
                    if os.fstat(file.fileno()).st_ino == inode:
                        return file.readline(MAX_LINE_BYTES).rstrip(b"\n").decode("latin-1")
            except OSError:
                continue
        return ""


def read_mapping(options: Map[str, Any]) -> Mapping | None:
    """Load the mapping that a source's options name. Raises `ConfigError`."""
    name = options["mapping"]
    if name is None:
        return None
    if not isinstance(name, str):
        raise ConfigError(f"option 'mapping' must name a mapping or its file, got {name!r:.80}")
    mapping = load_mapping(name)
    if mapping.file.format == "json":
        raise ConfigError(
            f"mapping {name!r} reads whole documents: only 'csv' and 'jsonl' can be followed"
        )
    return mapping


def build_follow(options: Map[str, Any], _: Secrets) -> FollowedFile:
    """Return the file that the options name. Raises `ConfigError`."""
    path = options["path"]
    if not isinstance(path, str) or not path:
        raise ConfigError(f"option 'path' must name the file to follow, got {path!r:.80}")
    return FollowedFile(Path(path), read_mapping(options))
