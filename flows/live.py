"""Run live: the intake log, its pumps, the flow, and the endpoint, until told to stop."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Self

from connectors.decoding import Decoder, RecordParser
from connectors.drift import Shape
from connectors.drift_watch import DriftWatch
from connectors.inputs import LiveInput, pumped
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.pump import Pump
from connectors.sessions import FILE_NAME as SESSIONS_NAME
from connectors.sessions import trim_sessions
from connectors.state_folder import INTAKE_LOCK_NAME, lock_state_folder
from connectors.wall import WallClock
from flows.dataflow import Outputs, build_flow
from flows.desk_file import Desk, keep_desk
from flows.drill import read_drills
from flows.export import Exporter
from flows.floor import CounterFloor
from flows.held_file import keep_held
from flows.http import start_server
from flows.log_source import PARTITION, LogPosition, LogSource
from flows.monitor import SnapshotMeter, execute, open_recovery, window_options
from flows.store import Store
from flows.tickets import TicketOptions
from flows.verdict_table import FILE_NAME as TABLE_NAME
from flows.verdict_table import VerdictTable
from flows.wall.access import find_access
from flows.wall.app import Wall, WallOptions
from slawatch.book import Book
from slawatch.parsing import Vocabulary
from slawatch.policy import Rules

LOGGER = logging.getLogger(__name__)

HOUSEKEEPING_SECONDS = 60.0
SESSIONS_KEPT_US = 7 * 86_400_000_000
"""Sessions outlive the log's records by longer than any gap: a late act finds where it belongs."""
KEPT_POSITIONS = 3
"""Snapshots back from which a crash may resume: the log is kept from the oldest on."""
FLOOR_NAME = "counters.bin"
_NATIVE_ALONE: Mapping[str, Decoder] = MappingProxyType({})
_NO_SHAPES: Mapping[str, Shape] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Be how the monitor runs. `retention_us` is how long the intake log keeps records.

    Without an intake of its own another process stores what this one reads.
    `ticket_urls` are link templates by source, `token_file` holds the wall's token; `sweeps` are
    the seconds between two sweeps of a source.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 9464
    shards: int = 16
    workers: int = 1
    snapshot_seconds: float = 60.0
    retention_us: int = 7 * 86_400_000_000
    policies: tuple[str, ...] = ()
    has_intake: bool = True
    max_backlog: int | None = None
    ticket_urls: Mapping[str, str] = field(default_factory=dict)
    token_file: Path | None = None
    sweeps: Mapping[str, float] = field(default_factory=dict)


