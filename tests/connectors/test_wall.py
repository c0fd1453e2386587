import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wall import MAX_BEHIND_US, WallClock
from slawatch.errors import ConfigError

SECOND = 1_000_000
NOW = 1_700_000_000 * SECOND


class Clocks:
    """A machine's two clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall_us = NOW
        self.monotonic_us = 5 * SECOND

    def pass_time(self, by_us: int, step_us: int = 0) -> None:
        self.monotonic_us += by_us
        self.wall_us += by_us + step_us

    def build(self) -> WallClock:
        return WallClock(lambda: self.wall_us, lambda: self.monotonic_us)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(0, SECOND, id="no step"),
        pytest.param(3_600 * SECOND, 3_601 * SECOND, id="a step forward is followed"),
        pytest.param(-3_600 * SECOND, SECOND, id="a step back is not"),
    ],
)
def test_the_wall_goes_on_after_a_clock_step(step: int, expected: int) -> None:
    clocks = Clocks()
    wall = clocks.build()
    clocks.pass_time(SECOND, step)
    assert wall.now() == NOW + expected


def test_after_a_step_back_the_wall_waits_for_no_one() -> None:
    clocks = Clocks()
    wall = clocks.build()
    clocks.pass_time(SECOND, -60 * SECOND)
    wall.now()
    clocks.pass_time(10 * SECOND)
    assert wall.now() == NOW + 11 * SECOND


@given(st.lists(st.tuples(st.integers(0, 10 * SECOND), st.integers(-(10**9), 10**9)), max_size=30))
def test_the_wall_never_falls_and_never_runs_slower_than_the_monotonic_clock(
    moves: list[tuple[int, int]],
) -> None:
    clocks = Clocks()
    wall = clocks.build()
    for by, step in moves:
        before = wall.now()
        clocks.pass_time(by, step)
        assert wall.now() >= max(before + by, clocks.wall_us)


def test_the_wall_stands_still_until_the_clock_reaches_what_was_written() -> None:
    clocks = Clocks()
    wall = clocks.build()
    wall.not_before(NOW + 60 * SECOND, "intake log 'x'")
    clocks.pass_time(59 * SECOND)
    held = wall.now()
    clocks.pass_time(2 * SECOND)
    assert (held, wall.now()) == (NOW + 60 * SECOND, NOW + 61 * SECOND)


def test_a_clock_over_five_minutes_behind_is_refused_by_name() -> None:
    wall = Clocks().build()
    with pytest.raises(ConfigError, match=r"intake log 'x' was last written at 2023-11-14T22:18"):
        wall.not_before(NOW + MAX_BEHIND_US + 1, "intake log 'x'")


def test_a_clock_just_five_minutes_behind_is_waited_for() -> None:
    wall = Clocks().build()
    wall.not_before(NOW + MAX_BEHIND_US, "intake log 'x'")
    assert wall.now() == NOW + MAX_BEHIND_US
