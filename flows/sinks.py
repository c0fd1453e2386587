"""Sinks: the verdict table, the quarantine, and the store that a scrape reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bytewax.outputs import (
    DynamicSink,
    FixedPartitionedSink,
    StatefulSinkPartition,
    StatelessSinkPartition,
)

from connectors.intake import Quarantine, Rejected
from flows.items import Said
from flows.store import Store
from flows.verdict_table import FEW, VerdictTable
from flows.windows import Shown
from slawatch import conventions
from slawatch.labels import BREACHED


class VerdictPartition(StatefulSinkPartition[Said, None]):
    """Write to the verdict table; what an epoch holds is committed before its snapshot."""

    def __init__(self, table: VerdictTable, *, commits_each: bool) -> None:
        """Take the table; `commits_each` commits every batch, so that others see it at once.

        Between batches with few verdicts it also files what was written in greater haste.
        """
        self._table = table
        self._commits_each = commits_each

    def write_batch(self, values: list[Said]) -> None:
        """Add the verdicts."""
        count = 0
        for said in values:
            if said.told.size:
                self._table.write(said.told)
                count += said.told.size
        if self._commits_each and ((count < FEW and self._table.file()) or count):
            self._table.commit()

    def snapshot(self) -> None:
        """Commit: the snapshot of this epoch counts these verdicts as told."""
        self._table.commit()

    def close(self) -> None:
        """Commit at the end of the flow."""
        self._table.commit()


class VerdictSink(FixedPartitionedSink[Said, None]):
    """Write every partition's verdicts to one table. Consumes (partition, Said)."""

    def __init__(self, table: VerdictTable, *, commits_each: bool) -> None:
        """Take the table."""
        self._table = table
        self._commits_each = commits_each

    def list_parts(self) -> list[str]:
        """Return the one table."""
        return ["verdicts"]

    def build_part(
        self,
        step_id: str,  # noqa: ARG002 - Bytewax's interface
        for_part: str,  # noqa: ARG002 - there is one
        resume_state: None,  # noqa: ARG002 - the table remembers by itself
    ) -> VerdictPartition:
        """Build the one partition."""
        return VerdictPartition(self._table, commits_each=self._commits_each)


class CallPartition(StatelessSinkPartition[Any]):
    """Hand every batch to a function."""

    def __init__(self, write: Callable[[list[Any]], None]) -> None:
        """Take the function."""
        self._write = write

    def write_batch(self, items: list[Any]) -> None:
        """Call the function."""
        self._write(items)


class CallSink(DynamicSink[Any]):
    """Hand every batch to a function, on whichever worker it is."""

    def __init__(self, write: Callable[[list[Any]], None]) -> None:
        """Take the function; it may be called by several threads."""
        self._write = write

    def build(
        self,
        step_id: str,  # noqa: ARG002 - Bytewax's interface
        worker_index: int,  # noqa: ARG002 - all workers do the same
        worker_count: int,  # noqa: ARG002 - all workers do the same
    ) -> CallPartition:
        """Build a worker's part."""
        return CallPartition(self._write)


def show_views(store: Store) -> Callable[[list[tuple[str, Said]]], None]:
    """Return what hands the shards' views to the store. Consumes (partition, Said)."""

    def show(items: list[tuple[str, Said]]) -> None:
        for _, said in items:
            if said.view is not None:
                store.put_view(said.origin, said.view)
            if said.lateness_us:
                store.put_gauge(conventions.LATENESS.name, (), said.lateness_us / 1e6)

    return show


def show_totals(
    store: Store, on_progress: Callable[[int], None] = lambda _: None
) -> Callable[[list[tuple[str, Shown]]], None]:
    """Return what hands totals to the store. Consumes (partition, Shown)."""

    def show(items: list[tuple[str, Shown]]) -> None:
        for partition, shown in items:
            store.put_totals(
                partition,
                shown.values,
                shown.results,
                shown.quantiles,
                shown.log_at,
                shown.ahead_at,
                shown.quarters,
            )
            store.put_progress(partition, shown.log_at, shown.watermark_at, shown.backlog)
            for connector, delay_us in shown.delays.items():
                store.put_gauge(conventions.DELIVERY_DELAY.name, (connector,), delay_us / 1e6)
            for verdict in shown.exemplars:
                labels = (verdict.channel, verdict.priority, verdict.target, BREACHED)
                seconds = verdict.elapsed_us / 1e6
                store.put_exemplar(labels, verdict.ticket, seconds, verdict.at)
            on_progress(shown.log_at)

    return show


def keep_rejects(quarantine: Quarantine) -> Callable[[list[tuple[str, Said]]], None]:
    """Return what keeps rejects for a person to look at, each once. Consumes (partition, Said)."""

    def keep(items: list[tuple[str, Said]]) -> None:
        rows = [
            Rejected(
                reject.key,
                reject.connector,
                reject.body,
                reject.reason,
                reject.message,
                reject.received_at,
            )
            for _, said in items
            for reject in said.rejects
        ]
        if rows:
            quarantine.quarantine(rows)

    return keep