class Live:
    """Be a running monitor; `serve` blocks until `stop` is set."""

    def __init__(
        self,
        rules: Rules,
        vocabulary: Vocabulary,
        options: LiveOptions,
        requests: Callable[[], Mapping[tuple[str, str], int]] = dict,
        baselines: Mapping[str, Shape] = _NO_SHAPES,
    ) -> None:
        """Take the state folder and open everything that may fail, before anything runs.

        `requests` counts those of a receiver in this process, `baselines` are the shapes of each
        source's golden bodies. Raises `ConfigError` for a folder
        or port that is taken, or state that cannot be read.
        """
        self.rules = rules
        self.options = options
        self.stop = threading.Event()
        self.store = Store()
        self._vocabulary = vocabulary
        self._stack = ExitStack()
        self._alive = True
        self._positions: list[int] = []
        with ExitStack() as undo:
            undo.callback(self._stack.close)
            self._stack.enter_context(lock_state_folder(options.state))
            if options.has_intake:
                self._stack.enter_context(lock_state_folder(options.state, INTAKE_LOCK_NAME))
            self.wall = WallClock()
            self.log = self._stack.enter_context(
                SqliteLog(options.state / LOG_NAME, self.wall, max_backlog=options.max_backlog)
            )
            self.table = VerdictTable(options.state / TABLE_NAME)
            self._stack.callback(self.table.close)
            self.drift = DriftWatch(self.log, baselines, options.state)
            floor = CounterFloor(options.state / FLOOR_NAME)
            self.exporter = Exporter(
                rules,
                self.store,
                self.wall.now,
                floor,
                drills=partial(read_drills, options.state),
                requests=requests,
                drift=self.drift.read,
            )
            self.access = find_access(options.host, options.state, options.token_file)
            self.server = start_server(
                self.exporter, self._is_alive, self._build_wall(), options.host, options.port
            )
            self._stack.callback(self.server.stop)
            undo.pop_all()

    def _is_alive(self) -> bool:
        return self._alive

    def _build_wall(self) -> Wall:
        options = WallOptions(self.options.ticket_urls, self.access)
        return Wall(self.rules, self.store, self.wall.now, self._is_alive, options)

    @property
    def url(self) -> str:
        """Return where the monitor answers; of a listener for everybody by this machine's name."""
        host = self.options.host
        if host in ("0.0.0.0", "::"):  # noqa: S104  # said, not bound
            host = socket.gethostname()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server.port}/"

    @property
    def local_host(self) -> str:
        """Return by what name a program on this machine reaches the endpoint."""
        host = self.options.host
        if host in ("0.0.0.0", "::"):  # noqa: S104  # asked from here, not bound
            return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
        return f"[{host}]" if ":" in host else host

    @property
    def wall_url(self) -> str:
        """Return where the wall is; with its token where that was generated: nobody else knows."""
        access = self.access
        return f"{self.url}?token={access.token}" if access.file else self.url

    def first_at(self, default: int) -> int:
        """Return when this state folder's monitor began to watch; `default` the first time.

        Raises `ConfigError` when the folder's tickets lie in another number of shards.
        """
        options = self.options
        desk = Desk(default, options.shards, options.policies)
        return keep_desk(options.state, desk).first_at

    def serve(
        self,
        inputs: Sequence[LiveInput],
        first_at: int,
        decoders: Mapping[str, Decoder] = _NATIVE_ALONE,
    ) -> None:
        """Run the flow until `stop` is set, then leave an exact snapshot.

        `decoders` are those by source; an input's own goes before.
        """
        options = self.options
        own = {i.connector: i.decoder for i in inputs if i.decoder is not None}
        decoders = {**decoders, **own}
        meter = SnapshotMeter(self.store, options.snapshot_seconds)
        source = LogSource(
            self.log,
            RecordParser(self._vocabulary, decoders, Book(self.rules).shadows),
            self.stop,
            on_resume=self._resume,
            on_snapshot=lambda position: self._note_snapshot(position, meter),
            on_history=self.store.put_history,
        )
        book = Book(self.rules)
        tickets = TicketOptions(
            book,
            options.shards,
            first_at=first_at,
            wall=self.wall.now,
            swept=frozenset(options.sweeps),
        )
        windows = window_options(self.rules, options.shards, is_live=True)
        outputs = Outputs(self.store, self.table, self.log, meter.note)
        flow = build_flow(source, tickets, windows, outputs)
        with ExitStack() as running:
            running.enter_context(pumped(self.log, inputs))
            held = partial(keep_held, self.store, options.state, options.sweeps)
            for name, run in (
                ("housekeeping", self._keep_house),
                ("drift", self.drift.run),
                ("held", held),
            ):
                running.callback(Pump(name, run).stop)
            try:
                execute(
                    flow,
                    workers=options.workers,
                    snapshot_seconds=options.snapshot_seconds,
                    recovery=open_recovery(options.state),
                )
            finally:
                self._alive = False
                self.stop.set()

    def _resume(self, position: LogPosition) -> None:
        self.wall.not_before(position.tick, "the last snapshot")
        # One batch can hold hours: what is shown first may be as late as now.
        heard = [record.received_at for record in self.log.read_after(position.seq, 1)]
        if begin := position.tick or min(heard, default=0):
            self.store.put_begin(PARTITION, begin)

    def _note_snapshot(self, position: LogPosition, meter: SnapshotMeter) -> None:
        meter.begin()
        self._positions = [*self._positions, position.seq][-KEPT_POSITIONS:]

    def _keep_house(self, stop: threading.Event) -> None:
        """Trim by age: quarantine, sessions, and the log up to what the oldest snapshot reads."""
        while not stop.wait(HOUSEKEEPING_SECONDS):
            old_at = self.wall.now() - self.options.retention_us
            self.log.trim_quarantine(old_at)
            # A record that is still there may be decoded anew, and must find its session.
            read_at = min([old_at, *(one.received_at for one in self.log.read_after(0, 1))])
            trim_sessions(self.options.state / SESSIONS_NAME, read_at - SESSIONS_KEPT_US)
            if len(self._positions) < KEPT_POSITIONS:
                continue
            old_seq = self.log.first_seq_at(old_at)
            before_seq = min(old_seq, self._positions[0] + 1)
            if count := self.log.trim(before_seq):
                LOGGER.info("intake log trimmed records=%d", count)

    def close(self) -> None:
        """Stop serving and give the state folder back."""
        self.stop.set()
        self._stack.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
