"""The intake log: where live input is stored before anything judges it.

A record is acknowledged to its sender once it is committed; `received_at`, stamped by the one
writer, is the log time at which everything later happens, so that a restart re-enacts it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self

from slawatch.completeness import Completion
from slawatch.errors import ConnectorError

LOGGER = logging.getLogger(__name__)

COMMIT_BOUND_US = 30_000
"""How far an idle reader's tick stays behind the wall clock: a commit is usually done by then.

It is not what makes the tick safe (see `IntakeLog.tick_before_read`): a commit may take longer.
"""

COMMIT_EVERY_SECONDS = 0.005
"""How soon one commit may follow another: each costs as much as many records do."""

MAX_GROUP_RECORDS = 5_000
"""Most records that the writer puts into one commit: what waits behind them must not wait long."""

MAX_QUEUED_RECORDS = 100_000
"""Most records that wait for the writer; more are refused, which the sender retries."""


class Pending(NamedTuple):
    """Be one delivery to store. `dedup_key` is the same whenever the source sends it again.

    `complete_to`, in microseconds, says up to which instant a poller was told everything by its
    system; what else was told with it stands before.
    """

    source: str
    dedup_key: str
    body: bytes
    complete_to: int | None = None


class Record(NamedTuple):
    """Be one stored delivery. `seq` grows and is never used twice; `received_at` never falls."""

    seq: int
    received_at: int
    source: str
    body: bytes
    complete_to: int | None

    @property
    def is_completion(self) -> bool:
        """Say whether it tells nothing but how far a poll has come."""
        return self.complete_to is not None and not self.body


def complete(source: str, to: int) -> Pending:
    """Return the record that follows those of a poll, and tells nothing else."""
    return Pending(source, f"complete_to:{to}", b"", to)


def find_completions(records: Iterable[Record]) -> list[Completion]:
    """Return how far polls had come, in the order of the log."""
    return [
        Completion(record.received_at, record.source, record.complete_to)
        for record in records
        if record.complete_to is not None
    ]


class AppendResult(NamedTuple):
    """Say what became of one append; `last_seq` is the log's, whether or not it grew."""

    accepted: int
    duplicates: int
    last_seq: int


class Rejected(NamedTuple):
    """Be one record that could not become events. `key` names it for ever, so it is kept once."""

    key: str
    source: str
    body: bytes
    reason: str
    message: str
    received_at: int


class IntakeLog(Protocol):
    """Store deliveries in one order and hand them out again. Any thread may call."""

    def append(self, records: Sequence[Pending]) -> AppendResult:
        """Store the records in one commit. Raises `ConnectorError` when the store fails."""

    def append_groups(self, groups: Sequence[Sequence[Pending]]) -> list[AppendResult]:
        """Store several senders' records in one commit and say what became of each group's."""

    def tick_before_read(self) -> int:
        """Return the L that the next read may claim if it comes back short or empty.

        Everything with `received_at` <= L is visible to a read that begins after this call.
        """

    def read_after(self, seq: int, limit: int) -> list[Record]:
        """Return up to `limit` records that follow `seq`, in order."""

    def note_read(self, seq: int) -> None:
        """Tell how far the flow has read: a log may refuse appends when it is far behind."""

    def keep_claims(self) -> None:
        """Make what `tick_before_read` gave outlast a power cut: a snapshot will rest on it."""

    def trim(self, before_seq: int) -> int:
        """Forget the records before `before_seq` and return how many went."""

    def last(self) -> tuple[int, int]:
        """Return `seq` and `received_at` of the last record, or (0, 0)."""


class Quarantine(Protocol):
    """Keep what could not become events, each once, for a person to look at."""

    def quarantine(self, rows: Sequence[Rejected]) -> int:
        """Store the rows whose key is new, in one commit, and return how many were."""


Outcome = AppendResult | Exception
"""What became of one of several records: an error is a `ConnectorError`, or a sender's bug."""


