from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.floor import CounterFloor
from slawatch.errors import ConfigError

KEYS = [("chat",), ("phone",)]


def scrape(
    floor: CounterFloor, values: Sequence[float], log_at: int, name: str = "c_total"
) -> list[float]:
    floor.begin({"0": (log_at, log_at)})
    shown = floor.raise_values(name, KEYS, list(values))
    floor.save()
    return shown


def start(path: Path) -> CounterFloor:
    return CounterFloor(path, settle_us=0)


def increase(series: Sequence[float]) -> float:
    """Add the differences up by PromQL's reset rule, the first scrape counted from 0."""
    total, last = 0.0, 0.0
    for value in series:
        total += value - last if value >= last else value
        last = value
    return total


def test_a_counter_restored_lower_is_shown_as_it_was(tmp_path: Path) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    assert scrape(start(tmp_path / "floor"), [3, 9], 60) == [5, 9]


def test_a_counter_passes_its_floor_when_the_replay_has_caught_up(tmp_path: Path) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    restarted = start(tmp_path / "floor")
    shown = [scrape(restarted, [n, 9], 60 + 10 * n)[0] for n in range(9)]
    assert shown == [5, 5, 5, 5, 5, 5, 6, 7, 8]
    assert restarted.offset_count == 0


def test_nothing_is_lost_when_the_process_dies_before_it_has_caught_up_again(
    tmp_path: Path,
) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    scrape(start(tmp_path / "floor"), [3, 2], 60)
    assert scrape(start(tmp_path / "floor"), [1, 1], 50) == [5, 9]


def test_a_counter_still_lower_beyond_the_floors_log_time_keeps_an_offset(tmp_path: Path) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    restarted = start(tmp_path / "floor")
    assert scrape(restarted, [2, 9], 101) == [5, 9]
    assert scrape(restarted, [3, 10], 102) == [6, 10]
    assert restarted.offset_count == 1


def test_an_offset_outlives_the_next_restart(tmp_path: Path) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    scrape(start(tmp_path / "floor"), [2, 9], 101)
    restarted = start(tmp_path / "floor")
    assert scrape(restarted, [4, 9], 110) == [7, 9]
    assert restarted.offset_count == 1


def test_offsets_of_two_restarts_add_up(tmp_path: Path) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    scrape(start(tmp_path / "floor"), [2, 9], 101)
    restarted = start(tmp_path / "floor")
    assert scrape(restarted, [1, 9], 110) == [5, 9]
    assert scrape(restarted, [2, 9], 111) == [6, 9]


def test_the_floor_waits_for_every_partition(tmp_path: Path) -> None:
    first = start(tmp_path / "floor")
    first.begin({"0": (100, 100), "1": (50, 50)})
    first.raise_values("c_total", KEYS, [5, 9])
    first.save()
    restarted = start(tmp_path / "floor")
    assert scrape(restarted, [2, 2], 101) == [5, 9]
    assert restarted.offset_count == 0


def test_an_offset_waits_until_the_slowest_part_is_where_the_fastest_was(tmp_path: Path) -> None:
    first = start(tmp_path / "floor")
    first.begin({"0": (90, 100)})
    first.raise_values("c_total", KEYS, [5, 9])
    first.save()
    restarted = start(tmp_path / "floor")
    assert scrape(restarted, [4, 9], 95) == [5, 9]
    assert scrape(restarted, [5, 9], 101) == [5, 9]
    assert restarted.offset_count == 0


def test_an_offset_waits_for_a_minute_of_log_time(tmp_path: Path) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    restarted = CounterFloor(tmp_path / "floor")
    scrape(restarted, [4, 9], 60_000_100)
    assert restarted.offset_count == 0
    scrape(restarted, [4, 9], 60_000_101)
    assert restarted.offset_count == 1


def test_a_label_set_that_is_not_back_yet_is_found_until_log_time_has_passed(
    tmp_path: Path,
) -> None:
    scrape(start(tmp_path / "floor"), [5, 9], 100)
    restarted = start(tmp_path / "floor")
    restarted.begin({"0": (60, 60)})
    assert restarted.find_vanished("c_total", [("chat",)]) == [("phone",)]
    restarted.begin({"0": (101, 101)})
    assert restarted.find_vanished("c_total", [("chat",)]) == []


@pytest.mark.parametrize(
    ("values", "is_written"),
    [
        pytest.param([5.0, 9.0], False, id="only-log-time-moved"),
        pytest.param([5.0, 10.0], True, id="a-counter-grew"),
    ],
)
def test_a_scrape_writes_only_what_has_changed(
    tmp_path: Path, values: list[float], *, is_written: bool
) -> None:
    path = tmp_path / "floor"
    floor = start(path)
    scrape(floor, [5, 9], 100)
    before = path.stat().st_ino
    scrape(floor, values, 101)
    assert (path.stat().st_ino != before) == is_written


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[:-9], id="truncated"),
        pytest.param(lambda content: content.replace(b"floor 1", b"floor 2"), id="newer"),
        pytest.param(lambda content: content[:40] + b"\0" + content[41:], id="bit-rot"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
def test_a_file_that_is_not_whole_stops_the_start(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "floor"
    scrape(start(path), [5, 9], 100)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigError, match="delete it and accept"):
        start(path)


def test_when_log_time_last_lagged_outlives_a_restart(tmp_path: Path) -> None:
    floor = start(tmp_path / "floor")
    floor.behind_at = 77
    scrape(floor, [5, 9], 100)
    assert start(tmp_path / "floor").behind_at == 77


crashes = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), crashes)
def test_the_increase_over_crashes_is_that_of_an_undisturbed_run(
    steps: list[int], restarts: list[tuple[int, int]]
) -> None:
    totals = [sum(steps[: i + 1]) for i in range(len(steps))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "floor"
        floor, at, shown = start(path), 0, []
        for died_at, restored_at in [*restarts, (len(totals), 0)]:
            while at < min(died_at, len(totals)):
                shown.append(scrape(floor, [totals[at], 0], at)[0])
                at += 1
            if died_at < len(totals):
                floor, at = start(path), min(restored_at, at)
    assert shown == sorted(shown)
    assert increase(shown) == totals[-1]
    assert floor.offset_count == 0
