from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from tests.connectors.kit.acme import SOURCE, write_acme

ROOT = Path(__file__).parents[3]


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of somebody's own, with the plugin."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *arguments]
    if "slawatch-connectors" not in _entry_points():
        command += ["-p", "connectors.kit.plugin"]
    return subprocess.run(
        [*command, "--rootdir", str(folder)],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _entry_points() -> set[str]:
    return {point.name for point in entry_points(group="pytest11")}


def test_each_check_is_a_test(tmp_path: Path) -> None:
    told = run_pytest(write_acme(tmp_path), "--connector", "acme", "--connector-folder", ".")
    assert told.returncode == 0, told.stdout
    assert "acme: golden-events PASSED" in told.stdout
    assert "15 passed" in told.stdout


def test_a_failure_says_why_and_how_to_mend_it(tmp_path: Path) -> None:
    folder = write_acme(tmp_path, SOURCE.replace('"solved": "resolved"', '"solved": "closed"'))
    told = run_pytest(folder, "--connector", "acme", "--connector-folder", ".")
    assert told.returncode == 1
    assert "solved: event 1: type: gave 'closed', expected 'resolved'" in told.stdout
    assert "why: bodies must give the events that a person wrote down" in told.stdout
    assert "cure: read the body beside" in told.stdout


def test_without_its_option_it_does_nothing(tmp_path: Path) -> None:
    assert "no tests ran" in run_pytest(tmp_path).stdout