class _Work(NamedTuple):
    """Be groups of records that wait, and who is told what became of them."""

    groups: Sequence[Sequence[Pending]]
    size: int
    told: Future[Any]
    is_one: bool

    def tell(self, outcomes: list[Outcome]) -> None:
        """Tell what became of each group, or of the one."""
        if not self.is_one:
            self.told.set_result(outcomes)
        elif isinstance(outcomes[0], Exception):
            self.told.set_exception(outcomes[0])
        else:
            self.told.set_result(outcomes[0])


class LogWriter:
    """Append from many threads: what waits while one commit runs shares the next one."""

    def __init__(self, log: IntakeLog, *, max_queued: int = MAX_QUEUED_RECORDS) -> None:
        """Take the log and start the thread."""
        self._log = log
        self._max_queued = max_queued
        self._waiting: deque[_Work] = deque()
        self._queued = 0
        self._closed = False
        self._watchers: tuple[Callable[[], None], ...] = ()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def submit(self, records: Sequence[Pending]) -> Future[AppendResult]:
        """Queue the records; the future is done once they are committed.

        It fails with `ConnectorError` when the store does; the same error is raised at once when
        the writer is closed or too much waits already.
        """
        future: Future[AppendResult] = Future()
        self._queue(_Work((records,), len(records), future, is_one=True))
        return future

    def submit_each(self, records: Sequence[Pending]) -> Future[list[Outcome]]:
        """Queue several senders' records; the future tells, in order, what became of each.

        It fails with nothing; what `submit` raises at once is raised here as well.
        """
        future: Future[list[Outcome]] = Future()
        groups = [(record,) for record in records]
        self._queue(_Work(groups, len(records), future, is_one=False))
        return future

    def _queue(self, work: _Work) -> None:
        with self._changed:
            if self._closed:
                raise ConnectorError("the intake log's writer is closed")
            if self._queued >= self._max_queued:
                raise ConnectorError(
                    f"the intake log is behind: {self._queued} records wait, {self._max_queued} may"
                )
            self._queued += work.size
            self._waiting.append(work)
            self._changed.notify()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call it, in the writer's thread, whenever the futures of a commit are done."""
        with self._changed:
            self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more; one call may be under way."""
        with self._changed:
            self._watchers = tuple(one for one in self._watchers if one != watcher)

    def close(self) -> None:
        """Commit what waits, then end the thread; the log stays open."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit what waits and end the thread."""
        self.close()

    def _run(self) -> None:
        while (batch := self._take()) is not None:
            rest_until = time.monotonic() + COMMIT_EVERY_SECONDS
            self._append(batch)
            for watcher in self._watchers:
                watcher()
            # Asleep it is woken by nobody who queues: that would take the interpreter from them.
            time.sleep(max(0.0, rest_until - time.monotonic()))

    def _append(self, batch: list[_Work]) -> None:
        groups = [group for work in batch for group in work.groups]
        outcomes: Sequence[Outcome]
        try:
            outcomes = self._log.append_groups(groups)
        except ConnectorError as ex:
            outcomes = [ex] * len(groups)
        except Exception:
            LOGGER.warning("intake group refused, trying its parts", exc_info=True)
            outcomes = [self._append_alone(group) for group in groups]
        each = iter(outcomes)
        for work in batch:
            work.tell(list(islice(each, len(work.groups))))

    def _append_alone(self, group: Sequence[Pending]) -> Outcome:
        """Let a group that no store would take fail alone."""
        try:
            return self._log.append(group)
        except Exception as ex:  # noqa: BLE001 - whatever it is, its sender is told
            return ex

    def _take(self) -> list[_Work] | None:
        """Wait for work and take one commit's worth; `None` when closed and drained."""
        batch: list[_Work] = []
        size = 0
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            while self._waiting and (
                not batch or size + self._waiting[0].size <= MAX_GROUP_RECORDS
            ):
                work = self._waiting.popleft()
                self._queued -= work.size
                # From here on the sender cannot cancel: what it asked for may be committed.
                if work.told.set_running_or_notify_cancel():
                    size += work.size
                    batch.append(work)
        return batch
