"""Commits awaited by one event loop: what one turn of it brings is handed over, and told, at once.

A thread that is woken takes the interpreter from the loop: once a commit is often enough.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from connectors.intake import AppendResult, LogWriter, Outcome, Pending
from slawatch.errors import ConnectorError

_Awaited = list[asyncio.Future[AppendResult]]


class _Waiting(NamedTuple):
    """Be records on their way: what the writer tells, and who awaits each until when."""

    told: Future[list[Outcome]]
    awaited: _Awaited
    until: float


class Commits:
    """Store records for the coroutines of one event loop, each within the same time.

    The writer takes its work in the order in which it came, so those who wait stand in one queue,
    and one timer keeps all deadlines.
    """

    def __init__(self, writer: LogWriter, seconds: float) -> None:
        """Take where records are stored, and how long that may take."""
        self._writer = writer
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._records: list[Pending] = []
        self._awaited: _Awaited = []
        self._waiting: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        """Begin to listen to the writer."""
        self._writer.watch(self._wake)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Listen no more."""
        self._writer.unwatch(self._wake)

    async def store(self, record: Pending) -> AppendResult:
        """Return once the record is committed.

        Raises `ConnectorError` when it cannot be, `TimeoutError` when that takes too long: then a
        record that is still queued is taken out of the queue again.
        """
        loop = self._loop = asyncio.get_running_loop()
        if not self._records:
            loop.call_soon(self._hand_over, loop)
        awaited: asyncio.Future[AppendResult] = loop.create_future()
        self._records.append(record)
        self._awaited.append(awaited)
        return await awaited

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the writer what this turn of the loop has brought."""
        records, self._records = self._records, []
        awaited, self._awaited = self._awaited, []
        try:
            told = self._writer.submit_each(records)
        except ConnectorError as ex:
            _tell(awaited, [ex] * len(awaited))
            return
        until = loop.time() + self._seconds
        self._waiting.append(_Waiting(told, awaited, until))
        if told.done():  # committed before it stood in the queue: that wake may be over
            loop.call_soon(self._look)
        if self._timer is None:
            self._timer = loop.call_at(until, self._end_late, loop)

    def _wake(self) -> None:
        """Hand a commit over, in the writer's thread."""
        if self._waiting and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits in it
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Tell those whose records are committed, or cannot be."""
        while self._waiting and self._waiting[0].told.done():
            told, awaited, _ = self._waiting.popleft()
            _tell(awaited, told.result())

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell those whose time is up, and come back for the next."""
        self._look()
        now = loop.time()
        while self._waiting and self._waiting[0].until <= now:
            told, awaited, _ = self._waiting.popleft()
            told.cancel()
            _tell(awaited, [TimeoutError() for _ in awaited])
        self._timer = None
        if self._waiting:
            self._timer = loop.call_at(self._waiting[0].until, self._end_late, loop)


def _tell(awaited: _Awaited, outcomes: Sequence[Outcome]) -> None:
    for one, outcome in zip(awaited, outcomes, strict=True):
        if one.done():  # who waited was cancelled
            continue
        if isinstance(outcome, Exception):
            one.set_exception(outcome)
        else:
            one.set_result(outcome)
