"""`slawatch drill`: a page is rehearsed."""

from __future__ import annotations

from pathlib import Path

from connectors.wall import WallClock
from flows.drill import read_drills
from tests.cli.commands import call, is_told


def test_a_drill_starts_and_ends(tmp_path: Path) -> None:
    assert call("drill", "breach-spike", "--state", tmp_path).exit_code == 0
    assert list(read_drills(tmp_path, WallClock().now())) == ["breach-spike"]
    assert call("drill", "breach-spike", "--state", tmp_path, "--stop").exit_code == 0
    assert read_drills(tmp_path, WallClock().now()) == {}


def test_an_unknown_drill_is_told_with_those_there_are(tmp_path: Path) -> None:
    result = call("drill", "fire", "--state", tmp_path)
    assert is_told(result)
    assert "breach-spike" in result.stderr
