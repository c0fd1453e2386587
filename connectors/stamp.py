"""The stamp beside an intake log: how processes agree on what a reader may claim to have read.

Who appends writes down here, before anybody can see its records, which `received_at` they get.
Who reads writes down up to where it claimed to know everything. Both look at their clock while
they hold the file's lock, so one of the two always sees the other.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from slawatch.errors import ConfigError, ConnectorError

_MARK = b"slastmp1"
_HEAD = struct.Struct(f"<{len(_MARK)}s")
_VALUES = struct.Struct("<5q")


class Stamp(NamedTuple):
    """Be what the file says; instants are microseconds.

    `in_flight_at` is the stamp of the append that is under way (0: none), number `append_number`;
    `stamped_at` the highest ever given; `claimed_at` the highest tick that a reader was given;
    `read_seq` how far the flow has read.
    """

    in_flight_at: int = 0
    append_number: int = 0
    stamped_at: int = 0
    claimed_at: int = 0
    read_seq: int = 0


class StampFile:
    """Read and write the stamp. Safe for any thread of any process of one machine."""

    def __init__(self, path: Path) -> None:
        """Open or make the file; raises `ConfigError` when it cannot be used."""
        self.path = path
        self._thread_lock = threading.Lock()
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as ex:
            raise ConfigError(f"stamp {str(path)!r} cannot be opened: {ex.strerror}") from ex
        try:
            self._prepare()
        except BaseException:
            os.close(self._descriptor)
            raise

    def begin_append(self, now: Callable[[], int]) -> Stamp:
        """Take the `received_at` of an append and show it until `end_append`.

        Only while the log's write lock is held. It never falls, and lies behind every claim.
        """
        with self._held() as stamp:
            at = max(now(), stamp.claimed_at + 1, stamp.stamped_at)
            begun = stamp._replace(
                in_flight_at=at, append_number=stamp.append_number + 1, stamped_at=at
            )
            self._write(begun)
        return begun

    def end_append(self, append_number: int) -> None:
        """Take the stamp away: what was appended is visible, or never will be.

        Another append may have begun meanwhile, in another process: its stamp stays.
        """
        with self._held() as stamp:
            if stamp.append_number == append_number:
                self._write(stamp._replace(in_flight_at=0))

    def claim(self, now: Callable[[], int], bound_us: int) -> tuple[int, Stamp]:
        """Return the tick that a read begun after this may claim, and the stamp as it was.

        An append either shows its stamp here, or gets one that lies behind the claim.
        """
        with self._held() as stamp:
            tick = now() - bound_us
            if stamp.in_flight_at:
                tick = min(tick, stamp.in_flight_at - 1)
            if tick > stamp.claimed_at:
                self._write(stamp._replace(claimed_at=tick))
        return tick, stamp

    def note_read(self, seq: int) -> None:
        """Write down how far the flow has read."""
        with self._held() as stamp:
            self._write(stamp._replace(read_seq=seq))

    def read(self) -> Stamp:
        """Return what the file says."""
        with self._held() as stamp:
            return stamp

    def sync(self) -> None:
        """Put the claims on the disk: a snapshot rests on them, also after a power cut."""
        with _told(self.path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep everybody else out, also those of other processes."""
        with self._held():
            yield

    @contextmanager
    def _held(self) -> Iterator[Stamp]:
        """Hold the file's lock; the kernel frees it when the process dies."""
        with self._thread_lock, _told(self.path):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                values = os.pread(self._descriptor, _VALUES.size, _HEAD.size)
                yield Stamp._make(_VALUES.unpack(values))
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _write(self, stamp: Stamp) -> None:
        # One small write into one page: a process that is killed has written all of it or none.
        os.pwrite(self._descriptor, _VALUES.pack(*stamp), _HEAD.size)

    def _prepare(self) -> None:
        with self._thread_lock, _told(self.path):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                found = os.pread(self._descriptor, _HEAD.size + _VALUES.size, 0)
                if not found.strip(b"\0"):
                    os.pwrite(self._descriptor, _HEAD.pack(_MARK) + _VALUES.pack(*Stamp()), 0)
                    os.fsync(self._descriptor)
                elif not found.startswith(_MARK) or len(found) < _HEAD.size + _VALUES.size:
                    raise ConfigError(
                        f"stamp {str(self.path)!r} was written by another version of slawatch or "
                        "is damaged: stop every slawatch of this folder, remove the file, start"
                    )
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as ex:
        raise ConnectorError(f"stamp {str(path)!r} cannot be used: {ex.strerror}") from ex
