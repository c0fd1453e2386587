"""The counter floor: no counter is exposed lower than it was exposed before, also after a crash.

Prometheus reads a lower value as a reset and adds the whole of it to `increase()`. So each
scrape's values are saved before it is answered, and are the floor after a restart, until the
replay of what had been read has brought the counters past them.

The file: a magic line, a line of JSON (`Head`), the names and label values (JSON, deflated: they
seldom change), the values (doubles: what was exposed is a double), a CRC of all that.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slawatch.errors import ConfigError

_MAGIC = b"slawatch counter floor 1\n"
_LOG = logging.getLogger(__name__)

SETTLE_US = 60_000_000
"""How far beyond the floor's log time a counter must still be lower to be given an offset.

The parts of a flow are not at one log time: an offset given too early would count twice.
"""

Key = tuple[str, ...]
_Values = dict[Key, float]


@dataclass(slots=True)
class _Saved:
    """Be what the file says: the log time of each partition, values and offsets by series name."""

    log_at: dict[str, int] = field(default_factory=dict)
    behind_at: int = 0
    offset_count: int = 0
    values: dict[str, _Values] = field(default_factory=dict)
    offsets: dict[str, _Values] = field(default_factory=dict)


class CounterFloor:
    """Raise counters to what was last exposed, and remember what is exposed.

    A scrape calls `begin`, `raise_values` for each counter or histogram line name, and `save`
    before its answer is sent. Without a path nothing outlives the process. Not thread-safe.
    `behind_at` (microseconds) rides along: when log time was last seen to lag.
    """

    def __init__(self, path: Path | None = None, settle_us: int = SETTLE_US) -> None:
        """Load the floor of the last run. Raises `ConfigError` on a file that cannot be read."""
        self._path = path
        self._settle_us = settle_us
        saved = _load(path) if path is not None and path.exists() else _Saved()
        self.behind_at = saved.behind_at
        self.offset_count = saved.offset_count
        self._floor_log_at = saved.log_at
        self._log_at = dict(saved.log_at)
        self._settles = False
        self._is_passed = not saved.values
        self._last = saved.values
        self._offsets = saved.offsets
        self._next: dict[str, _Values] = {}
        self._index: tuple[dict[str, list[Key]], bytes] = ({}, b"")
        self._written: bytes | None = None

    def begin(self, log_at: Mapping[str, tuple[int, int]]) -> None:
        """Start a scrape. By partition: the log times of its slowest and its fastest part."""
        self._next = {}
        for partition, (_, ahead_at) in log_at.items():
            self._log_at[partition] = max(ahead_at, self._log_at.get(partition, ahead_at))
        # Several partitions are added up: the sum is whole only when each has passed.
        self._settles = (
            not self._is_passed
            and bool(log_at)
            and all(
                name in log_at and log_at[name][0] > at + self._settle_us
                for name, at in self._floor_log_at.items()
            )
        )
        self._is_passed = self._is_passed or self._settles

    def find_vanished(self, name: str, known: Iterable[Key]) -> list[Key]:
        """Return the label sets exposed before the restart that the totals do not know yet.

        Once log time has passed the floor's none is left: the rules no longer have them.
        """
        if self._is_passed:
            return []
        return sorted(self._last.get(name, {}).keys() - set(known))

    def raise_values(self, name: str, keys: Sequence[Key], values: list[float]) -> list[float]:
        """Return the values to expose, none lower than the last time; `keys` are their labels."""
        last = self._last.get(name)
        offsets = self._offsets.get(name)
        if offsets:
            values = [v + offsets.get(key, 0) for key, v in zip(keys, values, strict=True)]
        if last:
            floor = last.get
            raised = [
                value if value >= (low := floor(key, 0)) else low
                for key, value in zip(keys, values, strict=True)
            ]
            if self._settles and raised != values:
                self._settle(name, keys, values, raised)
            values = raised
        self._next[name] = dict(zip(keys, values, strict=True))
        return values

    def _settle(
        self, name: str, keys: Sequence[Key], values: Sequence[float], raised: Sequence[float]
    ) -> None:
        offsets = self._offsets.setdefault(name, {})
        for key, value, floor in zip(keys, values, raised, strict=True):
            if floor > value:
                offsets[key] = offsets.get(key, 0) + floor - value
                self.offset_count += 1
                _LOG.warning(
                    "counter came back lower series=%s labels=%s offset=%s", name, key, offsets[key]
                )

    def save(self) -> None:
        """Make this scrape's values the floor, on disk; write nothing if nothing has changed.

        Raises `OSError` when the disk does; the values then are the floor in memory alone.
        """
        self._last = self._next
        if self._path is None:
            return
        body = self._render()
        # Log time moves with every tick: alone it is no reason to write. An older one is safe:
        # what has not changed since was true of it as well.
        if body != self._written:
            content = _MAGIC + json.dumps({"log_at": self._log_at}).encode() + b"\n" + body
            _write(self._path, content + zlib.crc32(content).to_bytes(4, "little"))
            self._written = body

    def _render(self) -> bytes:
        names = {name: list(values) for name, values in self._last.items()}
        if names != self._index[0]:
            self._index = (names, zlib.compress(json.dumps(names).encode(), 1))
        index = self._index[1]
        values = array("d", (v for values in self._last.values() for v in values.values()))
        if sys.byteorder == "big":
            values.byteswap()
        packed = values.tobytes()
        state = {
            "behind_at": self.behind_at,
            "offset_count": self.offset_count,
            "offsets": [
                [name, key, offset]
                for name, offsets in self._offsets.items()
                for key, offset in offsets.items()
            ],
            "index_bytes": len(index),
        }
        return json.dumps(state).encode() + b"\n" + index + packed


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _load(path: Path) -> _Saved:
    try:
        return _parse(path.read_bytes())
    except (OSError, ValueError, KeyError, TypeError, zlib.error) as ex:
        raise ConfigError(
            f"the counter floor {str(path)!r} cannot be read ({ex}): restore it, or delete it and "
            "accept that counters may read as reset once"
        ) from ex


def _parse(content: bytes) -> _Saved:
    if not content.startswith(_MAGIC):
        raise ValueError(f"must start with {_MAGIC!r}, got {content[: len(_MAGIC)]!r}")
    if zlib.crc32(content[:-4]) != int.from_bytes(content[-4:], "little"):
        raise ValueError("its checksum is wrong")
    head, state_line, rest = content[len(_MAGIC) : -4].split(b"\n", 2)
    state: dict[str, Any] = json.loads(state_line)
    names = json.loads(zlib.decompress(rest[: state["index_bytes"]]))
    values = array("d", rest[state["index_bytes"] :])
    if sys.byteorder == "big":
        values.byteswap()
    saved = _Saved(json.loads(head)["log_at"], state["behind_at"], state["offset_count"])
    numbers = iter(values)
    for name, keys in names.items():
        saved.values[name] = {tuple(key): next(numbers) for key in keys}
    for name, key, offset in state["offsets"]:
        saved.offsets.setdefault(name, {})[tuple(key)] = offset
    return saved
