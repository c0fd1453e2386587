from __future__ import annotations

import pytest

from flows.wall.history import QUARTER_US, find_yesterday, sum_span
from tests.flows.wall.contents import at


@pytest.mark.parametrize(
    ("now", "start", "until"),
    [
        pytest.param(
            "2026-03-11T14:14:59+01:00",
            "2026-03-10T00:00+01:00",
            "2026-03-10T14:00+01:00",
            id="whole-quarters",
        ),
        pytest.param(
            "2026-03-11T00:05+01:00",
            "2026-03-10T00:00+01:00",
            "2026-03-10T00:00+01:00",
            id="nothing-to-compare-after-midnight",
        ),
        pytest.param(
            "2026-10-25T10:00+01:00",
            "2026-10-24T00:00+02:00",
            "2026-10-24T10:00+02:00",
            id="today-has-25-hours",
        ),
        pytest.param(
            "2026-10-26T02:30+01:00",
            "2026-10-25T00:00+02:00",
            "2026-10-25T02:30+02:00",
            id="yesterday-had-it-twice",
        ),
        pytest.param(
            "2026-10-26T23:00+01:00",
            "2026-10-25T00:00+02:00",
            "2026-10-25T23:00+01:00",
            id="yesterday-had-25-hours",
        ),
        pytest.param(
            "2026-03-30T02:30+02:00",
            "2026-03-29T00:00+01:00",
            "2026-03-29T03:30+02:00",
            id="yesterday-skipped-it",
        ),
    ],
)
def test_yesterday_is_compared_up_to_the_same_local_time(now: str, start: str, until: str) -> None:
    found = find_yesterday(at(now), "Europe/Berlin")
    assert found == (at(start), at(until))


def test_a_span_is_half_open() -> None:
    quarters = {9: (1, 0), 10: (2, 1), 11: (4, 2), 12: (8, 8)}
    assert sum_span(quarters, 10 * QUARTER_US, 12 * QUARTER_US) == (6, 3)
