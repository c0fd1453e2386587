"""The demo's pump: it carries a `DemoDesk`'s acts into the log, first the past, then as they come.

As in life a few acts arrive late: about three in a thousand, by seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from zlib import crc32

import orjson

from connectors.demo import DemoDesk

BATCH_SIZE = 500
MAX_WAIT_SECONDS = 0.2

_LATE_PER_MILLE = 3
_MIN_LATE_US = 2_000_000
_MAX_LATE_US = 40_000_000

Delivery = tuple[str, bytes]
"""A delivery's deduplication key, which is the event's id, and its body: one JSON object."""


class DemoPump:
    """Submit a desk's acts once they are due, in batches of at most `BATCH_SIZE`.

    `submit` takes a batch and may block; `now` tells microseconds. `caught_up` is set once the
    past has been submitted.
    """

    def __init__(
        self,
        desk: DemoDesk,
        submit: Callable[[list[Delivery]], None],
        now: Callable[[], int],
        stop: threading.Event,
        *,
        resume_after_at: int | None = None,
        late: Iterable[tuple[int, str, bytes]] = (),
    ) -> None:
        """Take a fresh desk; `resume_after_at` is the last act's instant that was submitted.

        Acts somewhat before it are submitted again, since one of them may have been late; their
        keys are the old ones. `late` are deliveries that `tell_history` left under way.
        """
        self.caught_up = threading.Event()
        self._desk = desk
        self._submit = submit
        self._now = now
        self._stop = stop
        self._skip_until_at = None if resume_after_at is None else resume_after_at - _MAX_LATE_US
        self._late: list[tuple[int, str, bytes]] = sorted(late)

    def run(self) -> None:
        """Submit what is due until told to stop."""
        if self._skip_until_at is not None:
            for _ in self._desk.timed_events_until(self._skip_until_at):
                if self._stop.is_set():
                    return
        while not self._stop.is_set():
            self._carry(self._now())
            if self._stop.is_set():
                return
            self.caught_up.set()
            next_at = min(self._desk.next_at(), self._late[0][0] if self._late else 1 << 62)
            wait_seconds = (next_at - self._now()) / 1_000_000
            self._stop.wait(min(MAX_WAIT_SECONDS, max(0.0, wait_seconds)))

    def _carry(self, now_at: int) -> None:
        batch: list[Delivery] = []
        for at, event in self._desk.timed_events_until(now_at + 1):
            key, body = event["event_id"], orjson.dumps(event)
            deliver_at = at + get_lateness(key)
            if deliver_at > now_at:
                heappush(self._late, (deliver_at, key, body))
                continue
            batch.append((key, body))
            if len(batch) == BATCH_SIZE:
                self._submit(batch)
                batch = []
                if self._stop.is_set():
                    return
        while self._late and self._late[0][0] <= now_at:
            batch.append(heappop(self._late)[1:])
            if len(batch) == BATCH_SIZE:
                self._submit(batch)
                batch = []
        if batch:
            self._submit(batch)


def tell_history(
    desk: DemoDesk, append: Callable[[list[tuple[int, str, bytes]]], None], until_at: int
) -> list[tuple[int, str, bytes]]:
    """Append a desk's past as it would have been received, and return what is still under way.

    `append` takes (received_at, key, body) in the order of arrival.
    """
    under_way: list[tuple[int, str, bytes]] = []
    batch: list[tuple[int, str, bytes]] = []
    for at, event in desk.timed_events_until(until_at):
        while under_way and under_way[0][0] <= at:
            batch.append(heappop(under_way))
        key, body = event["event_id"], orjson.dumps(event)
        late_us = get_lateness(key)
        if late_us:
            heappush(under_way, (at + late_us, key, body))
        else:
            batch.append((at, key, body))
        if len(batch) >= 10 * BATCH_SIZE:
            append(batch)
            batch = []
    while under_way and under_way[0][0] < until_at:
        batch.append(heappop(under_way))
    if batch:
        append(batch)
    return under_way


def get_lateness(event_id: str) -> int:
    """Return how long after its instant an act is delivered, in microseconds; mostly 0."""
    draw = crc32(event_id.encode())
    if draw % 1000 >= _LATE_PER_MILLE:
        return 0
    span_ms = (_MAX_LATE_US - _MIN_LATE_US) // 1000
    return _MIN_LATE_US + draw // 1000 % span_ms * 1000
