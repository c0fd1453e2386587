"""Files that are rotated and standard input, end to end."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from tests.e2e.desk import created, read_records, write_policy
from tests.e2e.monitor import Monitor, Samples, add_up, write_lines


def accepted(samples: Samples) -> float:
    """Return how many events were accepted."""
    return add_up(samples, "slawatch_events_total", outcome="accepted")


def test_a_rotated_file_is_read_to_its_end_and_no_line_twice(tmp_path: Path) -> None:
    log, state = tmp_path / "desk.jsonl", tmp_path / "state"
    names = iter(range(1000))

    def write(count: int) -> None:
        write_lines(log, [created(f"t{next(names)}") for _ in range(count)])

    with Monitor(state, "--policy", write_policy(tmp_path), "--tail", log) as monitor:
        write(10)
        monitor.start()
        monitor.wait_for(lambda s: accepted(s) == 10, "what was there")
        write(10)
        shutil.copyfile(log, tmp_path / "desk.jsonl.1")
        with log.open("r+b") as file:
            file.truncate()
        write(10)
        monitor.wait_for(lambda s: accepted(s) == 30, "copied and cut")
        write(10)
        log.rename(tmp_path / "desk.jsonl.2")
        write(10)
        monitor.wait_for(lambda s: accepted(s) == 50, "renamed and made anew")
        monitor.kill()
        write(10)
        log.rename(tmp_path / "desk.jsonl.3")
        write(10)
        monitor.start()
        samples = monitor.wait_for(lambda s: accepted(s) >= 70, "rotated while it was down")
        assert monitor.stop() == 0, monitor.said()
    assert add_up(samples, "slawatch_events_total") == 70
    tickets = [json.loads(record.body)["ticket_id"] for record in read_records(state)]
    assert sorted(tickets) == sorted(f"t{number}" for number in range(70))


def test_two_files_of_one_name_are_two_files(tmp_path: Path) -> None:
    logs = [tmp_path / folder / "desk.jsonl" for folder in ("a", "b")]
    for log in logs:
        log.parent.mkdir()
        write_lines(log, [created(f"{log.parent.name}{number}") for number in range(3)])
    tails = [option for log in logs for option in ("--tail", log)]
    state = tmp_path / "state"
    with Monitor(state, "--policy", write_policy(tmp_path), *tails) as monitor:
        monitor.start()
        monitor.wait_for(lambda s: accepted(s) == 6, "both")
        assert monitor.stop() == 0, monitor.said()
        for log in logs:
            write_lines(log, [created(f"{log.parent.name}3")])
        with SqliteLog(state / "intake.sqlite3", WallClock()) as intake:
            intake.trim(1 << 40)  # a line read again would be taken for a new one
        monitor.start()
        samples = monitor.wait_for(lambda s: accepted(s) >= 8, "both went on where they were")
        assert add_up(samples, "slawatch_events_total") == 8
        assert monitor.stop() == 0, monitor.said()


def test_standard_input_is_read_as_it_comes_and_may_end(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Monitor(state, "--policy", write_policy(tmp_path), "--stdin") as monitor:
        monitor.start(stdin=subprocess.PIPE)
        assert monitor.process is not None
        pipe = monitor.process.stdin
        assert pipe is not None
        for number in (1, 2):
            pipe.write(json.dumps(created(f"t{number}")).encode() + b"\n")
            pipe.flush()
            monitor.wait_for(lambda s, n=number: accepted(s) == n, f"line {number}")  # type: ignore[misc]  # the default binds it
        pipe.write(json.dumps(created("t3")).encode())
        pipe.close()
        monitor.wait_for(lambda s: accepted(s) == 3, "the last line, without a newline")
        monitor.wait_for(
            lambda s: add_up(s, "sla_results_total", outcome="breached") == 3,
            "deadlines pass without input",
        )
        assert monitor.get("/healthz")[0] == 200
        assert monitor.stop() == 0, monitor.said()
