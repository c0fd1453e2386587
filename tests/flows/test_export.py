from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from flows.export import Exporter
from flows.store import HistogramTotal, Key, Quantiles, Results, Store, Totals
from slawatch import conventions as c
from slawatch.calendars import Calendar, Schedule
from slawatch.policy import Goal, Match, Policy, Rules
from slawatch.reach import bucket_bounds
from slawatch.series import count_series, reachable
from slawatch.views import Urgent, View
from tests.desks import HOUR, LARGE_DESK, MINUTE, SMALL_DESK
from tests.flows.exports import (
    NOW,
    OPENMETRICS,
    RESULT,
    build,
    build_drilled,
    fresh_store,
    lines,
    put,
    value,
)

sizes = pytest.mark.parametrize(
    "rules", [pytest.param(SMALL_DESK, id="small"), pytest.param(LARGE_DESK, id="large")]
)


def fill(store: Store, rules: Rules) -> None:
    """Put something under every label set that comes and goes."""
    sets = reachable(rules)
    key: Key
    quantiles: dict[tuple[str, str, str], dict[str, dict[float, float]]] = {}
    for dimension, family in c.WINDOW_DURATIONS.items():
        for key in sets[family.name].absent:
            place = quantiles.setdefault((dimension, key[0], key[-3]), {})
            place.setdefault(key[-2], {})[float(key[-1])] = 1.5
    oldest = {(key[0], key[1], key[2]): NOW for key in sets[c.OLDEST.name].absent}
    urgent = tuple(Urgent(NOW, f"t{i}", "resolution", "chat", "") for i in range(c.MAX_URGENT))
    store.put_totals("0", {}, {}, quantiles, NOW)
    store.put_view("0/0", View(oldest=oldest, urgent=urgent, log_at=NOW))
    store.put_progress("0", NOW, NOW, 3)
    for name in rules.sources:
        store.put_gauge(c.DELIVERY_DELAY.name, (name,), 0.5)


@sizes
def test_a_scrape_before_any_event_has_exactly_the_series_counted(rules: Rules) -> None:
    assert len(lines(build(fresh_store(), rules))) == count_series(rules).start


@sizes
def test_each_family_of_a_first_scrape_has_the_series_counted(rules: Rules) -> None:
    metrics = list(build(fresh_store(), rules).collect())
    seen = {metric.name: len(metric.samples) for metric in metrics}
    counted = {family.family: family.start for family in count_series(rules).families}
    expected = {family.base: counted[family.name] for family in c.FAMILIES}
    assert seen == {name: count for name, count in expected.items() if name in seen}
    assert not any(count for name, count in expected.items() if name not in seen)


@sizes
def test_a_scrape_with_everything_in_it_has_exactly_the_ceiling(rules: Rules) -> None:
    store = fresh_store()
    fill(store, rules)
    assert len(lines(build_drilled(store, rules))) == count_series(rules).ceiling


@pytest.mark.parametrize("is_full", [False, True])
def test_the_text_format_parses(*, is_full: bool) -> None:
    store = fresh_store()
    if is_full:
        fill(store, SMALL_DESK)
    exporter = build(store)
    text = exporter.render()[0].decode()
    families = list(parse_text(text))
    assert sum(len(family.samples) for family in families) == len(lines(exporter))


@pytest.mark.parametrize("is_full", [False, True])
def test_openmetrics_parses_and_says_the_same(*, is_full: bool) -> None:
    store = fresh_store()
    if is_full:
        fill(store, SMALL_DESK)
    put(store, {c.RESULTS.name: {RESULT: 1}})
    store.put_exemplar(RESULT, 'zendesk/"7"', 90.0, NOW)
    exporter = build(store)
    text = exporter.render(OPENMETRICS)[0].decode()
    families = list(parse_openmetrics(text))  # type: ignore[no-untyped-call]  # it has no types
    assert sum(len(family.samples) for family in families) == len(lines(exporter))
    assert not [s for f in families for s in f.samples if s.name.endswith("_created")]


