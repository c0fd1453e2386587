import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.intake import COMMIT_BOUND_US, Pending, Rejected
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from slawatch.errors import ConfigError, ConnectorError

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND

_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from connectors.intake import LogWriter, Pending
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
writer = LogWriter(SqliteLog(Path(sys.argv[1]), WallClock()))
for number in range(10**9):
    writer.submit([Pending("s", f"{number}:{i}", b"x" * 600) for i in range(20)]).result()
    print(number, flush=True)
"""


class Hand:
    """A clock that is set by hand, both the wall and the monotonic one."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at

    def build(self) -> WallClock:
        return WallClock(lambda: self.at, lambda: self.at)


def pending(*keys: str, source: str = "s") -> list[Pending]:
    return [Pending(source, key, key.encode()) for key in keys]


def rejected(key: str, at: int = NOW) -> Rejected:
    return Rejected(key, "s", b"{", "malformed", "no JSON", at)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "intake.sqlite3"


def test_records_come_back_in_order_after_a_position(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.append([Pending("s", "a", b"A", NOW), *pending("b"), *pending("c")])
        assert log.read_after(0, 2) == [
            (1, NOW, "s", b"A", NOW),
            (2, NOW, "s", b"b", None),
        ]
        assert [record.seq for record in log.read_after(2, 10)] == [3]


def test_a_delivery_that_comes_again_is_counted_and_not_stored(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.append(pending("a"))
        assert log.append(pending("a", "b", "b"))[:2] == (1, 2)
        assert [record.body for record in log.read_after(0, 10)] == [b"a", b"b"]


def test_two_sources_may_use_one_key(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.append(pending("a"))
        assert log.append(pending("a", source="other")).accepted == 1


def test_each_group_of_a_commit_hears_of_its_own_records(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        results = log.append_groups([pending("a"), pending("a", "b"), []])
        last_seq = log.last()[0]
    assert results == [(1, 0, last_seq), (1, 1, last_seq), (0, 0, last_seq)]


@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 3)), min_size=1, max_size=10)
)
def test_received_at_never_falls_whatever_the_clock_does(moves: list[tuple[int, int]]) -> None:
    hand = Hand()
    wall = WallClock(lambda: hand.at, lambda: 0)
    with TemporaryDirectory() as folder, SqliteLog(Path(folder) / "log", wall) as log:
        for number, (step, size) in enumerate(moves):
            hand.at += step
            log.append(pending(*(f"{number}:{i}" for i in range(size))))
        stamps = [record.received_at for record in log.read_after(0, 99)]
    assert stamps == sorted(stamps)


def test_after_a_restart_with_the_clock_stepped_back_received_at_does_not_fall(path: Path) -> None:
    with SqliteLog(path, Hand(NOW).build()) as log:
        log.append(pending("a"))
    with SqliteLog(path, Hand(NOW - 60 * SECOND).build()) as log:
        log.append(pending("b"))
        assert [record.received_at for record in log.read_after(0, 9)] == [NOW, NOW]


def test_a_restart_over_five_minutes_in_the_past_is_refused(path: Path) -> None:
    with SqliteLog(path, Hand(NOW).build()) as log:
        log.append(pending("a"))
    with pytest.raises(ConfigError, match=r"intake log '.*intake.sqlite3' was last written at"):
        SqliteLog(path, Hand(NOW - 301 * SECOND).build())


