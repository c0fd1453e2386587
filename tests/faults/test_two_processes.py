"""One process appends to the intake log, another reads it; either may be killed at any time."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from connectors.intake import Pending
from connectors.log_sqlite import SqliteLog
from connectors.stamp import StampFile
from connectors.wall import WallClock
from tests.e2e.desk import SECOND, read_records, wall_us
from tests.e2e.monitor import poll

TURNS = int(os.environ.get("SLAWATCH_LOG_KILLS", "12"))

# Its clock is off by so much: each process follows its own. Commits outlast the bound now and then.
_WRITE = """
import random, sys, time
from pathlib import Path
from connectors.intake import Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
seed, skew_us = map(int, sys.argv[2:])
dice = random.Random(seed)
def be_slow():
    if dice.random() < 0.2:
        time.sleep(dice.uniform(0, 0.08))
wall = WallClock(lambda: time.time_ns() // 1000 + skew_us)
log = SqliteLog(Path(sys.argv[1]), wall, before_commit=be_slow)
for number in range(10**9):
    keys = [f"{seed}:{number}:{i}" for i in range(dice.randint(1, 20))]
    log.append([Pending("s", key, key.encode()) for key in keys])
    print(*keys, sep="\\n", flush=True)
"""

# It says what it read at or before a tick that claimed everything up to there was read.
_READ = """
import sys, time
from pathlib import Path
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
seq, claimed, skew_us = map(int, sys.argv[2:])
log = SqliteLog(Path(sys.argv[1]), WallClock(lambda: time.time_ns() // 1000 + skew_us))
while True:
    tick = log.tick_before_read()
    records = log.read_after(seq, 1_000)
    late = [record.seq for record in records if record.received_at <= claimed]
    seq, claimed = (records[-1].seq if records else seq), max(claimed, tick)
    log.note_read(seq)
    print(seq, claimed, *late, flush=True)
    time.sleep(0.001)
"""


def is_past(at: int) -> bool:
    """Tell whether the wall has passed an instant."""
    return wall_us() > at


class Process:
    """Be a script in a process of its own; `lines` is what it printed, whole lines only."""

    def __init__(self, script: str, *arguments: object) -> None:
        self.lines: list[str] = []
        command = [sys.executable, "-c", script, *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        poll(lambda: self.lines, "its first line")

    def _listen(self) -> None:
        assert self._process.stdout is not None
        self.lines += (line.rstrip() for line in self._process.stdout if line.endswith("\n"))

    def kill(self) -> list[str]:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return self.lines


def test_no_tick_claims_what_another_process_is_about_to_show(tmp_path: Path) -> None:
    path, dice = tmp_path / "intake.sqlite3", random.Random(7)
    acknowledged: list[str] = []
    late: list[str] = []
    seq = claimed = "0"
    ticks = 0
    writer, reader = Process(_WRITE, path, 0, 0), Process(_READ, path, 0, 0, SECOND)
    for turn in range(1, TURNS + 1):
        turn_at = wall_us() + round(dice.uniform(0.05, 0.4) * SECOND)
        poll(partial(is_past, turn_at), "the next kill")
        if dice.random() < 0.7:
            acknowledged += writer.kill()
            writer = Process(_WRITE, path, turn, dice.randint(-SECOND, SECOND))
        else:
            lines = reader.kill()
            ticks += len(lines)
            seq, claimed, *_ = lines[-1].split()
            late += [line for line in lines if line.count(" ") > 1]
            reader = Process(_READ, path, seq, claimed, dice.randint(-SECOND, SECOND))
    acknowledged += writer.kill()
    lines = reader.kill()
    late += [line for line in lines if line.count(" ") > 1]
    records = read_records(tmp_path)
    print(f"\n{len(acknowledged)} acknowledged, {len(records)} stored, {ticks + len(lines)} ticks")  # noqa: T201 - the figures
    assert late == []
    assert {record.body.decode() for record in records} >= set(acknowledged)
    stamps = [record.received_at for record in records]
    assert stamps == sorted(stamps)


def test_the_stamp_of_a_dead_writer_holds_the_tick_back_no_longer(tmp_path: Path) -> None:
    stuck = _WRITE.replace("be_slow():", "be_slow():\n    print(0, flush=True); time.sleep(60)\n")
    writer = Process(stuck, tmp_path / "intake.sqlite3", 1, 0)
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as log:
        poll(lambda: wall_us() > (log.in_flight_at() or 0) + SECOND, "a slow commit")
        held_at = log.tick_before_read()
        assert held_at == (log.in_flight_at() or 0) - 1
        writer.kill()
        poll(lambda: log.tick_before_read() > held_at + SECOND, "a tick past the dead")
        assert (log.in_flight_at(), log.last()) == (None, (0, 0))


def copy(*pairs: tuple[Path, Path]) -> None:
    """Copy files over others in place, in another process: SQLite's locks are this process's."""
    script = "import sys\nfor a, b in zip(sys.argv[1::2], sys.argv[2::2]):\n"
    script += (
        "    data = open(a, 'rb').read(); open(b, 'r+b' if 's' in b[-3:] else 'wb').write(data)"
    )
    names = [str(path) for pair in pairs for path in pair]
    subprocess.run([sys.executable, "-c", script, *names], check=True)


@pytest.mark.parametrize("looks", [True, False])
def test_what_a_dead_writer_left_half_told_never_comes_back_after_a_claim(
    tmp_path: Path, *, looks: bool
) -> None:
    """Its commit is in the write-ahead log, but not in the index that readers go by."""
    path, index = tmp_path / "intake.sqlite3", tmp_path / "intake.sqlite3-shm"
    after = tmp_path / "after"
    after.mkdir()
    with SqliteLog(path, WallClock()) as log:
        log.append([Pending("s", "a", b"a")])
        copy((index, tmp_path / "saved"))
        log.append([Pending("s", "b", b"b")])
        copy((tmp_path / "saved", index))
        stamps = StampFile(tmp_path / "intake.stamp")
        at = stamps.begin_append(lambda: wall_us() - SECOND).in_flight_at
        if looks:
            poll(lambda: log.tick_before_read() > at, "a claim past the dead")
        assert [record.body for record in log.read_after(0, 9)] == [b"a"]
        copy(
            *((tmp_path / f"{path.name}{end}", after / f"{path.name}{end}") for end in ("", "-wal"))
        )
        stamps.close()
    with SqliteLog(after / path.name, WallClock()) as crashed:
        bodies = [record.body for record in crashed.read_after(0, 9)]
    assert bodies == ([b"a"] if looks else [b"a", b"b"])