def test_counters_start_at_zero_and_label_values_from_outside_appear_when_seen() -> None:
    store = fresh_store()
    exporter = build(store)
    labels = {"channel": "chat", "priority": "low", "target": "resolution", "outcome": "breached"}
    assert value(exporter, c.RESULTS.name, **labels) == 0
    assert value(exporter, c.RESULTS.name, **(labels | {"channel": "other"})) is None
    put(store, {c.RESULTS.name: {RESULT: 3, ("other", *RESULT[1:]): 1}})
    assert value(exporter, c.RESULTS.name, **labels) == 3
    assert value(exporter, c.RESULTS.name, **(labels | {"channel": "other"})) == 1


def test_partitions_are_added_up() -> None:
    store = fresh_store()
    window: Results = {("channel", "chat", "resolution"): {"1h": (3, 1)}}
    durations: Quantiles = {("channel", "chat", "resolution"): {"1h": {0.5: 4.0}}}
    histogram: dict[Key, HistogramTotal] = {(): ((1, 1, 2, 2, 2, 2), 2, 2)}
    for partition in "01":
        totals: Totals = {c.RESULTS.name: {RESULT: 2}, c.HOPS.name: histogram}
        store.put_totals(partition, totals, window, durations, NOW)
    exporter = build(store)
    place = {"channel": "chat", "target": "resolution", "window": "1h"}
    result = dict(zip(c.RESULTS.labels, RESULT, strict=True))
    assert value(exporter, c.RESULTS.name, **result) == 4
    assert value(exporter, "sla_channel_window_results", **place, outcome="met") == 6
    assert value(exporter, "sla_channel_window_duration_seconds", **place, q="0.5") == 4
    assert value(exporter, "sla_hops_bucket", le="2.0") == 4
    assert value(exporter, "sla_hops_sum") == 4


def test_seconds_are_kept_as_microseconds_and_shown_as_seconds() -> None:
    store = fresh_store()
    bounds = bucket_bounds(SMALL_DESK)["resolution"]
    total: HistogramTotal = (tuple(int(bound >= HOUR) for bound in bounds), HOUR, 1)
    key = ("chat", "resolution", "wall")
    store.put_totals(
        "0", {c.PAUSED.name: {("hold",): 1_500_000}, c.DURATION.name: {key: total}}, {}, {}, NOW
    )
    exporter = build(store)
    labels = {"channel": "chat", "target": "resolution", "clock": "wall"}
    assert value(exporter, "sla_paused_seconds_total", reason="hold") == 1.5
    assert value(exporter, "sla_duration_seconds_sum", **labels) == 3600
    assert value(exporter, "sla_duration_seconds_bucket", **labels, le="14400.0") == 1
    assert value(exporter, "sla_duration_seconds_bucket", **labels, le="+Inf") == 1
    assert value(exporter, "sla_duration_seconds_count", **labels) == 1


def test_a_ticket_that_no_team_holds_counts_as_none() -> None:
    store = fresh_store()
    key = ("", "", "1", "low", "resolution", "met")
    put(store, {c.TEAM_RESULTS.name: {key: 2}})
    store.put_view("0/0", View(team_tickets={("", "open"): 1, ("l1-north", "new"): 2}))
    exporter = build(store)
    none = {"team": "none", "region": "", "tier": ""}
    work = {"priority": "low", "target": "resolution", "outcome": "met"}
    north = {"team": "l1-north", "region": "north", "tier": "1"}
    assert value(exporter, c.TEAM_RESULTS.name, **none, **work) == 2
    assert value(exporter, c.TEAM_TICKETS.name, **none, status="open") == 1
    assert value(exporter, c.TEAM_TICKETS.name, **north, status="new") == 2


