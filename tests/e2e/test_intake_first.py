"""An intake that begins before its flow: what it heard meanwhile counts."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.desk import created, read_records, write_policy
from tests.e2e.monitor import Monitor, add_up, poll, start_slawatch, write_lines


def test_what_happened_before_the_first_start_of_the_flow_counts(tmp_path: Path) -> None:
    policy, state, file = write_policy(tmp_path), tmp_path / "state", tmp_path / "desk.jsonl"
    file.touch()
    messages = tmp_path / "intake.messages"
    arguments = ("--policy", policy, "--state", state, "--tail", file)
    intake = start_slawatch("intake", *arguments, messages=messages)
    try:
        poll(lambda: "intake: " in messages.read_text(), "intake")
        # It happens before it is heard: the first record is younger than its event.
        write_lines(file, [created("t1")])
        poll(lambda: read_records(state), "heard")
        with Monitor(state, "--policy", policy, "--no-intake") as monitor:
            monitor.start()
            monitor.wait_for(
                lambda s: add_up(s, "sla_results_total", outcome="breached") >= 1, "a breach"
            )
            assert add_up(monitor.scrape(), "sla_tickets_created_total") == 1
            assert monitor.stop() == 0, monitor.said()
    finally:
        intake.terminate()
        intake.wait(60)
