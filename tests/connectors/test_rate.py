from __future__ import annotations

import pytest

from connectors.rate import RateLimit, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"), [("100/s", (100, 1)), ("6000/m", (6_000, 60)), ("1/h", (1, 3_600))]
)
def test_a_rate_is_a_count_in_a_unit(text: str, rate: tuple[int, int]) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("value", ["", "0/s", "1/d", "1 /s", "1.5/s", "-1/s", 5, None])
def test_what_is_no_rate_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a rate such as"):
        parse_rate(value)


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_so_many_pass_at_once_and_then_steadily() -> None:
    clock = Clock()
    limit = RateLimit(2, 1, clock)
    assert [limit.take() for _ in range(3)] == [0, 0, 1]
    clock.at = 0.5
    assert [limit.take() for _ in range(2)] == [0, 1]


def test_a_pause_lets_no_more_than_the_count_gather() -> None:
    clock = Clock()
    limit = RateLimit(2, 1, clock)
    clock.at = 1_000.0
    assert [limit.take() for _ in range(3)] == [0, 0, 1]


def test_a_wait_is_told_up_to_the_next_second_and_under_a_minute() -> None:
    limit = RateLimit(1, 3_600, Clock())
    assert [limit.take() for _ in range(2)] == [0, 59]
