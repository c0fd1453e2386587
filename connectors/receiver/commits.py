"""Commits awaited by one event loop: each wakes it once, whatever number of requests it holds."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from connectors.intake import AppendResult, LogWriter, Pending


class _Waiting(NamedTuple):
    """Be one record on its way: what the writer tells, and who awaits it until when."""

    told: Future[AppendResult]
    awaited: asyncio.Future[AppendResult]
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
        awaited: asyncio.Future[AppendResult] = loop.create_future()
        until = loop.time() + self._seconds
        told = self._writer.submit([record])
        self._waiting.append(_Waiting(told, awaited, until))
        if told.done():  # committed before it stood in the queue: that wake may be over
            loop.call_soon(self._look)
        if self._timer is None:
            self._timer = loop.call_at(until, self._end_late, loop)
        return await awaited

    def _wake(self) -> None:
        """Hand a commit over, in the writer's thread."""
        if self._waiting and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits in it
                self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Tell those whose records are committed, or cannot be."""
        while self._waiting and self._waiting[0].told.done():
            told, awaited, _ = self._waiting.popleft()
            if awaited.done():  # who waited was cancelled
                continue
            if (error := told.exception()) is not None:
                awaited.set_exception(error)
            else:
                awaited.set_result(told.result())

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell those whose time is up, and come back for the next."""
        self._look()
        now = loop.time()
        while self._waiting and self._waiting[0].until <= now:
            told, awaited, _ = self._waiting.popleft()
            told.cancel()
            if not awaited.done():
                awaited.set_exception(TimeoutError())
        self._timer = None
        if self._waiting:
            self._timer = loop.call_at(self._waiting[0].until, self._end_late, loop)
