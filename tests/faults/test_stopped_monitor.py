"""A monitor that is asked to stop leaves an exact snapshot, and nothing fires that was not due."""

from __future__ import annotations

from pathlib import Path

from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from tests.e2e.desk import COUNTED, POLICY, created, pick_counters, replied, wall_us, write_policy
from tests.e2e.monitor import Monitor, Samples, add_up, read_verdicts, write_lines

SECOND = 1_000_000
SLOW = POLICY.replace('resolution = { urgent = "4s", other = "5s" }', 'resolution = "1h"')

SLOWER = SLOW.replace('other = "3s"', 'other = "8s"')


def pick_open_work(samples: Samples) -> Samples:
    """Return the gauges of open tickets and clocks that are not at zero."""
    names = ("sla_tickets", "sla_clocks")
    return {key: value for key, value in samples.items() if key[0] in names and value}


def test_a_stop_leaves_what_a_restart_goes_on_from(tmp_path: Path) -> None:
    log, state = tmp_path / "desk.jsonl", tmp_path / "state"
    with Monitor(state, "--policy", write_policy(tmp_path, SLOW), "--tail", log) as monitor:
        monitor.start().wait_until_ready()
        opened_at = wall_us()
        write_lines(log, [created(f"t{n}", opened_at) for n in range(20)])
        write_lines(log, [replied(f"t{n}") for n in range(15)])
        before = monitor.wait_for(
            lambda s: (
                add_up(s, "sla_warnings_total", target="first_response", level="+1s") == 5
                and add_up(s, "sla_clocks", target="first_response", state="breached") == 5
            ),
            "five breaches, the warnings after them, and the open work shown since",
        )
        assert monitor.stop() == 0, monitor.said()
        verdicts = read_verdicts(state)
        assert {row[3] for row in verdicts if row[1] == "resolution"} == set()

        # Without its records the restart has the snapshot alone.
        with SqliteLog(state / "intake.sqlite3", WallClock()) as intake:
            assert intake.trim(1 << 40) == 34
        (state / "counters.bin").unlink()
        after = monitor.start().wait_until_ready()
        after = monitor.wait_for(pick_open_work, "open work is shown")
        assert pick_counters(after) == pick_counters(before)
        assert set(COUNTED) & {name for name, _ in pick_counters(after)}
        assert pick_open_work(after) == pick_open_work(before)
        assert monitor.stop() == 0, monitor.said()
        assert read_verdicts(state) == verdicts
    assert "Traceback" not in monitor.said()


def test_a_deadline_that_passes_while_it_is_stopped_is_found_at_the_start(tmp_path: Path) -> None:
    log, state = tmp_path / "desk.jsonl", tmp_path / "state"
    with Monitor(state, "--policy", write_policy(tmp_path, SLOWER), "--tail", log) as monitor:
        monitor.start().wait_until_ready()
        opened_at = wall_us()
        write_lines(log, [created("t1", opened_at)])
        monitor.wait_for(lambda s: add_up(s, "sla_tickets_created_total") == 1, "it was read")
        assert monitor.stop() == 0
        assert [row for row in read_verdicts(state) if row[3] == "breached"] == []
        monitor.start()
        monitor.wait_for(
            lambda s: add_up(s, "sla_results_total", outcome="breached") == 1, "the breach"
        )
        (row,) = [row for row in read_verdicts(state) if row[3] == "breached"]
        assert row[9] == opened_at + 8 * SECOND
