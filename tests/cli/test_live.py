"""`slawatch run` and `up`: what stops them before they start."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from cli.console import JsonFormatter
from connectors.state_folder import INTAKE_LOCK_NAME, lock_state_folder
from tests.cli.commands import call, is_told, write_policy


def test_a_run_without_an_input_is_told_what_it_may_read() -> None:
    result = call("run")
    assert is_told(result)
    assert "--tail FILE, --stdin or --demo" in result.stderr


def test_an_input_beside_no_intake_is_told_where_it_belongs() -> None:
    result = call("run", "--stdin", "--no-intake")
    assert is_told(result)
    assert "leaves every input to `slawatch intake`" in result.stderr


def test_an_intake_without_an_input_is_told_what_it_may_take() -> None:
    result = call("intake")
    assert is_told(result)
    assert "--tail FILE, --stdin or --demo" in result.stderr


@pytest.mark.parametrize("command", ["run", "intake"])
def test_a_folder_has_one_intake(tmp_path: Path, command: str) -> None:
    with lock_state_folder(tmp_path, INTAKE_LOCK_NAME):
        result = call(command, "--stdin", "--state", tmp_path)
    assert is_told(result)
    assert "the intake of state folder" in result.stderr


def test_a_wrong_policy_never_starts_the_monitor(tmp_path: Path) -> None:
    policy = write_policy(tmp_path, '[[policies]]\nname = "all"\ngoals.nothing = "1h"\n')
    state = tmp_path / "state"
    result = call("run", "--stdin", "--policy", policy, "--state", state, "--port", 0)
    assert is_told(result)
    assert "nothing" in result.stderr
    assert not state.exists()


@pytest.mark.parametrize("command", [("run", "--demo"), ("up",)])
def test_a_folder_in_use_is_told(tmp_path: Path, command: tuple[str, ...]) -> None:
    with lock_state_folder(tmp_path):
        result = call(*command, "--state", tmp_path, "--port", 0)
    assert is_told(result)
    assert "in use by process" in result.stderr


def test_a_snapshot_interval_must_be_a_duration(tmp_path: Path) -> None:
    result = call("run", "--stdin", "--state", tmp_path, "--snapshot-interval", "never")
    assert is_told(result)
    assert "--snapshot-interval" in result.stderr


def test_a_log_line_for_machines_is_one_json_object() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "said a=%d", (1,), None)
    record.created = 0.0
    assert JsonFormatter().format(record) == (
        '{"time": "1970-01-01T00:00:00Z", "level": "INFO", "logger": "x", "message": "said a=1"}'
    )
