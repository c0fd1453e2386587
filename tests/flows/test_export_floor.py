"""What a scrape shows over a crash: counters never go back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flows.export import Exporter
from flows.floor import SETTLE_US, CounterFloor
from flows.store import HistogramTotal, Totals
from slawatch import conventions as c
from slawatch.calendars import Calendar
from slawatch.policy import Goal, Match, Policy
from slawatch.reach import bucket_bounds
from tests.desks import HOUR, SMALL_DESK
from tests.flows.exports import NOW, RESULT, fresh_store, lines, put, value


def test_no_line_goes_back_over_a_crash(tmp_path: Path) -> None:
    bounds = bucket_bounds(SMALL_DESK)["resolution"]
    hour: HistogramTotal = (tuple(int(bound >= HOUR) for bound in bounds), HOUR, 1)
    store = fresh_store()
    other = ("other", *RESULT[1:])
    totals: Totals = {
        c.RESULTS.name: {RESULT: 3, other: 1},
        c.DURATION.name: {("other", "resolution", "wall"): hour},
        c.PAUSED.name: {("hold",): 5_000_000},
    }
    store.put_totals("0", totals, {}, {}, NOW)
    before = lines(Exporter(SMALL_DESK, store, lambda: NOW, CounterFloor(tmp_path / "f")), "sla_")
    again = fresh_store()
    restarted = Exporter(SMALL_DESK, again, lambda: NOW, CounterFloor(tmp_path / "f"))
    assert sorted(lines(restarted, "sla_")) == sorted(before)
    again.put_totals("0", {c.RESULTS.name: {RESULT: 1}}, {}, {}, NOW - HOUR)
    assert sorted(lines(restarted, "sla_")) == sorted(before)
    again.put_totals("0", totals, {}, {}, NOW + SETTLE_US + 1)
    assert sorted(lines(restarted, "sla_")) == sorted(before)
    assert value(restarted, c.OFFSETS.name) == 0


def test_the_counters_are_on_disk_before_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "floor"
    store = fresh_store()
    put(store, {c.RESULTS.name: {RESULT: 3}})
    Exporter(SMALL_DESK, store, lambda: NOW, CounterFloor(path)).render()
    floor = CounterFloor(path)
    floor.begin({})
    assert floor.raise_values(c.RESULTS.name, [RESULT], [0]) == [3]


def test_a_disk_that_fails_is_counted_and_the_scrape_answered(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    exporter = Exporter(SMALL_DESK, fresh_store(), lambda: NOW, CounterFloor(folder / "floor"))
    folder.rmdir()
    assert exporter.render()[0]
    assert value(exporter, c.FLOOR_ERRORS.name) == 1


def test_an_offset_is_counted_when_the_rules_have_made_a_counter_lower(tmp_path: Path) -> None:
    store = fresh_store()
    put(store, {c.RESULTS.name: {RESULT: 3}}, NOW)
    Exporter(SMALL_DESK, store, lambda: NOW, CounterFloor(tmp_path / "f")).render()
    put(store, {c.RESULTS.name: {RESULT: 1}}, NOW + SETTLE_US + 1)
    restarted = Exporter(SMALL_DESK, store, lambda: NOW, CounterFloor(tmp_path / "f"))
    shown = lines(restarted, "sla_results_total")
    assert [line for line in shown if line.endswith(" 3.0")]
    assert value(restarted, c.OFFSETS.name) == 1


def test_buckets_still_ascend_when_a_goal_was_added_over_a_restart(tmp_path: Path) -> None:
    store = fresh_store()
    bounds = bucket_bounds(SMALL_DESK)["resolution"]
    key = ("chat", "resolution", "wall")
    total: HistogramTotal = (tuple(7 for _ in bounds), 7, 7)
    store.put_totals("0", {c.DURATION.name: {key: total}}, {}, {}, NOW)
    Exporter(SMALL_DESK, store, lambda: NOW, CounterFloor(tmp_path / "f")).render()
    goals = {"resolution": Goal({"": 5 * HOUR}, Calendar.always_open())}
    policies = (Policy("gold", Match(customer_tiers=frozenset("g")), goals), *SMALL_DESK.policies)
    rules = replace(SMALL_DESK, policies=policies)
    restarted = Exporter(rules, fresh_store(), lambda: NOW, CounterFloor(tmp_path / "f"))
    labels = {"channel": "chat", "target": "resolution", "clock": "wall"}
    assert value(restarted, "sla_duration_seconds_bucket", **labels, le="18000.0") == 7
