"""Read: a finite log as a Bytewax source, as fast as it can or at N times its own speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Event as Flag
from typing import NamedTuple

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.decoding import Reject
from flows.items import Batch
from flows.log_source import PARTITION
from slawatch.batches import stamp
from slawatch.events import Event

FIRST_BATCH = 8_000
LARGEST_BATCH = 64_000
"""A ticket's acts are taken together: the more of them a batch holds, the less each costs."""
_QUICK_SECONDS = 0.6
"""A batch that takes longer is followed by none that is larger: progress is shown after each."""


class ReplayPosition(NamedTuple):
    """Be how many items were read, the running maximum of time, and the last tick."""

    items: int
    received_at: int
    tick: int


class ReplayPartition(StatefulSourcePartition[Batch, ReplayPosition]):
    """Give the log out in batches; `received_at` is the running maximum of event time."""

    def __init__(
        self,
        items: Iterator[Event | Reject],
        position: ReplayPosition,
        *,
        batch_size: int,
        disorder_us: int,
        speed: float | None,
        stop: Flag,
        on_progress: Callable[[int, int], None],
    ) -> None:
        """Skip to the position."""
        self._items = items
        self._count, self._received_at, self._tick = position
        for _ in islice(items, self._count):
            pass
        self._batch_size = batch_size
        self._size = min(FIRST_BATCH, batch_size)
        self._read_at = 0.0
        self._disorder_us = disorder_us
        self._speed = speed
        self._stop = stop
        self._on_progress = on_progress
        self._ended = False
        self._began = (0.0, 0)
        self._ahead: Event | Reject | None = None
        self._wait_seconds = 0.0

    def next_batch(self) -> list[Batch]:
        """Return the next batch and its tick; after the last, a tick that ends the log's time."""
        if self._stop.is_set() or self._ended:
            raise StopIteration
        events: list[Event] = []
        rejects: list[Reject] = []
        self._wait_seconds = 0.0
        if self._speed is None:
            taken = self._take_all(events, rejects)
        else:
            taken = self._take_due(events, rejects, self._speed)
        self._count += taken
        if self._received_at:
            self._tick = max(self._tick, self._claim())
        self._on_progress(self._count, self._received_at)
        return [Batch(PARTITION, self._tick, events, rejects, 0)]

    def _claim(self) -> int:
        """Return up to when everything has been read: more may come with the last's time."""
        return self._received_at - (0 if self._ended else 1 + self._disorder_us)

    def _take_all(self, events: list[Event], rejects: list[Reject]) -> int:
        size = self._find_size()
        items = list(islice(self._items, size))
        came, others, self._received_at = stamp(items, self._received_at)
        events += came
        rejects += others
        self._ended = len(items) < size
        return len(items)

    def _find_size(self) -> int:
        """Return how many to take: twice as many as before, as long as that was quick."""
        now = time.monotonic()
        if self._read_at and now - self._read_at < _QUICK_SECONDS:
            self._size = min(2 * self._size, self._batch_size)
        self._read_at = now
        return self._size

    def _take_due(self, events: list[Event], rejects: list[Reject], speed: float) -> int:
        """Take what is due at the replay's speed."""
        taken = 0
        while taken < self._batch_size:
            item = self._ahead or next(self._items, None)
            self._ahead = None
            if item is None:
                self._ended = True
                break
            if isinstance(item, Reject):
                rejects.append(item)
            elif self._is_due(item, speed):
                self._received_at = max(self._received_at, item.occurred_at)
                events.append(item.arrive(self._received_at))
            else:
                self._ahead = item
                break
            taken += 1
        return taken

    def _is_due(self, event: Event, speed: float) -> bool:
        """Tell whether its time has come."""
        now = time.monotonic()
        if not self._began[1]:
            self._began = (now, event.occurred_at)
        passed_us = (now - self._began[0]) * 1e6 * speed
        early_us = event.occurred_at - self._began[1] - passed_us
        self._wait_seconds = max(0.0, min(early_us / 1e6 / speed, 0.05))
        return early_us <= 0

    def next_awake(self) -> datetime | None:
        """Come back at once, or when the next event is due."""
        if self._wait_seconds:
            return datetime.now(UTC) + timedelta(seconds=self._wait_seconds)
        return None

    def snapshot(self) -> ReplayPosition:
        """Return the position after the last batch."""
        return ReplayPosition(self._count, self._received_at, self._tick)


class ReplaySource(FixedPartitionedSource[Batch, ReplayPosition]):
    """Offer a finite log as one partition. `read` starts it over for each run. Emits Batch."""

    def __init__(
        self,
        read: Callable[[], Iterable[Event | Reject]],
        *,
        batch_size: int = LARGEST_BATCH,
        disorder_us: int = 0,
        speed: float | None = None,
        stop: Flag,
        on_progress: Callable[[int, int], None] = lambda _count, _at: None,
    ) -> None:
        """Take the reader; log time stays `disorder_us` behind the running maximum.

        A batch holds at most `batch_size` events, and the first ones no more than `FIRST_BATCH`.

        `on_progress` hears how many items were read, and the log's time.
        """
        self._read = read
        self._batch_size = batch_size
        self._disorder_us = disorder_us
        self._speed = speed
        self._stop = stop
        self._on_progress = on_progress

    def list_parts(self) -> list[str]:
        """Return the one partition."""
        return [PARTITION]

    def build_part(
        self,
        step_id: str,  # noqa: ARG002 - Bytewax's interface
        for_part: str,  # noqa: ARG002 - there is one
        resume_state: ReplayPosition | None,
    ) -> ReplayPartition:
        """Build the partition at its resumed position."""
        return ReplayPartition(
            iter(self._read()),
            resume_state or ReplayPosition(0, 0, 0),
            batch_size=self._batch_size,
            disorder_us=self._disorder_us,
            speed=self._speed,
            stop=self._stop,
            on_progress=self._on_progress,
        )
