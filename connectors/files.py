"""Lines of native JSONL, read as bytes from a file, a compressed file or standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import zstandard

from slawatch.errors import ConfigError, ConnectorError

MAX_LINE_BYTES = 1024 * 1024
"""A longer line is no event: only its head is kept."""

HEAD_BYTES = 1024
"""How much of an over-long line is kept for the person who looks at it."""

CHUNK_BYTES = 256 * 1024

_SPACE = ord(" ")

_PACKED_BYTES = 4 * 1024  # unpacked at once: what one piece can unfold to stays bounded

# Not JSON in any encoding, so no sender can have written it as an event.
_OVERSIZE_MARK = b"\x00oversize "


class Oversize(NamedTuple):
    """Stand for a line too long to hold: its length in bytes and its head."""

    length: int
    head: bytes

    def to_body(self) -> bytes:
        """Render it for the intake log, whose bodies are bytes."""
        return b"%b%d\n%b" % (_OVERSIZE_MARK, self.length, self.head)


def parse_oversize(body: bytes) -> Oversize | None:
    """Read back what `Oversize.to_body` rendered; `None` for any other body."""
    if not body.startswith(_OVERSIZE_MARK):
        return None
    length, _, head = body[len(_OVERSIZE_MARK) :].partition(b"\n")
    return Oversize(int(length), head) if length.isdigit() else None


def is_blank(line: bytes | Oversize) -> bool:
    """Say whether there is nothing on the line: it is left out, not rejected."""
    return not line or (isinstance(line, bytes) and line.isspace())


class LineSplitter:
    """Cut a stream of chunks into lines; holds at most one line of `MAX_LINE_BYTES`."""

    def __init__(self) -> None:
        """Begin at the start of a line."""
        self._rest = b""
        self._dropped = 0  # bytes of an over-long line that are counted but not held

    def feed(self, chunk: bytes) -> list[bytes | Oversize]:
        """Return the lines that the chunk completes, without their newlines."""
        first, *lines = chunk.split(b"\n")
        self._hold(first)
        if not lines:
            return []
        rest = lines.pop()
        # A chunk is mostly shorter than the longest line: its lines need not be looked at.
        fits = len(chunk) <= MAX_LINE_BYTES
        done = [self._take(), *(lines if fits else map(_checked, lines))]
        self._hold(rest)
        return done

    def flush(self) -> bytes | Oversize | None:
        """Return what follows the last newline, or `None` if nothing does."""
        return self._take() if self._rest else None

    def _hold(self, part: bytes) -> None:
        if self._dropped:
            self._dropped += len(part)
        elif len(self._rest) + len(part) > MAX_LINE_BYTES:
            head = (self._rest + part[:HEAD_BYTES])[:HEAD_BYTES]
            self._dropped = len(self._rest) + len(part) - len(head)
            self._rest = head
        else:
            self._rest += part

    def _take(self) -> bytes | Oversize:
        line, dropped = self._rest, self._dropped
        self._rest, self._dropped = b"", 0
        return Oversize(len(line) + dropped, line) if dropped else line


def read_lines(path: str | Path) -> Iterator[bytes | Oversize]:
    """Read a file's lines one by one, as `read_chunks` does."""
    for lines in read_chunks(path):
        yield from lines


def read_chunks(path: str | Path) -> Iterator[list[bytes | Oversize]]:
    """Read a file's lines without their newlines, blank ones left out; `-` is standard input.

    They come as they are read, some hundred kilobytes at once. `.gz` and `.zst` are unpacked. A
    last line without a newline counts: a cut one is for the parser to reject. Raises `ConfigError`
    when the file cannot be opened, `ConnectorError` when it breaks off or is no such archive.
    """
    splitter = LineSplitter()
    with ExitStack() as stack:
        chunks = _open(str(path), stack)
        try:
            for chunk in chunks:
                found = splitter.feed(chunk)  # what begins with more than a blank is not blank
                lines = [
                    line for line in found if line and (line[0] > _SPACE or not is_blank(line))
                ]
                if lines:
                    yield lines
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as ex:
            raise ConnectorError(f"{str(path)!r} cannot be read to its end: {ex}") from ex
    last = splitter.flush()
    if last is not None and not is_blank(last):
        yield [last]


def _open(path: str, stack: ExitStack) -> Iterator[bytes]:
    if path == "-":
        # read1 hands out what is there: a pipe's lines do not wait for a full chunk.
        stdin = sys.stdin.buffer
        return _chunks(stdin.read1 if isinstance(stdin, io.BufferedReader) else stdin.read)
    try:
        raw: IO[bytes] = stack.enter_context(Path(path).open("rb"))  # noqa: SIM115 - the stack closes it
    except OSError as ex:
        raise ConfigError(f"{path!r} cannot be opened: {ex.strerror}") from ex
    if path.endswith(".gz"):
        return _chunks(stack.enter_context(gzip.GzipFile(fileobj=raw)).read)
    if path.endswith(".zst"):
        return _unpack_zst(raw)
    return _chunks(raw.read)


def _chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(lambda: read(CHUNK_BYTES), b"")


def _unpack_zst(raw: IO[bytes]) -> Iterator[bytes]:
    """Unpack frame by frame: the library's own reader takes a cut file for a whole one."""
    unpacker = zstandard.ZstdDecompressor()
    frame = None
    while piece := raw.read(_PACKED_BYTES):
        while piece:
            if frame is None or frame.eof:
                frame = unpacker.decompressobj()
            yield frame.decompress(piece)
            piece = frame.unused_data
    if frame is not None and not frame.eof:
        raise EOFError("the last zstd frame is cut")


def _checked(line: bytes) -> bytes | Oversize:
    return Oversize(len(line), line[:HEAD_BYTES]) if len(line) > MAX_LINE_BYTES else line
