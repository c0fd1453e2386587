"""The dataflow, top to bottom: read, route, advance and judge, aggregate, export.

Step names are the recovery store's format: renaming one silently loses its state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source

from connectors.intake import Quarantine
from flows.items import Batch, Said, ShardBatch
from flows.route import build_router, is_for_shard
from flows.sinks import CallSink, VerdictSink, keep_rejects, show_totals, show_views
from flows.store import Store
from flows.tickets import TicketOptions, TicketsLogic, name_origin
from flows.verdict_table import VerdictTable
from flows.windows import WindowOptions, WindowsLogic


@dataclass(frozen=True, slots=True)
class Outputs:
    """Be where the flow writes. `on_snapshot` hears of each shard's bytes and seconds."""

    store: Store
    table: VerdictTable
    quarantine: Quarantine
    on_snapshot: Callable[[int, float], None] = lambda _bytes, _seconds: None


def build_flow(
    source: Source[Batch], tickets: TicketOptions, windows: WindowOptions, outputs: Outputs
) -> Dataflow:
    """Build the flow that every input goes through."""

    def build_tickets(resume_state: bytes | None) -> TicketsLogic:
        return TicketsLogic(tickets, resume_state, outputs.on_snapshot)

    def build_windows(resume_state: bytes | None) -> WindowsLogic:
        return WindowsLogic(windows, resume_state)

    flow = Dataflow("slawatch")
    batches = op.input("read", flow, source)
    routed = op.flat_map_batch("route", batches, build_router(tickets.shards))
    parts: Any = op.branch("split", routed, is_for_shard)
    to_shards: op.KeyedStream[ShardBatch] = parts.trues
    was_read: op.KeyedStream[Said] = parts.falses
    said = op.map("judge", op.stateful_batch("advance", to_shards, build_tickets), name_origin)
    op.output("verdicts", said, VerdictSink(outputs.table, commits_each=tickets.is_live))
    op.output("views", said, CallSink(show_views(outputs.store)))
    op.output("rejects", was_read, CallSink(keep_rejects(outputs.quarantine)))
    everything = op.merge("gather", said, was_read)
    totals = op.stateful_batch("aggregate", everything, build_windows)
    op.output("export", totals, CallSink(show_totals(outputs.store)))
    return flow