def test_an_idle_tick_stays_behind_the_wall_by_the_commit_bound(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        assert log.tick_before_read() == NOW - COMMIT_BOUND_US


def test_a_tick_during_a_slow_commit_stays_below_its_stamp(path: Path) -> None:
    hand = Hand()
    seen: list[tuple[int | None, int, int]] = []

    def be_slow() -> None:
        hand.at += 10 * SECOND
        tick = log.tick_before_read()
        seen.append((log.in_flight_at(), tick, len(log.read_after(0, 9))))

    with SqliteLog(path, hand.build(), before_commit=be_slow) as log:
        log.append(pending("a"))
        assert seen == [(NOW, NOW - 1, 0)]
        assert log.in_flight_at() is None
        assert log.tick_before_read() == NOW + 10 * SECOND - COMMIT_BOUND_US


def test_no_record_is_ever_read_at_or_before_a_tick_that_claimed_it_was(path: Path) -> None:
    """Race a reader that claims ticks with a writer whose commits outlast the bound."""
    late: list[int] = []
    done = threading.Event()

    def write() -> None:
        for number in range(10):
            log.append(pending(str(number)))
        done.set()

    slow_seconds = 1.5 * COMMIT_BOUND_US / SECOND
    with SqliteLog(path, WallClock(), before_commit=lambda: time.sleep(slow_seconds)) as log:
        writer = threading.Thread(target=write)
        writer.start()
        seq, claimed = 0, 0
        while not done.is_set():
            tick = log.tick_before_read()
            records = log.read_after(seq, 1_000)
            late += [record.seq for record in records if record.received_at <= claimed]
            seq, claimed = (records[-1].seq if records else seq), max(claimed, tick)
        writer.join()
    assert (late, claimed > 0) == ([], True)


def test_a_failed_commit_stores_nothing_and_the_next_one_works(path: Path) -> None:
    fails = iter([True, False])

    def fail_once() -> None:
        if next(fails):
            raise sqlite3.OperationalError("database or disk is full")

    with SqliteLog(path, Hand().build(), before_commit=fail_once) as log:
        with pytest.raises(ConnectorError, match="cannot append: database or disk is full"):
            log.append(pending("a"))
        assert (log.in_flight_at(), log.last()) == (None, (0, 0))
        assert log.append(pending("a")).accepted == 1


def test_a_full_store_is_a_connector_error(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log._writer.execute("PRAGMA max_page_count = 20")
        with pytest.raises(ConnectorError, match="cannot append: database or disk is full"):
            log.append([Pending("s", "a", b"x" * 1_000_000)])


def test_a_value_that_no_store_takes_is_not_swallowed_as_a_duplicate(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log, pytest.raises(sqlite3.IntegrityError):
        log.append([Pending("s", "a", None)])  # type: ignore[arg-type]  # what a bug would pass


def test_trimmed_numbers_are_never_given_out_again(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.append(pending("a", "b", "c"))
        assert (log.trim(3), [record.seq for record in log.read_after(0, 9)]) == (2, [3])
        assert log.append(pending("d")).last_seq == 4


def test_the_last_record_is_never_trimmed_so_that_its_stamp_outlives_a_restart(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.append(pending("a", "b"))
        assert log.trim(99) == 1
    with SqliteLog(path, Hand(NOW - SECOND).build()) as log:
        assert log.last() == (2, NOW)


def test_a_trim_longer_than_one_commit_takes_all_it_was_told_to(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.append(pending(*map(str, range(5_001))))
        assert log.trim(5_000) == 4_999


@pytest.mark.parametrize(
    ("at", "kept"),
    [
        pytest.param(NOW - 1, "cde", id="before all"),
        pytest.param(NOW, "cde", id="the first instant"),
        pytest.param(NOW + 1, "de", id="between two"),
        pytest.param(NOW + SECOND, "de", id="the last instant"),
        pytest.param(NOW + SECOND + 1, "e", id="after all, but for the last"),
    ],
)
def test_records_are_trimmed_by_age(path: Path, at: int, kept: str) -> None:
    hand = Hand(NOW - SECOND)
    with SqliteLog(path, hand.build()) as log:
        for keys in (("a", "b"), ("b", "c"), ("d", "e")):
            log.append(pending(*keys))
            hand.at += SECOND
        log.trim(3)
        log.trim(log.first_seq_at(at))
        assert b"".join(record.body for record in log.read_after(0, 9)).decode() == kept


def test_an_empty_log_has_no_last_record_and_nothing_to_trim(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        assert (log.last(), log.first_seq_at(NOW), log.trim(5)) == ((0, 0), 1, 0)


def test_a_rejected_record_is_kept_once_however_often_it_is_replayed(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.quarantine([rejected("1/0"), rejected("2/0")])
        assert log.quarantine([rejected("2/0"), rejected("3/0")]) == 1
        assert [row.key for row in log.quarantined()] == ["3/0", "2/0", "1/0"]


def test_old_rejected_records_are_forgotten(path: Path) -> None:
    with SqliteLog(path, Hand().build()) as log:
        log.quarantine([rejected("1/0", NOW - 1), rejected("2/0", NOW)])
        assert log.trim_quarantine(NOW) == 1
        assert log.quarantined() == [rejected("2/0", NOW)]


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2)])
def test_a_commit_is_on_the_disk_when_it_returns(path: Path, pragma: str, value: object) -> None:
    with SqliteLog(path, Hand().build()) as log:
        assert log._writer.execute(f"PRAGMA {pragma}").fetchone() == (value,)


def test_a_file_of_a_newer_format_is_refused_by_name(path: Path) -> None:
    SqliteLog(path, Hand().build()).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(ConfigError, match="has format 2, written by a newer slawatch"):
        SqliteLog(path, Hand().build())


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"no database, but long enough to have a header" * 10)
    with pytest.raises(ConfigError, match="cannot be opened: file is not a database"):
        SqliteLog(path, Hand().build())


def test_a_process_killed_under_load_loses_no_acknowledged_record(path: Path) -> None:
    command = [sys.executable, "-c", _WRITE_FOR_EVER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        acknowledged = [int(process.stdout.readline()) for _ in range(200)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout if line.endswith(b"\n")]
    with SqliteLog(path, WallClock()) as log:
        stored = log.append(pending(*(f"{n}:{i}" for n in acknowledged for i in range(20))))
    assert (len(acknowledged) >= 200, stored.accepted) == (True, 0)
