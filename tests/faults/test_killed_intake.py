"""Receiver and flow, two processes, killed at random under signed webhooks: each counts once."""

from __future__ import annotations

import os
import random
import socket
from functools import partial
from pathlib import Path

from slawatch.config import load_config
from tests.e2e.desk import SECOND, Judged, pick_counters, read_first_at, read_records, wall_us
from tests.e2e.monitor import Key, Monitor, Samples, add_up, poll
from tests.e2e.scraper import Scraper, increase
from tests.e2e.webhooks import Clients, Intake, write_shop

CLIENTS = 32
KILLS = int(os.environ.get("SLAWATCH_INTAKE_KILLS", "10"))
COUNTED = ("accepted", "late")
DOUBLED = ("duplicate", "conflict", "rejected")
LOG_TIME: Key = ("slawatch_log_time_timestamp_seconds", ())


def find_port() -> int:
    """Return a port that is free now: a receiver that is started again keeps its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def count_shop(samples: Samples, *outcomes: str) -> int:
    """Return how many events of the shop came to one of these outcomes."""
    counts = (
        add_up(samples, "slawatch_events_total", connector="shop", outcome=outcome)
        for outcome in outcomes
    )
    return round(sum(counts))


def has_acknowledged(clients: Clients, count: int) -> bool:
    """Tell whether so many events were acknowledged."""
    return len(clients.acknowledged) >= count


def kill_in_turn(intake: Intake, monitor: Monitor, clients: Clients, dice: random.Random) -> str:
    """Kill one of the two under load and start it again, at random; return which, in order."""
    killed = ""
    while len(killed) < KILLS:
        wanted = len(clients.acknowledged) + dice.randint(20, 250)
        poll(partial(has_acknowledged, clients, wanted), f"{wanted} acknowledged")
        # Each at least once; a flow that is still starting may be hit as well.
        kills_flow = dice.random() < 0.5 if len(set(killed)) == 2 else killed[-1:] == "r"
        killed += "f" if kills_flow else "r"
        if kills_flow:
            monitor.kill()
            monitor.start(waits=False)
        else:
            intake.kill()
            intake.start()
    return killed


def test_every_acknowledged_event_counts_once_whichever_process_is_killed(tmp_path: Path) -> None:
    policy, state, port = write_shop(tmp_path), tmp_path / "state", find_port()
    metrics_port = find_port()
    monitor = Monitor(
        state, "--policy", policy, "--no-intake", "--snapshot-interval", "2s", port=metrics_port
    )
    intake = Intake(state, port, "--policy", policy)
    with monitor:
        intake.start()
        monitor.start().wait_until_ready()
        intake.wait_until_ready()
        scraper = Scraper(monitor)
        clients = Clients(port, CLIENTS)
        killed = kill_in_turn(intake, monitor, clients, random.Random(11))
        intake.wait_until_ready()
        clients.stop()
        monitor.wait_until_ready()
        settled_at = wall_us() + 7 * SECOND  # the longest goal, its last warning, grace
        monitor.wait_for(lambda s: s.get(LOG_TIME, 0) * SECOND > settled_at, "all deadlines passed")
        scraper.stop()
        last = monitor.scrape()
        intake.kill()
        assert monitor.stop() == 0, monitor.said()

    records = read_records(state)
    net = increase([*scraper.scrapes, last])
    sent = clients.acknowledged
    # A delivery that the log knows leaves a gap in its numbers.
    print(  # noqa: T201 - the figures
        f"\n{len(killed)} kills ({killed}: r receiver, f flow), {CLIENTS} clients: "
        f"{len(sent)} acknowledged, {clients.retried} retried {dict(clients.answers)}, "
        f"{records[-1].seq - len(records)} known again, {len(records)} stored, "
        f"{count_shop(net, *COUNTED)} counted ({count_shop(net, 'late')} late), "
        f"{count_shop(net, *DOUBLED)} twice"
    )
    assert len(sent) == len(set(sent)) == len(records) > 20 * KILLS
    assert [count_shop(counted, *COUNTED) for counted in (last, net)] == [len(sent)] * 2
    assert count_shop(net, *DOUBLED) == 0
    whole = Judged(
        records, load_config([policy]), read_first_at(state), round(last[LOG_TIME] * SECOND)
    )
    assert pick_counters(last) == whole.counters()
    assert pick_counters(net) == whole.counters()
