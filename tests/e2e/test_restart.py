"""A restart goes on where the monitor was: the demo's desk, and a policy that was edited."""

from __future__ import annotations

import json
from pathlib import Path

from cli.demo_input import build_demo_input
from connectors.demo import DemoDesk
from connectors.demo_pump import get_lateness
from connectors.intake import Pending
from flows.live import Live, LiveOptions
from slawatch.config import load_config
from slawatch.verdicts import Verdict
from tests.e2e.desk import (
    Judged,
    created,
    flatten,
    pick_counters,
    read_first_at,
    read_records,
    wall_us,
    write_policy,
)
from tests.e2e.monitor import Monitor, add_up, poll, read_verdicts, write_lines

SECOND = 1_000_000


def test_the_demo_goes_on_after_a_restart_and_counts_nothing_twice(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Monitor(state, "--seed", 3, "--no-stack", command="up") as monitor:
        monitor.start(waits=False)
        poll(lambda: read_records(state), "its past is being told")
        monitor.kill()
        monitor.start()
        first = monitor.wait_until_ready()
        assert add_up(first, "sla_results_total", outcome="breached") > 0
        assert add_up(first, "sla_warnings_total") > 0
        monitor.kill()
        monitor.start().wait_until_ready()
        second = monitor.scrape()
        assert monitor.stop() == 0, monitor.said()
    stopped_at = wall_us()
    totals = {key: value for key, value in first.items() if key[0].endswith("_total")}
    assert [key for key, value in totals.items() if second[key] < value] == []
    assert add_up(second, "slawatch_counter_offsets_total") == 0

    records, config, first_at = read_records(state), load_config(["demo"]), read_first_at(state)
    told = [json.loads(record.body)["event_id"] for record in records]
    assert len(set(told)) == len(told)
    last_at = records[-1].received_at - SECOND  # what was due then may still be under way
    due = [
        event["event_id"]
        for at, event in DemoDesk(seed=3, started_at=first_at).timed_events_until(last_at)
        if at + get_lateness(event["event_id"]) < last_at
    ]
    assert set(due) <= set(told)
    log_at = round(add_up(second, "slawatch_log_time_timestamp_seconds") * SECOND)
    # The desk never rests: a scrape lies between what its log time says and what comes after it.
    known = [record for record in records if record.received_at <= log_at]
    judged = Judged(known, config, first_at, log_at)
    then, verdicts_then = judged.counters(), set(flatten(judged.verdicts()))
    judged.go_on(records[len(known) :], stopped_at)
    later, verdicts_later = judged.counters(), set(flatten(judged.verdicts()))
    counted = pick_counters(second)
    assert then.keys() <= counted.keys() <= later.keys()
    wrong = {
        key: (then.get(key, 0), value, later[key])
        for key, value in counted.items()
        if not then.get(key, 0) <= value <= later[key]
    }
    assert wrong == {}
    assert verdicts_then <= {row[:-1] for row in read_verdicts(state)} <= verdicts_later


def test_what_the_demo_missed_does_not_seem_to_have_come_before_the_last_verdict(
    tmp_path: Path,
) -> None:
    config, state = load_config(["demo"]), tmp_path / "state"
    with Live(config.rules, config.vocabulary, LiveOptions(state, port=0)) as live:
        now = live.wall.now()
        live.log.append_history([(now - 60 * SECOND, Pending("demo", "first", b"{}"))])
        said_at = now - 5 * SECOND
        clock = ("demo/1", "resolution", 1, "breached", 1, said_at, *[0] * 7)
        live.table.add([Verdict._make((*clock, *[""] * 4, 1, *[""] * 5, ()))])
        live.table.commit()
        build_demo_input(live, 1, now - 3600 * SECOND)
        missed = [record.received_at for record in read_records(state)][1:]
    assert min(missed) > said_at + SECOND


GOALS = """
include = ["targets"]
[sources.desk]
grace = "0s"
[[policies]]
name = "desk"
goals.first_response = "{first_response}"
goals.resolution = "{resolution}"
"""


def test_an_edited_policy_keeps_what_was_judged_and_moves_open_clocks(tmp_path: Path) -> None:
    log, state = tmp_path / "desk.jsonl", tmp_path / "state"
    policy = write_policy(tmp_path, GOALS.format(first_response="1s", resolution="10h"))
    with Monitor(state, "--policy", policy, "--tail", log) as monitor:
        monitor.start().wait_until_ready()
        opened_at = wall_us()
        write_lines(log, [created("t1", opened_at)])
        before = monitor.wait_for(
            lambda s: add_up(s, "sla_results_total", outcome="breached") == 1, "first response"
        )
        assert monitor.stop() == 0, monitor.said()
        judged = read_verdicts(state)

        write_policy(tmp_path, GOALS.format(first_response="5h", resolution="1s"))
        monitor.start()
        after = monitor.wait_for(
            lambda s: add_up(s, "sla_results_total", outcome="breached") == 2, "resolution"
        )
        assert monitor.stop() == 0, monitor.said()
    assert add_up(before, "sla_goal_seconds", target="resolution") > add_up(
        after, "sla_goal_seconds", target="resolution"
    )
    assert add_up(after, "sla_result_corrections_total") == 0
    assert set(judged) <= set(read_verdicts(state))
    new = [row for row in read_verdicts(state) if row not in judged and row[3] == "breached"]
    assert [(row[1], row[3], row[22]) for row in new] == [
        ("resolution", "breached", "policy_change")
    ]
