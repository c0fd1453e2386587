"""Read: the intake log as a Bytewax source. The position is the snapshot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from typing import NamedTuple

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.decoding import RecordParser
from connectors.intake import IntakeLog, find_completions
from flows.items import Batch

PARTITION = "0"
"""The embedded log's one partition."""
_IDLE = timedelta(milliseconds=25)


class LogPosition(NamedTuple):
    """Be where to read on, the last tick given, and when history was last brought in."""

    seq: int
    tick: int
    history_at: int = 0


class LogPartition(StatefulSourcePartition[Batch, LogPosition]):
    """Read the log in batches, each ended by a tick; never block."""

    def __init__(
        self,
        log: IntakeLog,
        parser: RecordParser,
        stop: Flag,
        batch_size: int,
        position: LogPosition,
        on_snapshot: Callable[[LogPosition], None],
        on_history: Callable[[int], None],
    ) -> None:
        """Read on from `position` until `stop` is set."""
        self._log = log
        self._parser = parser
        self._stop = stop
        self._batch_size = batch_size
        self._seq, self._tick, self._history_at = position
        self._on_snapshot = on_snapshot
        self._on_history = on_history
        self._full = True

    def next_batch(self) -> list[Batch]:
        """Return one batch, empty of events when the log has no more."""
        if self._stop.is_set():
            raise StopIteration
        claim = self._log.tick_before_read()
        records = self._log.read_after(self._seq, self._batch_size)
        self._full = len(records) == self._batch_size
        if records:
            self._seq = records[-1].seq
            self._log.note_read(self._seq)
        if self._full:
            claim = records[-1].received_at - 1
        self._tick = max(self._tick, claim)
        events, rejects = self._parser.parse(records)
        if self._parser.history_at > self._history_at:
            self._history_at = self._parser.history_at
            self._on_history(self._history_at)
        backlog = max(0, self._log.last()[0] - self._seq) if self._full else 0
        completions = find_completions(records)
        return [Batch(PARTITION, self._tick, events, rejects, backlog, completions)]

    def next_awake(self) -> datetime | None:
        """Come back at once after a full read, else soon: deadlines wait for the tick."""
        return None if self._full else datetime.now(UTC) + _IDLE

    def snapshot(self) -> LogPosition:
        """Return the position after the last batch."""
        position = LogPosition(self._seq, self._tick, self._history_at)
        self._log.keep_claims()
        self._on_snapshot(position)
        return position


class LogSource(FixedPartitionedSource[Batch, LogPosition]):
    """Offer the embedded log's one partition. Emits Batch."""

    def __init__(
        self,
        log: IntakeLog,
        parser: RecordParser,
        stop: Flag,
        *,
        batch_size: int = 1000,
        on_resume: Callable[[LogPosition], None] = lambda _: None,
        on_snapshot: Callable[[LogPosition], None] = lambda _: None,
        on_history: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take the log and the flag that ends the flow gracefully.

        `on_history` hears when history was brought in, before what it changes is told.
        """
        self._log = log
        self._parser = parser
        self._stop = stop
        self._batch_size = batch_size
        self._on_resume = on_resume
        self._on_snapshot = on_snapshot
        self._on_history = on_history

    def list_parts(self) -> list[str]:
        """Return the one partition."""
        return [PARTITION]

    def build_part(
        self,
        step_id: str,  # noqa: ARG002 - Bytewax's interface
        for_part: str,  # noqa: ARG002 - there is one
        resume_state: LogPosition | None,
    ) -> LogPartition:
        """Build the partition at its resumed position."""
        position = resume_state or LogPosition(0, 0)
        self._log.note_read(position.seq)
        self._on_resume(position)
        self._on_history(position.history_at)
        return LogPartition(
            self._log,
            self._parser,
            self._stop,
            self._batch_size,
            position,
            self._on_snapshot,
            self._on_history,
        )