def test_what_only_a_bot_can_meet_is_not_shown_by_team() -> None:
    store = fresh_store()
    exporter = build(store)
    before = lines(exporter)
    key = ("l1-north", "north", "1", "low", "bot_first_response", "met")
    store.put_totals(
        "0",
        {c.TEAM_RESULTS.name: {key: 2}},
        {("team", "l1-north", "bot_first_response"): {"1h": (1, 1)}},
        {},
        NOW,
    )
    assert lines(exporter) == before


def test_a_connector_that_is_not_configured_counts_as_other() -> None:
    store = fresh_store()
    put(store, {c.EVENTS.name: {(f"bomb-{i}", "accepted"): 1 for i in range(1000)}})
    exporter = build(store)
    assert value(exporter, c.EVENTS.name, connector="other", outcome="accepted") == 1000
    assert len(lines(exporter, "slawatch_events_total")) == 6


def test_open_work_of_all_shards_is_added_up() -> None:
    store = fresh_store()
    key = ("chat", "low", "resolution")
    for shard in "01":
        view = View(
            tickets={("chat", "low", "open"): 2},
            clocks={(*key, "running"): 3},
            oldest={key: NOW - int(shard) * MINUTE},
            urgent=(Urgent(NOW + HOUR, f"demo/{shard}", "resolution", "chat", ""),),
            waiting={"chat": 1},
        )
        store.put_view(f"0/{shard}", view)
    exporter = build(store)
    clock = {"channel": "chat", "priority": "low", "target": "resolution"}
    assert value(exporter, "sla_tickets", channel="chat", priority="low", status="open") == 4
    assert value(exporter, "sla_clocks", **clock, state="running") == 6
    assert value(exporter, "sla_clocks", **clock, state="breached") == 0
    assert value(exporter, c.OLDEST.name, **clock) == (NOW - MINUTE) / 1_000_000
    assert value(exporter, "sla_contacts_waiting", channel="chat") == 2
    assert len(lines(exporter, c.URGENT.name)) == 2


@pytest.mark.parametrize("family", [c.OLDEST, c.URGENT, c.WATERMARK, c.DELIVERY_DELAY])
def test_an_instant_is_absent_while_there_is_none(family: c.Family) -> None:
    assert lines(build(fresh_store()), family.name) == []


@pytest.mark.parametrize(
    "family", [family for family in c.FAMILIES if "fresh" in family.shown], ids=lambda f: f.name
)
def test_work_and_windows_are_absent_while_log_time_is_behind(family: c.Family) -> None:
    store = fresh_store()
    fill(store, SMALL_DESK)
    exporter = build_drilled(store)
    assert lines(exporter, f"{family.name}{{")
    store.put_progress("0", NOW - 5_000_001, NOW, 0)
    assert not lines(exporter, f"{family.name}{{")
    assert not exporter.is_fresh()


def test_counters_and_promises_stay_while_log_time_is_behind() -> None:
    exporter = build(fresh_store(NOW - HOUR))
    assert lines(exporter, "sla_results_total{")
    goal = {"channel": "email", "priority": "urgent", "target": "resolution"}
    assert value(exporter, "sla_goal_seconds", **goal) == 4 * 3600
    assert value(exporter, "sla_objective_ratio", target="resolution", priority="low") == 0.95
    assert value(exporter, "sla_target_observable", channel="email", target="resolution") == 1


@pytest.mark.parametrize(
    ("lag_us", "history_at", "after_us", "expected"),
    [
        pytest.param(60_000_000, 0, 0, 0, id="not-behind"),
        pytest.param(60_000_001, 0, 0, 1, id="behind"),
        pytest.param(0, NOW, 0, 1, id="history"),
        pytest.param(0, NOW, 10 * MINUTE - 1, 1, id="history-held-after"),
        pytest.param(0, NOW, 10 * MINUTE, 0, id="history-held-no-longer"),
        pytest.param(HOUR, 0, 10 * MINUTE - 1, 1, id="held-after"),
        pytest.param(HOUR, 0, 10 * MINUTE, 0, id="held-no-longer"),
    ],
)
def test_catching_up_is_held_for_a_while(
    lag_us: int, history_at: int, after_us: int, expected: int
) -> None:
    now = [NOW]
    store = fresh_store(NOW - lag_us)
    store.put_history(history_at)
    exporter = Exporter(SMALL_DESK, store, lambda: now[0], hold_us=10 * MINUTE)
    exporter.render()
    if after_us:
        now[0] += after_us
        store.put_progress("0", now[0], 0, 0)
    assert value(exporter, "slawatch_catching_up") == expected


