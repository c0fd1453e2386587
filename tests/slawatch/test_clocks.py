"""One clock alone: what it counts, when it is due, and which level comes next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.book import TargetGoal, compile_goal
from slawatch.calendars import Calendar
from slawatch.clocks import FOREVER, Clock, Published, State
from slawatch.policy import Goal, Level, Match, Policy
from tests.rules import ALWAYS, DAY, HOUR, LEVELS, MINUTE, OFFICE, SECOND, START

CLOSING = START + 8 * HOUR


def build_goal(
    amount_us: int = HOUR, calendar: Calendar = ALWAYS, levels: tuple[Level, ...] = LEVELS
) -> TargetGoal:
    """Return a compiled goal."""
    goal = Goal({"": amount_us}, calendar, levels)
    return compile_goal(goal, amount_us, Policy("general", Match(), {}))


def start(
    at: int = START,
    amount_us: int = HOUR,
    calendar: Calendar = ALWAYS,
    levels: tuple[Level, ...] = LEVELS,
) -> Clock:
    """Return a clock that runs since `at`."""
    return Clock(0, 1, at, build_goal(amount_us, calendar, levels), 0)


def test_the_numbers_of_states_and_outcomes_are_stored_and_never_change() -> None:
    assert (State.RUNNING, State.PAUSED, State.STOPPED, State.CANCELLED) == (0, 1, 2, 3)
    assert (Published.NOTHING, Published.MET) == (0, 1)
    assert (Published.BREACHED, Published.WITHDRAWN) == (2, 3)


def test_elapsed_counts_open_time_and_wall_time_all_of_it() -> None:
    clock = start(CLOSING - 10 * MINUTE, calendar=OFFICE)
    assert clock.elapsed(CLOSING + 2 * HOUR) == 10 * MINUTE
    assert clock.wall(CLOSING + 2 * HOUR) == 130 * MINUTE


def test_elapsed_is_nothing_before_the_start() -> None:
    clock = start()
    assert (clock.elapsed(START - DAY), clock.wall(START - DAY)) == (0, 0)


def test_due_is_the_earliest_and_the_breach_the_last_instant_of_the_goal() -> None:
    clock = start(CLOSING - HOUR, calendar=OFFICE)
    assert (clock.due_at(), clock.breach_at) == (CLOSING, START + DAY)


def test_due_of_a_goal_already_used_up_is_now() -> None:
    clock = start()
    clock.pause(START + 2 * HOUR)
    clock.resume(START + 3 * HOUR)
    assert clock.due_at() == clock.breach_at == START + 3 * HOUR


def test_a_pause_moves_due_by_its_length() -> None:
    clock = start()
    clock.pause(START + 20 * MINUTE)
    assert (clock.state, clock.breach_at) == (State.PAUSED, FOREVER)
    clock.resume(START + 50 * MINUTE)
    assert clock.breach_at == START + HOUR + 30 * MINUTE
    assert clock.pauses == [(START + 20 * MINUTE, START + 50 * MINUTE)]


def test_a_paused_clock_does_not_move() -> None:
    clock = start()
    clock.pause(START + 20 * MINUTE)
    assert clock.elapsed(START + DAY) == clock.elapsed(START + 9 * DAY) == 20 * MINUTE


def test_paused_time_is_told_as_business_and_wall_time() -> None:
    clock = start(CLOSING - HOUR, 2 * HOUR, OFFICE)
    clock.pause(CLOSING - 30 * MINUTE)
    assert clock.paused_us(CLOSING + HOUR) == (30 * MINUTE, 90 * MINUTE)


def test_a_stop_keeps_when_it_was_due() -> None:
    clock = start()
    clock.stop(START + 5 * MINUTE)
    assert (clock.state, clock.stopped_at, clock.elapsed_us) == (
        State.STOPPED,
        START + 5 * MINUTE,
        5 * MINUTE,
    )
    assert (clock.due_at(), clock.breach_at) == (START + HOUR, FOREVER)


def test_a_stop_of_a_breached_clock_keeps_the_due_of_the_breach() -> None:
    clock = start()
    clock.breached_at, clock.due = START + HOUR, START + HOUR
    clock.stop(START + 3 * HOUR)
    assert clock.due_at() == START + HOUR


def test_the_first_reason_of_an_end_stands() -> None:
    clock = start()
    clock.reason = "policy_change"
    clock.cancel(START + MINUTE, "expired")
    assert (clock.state, clock.reason) == (State.CANCELLED, "policy_change")


def test_a_reset_starts_the_same_cycle_over() -> None:
    clock = start()
    clock.pause(START + MINUTE)
    clock.resume(START + 2 * MINUTE)
    clock.reset(START + 10 * MINUTE)
    assert (clock.cycle, clock.started_at, clock.elapsed(START + 11 * MINUTE)) == (
        1,
        START + 10 * MINUTE,
        MINUTE,
    )
    assert clock.pauses is None


@pytest.mark.parametrize(
    ("runs", "elapsed", "pauses"),
    [
        pytest.param(True, 30 * MINUTE, None, id="closed-stretch-runs"),
        pytest.param(
            False,
            10 * MINUTE,
            [(START + 10 * MINUTE, START + 30 * MINUTE)],
            id="closed-stretch-is-a-pause",
        ),
    ],
)
def test_a_revived_clock_counts_the_closed_stretch_or_not(
    *, runs: bool, elapsed: int, pauses: list[tuple[int, int]] | None
) -> None:
    clock = start()
    clock.stop(START + 10 * MINUTE)
    clock.revive(START + 30 * MINUTE, closed_stretch_runs=runs)
    assert clock.elapsed(START + 30 * MINUTE) == elapsed
    assert (clock.pauses, clock.stopped_at, clock.is_live()) == (pauses, 0, True)


def test_a_new_goal_keeps_the_start_and_moves_the_breach() -> None:
    clock = start()
    clock.retarget(build_goal(10 * MINUTE), 1, START + 5 * MINUTE, last_only=False)
    assert (clock.started_at, clock.breach_at) == (START, START + 10 * MINUTE)


@pytest.mark.parametrize(
    ("last_only", "elapsed"),
    [
        pytest.param(False, 90 * MINUTE, id="split-at-the-change"),
        pytest.param(True, 30 * MINUTE, id="the-last-calendar-counts-all"),
    ],
)
def test_another_calendar_splits_the_elapsed_time_or_counts_it_anew(
    *, last_only: bool, elapsed: int
) -> None:
    clock = start(CLOSING - 30 * MINUTE, 8 * HOUR)
    clock.retarget(build_goal(8 * HOUR, OFFICE), 0, CLOSING + HOUR, last_only=last_only)
    assert clock.elapsed(CLOSING + 2 * HOUR) == elapsed


def test_counting_anew_leaves_the_pauses_out() -> None:
    clock = start(START, 8 * HOUR)
    clock.pause(START + HOUR)
    clock.resume(START + 2 * HOUR)
    clock.retarget(build_goal(8 * HOUR, OFFICE), 0, START + 3 * HOUR, last_only=True)
    assert clock.elapsed(START + 3 * HOUR) == 2 * HOUR


def test_levels_come_in_the_order_of_their_instants() -> None:
    clock = start()
    assert clock.next_level() == (START + 30 * MINUTE, 0)
    clock.fired = 0b01
    assert clock.next_level() == (START + 54 * MINUTE, 1)


def test_a_level_after_due_waits_for_the_breach() -> None:
    clock = start()
    clock.fired = 0b11
    assert clock.next_level() == (FOREVER, -1)
    clock.breached_at = START + HOUR
    assert clock.next_level() == (START + 2 * HOUR, 2)


@pytest.mark.parametrize(
    ("level", "at"),
    [
        pytest.param(Level("-30m", None, -30 * MINUTE), CLOSING - 30 * MINUTE, id="before-wall"),
        pytest.param(
            Level("-9h", None, -9 * HOUR, business=True), START - 65 * HOUR, id="before-business"
        ),
        pytest.param(Level("+1h", None, HOUR), START + DAY, id="after-wall-not-before-the-breach"),
        pytest.param(
            Level("+1h", None, HOUR, business=True), START + DAY + HOUR, id="after-business"
        ),
    ],
)
def test_an_offset_counts_wall_or_business_time_from_due(level: Level, at: int) -> None:
    clock = start(START, 8 * HOUR, OFFICE, (level,))
    clock.breached_at = (START + DAY) if at > CLOSING else 0
    assert clock.level_at(0) == at


def test_a_paused_clock_has_no_level_of_its_share() -> None:
    clock = start()
    clock.pause(START + MINUTE)
    assert (clock.level_at(0), clock.next_level()) == (FOREVER, (FOREVER, -1))


@given(
    st.lists(st.integers(1, 5 * HOUR), min_size=1, max_size=9),
    st.sampled_from([ALWAYS, OFFICE]),
    st.integers(0, 12 * HOUR),
)
def test_elapsed_equals_the_open_time_outside_of_pauses(
    lengths: list[int], calendar: Calendar, goal_us: int
) -> None:
    clock = start(START, goal_us, calendar)
    at, expected = START, 0
    for number, length in enumerate(lengths):
        expected += calendar.between(at, at + length) if number % 2 == 0 else 0
        at += length
        (clock.pause, clock.resume)[number % 2](at)
    assert clock.elapsed(at) == expected
    assert clock.elapsed_us <= clock.wall_us


@given(st.integers(0, 30 * HOUR), st.integers(0, 9 * DAY), st.sampled_from([ALWAYS, OFFICE]))
def test_a_clock_has_breached_if_and_only_if_more_than_its_goal_elapsed(
    goal_us: int, after_us: int, calendar: Calendar
) -> None:
    clock = start(START, goal_us, calendar)
    assert (clock.elapsed(START + after_us) > goal_us) == (START + after_us > clock.breach_at)
    assert clock.elapsed(clock.due_at()) == clock.elapsed(clock.breach_at) == goal_us


def test_a_clock_is_watched_until_there_is_nothing_left_to_say() -> None:
    clock = start()
    clock.stop(START + SECOND)
    assert clock.is_watched()
    clock.next_at = FOREVER
    assert not clock.is_watched()
