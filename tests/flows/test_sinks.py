"""The sinks: verdicts committed before their snapshot, views and totals into the store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.decoding import Reject
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from flows.items import Said
from flows.sinks import (
    CallSink,
    VerdictPartition,
    VerdictSink,
    keep_rejects,
    show_totals,
    show_views,
)
from flows.store import Store, Totals
from flows.told import NOTHING, tell
from flows.verdict_table import FEW, VerdictTable
from flows.windows import Shown
from slawatch.verdicts import Output, Verdict
from slawatch.views import View
from tests.rules import DAY, HOUR, START, created, judge

SAID = Said("0", "0/3", START, Output(), NOTHING, None)
REJECT = Reject("desk", "malformed", "not JSON", b"{", "4", START)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[VerdictTable]:
    opened = VerdictTable(tmp_path / "verdicts.sqlite3")
    yield opened
    opened.close()


def tell_verdicts() -> list[Verdict]:
    """Return the verdicts of a ticket that nobody answers."""
    return judge([created()], DAY)[1].verdicts


def count_committed(table: VerdictTable, name: str = "verdicts") -> int:
    """Count what another connection sees."""
    connection = sqlite3.connect(table.path)
    (count,) = connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 - ours
    connection.close()
    return int(count)


def build_part(table: VerdictTable, *, commits_each: bool) -> VerdictPartition:
    """Build the one partition as Bytewax would."""
    sink = VerdictSink(table, commits_each=commits_each)
    (name,) = sink.list_parts()
    return sink.build_part("verdicts", name, None)


def test_verdicts_are_committed_before_the_snapshot_that_counts_them(table: VerdictTable) -> None:
    part = build_part(table, commits_each=False)
    part.write_batch([SAID._replace(told=tell(tell_verdicts()))])
    assert count_committed(table) == 0
    part.snapshot()
    assert count_committed(table) == len(tell_verdicts())


def test_a_live_run_commits_each_batch(table: VerdictTable) -> None:
    build_part(table, commits_each=True).write_batch([SAID._replace(told=tell(tell_verdicts()))])
    assert count_committed(table) == len(tell_verdicts())


def test_the_end_of_the_flow_commits(table: VerdictTable) -> None:
    part = build_part(table, commits_each=False)
    part.write_batch([SAID, SAID._replace(told=tell(tell_verdicts()))])
    part.close()
    assert count_committed(table) == len(tell_verdicts())


def test_what_a_live_run_wrote_in_haste_is_filed_when_it_is_quiet(table: VerdictTable) -> None:
    many = [v._replace(ticket=f"desk/{n}") for v in tell_verdicts() for n in range(FEW)]
    part = build_part(table, commits_each=True)
    part.write_batch([SAID._replace(told=tell(many))])
    assert count_committed(table, "filed") == 0
    part.write_batch([SAID])
    assert count_committed(table, "filed") == count_committed(table) == len(many)


def test_every_workers_batches_reach_the_function() -> None:
    heard: list[list[int]] = []
    sink = CallSink(heard.append)
    for worker in range(2):
        sink.build("views", worker, 2).write_batch([worker])
    assert heard == [[0], [1]]


def test_views_replace_those_of_their_shard() -> None:
    store = Store()
    old, new = View(log_at=1), View(log_at=2)
    show_views(store)([("0", SAID._replace(view=old)), ("0", SAID._replace(view=new))])
    show_views(store)([("0", SAID)])
    assert store.read().views == {"0/3": new}


def test_how_late_a_deadline_was_passed_is_a_gauge_in_seconds() -> None:
    store = Store()
    show_views(store)([("0", SAID._replace(lateness_us=1_500_000))])
    assert 1.5 in store.read().gauges.values()


def test_totals_progress_delays_and_exemplars_reach_the_store() -> None:
    store, progress = Store(), list[int]()
    (breach,) = [v for v in tell_verdicts() if (v.target, v.kind) == ("resolution", "breached")]
    values: Totals = {"sla_results_total": {("a",): 1}}
    quarters = {("channel", "phone", "fix"): {9: (1, 0)}}
    shown = Shown(
        values, {}, {}, quarters, START, START + 5, 7, {"desk": 2_500_000}, (breach,), START + 9
    )
    show_totals(store, progress.append)([("0", shown)])
    contents = store.read()
    assert contents.totals["0"] == (values, {}, {}, START, START + 9, quarters)
    assert contents.progress["0"] == (START, START + 5, 7)
    assert list(contents.gauges.items()) == [(("slawatch_delivery_delay_seconds", ("desk",)), 2.5)]
    labels = ("email", "normal", "resolution", "breached")
    assert contents.exemplars == {labels: ("desk/1", HOUR / 1e6, START + HOUR)}
    assert progress == [START]


def test_rejects_are_kept_once_each_with_reason_and_body(tmp_path: Path) -> None:
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as log:
        keep = keep_rejects(log)
        keep([("0", SAID._replace(rejects=[REJECT])), ("0", SAID)])
        keep([("0", SAID._replace(rejects=[REJECT, REJECT._replace(key="5")]))])
        kept = log.quarantined()
    assert sorted(row.key for row in kept) == ["4", "5"]
    assert {(row.source, row.reason, row.message, row.body) for row in kept} == {
        ("desk", "malformed", "not JSON", b"{")
    }
