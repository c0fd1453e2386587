"""Following a file that grows and is rotated: renamed and made anew, or copied and cut."""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from connectors.files import CHUNK_BYTES, LineSplitter, Oversize
from slawatch.errors import ConnectorError

LINGER_SECONDS = 5.0
"""How long a renamed file that no longer grows is still read: its writer may not know yet."""

POSITION_KEYS = frozenset(("inode", "offset", "mark_bytes", "mark"))

_MARK_BYTES = 256  # of a file's beginning, by which a new file is told from the old


class TailLine(NamedTuple):
    """Be one complete line; `key` is the same when the same line is read again."""

    key: str
    line: bytes | Oversize


class FileTail:
    """Read the complete lines of a growing file, from any position that it once gave.

    Reading some lines twice is fine (their keys are the same), missing one is not. The file need
    not exist yet. Not for several threads at once.
    """

    def __init__(
        self,
        path: Path,
        position: Mapping[str, int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the file and where to go on; without a position it is read from its start."""
        self.path = path
        self._monotonic = monotonic
        self._files = [] if position is None else self._resume(position)

    def read(self) -> list[TailLine]:
        """Return what one look brings, possibly nothing; never wait.

        Raises `ConnectorError` when the file is there and cannot be opened; nothing is lost.
        """
        self._look_for_new_file()
        now = self._monotonic()
        for file in list(self._files):
            lines = self._rest_of_copy(file) if file.is_cut() else file.read(now)
            if not lines and file is not self._files[-1] and now - file.grew_at >= LINGER_SECONDS:
                self._files.remove(file)
                lines = file.finish()
            if lines:
                return lines  # the older file first, as long as it has something
        return []

    def position(self) -> dict[str, int]:
        """Return where to go on after all that `read` has returned; empty before any file."""
        return self._files[0].position() if self._files else {}

    def close(self) -> None:
        """Close what is open."""
        for file in self._files:
            file.close()
        self._files.clear()

    def _look_for_new_file(self) -> None:
        try:
            found = self.path.stat()
            if not self._files or self._files[-1].identity != (found.st_dev, found.st_ino):
                self._files.append(_OpenFile(self.path, self._monotonic()))
        except FileNotFoundError:
            return  # between two files of a rotation, or not written yet
        except OSError as ex:
            raise ConnectorError(f"{str(self.path)!r} cannot be opened: {ex.strerror}") from ex

    def _rest_of_copy(self, file: _OpenFile) -> list[TailLine]:
        """Start a file that was copied and cut anew; return what only the copy still has."""
        position = file.position()
        file.start_at(0)
        for path in reversed(list_generations(self.path)[:-1]):
            copy = _open_if_there(path, self._monotonic())
            if copy is not None and copy.seek_to(position):
                return copy.drain()
            if copy is not None:
                copy.close()
        return []

    def _resume(self, position: Mapping[str, int]) -> list[_OpenFile]:
        """Open the file of the position, perhaps under a rotated name, and all after it."""
        opened = (_open_if_there(path, self._monotonic()) for path in list_generations(self.path))
        files = [file for file in opened if file is not None]
        alike = [at for at, file in enumerate(files) if file.seek_to(position)]
        first = alike[-1] if alike else len(files)
        for file in files[:first]:
            file.close()
        return files[first:]


class _OpenFile:
    """Be one file that is read; `grew_at` is when it last had something new."""

    def __init__(self, path: Path, now: float) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        found = os.fstat(self._descriptor)
        self.identity = (found.st_dev, found.st_ino)
        self.grew_at = now
        self.start_at(0)

    def start_at(self, offset: int) -> None:
        self._splitter = LineSplitter()
        self._line_offset = offset  # of the first line not handed out yet
        self._read_offset = offset
        self._mark = b""

    def seek_to(self, position: Mapping[str, int]) -> bool:
        """Go to the position if it is one of this file, or of one that this is a copy of."""
        length = position["mark_bytes"]
        mark = os.pread(self._descriptor, length, 0)
        # A short beginning tells files apart too badly to accept another inode.
        is_own = self.identity[1] == position["inode"] or length == _MARK_BYTES
        size = os.fstat(self._descriptor).st_size
        if not is_own or size < position["offset"] or zlib.crc32(mark) != position["mark"]:
            return False
        self.start_at(position["offset"])
        self._mark = mark
        return True

    def position(self) -> dict[str, int]:
        mark = self._mark[: self._line_offset]
        return {
            "inode": self.identity[1],
            "offset": self._line_offset,
            "mark_bytes": len(mark),
            "mark": zlib.crc32(mark),
        }

    def is_cut(self) -> bool:
        """Say whether the file was cut: it may have grown to the old offset since, or past it."""
        size = os.fstat(self._descriptor).st_size
        return (
            size < self._read_offset or os.pread(self._descriptor, len(self._mark), 0) != self._mark
        )

    def read(self, now: float) -> list[TailLine]:
        chunk = os.pread(self._descriptor, CHUNK_BYTES, self._read_offset)
        if not chunk:
            return []
        self.grew_at = now
        self._read_offset += len(chunk)
        if len(self._mark) < _MARK_BYTES:
            self._mark = os.pread(self._descriptor, min(_MARK_BYTES, self._read_offset), 0)
        return [self._keyed(line) for line in self._splitter.feed(chunk)]

    def drain(self) -> list[TailLine]:
        """Hand out all the rest, and close."""
        lines: list[TailLine] = []
        end = os.fstat(self._descriptor).st_size
        while self._read_offset < end:
            lines += self.read(self.grew_at)
        return lines + self.finish()

    def finish(self) -> list[TailLine]:
        """Hand out a last line that never got its newline, and close."""
        line = self._splitter.flush()
        self.close()
        return [] if line is None else [self._keyed(line)]

    def close(self) -> None:
        os.close(self._descriptor)

    def _keyed(self, line: bytes | Oversize) -> TailLine:
        # The checksum: after a copy and cut, or in a new file on a freed inode, another line
        # stands at the same place.
        length, head = (len(line), line) if isinstance(line, bytes) else line
        key = f"{self.identity[1]}:{self._line_offset}:{zlib.crc32(head):08x}"
        self._line_offset += length + 1
        return TailLine(key, line)


def _open_if_there(path: Path, now: float) -> _OpenFile | None:
    try:
        return _OpenFile(path, now)
    except OSError:
        return None  # gone meanwhile, or not ours to read


def list_generations(path: Path) -> list[Path]:
    """Return the file's rotated forms (`.1`, `-20240131`), oldest first, then itself."""
    rotated = re.compile(re.escape(path.name) + r"[.\-_]\d[\d.\-_T]*")
    aged: list[tuple[int, Path]] = []
    for sibling in path.parent.glob("*"):
        try:
            if rotated.fullmatch(sibling.name) and sibling.is_file():
                aged.append((sibling.stat().st_mtime_ns, sibling))
        except FileNotFoundError:
            continue  # rotated away meanwhile
    return [*(sibling for _, sibling in sorted(aged)), path]
