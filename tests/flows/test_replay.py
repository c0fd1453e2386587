"""Whole replays through the dataflow: the same verdicts however the log comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.monitor import ReplayOptions
from flows.store import Contents, Totals
from tests.flows.replays import displace, run, tell_desk
from tests.rules import HOUR

RESULTS = "sla_results_total"


@pytest.mark.parametrize("batch", [1, 37, 5000])
@pytest.mark.parametrize(("shards", "workers"), [(1, 1), (16, 1), (16, 2)])
def test_displaced_and_repeated_events_give_the_same_verdicts(
    tmp_path: Path, batch: int, shards: int, workers: int
) -> None:
    events = tell_desk(1, 60)
    expected, contents = run(tmp_path / "a", events, ReplayOptions())
    options = ReplayOptions(shards, workers, batch, disorder_us=HOUR)
    verdicts, jumbled = run(tmp_path / "b", displace(events, batch), options)
    assert verdicts == expected
    assert totals_of(jumbled) == totals_of(contents)


def totals_of(contents: Contents) -> Totals:
    """Return the totals of the one partition, without the count of events."""
    totals = dict(contents.totals["0"].totals)
    totals.pop("slawatch_events_total")
    return totals


def test_every_verdict_is_in_the_counters(tmp_path: Path) -> None:
    verdicts, contents = run(tmp_path, tell_desk(2, 80), ReplayOptions())
    told = [v for v in verdicts if v.kind in ("met", "breached")]
    counted = contents.totals["0"].totals[RESULTS]
    assert sum(counted.values()) == len(told)  # type: ignore[arg-type]  # a counter's integers


def test_an_empty_log_ends_by_itself(tmp_path: Path) -> None:
    verdicts, contents = run(tmp_path, [], ReplayOptions())
    assert verdicts == []
    assert dict(contents.totals["0"].totals) == {}


def test_a_replay_that_is_run_again_over_its_state_adds_nothing(tmp_path: Path) -> None:
    events = tell_desk(3, 40)
    once, before = run(tmp_path, events, ReplayOptions(), keeps_state=True)
    again, after = run(tmp_path, events, ReplayOptions(), keeps_state=True)
    assert again == once
    assert totals_of(after) == totals_of(before)
