from __future__ import annotations

from collections import Counter
from itertools import pairwise

import orjson

from connectors.hostile import HOSTILE, Manners, Sent, misbehave

MINUTE_US = 60_000_000
START = 1_772_442_000_000_000
CALM = [
    Sent(
        START + number * MINUTE_US,
        orjson.dumps({"event_id": f"e{number}", "occurred_at": START // 1000 + number * 60_000}),
    )
    for number in range(400)
]
ARRIVED = misbehave(CALM, 1)
BODIES = {one.body: one.at for one in CALM}


def test_everything_that_was_sent_arrives_within_the_delay() -> None:
    arrived = {one.body: one.at for one in reversed(ARRIVED)}
    delays = [arrived[body] - at for body, at in BODIES.items()]
    assert 0 <= min(delays) <= max(delays) <= HOSTILE.delay_us
    assert max(delays) > 20 * MINUTE_US


def test_some_arrives_twice_and_some_arrives_early() -> None:
    counts = Counter(one.body for one in ARRIVED if one.body in BODIES)
    order = [BODIES[one.body] for one in ARRIVED if one.body in BODIES]
    assert 40 < sum(count > 1 for count in counts.values()) < 120
    assert order != sorted(order)


def test_some_is_half_some_is_rubbish_and_some_is_from_ahead() -> None:
    others = [one.body for one in ARRIVED if one.body not in BODIES]
    halves = [body for body in others if any(calm.startswith(body) for calm in BODIES)]
    ahead = [body for body in others if b"/ahead/" in body]
    assert min(len(halves), len(ahead), len(others) - len(halves) - len(ahead)) > 5


def test_it_falls_silent() -> None:
    times = sorted({one.at for one in ARRIVED})
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) > 9 * MINUTE_US


def test_a_seed_always_misbehaves_alike() -> None:
    assert misbehave(CALM, 1) == ARRIVED != misbehave(CALM, 2)


def test_with_good_manners_everything_arrives_as_it_was_sent() -> None:
    assert misbehave(CALM, 1, Manners(0, 0, 0, 0, 1, 0, 0)) == CALM


def test_nothing_sent_is_nothing_heard() -> None:
    assert misbehave([], 1) == []
