"""What keeps the monitor from starting is said in plain lines."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.desk import POLICY, write_policy
from tests.e2e.monitor import Monitor, run_slawatch

WRONG = """
include = ["targets"]
[desk]
zone = "Mars/Olympus"
[[policies]]
name = "wrong"
colour = "blue"
goals.first_response = "soon"
goals.no_such_target = "1h"
"""


def test_a_wrong_policy_never_starts_the_monitor(tmp_path: Path) -> None:
    state = tmp_path / "state"
    policy = write_policy(tmp_path, WRONG)
    code, _, messages = run_slawatch("run", "--policy", policy, "--stdin", "--state", state)
    assert code == 2
    assert "Traceback" not in messages
    lines = messages.strip().splitlines()
    assert all(line.startswith("error") and str(policy.name) in line for line in lines), messages
    keys = ("desk.zone", "colour", "goals.first_response", "goals.no_such_target")
    assert len(lines) == len(keys)
    for key in keys:
        assert sum(f"{key}: " in line for line in lines) == 1, key
    assert not state.exists()


def test_a_taken_port_or_folder_is_said_in_one_line(tmp_path: Path) -> None:
    policy = write_policy(tmp_path, POLICY)
    options = ("--policy", policy, "--tail", tmp_path / "desk.jsonl")
    with Monitor(tmp_path / "state", *options) as monitor:
        monitor.start()
        port = monitor.url.rpartition(":")[2]
        taken = ("run", *options, "--port", port)
        code, _, messages = run_slawatch(*taken, "--state", tmp_path / "other")
        assert code == 2
        assert messages.splitlines() == [
            (
                f"error port {port} on 127.0.0.1 is taken by another program (a second slawatch?):"
                " stop that one or choose another port"
            )
        ]
        code, _, messages = run_slawatch(*taken, "--state", tmp_path / "state")
        assert code == 2
        (line,) = messages.splitlines()
        assert "is in use by process" in line
        assert monitor.process is not None
        assert str(monitor.process.pid) in line
        assert monitor.get("/healthz")[0] == 200
