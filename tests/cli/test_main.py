"""The command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
import typer

from cli.console import told_errors
from slawatch.build import find_build
from slawatch.errors import ConfigError, ConnectorError, Problem
from tests.cli.commands import call


def test_every_command_is_listed() -> None:
    told = call("--help").stdout
    assert all(f" {name} " in told for name in ("up", "run", "replay", "check", "explain"))


def test_the_version_is_told() -> None:
    result = call("--version")
    assert (result.exit_code, result.stdout) == (
        0,
        f"slawatch {version('slawatch')} ({find_build()})\n",
    )


def test_a_replay_waits_for_no_import_that_few_replays_need() -> None:
    slow = "connectors.mapping", "dateutil", "flows.export", "prometheus_client", "rich.progress"
    program = f"import sys, cli.replay; print(*({set(slow)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b""


@pytest.mark.parametrize("command", ["up", "run", "replay", "check", "explain"])
def test_every_command_explains_itself(command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_an_unknown_command_ends_with_a_hint() -> None:
    assert call("rnu").exit_code == 2


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        pytest.param(
            ConfigError([Problem("a.toml", "x.y", "is [wrong]"), Problem("", "", "and this")]),
            2,
            "error a.toml: x.y: is [wrong]\nerror and this\n",
            id="configuration",
        ),
        pytest.param(ConnectorError("cut off"), 1, "error cut off\n", id="the-outside-world"),
        pytest.param(OSError(28, "disk full"), 1, "error [Errno 28] disk full\n", id="the-system"),
    ],
)
def test_an_expected_error_is_told_in_plain_lines(
    error: Exception, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as raised, told_errors():
        raise error
    assert raised.value.exit_code == code
    assert capsys.readouterr().err == told


def test_what_the_engine_wraps_is_told_by_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as raised, told_errors():
        raise RuntimeError("a step failed") from ConfigError("the state is newer")
    assert raised.value.exit_code == 2
    assert capsys.readouterr().err == "error the state is newer\n"


def test_an_unexpected_error_keeps_its_traceback() -> None:
    with pytest.raises(RuntimeError, match="our own mistake"), told_errors():
        raise RuntimeError("our own mistake")
