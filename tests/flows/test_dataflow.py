"""The dataflow's names: renaming a step loses its state without a word."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from bytewax.dataflow import Dataflow, Operator

from connectors.decoding import Reject
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from flows.dataflow import Outputs, build_flow
from flows.monitor import ReplayOptions, execute, open_recovery, window_options
from flows.replay_source import ReplaySource
from flows.store import Store
from flows.tickets import TicketOptions
from flows.verdict_table import VerdictTable
from slawatch.book import Book
from slawatch.events import Event
from tests.flows.replays import run, tell_desk
from tests.rules import build_rules

REJECT = Reject("desk", "malformed", "not JSON", b"{", "log:3", 0)


def find_steps(scope: Dataflow | Operator) -> Iterable[tuple[str, str]]:
    """Yield id and operator of every step."""
    for step in scope.substeps:
        yield step.step_id, type(step).__name__
        yield from find_steps(step)


def build(folder: Path, log: SqliteLog, events: list[Event], snapped: list[int]) -> Dataflow:
    """Build a flow over events."""
    rules = build_rules()
    outputs = Outputs(
        Store(), VerdictTable(folder / "v.sqlite3"), log, lambda size, _: snapped.append(size)
    )
    source = ReplaySource(lambda: events, stop=threading.Event())
    tickets = TicketOptions(Book(rules), 4, is_live=False)
    return build_flow(source, tickets, window_options(rules, 4, is_live=False), outputs)


@pytest.fixture
def log(tmp_path: Path) -> Iterable[SqliteLog]:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as opened:
        yield opened


def test_the_ids_of_steps_are_the_recovery_stores_format(tmp_path: Path, log: SqliteLog) -> None:
    assert list(find_steps(build(tmp_path, log, [], []))) == [
        ("slawatch.read", "input"),
        ("slawatch.route", "flat_map_batch"),
        ("slawatch.split", "branch"),
        ("slawatch.advance", "stateful_batch"),
        ("slawatch.judge", "map"),
        ("slawatch.judge.flat_map_batch", "flat_map_batch"),
        ("slawatch.verdicts", "output"),
        ("slawatch.views", "output"),
        ("slawatch.rejects", "output"),
        ("slawatch.gather", "merge"),
        ("slawatch.aggregate", "stateful_batch"),
        ("slawatch.export", "output"),
    ]


def test_every_shard_is_in_every_snapshot(tmp_path: Path, log: SqliteLog) -> None:
    snapped: list[int] = []
    flow = build(tmp_path, log, tell_desk(1, 5), snapped)
    execute(flow, workers=1, snapshot_seconds=60, recovery=open_recovery(tmp_path))
    assert len(snapped) == 4


def test_rejects_are_counted_and_kept_on_their_way(tmp_path: Path) -> None:
    events: list[Event | Reject] = [*tell_desk(1, 3), REJECT]
    _, contents = run(tmp_path, events, ReplayOptions())
    totals = contents.totals["0"].totals
    assert totals["slawatch_quarantined_total"] == {("desk", "malformed"): 1}
    assert totals["slawatch_events_total"]["desk", "rejected"] == 1
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as log:
        assert [(row.key, row.body) for row in log.quarantined()] == [("log:3", b"{")]


def test_what_every_part_says_reaches_the_store(tmp_path: Path) -> None:
    events = tell_desk(1, 20)
    _, contents = run(tmp_path, events, ReplayOptions(shards=3))
    assert sorted(contents.views) == ["0/0", "0/1", "0/2"]
    assert contents.log_at == max(event.occurred_at for event in events)
    assert contents.progress["0"].watermark_at == contents.log_at
