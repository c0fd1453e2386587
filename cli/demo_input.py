"""The demo support centre as an input of `up`, `run` and `intake`."""

from __future__ import annotations

import logging
import threading
import time

from connectors.demo import DemoDesk
from connectors.demo_model import BACKFILL_US
from connectors.demo_pump import Delivery, DemoPump, tell_history
from connectors.inputs import LiveInput
from connectors.intake import LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.pump import store
from connectors.wall import WallClock
from flows.live import Live
from slawatch.book import Book

DEMO = "demo"
PAST_US = BACKFILL_US
"""How long before its first start the demo's history begins."""
_TOLD_AGAIN_US = 60_000_000
"""How much of what was heard is told again after a restart: the last of it came in disorder."""


def build_demo_input(live: Live, seed: int, started_at: int) -> LiveInput:
    """Tell the demo's past before anything is read, then pump it as it comes.

    After a restart the past is what happened meanwhile; its keys tell what was told before.
    """
    # Verdicts were given up to here: nothing may seem to have been received before.
    grace_us = Book(live.rules).source(DEMO).grace_us
    judged_at = min(live.wall.now(), live.table.last_at() + grace_us + 1)
    return _tell_and_pump(live.log, live.wall, seed, started_at, judged_at)


def build_intake_demo(
    log: SqliteLog, wall: WallClock, seed: int, started_at: int, *, is_read: bool
) -> LiveInput:
    """Build the same where another process judges.

    The past can only be told before anybody reads. After that, what happened while nobody took it
    in arrives late, as with any system.
    """
    heard_at = log.last()[1]
    if not heard_at and not is_read:
        return _tell_and_pump(log, wall, seed, started_at, judged_at=0)
    desk = DemoDesk(seed=seed, started_at=started_at)

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        submit = _Submit(writer, stop)
        DemoPump(desk, submit, wall.now, stop, resume_after_at=heard_at or None).run()

    return LiveInput(DEMO, pump)


def _tell_and_pump(
    log: SqliteLog, wall: WallClock, seed: int, started_at: int, judged_at: int
) -> LiveInput:
    desk = DemoDesk(seed=seed, started_at=started_at)
    began = time.monotonic()
    heard_at = log.last()[1]

    def append(deliveries: list[tuple[int, str, bytes]]) -> None:
        log.append_history(
            [
                (max(at, judged_at), Pending(DEMO, key, body))
                for at, key, body in deliveries
                if at > heard_at - _TOLD_AGAIN_US
            ]
        )

    late = tell_history(desk, append, wall.now())
    logging.getLogger(__name__).info("demo back-filled seconds=%.1f", time.monotonic() - began)

    def pump(writer: LogWriter, stop: threading.Event) -> None:
        DemoPump(desk, _Submit(writer, stop), wall.now, stop, late=late).run()

    return LiveInput(DEMO, pump)


class _Submit:
    """Store a batch, however long that takes."""

    def __init__(self, writer: LogWriter, stop: threading.Event) -> None:
        self._writer = writer
        self._stop = stop

    def __call__(self, batch: list[Delivery]) -> None:
        store([Pending(DEMO, key, body) for key, body in batch], self._writer, self._stop)
