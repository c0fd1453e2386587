"""Advance and judge: the stateful step that holds a shard's tickets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bytewax.operators import StatefulBatchLogic

from flows.items import Said, ShardBatch
from flows.told import Telling
from slawatch.book import Book
from slawatch.shard import Shard
from slawatch.snapshot import change_rules, pack_shard, restore_shard
from slawatch.verdicts import Output

VIEW_SECONDS = 0.25
"""How often, in wall time, a shard shows its open work."""


@dataclass(frozen=True, slots=True)
class TicketOptions:
    """Be what every shard is built with.

    `disorder_us` is by how much a replay's log time stays behind; `first_at` where counting
    begins; `is_live` shows open work as it goes, else only at the end. `wall` tells microseconds.
    The open tickets of `swept` sources are told one by one.
    """

    book: Book
    shards: int
    disorder_us: int = 0
    first_at: int = 0
    hot: int = 512
    is_live: bool = True
    wall: Callable[[], int] | None = None
    swept: frozenset[str] = frozenset()


class TicketsLogic(StatefulBatchLogic[ShardBatch, Said, bytes]):
    """Consumes (shard, ShardBatch). Emits Said."""

    def __init__(
        self,
        options: TicketOptions,
        resume_state: bytes | None,
        on_snapshot: Callable[[int, float], None],
    ) -> None:
        """Start empty or from a snapshot."""
        self._options = options
        self._on_snapshot = on_snapshot
        self._republish = resume_state is not None
        self._viewed = 0.0
        self._pending = Output()
        if resume_state is None:
            self.shard = Shard(options.book, first_at=options.first_at, hot=options.hot)
        else:
            self.shard = restore_shard(resume_state, options.book, hot=options.hot)
            if self.shard.digest != options.book.rules.digest:
                change_rules(self.shard, self.shard.log_at, self._pending)
                self.shard.digest = options.book.rules.digest
        self.shard.work.swept = options.swept

    def on_batch(self, values: list[ShardBatch]) -> tuple[Iterable[Said], bool]:
        """Advance by each batch, in order."""
        telling = self._telling()
        out = Output(self.shard.first_at, self.shard.interner.numbers, telling.add)
        shard, disorder_us = self.shard, self._options.disorder_us
        for tick, events, completions in values:
            shard.advance(events, tick, out, completions, disorder_us=disorder_us)
        show = self._options.is_live and time.monotonic() - self._viewed >= VIEW_SECONDS
        return [self._say(out, telling, show=show)], False

    def on_notify(self) -> tuple[Iterable[Said], bool]:
        """Show a resumed shard before anything new comes."""
        self._republish = False
        out, self._pending = self._pending, Output()
        return [self._say(out, self._telling(), show=True)], False

    def on_eof(self) -> tuple[Iterable[Said], bool]:
        """Show the last state. Log time stays: a stop must not fire what has not come."""
        return [self._say(Output(), self._telling(), show=True)], False

    def notify_at(self) -> datetime | None:
        """Ask once, after a resume, to be woken at once."""
        return datetime.now(UTC) if self._republish else None

    def _telling(self) -> Telling:
        return Telling(is_tallied=not self._options.is_live)

    def _say(self, out: Output, telling: Telling, *, show: bool) -> Said:
        view = None
        wall = self._options.wall
        late_us = 0
        telling.add(out.rows)
        told, out.rows = telling.end(), []
        if wall is not None and told.size:
            late_us = max(0, wall() - self.shard.log_at)
        if show:
            view = self.shard.view(self.shard.log_at)
            self._viewed = time.monotonic()
        return Said(
            "",
            "",
            self.shard.log_at,
            out,
            told,
            view,
            lateness_us=late_us,
        )

    def snapshot(self) -> bytes:
        """Return the packed shard."""
        start = time.perf_counter()
        data = pack_shard(self.shard)
        self._on_snapshot(len(data), time.perf_counter() - start)
        return data


def name_origin(keyed: tuple[str, Said]) -> tuple[str, Said]:
    """Key what a shard said by its partition, for the windows."""
    shard, said = keyed
    partition = shard.partition("/")[0]
    return partition, said._replace(partition=partition, origin=shard)
