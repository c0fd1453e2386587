"""Run: a flow over a finite log, or over the intake log until told to stop."""

from __future__ import annotations

import gc
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from zoneinfo import ZoneInfo

from bytewax._bytewax import cli_main
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir

from connectors.decoding import Reject
from connectors.intake import Quarantine
from flows.dataflow import Outputs, build_flow
from flows.freed_memory import keep_freed_memory
from flows.huge_pages import use_huge_pages
from flows.replay_source import LARGEST_BATCH, ReplaySource
from flows.store import Store
from flows.tickets import TicketOptions
from flows.verdict_table import VerdictTable
from flows.windows import WindowOptions
from slawatch import conventions
from slawatch.book import Book
from slawatch.calendars import day_span
from slawatch.events import Event
from slawatch.policy import Rules
from slawatch.reach import HOP_BOUNDS
from slawatch.series import bucket_bounds

LOGGER = logging.getLogger(__name__)

RECOVERY_FOLDER = "recovery"
_RECOVERY_PARTS = 1
_KNOWN_QUARTERS = 1000
GARBAGE_OBJECTS = 200_000
"""New objects between two looks for cycles: the engine makes few, and a look walks its state."""
REPLAY_GARBAGE_OBJECTS = 1_000_000
"""The same in a replay, beside which nothing else makes any: a million events make fewer."""
WARN_BYTES_PER_SECOND = 5_000_000
"""Above this rate of snapshots a disk suffers and the flow stalls."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Be how a finite log is read.

    `speed` is a multiple of the log's own time, `None` as fast as it can; `disorder_us` is by how
    much event time may run behind its running maximum.
    """

    shards: int = 16
    workers: int = 1
    batch_size: int = LARGEST_BATCH
    disorder_us: int = 0
    speed: float | None = None
    snapshot_seconds: float = 60.0


@dataclass
class SnapshotMeter:
    """Add up the shards' snapshots of an epoch, for the metrics and the log."""

    store: Store
    interval_seconds: float
    _bytes: int = 0
    _seconds: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def note(self, size: int, seconds: float) -> None:
        """Take one shard's snapshot."""
        with self._lock:
            self._bytes += size
            self._seconds += seconds
            self.store.put_gauge(conventions.SNAPSHOT_BYTES.name, (), self._bytes)
            self.store.put_gauge(conventions.SNAPSHOT_SECONDS.name, (), self._seconds)

    def begin(self) -> None:
        """Start the sums of the next epoch."""
        with self._lock:
            rate = self._bytes / self.interval_seconds
            if rate > WARN_BYTES_PER_SECOND:
                LOGGER.warning(
                    "snapshots are large bytes=%d seconds=%.2f", self._bytes, self._seconds
                )
            self._bytes, self._seconds = 0, 0.0


def day_starts(zone: str) -> Callable[[int], int]:
    """Return what finds the start of the local day of an instant (microseconds)."""
    local = ZoneInfo(zone)
    known: dict[int, int] = {}

    def start_of_day(at: int) -> int:
        quarter = at // 900_000_000
        found = known.get(quarter)
        if found is None:
            if len(known) > _KNOWN_QUARTERS:
                known.clear()
            day = datetime.fromtimestamp(at / 1e6, local).date()
            found = known[quarter] = day_span(day, zone)[0]
        return found

    return start_of_day


def open_recovery(state: Path) -> RecoveryConfig:
    """Open the recovery store of a state folder, made when missing."""
    folder = state / RECOVERY_FOLDER
    if not folder.is_dir() or not any(folder.iterdir()):
        # Made aside: whoever is killed in the middle must not leave half a store behind.
        aside = state / f"{RECOVERY_FOLDER}.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        init_db_dir(aside, _RECOVERY_PARTS)  # type: ignore[no-untyped-call]  # Rust
        aside.replace(folder)
    return RecoveryConfig(folder)  # type: ignore[no-untyped-call]  # Rust


@contextmanager
def calm_garbage(objects: int = GARBAGE_OBJECTS) -> Iterator[None]:
    """Look for reference cycles seldom while a flow runs: once in so many new objects."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(objects, before[1], before[2])
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def execute(
    flow: Dataflow,
    *,
    workers: int,
    snapshot_seconds: float,
    recovery: RecoveryConfig | None,
    garbage_objects: int = GARBAGE_OBJECTS,
) -> None:
    """Run a flow to its end in this process."""
    use_huge_pages()
    with calm_garbage(garbage_objects):
        cli_main(  # type: ignore[no-untyped-call]  # Rust
            flow,
            workers_per_process=workers,
            epoch_interval=timedelta(seconds=snapshot_seconds),
            recovery_config=recovery,
        )


def window_options(rules: Rules, shards: int, *, is_live: bool) -> WindowOptions:
    """Return what the windows stage needs of the rules."""
    buckets = {**bucket_bounds(rules), conventions.HOPS.name: tuple(HOP_BOUNDS)}
    book = Book(rules)
    days = day_starts(rules.zone)
    return WindowOptions(
        shards, buckets, days, book.team_labels, is_live=is_live, shadows=book.shadows
    )


def run_replay(
    rules: Rules,
    read: Callable[[], Iterable[Event | Reject]],
    options: ReplayOptions,
    *,
    table: VerdictTable,
    quarantine: Quarantine,
    state: Path | None,
    stop: Flag,
    store: Store | None = None,
    on_progress: Callable[[int, int], None] = lambda _count, _at: None,
) -> Store:
    """Replay a finite log and return the store with its totals.

    With a `state` folder the replay resumes where a crash left it.
    """
    keep_freed_memory()
    store = store or Store()
    meter = SnapshotMeter(store, options.snapshot_seconds)
    source = ReplaySource(
        read,
        batch_size=options.batch_size,
        disorder_us=options.disorder_us,
        speed=options.speed,
        stop=stop,
        on_progress=on_progress,
    )
    tickets = TicketOptions(
        Book(rules), options.shards, disorder_us=options.disorder_us, is_live=False
    )
    windows = window_options(rules, options.shards, is_live=False)
    flow = build_flow(source, tickets, windows, Outputs(store, table, quarantine, meter.note))
    execute(
        flow,
        workers=options.workers,
        snapshot_seconds=options.snapshot_seconds,
        recovery=None if state is None else open_recovery(state),
        garbage_objects=REPLAY_GARBAGE_OBJECTS,
    )
    return store
