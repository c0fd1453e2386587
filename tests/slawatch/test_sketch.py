from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.sketch import BUCKETS, ZERO, SketchSum, find_bucket, read_bucket

TEN_YEARS_US = 10 * 366 * 86_400_000_000
durations_us = st.integers(1, TEN_YEARS_US)
sketches = st.dictionaries(st.integers(0, BUCKETS - 1), st.integers(1, 9), max_size=20)
SHARES = (0.5, 0.9, 0.95, 0.99)


def sum_of(*seconds: float) -> SketchSum:
    found = SketchSum()
    found.add(Counter(map(find_bucket, seconds)))
    return found


def nearest_rank(seconds: list[float], thousandths: int) -> float:
    return sorted(seconds)[-(-len(seconds) * thousandths // 1000) - 1]


@given(durations_us)
def test_a_duration_is_read_within_one_percent(us: int) -> None:
    seconds = us / 1_000_000
    assert abs(read_bucket(find_bucket(seconds)) - seconds) <= 0.01 * seconds


@given(durations_us, durations_us)
def test_buckets_keep_the_order_of_durations(one: int, other: int) -> None:
    shorter, longer = sorted((one / 1_000_000, other / 1_000_000))
    assert find_bucket(shorter) <= find_bucket(longer)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        pytest.param(0.0, ZERO, id="nothing"),
        pytest.param(-1.0, ZERO, id="negative"),
        pytest.param(9e-7, ZERO, id="under-a-microsecond"),
        pytest.param(1e-6, 1, id="a-microsecond"),
        pytest.param(1e12, BUCKETS - 1, id="too-long"),
        pytest.param(float("inf"), BUCKETS - 1, id="for-ever"),
    ],
)
def test_a_bucket_is_found_for_any_duration(seconds: float, bucket: int) -> None:
    assert find_bucket(seconds) == bucket


def test_zero_seconds_are_read_as_zero() -> None:
    assert read_bucket(ZERO) == 0.0


@given(st.lists(durations_us, min_size=1, max_size=80), st.sampled_from((500, 900, 950, 990)))
def test_a_quantile_is_the_nearest_rank_within_one_percent(some: list[int], share: int) -> None:
    seconds = [us / 1_000_000 for us in some]
    exact = nearest_rank(seconds, share)
    found = sum_of(*seconds).find_quantiles((share / 1000,))[share / 1000]
    assert abs(found - exact) <= 0.01 * exact


@pytest.mark.parametrize(
    ("share", "rank"),
    [
        pytest.param(0.5, 10, id="half-of-twenty"),
        pytest.param(0.9, 18, id="exactly-eighteen"),
        pytest.param(0.95, 19, id="exactly-nineteen"),
        pytest.param(0.99, 20, id="rounded-up"),
    ],
)
def test_a_rank_is_exact(share: float, rank: int) -> None:
    hours = [3600.0 * hour for hour in range(1, 21)]
    found = sum_of(*hours).find_quantiles((share,))
    assert found == {share: read_bucket(find_bucket(hours[rank - 1]))}


def test_a_block_of_buckets_ends_where_the_next_begins() -> None:
    found = SketchSum()
    found.add({31: 1, 32: 1})
    assert found.find_quantiles((0.5, 0.99)) == {0.5: read_bucket(31), 0.99: read_bucket(32)}


@given(sketches, sketches)
def test_what_was_added_can_be_taken_away(one: dict[int, int], other: dict[int, int]) -> None:
    found, expected = SketchSum(), SketchSum()
    expected.add(one)
    found.add(one)
    found.add(other)
    found.add(other, -1)
    assert (found.counts, found.blocks) == (expected.counts, expected.blocks)


@given(sketches, sketches)
def test_sketches_add_up_in_any_order(one: dict[int, int], other: dict[int, int]) -> None:
    found, turned, at_once = SketchSum(), SketchSum(), SketchSum()
    found.add(one)
    found.add(other)
    turned.add(other)
    turned.add(one)
    at_once.add(Counter(one) + Counter(other))
    assert found.find_quantiles(SHARES) == turned.find_quantiles(SHARES)
    assert found.find_quantiles(SHARES) == at_once.find_quantiles(SHARES)


def test_nothing_has_no_quantiles() -> None:
    assert SketchSum().find_quantiles(SHARES) == {}


def test_adding_drops_the_last_answer() -> None:
    found = sum_of(1.0)
    found.found = {0.5: 1.0}
    found.add({7: 1})
    assert found.found is None
