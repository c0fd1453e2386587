"""A monitor that is killed again and again says what the engine says of its intake log alone."""

from __future__ import annotations

import json
import random
from functools import partial
from pathlib import Path

from connectors.intake import Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from slawatch.config import load_config
from slawatch.events import Actor, Event, Kind
from tests.e2e.desk import (
    SECOND,
    Judged,
    created,
    flatten,
    pick_counters,
    read_first_at,
    read_records,
    replied,
    wall_us,
    write_policy,
)
from tests.e2e.monitor import Key, Monitor, poll, read_verdicts, write_lines
from tests.e2e.scraper import Scraper, increase
from tests.e2e.writer import DeskWriter

KILLS = 5
LINES = 600
LOG_TIME: Key = ("slawatch_log_time_timestamp_seconds", ())


def has_written(writer: DeskWriter, lines: int) -> bool:
    """Tell whether the desk has come this far."""
    return writer.lines >= lines


def is_past(at: int) -> bool:
    """Tell whether the wall has passed an instant."""
    return wall_us() > at


def answered_in_time(events: list[Event]) -> set[str]:
    """Return the tickets whose first reply happened within the goal and arrived within grace."""
    due_at: dict[str, int] = {}
    found: set[str] = set()
    for event in events:
        if event.kind == Kind.CREATED:
            goal_us = (2 if event.attrs.priority == "urgent" else 3) * SECOND
            due_at.setdefault(event.key, event.occurred_at + goal_us)
        elif event.kind == Kind.REPLIED and event.actor == Actor.AGENT and event.key in due_at:
            is_kept = event.occurred_at <= due_at[event.key]
            if is_kept and event.received_at <= due_at[event.key] + SECOND:
                found.add(event.key)
    return found


def read_breaches(state: Path) -> list[tuple[str, int]]:
    """Return (ticket, breach_at) of the first responses that were ever called breached."""
    rows = read_verdicts(state)
    return [(row[0], row[9]) for row in rows if row[1] == "first_response" and row[3] == "breached"]


def test_a_killed_monitor_counts_and_judges_as_an_undisturbed_one(tmp_path: Path) -> None:
    log, state = tmp_path / "desk.jsonl", tmp_path / "state"
    policy = write_policy(tmp_path)
    log.touch()
    dice = random.Random(5)
    options = ("--policy", policy, "--tail", log, "--snapshot-interval", "2s")
    with Monitor(state, *options) as monitor:
        monitor.start().wait_until_ready()
        scraper = Scraper(monitor)
        writer = DeskWriter(log, seed=5)
        for number in range(KILLS):
            wanted = round((number + dice.random()) * LINES / KILLS)
            poll(partial(has_written, writer, wanted), f"{wanted} lines")
            monitor.kill()
            down_until = wall_us() + round(dice.uniform(0, 1.5) * SECOND)
            poll(partial(is_past, down_until), "the time that it is down")
            if number % 3 == 1:  # once more, while it starts
                monitor.start(waits=False)
                killed_at = wall_us() + round(dice.uniform(0.5, 3) * SECOND)
                poll(partial(is_past, killed_at), "the time of its start")
                monitor.kill()
            monitor.start()
        poll(lambda: writer.lines >= LINES, f"{LINES} lines")
        writer.stop()
        settled_at = wall_us() + 7 * SECOND  # the longest goal, its last warning, grace
        monitor.wait_for(lambda s: s.get(LOG_TIME, 0) * SECOND > settled_at, "all deadlines passed")
        scraper.stop()
        last = monitor.scrape()
        assert monitor.stop() == 0, monitor.said()

    records = read_records(state)
    until = round(last[LOG_TIME] * SECOND)
    whole = Judged(records, load_config([policy]), read_first_at(state), until)
    assert flatten(whole.verdicts()) == [row[:-1] for row in read_verdicts(state)]
    assert pick_counters(last) == whole.counters()
    assert pick_counters(increase([*scraper.scrapes, last])) == whole.counters()

    in_time = answered_in_time(whole.events)
    assert len(in_time) > 20
    assert in_time.isdisjoint(ticket for ticket, _ in read_breaches(state))


def test_a_reply_received_before_the_crash_never_becomes_a_breach(tmp_path: Path) -> None:
    log, state = tmp_path / "desk.jsonl", tmp_path / "state"
    options = ("--policy", write_policy(tmp_path), "--tail", log)
    with Monitor(state, *options) as monitor:
        monitor.start().wait_until_ready()
        opened_at = wall_us()
        write_lines(log, [created("t1", opened_at), created("t2", opened_at)])
        monitor.wait_for(pick_counters, "the tickets were read")
        monitor.kill()

        body = json.dumps(replied("t1")).encode()
        with SqliteLog(state / "intake.sqlite3", WallClock()) as intake:
            intake.append([Pending("file", "reply", body)])
        assert wall_us() < opened_at + 3 * SECOND
        poll(lambda: wall_us() > opened_at + 5 * SECOND, "the deadline passed")

        monitor.start().wait_until_ready()
        poll(lambda: read_breaches(state), "a breach")
        assert read_breaches(state) == [("desk/t2", opened_at + 3 * SECOND)]
        assert monitor.stop() == 0
