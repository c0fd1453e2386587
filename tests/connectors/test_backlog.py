"""A log that fills: a flow that stalls, a disk without room. It refuses, and takes on again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.intake import LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from slawatch.errors import ConnectorError

# A file that may not grow over 400,000 bytes fails as a full disk does, when it is written.
_FILL = """
import resource, signal, sys
from pathlib import Path
from connectors.intake import Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from slawatch.errors import ConnectorError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = SqliteLog(Path(sys.argv[1]), WallClock())
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
stored = 0
try:
    while True:
        stored += log.append([Pending("s", str(stored), b"x" * 5_000)]).accepted
except ConnectorError as ex:
    print(ex)
ticks = [log.tick_before_read(), log.in_flight_at()]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
after = log.append([Pending("s", str(stored), b"x" * 5_000)]).accepted
print(stored > 10, ticks[0] > 0, ticks[1], after, len(log.read_after(0, 999)) == stored + 1)
"""


def pending(*keys: object) -> list[Pending]:
    return [Pending("s", str(key), b"x") for key in keys]


def open_log(folder: Path, max_backlog: int | None) -> SqliteLog:
    return SqliteLog(folder / "intake.sqlite3", WallClock(), max_backlog=max_backlog)


def test_a_stalled_flow_refuses_more_and_one_that_reads_on_takes_it_again(tmp_path: Path) -> None:
    told = r"3 records still to read, intake\.max_backlog is 3"
    with open_log(tmp_path, 3) as intake, open_log(tmp_path, None) as flow:
        intake.append(pending(1, 2, 3))
        with pytest.raises(ConnectorError, match=told):
            intake.append(pending(4))
        flow.note_read(1)
        assert intake.append(pending(4)).accepted == 1
        assert (intake.backlog(), flow.backlog()) == (3, 3)


def test_the_backlog_of_a_trimmed_log_is_what_it_still_holds(tmp_path: Path) -> None:
    with open_log(tmp_path, None) as log:
        log.append(pending(*range(10)))
        log.trim(8)
        assert log.backlog() == 3


def test_an_empty_log_has_no_backlog(tmp_path: Path) -> None:
    with open_log(tmp_path, 1) as log:
        assert log.backlog() == 0


def test_the_writer_tells_the_sender_that_the_flow_is_behind(tmp_path: Path) -> None:
    with open_log(tmp_path, 1) as log, LogWriter(log) as writer:
        writer.submit(pending(1)).result()
        with pytest.raises(ConnectorError, match="the flow is behind"):
            writer.submit(pending(2)).result()


def test_a_full_disk_refuses_and_with_room_takes_on_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _FILL, str(tmp_path / "intake.sqlite3")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    told, figures = done.stdout.splitlines()
    assert "cannot append: " in told
    assert figures == "True True None 1 True"
