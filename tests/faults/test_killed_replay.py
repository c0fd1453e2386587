"""A replay that is killed and started again says exactly what an undisturbed one says."""

from __future__ import annotations

import random
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from connectors.demo import demo_events
from tests.e2e.monitor import poll, read_rows, run_slawatch, start_slawatch, write_lines

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
HOUR_US = 3_600_000_000
KILLS = 3
OF_THE_PROCESS = ("#", "slawatch_snapshot_", "slawatch_last_scrape_", "slawatch_delivery_delay_")
"""What lines begin with that tell of this process, or of what it read lately."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a native log of seven hours, some lines out of order, some twice."""
    first_at = round(START.timestamp() * 1e6)
    events = list(demo_events(11, first_at, first_at + 7 * HOUR_US))
    dice = random.Random(11)
    for index in range(0, len(events) - 200, 50):
        events[index], events[index + 100] = events[index + 100], events[index]
    for _ in range(200):
        index = dice.randrange(len(events))
        events.insert(min(len(events), index + dice.randrange(300)), events[index])
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    write_lines(path, events)
    return path


def arguments(log: Path, folder: Path, order: str) -> list[object]:
    """Return a replay's arguments; its files lie in `folder`."""
    return [
        *("replay", log, "--policy", "demo", "--order", order, "--disorder", "5m"),
        *("--state", folder / "state", "--snapshot-interval", "0.3s", "--batch", 500),
        *("--verdicts", folder / "verdicts.jsonl", "--metrics", folder / "metrics.txt"),
    ]


def has_come_to(wanted: int, folder: Path, process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a replay has said more than so many verdicts, or has ended."""
    return process.poll() is not None or count_verdicts(folder) > wanted


def count_verdicts(folder: Path) -> int:
    """Return how many verdicts are in the table so far."""
    rows = read_rows(folder / "state" / "verdicts.sqlite3", "SELECT count(*) FROM verdicts")
    return rows[0][0] if rows else 0


def read_metrics(folder: Path) -> list[str]:
    """Return the metrics that tell of the log."""
    lines = (folder / "metrics.txt").read_text().splitlines()
    return sorted(line for line in lines if not line.startswith(OF_THE_PROCESS))


@pytest.mark.parametrize("order", ["file", "time"])
def test_a_killed_replay_says_what_an_undisturbed_one_says(
    tmp_path: Path, log: Path, order: str
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    code, _, messages = run_slawatch(*arguments(log, whole, order))
    assert code == 0, messages
    total = count_verdicts(whole)

    dice = random.Random(order)
    kills = 0
    for number in range(KILLS):
        seen = count_verdicts(broken)
        wanted = min(total - 1, seen + round(total * dice.uniform(0, 2) / KILLS / 2))
        process = start_slawatch(*arguments(log, broken, order), messages=tmp_path / "messages")
        poll(
            partial(has_come_to, wanted, broken, process),
            f"kill {number}: more than {wanted} verdicts",
        )
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills >= KILLS - 1, (tmp_path / "messages").read_text()

    code, _, messages = run_slawatch(*arguments(log, broken, order))
    assert code == 0, messages
    assert (broken / "verdicts.jsonl").read_bytes() == (whole / "verdicts.jsonl").read_bytes()
    assert read_metrics(broken) == read_metrics(whole)
    assert total > 2_000