def test_a_start_far_behind_is_held_though_no_scrape_saw_it() -> None:
    now = [NOW]
    store = Store()
    exporter = Exporter(SMALL_DESK, store, lambda: now[0], hold_us=10 * MINUTE)
    store.put_begin("0", NOW - HOUR)
    store.put_progress("0", NOW, 0, 0)
    assert value(exporter, "slawatch_catching_up") == 1
    now[0] += 10 * MINUTE
    store.put_progress("0", now[0], 0, 0)
    assert value(exporter, "slawatch_catching_up") == 0


def test_catching_up_before_log_time_is_known() -> None:
    assert value(build(Store()), "slawatch_catching_up") == 1


def test_the_end_of_a_calendar_is_that_of_its_last_holiday() -> None:
    schedule = Schedule("UTC", ((),) * 7, holidays=frozenset({date(2026, 12, 25)}))
    calendar = Calendar("office", [(None, schedule)])
    policy = Policy("all", Match(), {"resolution": Goal({"": HOUR}, calendar)})
    exporter = build(Store(), replace(SMALL_DESK, policies=(policy,)))
    # 2027-01-01T00:00Z
    assert value(exporter, c.CALENDAR_ENDS.name, calendar="office") == 1_798_761_600


def test_the_last_scrape_is_the_one_before() -> None:
    now = [NOW]
    exporter = Exporter(SMALL_DESK, fresh_store(), lambda: now[0])
    assert value(exporter, c.LAST_SCRAPE.name) == NOW / 1_000_000
    now[0] += MINUTE
    assert value(exporter, c.LAST_SCRAPE.name) == NOW / 1_000_000


def test_a_breach_carries_its_ticket_in_openmetrics_alone() -> None:
    store = fresh_store()
    put(store, {c.RESULTS.name: {RESULT: 1}})
    store.put_exemplar(RESULT, "demo/42", 90.5, NOW)
    store.put_exemplar((*RESULT[:-1], "met"), "demo/43", 9.5, NOW)
    exporter = build(store)
    text = exporter.render(OPENMETRICS)[0].decode()
    marked = [line for line in text.splitlines() if " # {" in line]
    assert [line.partition("}")[2] for line in marked] == [
        f' 1.0 # {{ticket="demo/42"}} 90.5 {NOW / 1_000_000}'
    ]
    assert 'outcome="breached"' in marked[0]
    assert "demo/42" not in exporter.render()[0].decode()


@pytest.mark.parametrize(
    ("count", "ticket"),
    [pytest.param(0, "demo/42", id="no-breach-yet"), pytest.param(1, "x" * 123, id="too-long")],
)
def test_an_exemplar_that_would_not_be_valid_is_left_out(count: int, ticket: str) -> None:
    store = fresh_store()
    put(store, {c.RESULTS.name: {RESULT: count}})
    store.put_exemplar(RESULT, ticket, 90.5, NOW)
    assert b" # {" not in build(store).render(OPENMETRICS)[0]


def test_a_drill_is_shown_with_its_end_and_moves_nothing_else() -> None:
    calm, drilled = lines(build(fresh_store())), lines(build_drilled(fresh_store()))
    told = [line for line in drilled if line not in calm]
    assert [line.partition(" ")[0] for line in told] == [
        'slawatch_drill_until_timestamp_seconds{drill="breach-spike"}'
    ]
    name = "slawatch_drill_until_timestamp_seconds"
    assert value(build_drilled(fresh_store()), name, drill="breach-spike") == (NOW + MINUTE) / 1e6
