"""The stateful step of a partition: totals, panes, and how far everyone has come."""

from __future__ import annotations

import pytest

from flows.items import Said
from flows.told import NOTHING, tell
from flows.windows import Shown, WindowOptions, WindowsLogic
from slawatch import conventions
from slawatch.events import Actor, Kind
from slawatch.reach import HOP_BOUNDS
from slawatch.tally import OUTCOMES_KEPT_US
from slawatch.verdicts import Booking, Output
from tests.rules import HOUR, MINUTE, SECOND, START, act, created, judge

LABELS = ("email", "normal", "l1")
MET: Booking = (LABELS, "resolution", "met", START // MINUTE)
BREACHED: Booking = (LABELS, "resolution", "breached", START // MINUTE)
BUCKETS = {"resolution": (10 * MINUTE, HOUR), conventions.HOPS.name: tuple(HOP_BOUNDS)}
ALL = ("sla_results_total", "sla_team_results_total")


def options(*, shards: int = 1, is_live: bool = True) -> WindowOptions:
    """Return options of a desk whose days begin at midnight UTC."""
    return WindowOptions(
        shards,
        BUCKETS,
        lambda at: at - at % (24 * HOUR),
        lambda team: ("north", "1") if team == "l1" else ("", ""),
        is_live=is_live,
    )


def say(
    origin: str = "0/0", log_at: int = START, out: Output | None = None, **more: object
) -> Said:
    """Return what a shard or the reader says."""
    out = out or Output()
    said = Said("0", origin, log_at, out, NOTHING, None)
    return said._replace(**more)  # type: ignore[arg-type]  # the test's own words


def show(*said: Said, shards: int = 1) -> Shown:
    """Return what is shown at the end of these."""
    logic = WindowsLogic(options(shards=shards, is_live=False), None)
    logic.on_batch(list(said))
    (shown,) = logic.on_eof()[0]
    return shown


def both(out: Output | None = None, log_at: int = START) -> tuple[Said, Said]:
    """Return what a shard says, and the reader at the same log time."""
    return say("0/0", log_at, out), say("read", log_at)


def test_counts_add_up_by_family_and_labels() -> None:
    out = Output()
    out.counts["sla_tickets_created_total", ("email", "low")] = 2
    shown = show(*both(out), say(out=out))
    assert shown.values["sla_tickets_created_total"] == {("email", "low"): 4}


def test_a_result_is_counted_by_channel_and_by_team_with_region_and_tier() -> None:
    out = Output()
    out.results[MET] = 3
    shown = show(*both(out))
    assert shown.values["sla_results_total"] == {("email", "normal", "resolution", "met"): 3}
    assert shown.values["sla_team_results_total"] == {
        ("l1", "north", "1", "normal", "resolution", "met"): 3
    }


def test_a_result_is_in_the_windows_of_each_dimension() -> None:
    out = Output()
    out.results[BREACHED] = 1
    results = show(*both(out)).results
    for dimension, value in (("channel", "email"), ("priority", "normal"), ("team", "l1")):
        assert results[dimension, value, "resolution"]["15m"] == (0, 1)


def test_a_correction_moves_in_the_windows_without_a_second_result() -> None:
    out = Output()
    out.results[BREACHED] = 1
    out.bookings[BREACHED], out.bookings[MET] = -1, 1
    shown = show(*both(out))
    assert shown.results["channel", "email", "resolution"]["1h"] == (1, 0)
    assert shown.values["sla_results_total"] == {("email", "normal", "resolution", "breached"): 1}


def test_windows_empty_by_log_time_alone() -> None:
    out = Output()
    out.results[MET] = 1
    results = show(*both(out), *both(log_at=START + 30 * MINUTE)).results
    window = results["channel", "email", "resolution"]
    assert (window["15m"], window["1h"]) == ((0, 0), (1, 0))


def test_a_duration_is_observed_as_business_and_wall_time() -> None:
    out = Output()
    out.durations.append((LABELS, "resolution", START, 5 * MINUTE, 20 * MINUTE))
    shown = show(*both(out))
    found = shown.values["sla_duration_seconds"]
    assert found["email", "resolution", "business"] == ((1, 1), 5 * MINUTE, 1)
    assert found["email", "resolution", "wall"] == ((0, 1), 20 * MINUTE, 1)
    median = shown.quantiles["channel", "email", "resolution"]["15m"][0.5]
    assert median == pytest.approx(300, rel=0.05)


def test_hops_are_observed_not_added() -> None:
    out = Output()
    out.counts[conventions.HOPS.name, ("2",)] = 3
    (_, total, count) = show(*both(out)).values[conventions.HOPS.name][()]  # type: ignore[misc]  # a histogram
    assert (total, count) == (6, 3)


def test_what_no_window_can_show_any_more_is_counted_alone() -> None:
    out = Output()
    out.results[MET] = 1
    shown = show(*both(log_at=START + OUTCOMES_KEPT_US + HOUR), say(out=out))
    assert shown.values["sla_results_total"]
    assert not any(any(map(sum, row.values())) for row in shown.results.values())
    assert shown.quarters == {}


def test_yesterday_stays_in_the_history_by_quarters() -> None:
    out = Output()
    out.results[MET] = 1
    shown = show(*both(out, log_at=START + 40 * HOUR))
    quarter = START // (15 * MINUTE)
    assert shown.quarters["channel", "email", "resolution"] == {quarter: (1, 0)}
    assert shown.quarters["team", "l1", "resolution"] == {quarter: (1, 0)}


def test_log_time_is_that_of_the_part_furthest_behind() -> None:
    said = (say("read", START + 9), say("0/0", START + 5), say("0/1", START + 7))
    shown = show(*said, shards=2)
    assert (shown.log_at, shown.ahead_at) == (START + 5, START + 9)


def test_log_time_is_unknown_until_everyone_has_been_heard() -> None:
    assert show(say("read"), say("0/0"), shards=2).log_at == 0


def test_the_reader_tells_backlog_watermark_and_delays() -> None:
    first = say("read", backlog=9, watermark_at=START + 5, delays={"desk": 3})
    second = say("read", backlog=2, watermark_at=START, delays={"mail": 1})
    shown = show(first, second)
    assert (shown.backlog, shown.watermark_at, shown.delays) == (
        2,
        START + 5,
        {"desk": 3, "mail": 1},
    )


def test_breaches_stand_as_exemplars() -> None:
    _, out = judge([created()], 2 * HOUR)
    shown = show(*both(), say(told=tell(out.rows)))
    assert {verdict.kind for verdict in shown.exemplars} == {"breached"}


def test_a_live_partition_is_shown_now_and_then() -> None:
    logic = WindowsLogic(options(), None)
    shown = [list(logic.on_batch([say()])[0]) for _ in range(2)]
    assert [len(part) for part in shown] == [1, 0]


def test_a_replay_is_shown_only_at_its_end() -> None:
    logic = WindowsLogic(options(is_live=False), None)
    assert list(logic.on_batch([say()])[0]) == []


def test_a_snapshot_holds_totals_panes_and_the_watermark() -> None:
    events = [created(team="l1"), act(1, Kind.RESOLVED, 5 * MINUTE, Actor.AGENT)]
    _, out = judge(events, HOUR)
    out.durations[:] = [d for d in out.durations if d[1] == "resolution"]
    logic = WindowsLogic(options(is_live=False), None)
    logic.on_batch([*both(out, START + HOUR), say("read", START + HOUR, watermark_at=START + 7)])
    again = WindowsLogic(options(is_live=False), logic.snapshot())
    again.on_batch([*both(log_at=START + HOUR)])
    (before,), (after,) = logic.on_eof()[0], again.on_eof()[0]
    assert after.values == before.values
    assert after.results == before.results
    assert after.quantiles == before.quantiles
    assert after.watermark_at == START + 7


def test_a_snapshot_starts_with_its_version() -> None:
    assert WindowsLogic(options(), None).snapshot()[0] == 1


def test_a_step_of_time_shows_nothing_new() -> None:
    assert show(*both(), *both(log_at=START + SECOND)).values == {}
