from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from connectors.demo import DemoDesk, demo_events
from connectors.demo_model import HOUR_US, MINUTE_US
from connectors.demo_pump import Delivery, DemoPump, get_lateness
from slawatch.parsing import parse_instant

STARTED_AT = int(datetime(2024, 5, 14, 6, tzinfo=UTC).timestamp()) * 1_000_000
SEED = 7

Act = dict[str, Any]


class _Log:
    """Take what a pump submits, and stop it when the clock has run its course."""

    def __init__(self, instants: Iterator[int], started_at: int = STARTED_AT) -> None:
        self.batches: list[tuple[int, list[Delivery]]] = []
        self.stop = threading.Event()
        self._instants = instants
        self._now = started_at

    def submit(self, batch: list[Delivery]) -> None:
        self.batches.append((self._now, list(batch)))

    def now(self) -> int:
        at = next(self._instants, None)
        if at is None:
            self.stop.set()
            return self._now
        self._now = at
        return at

    @property
    def deliveries(self) -> list[tuple[int, str, Act]]:
        return [(at, key, orjson.loads(body)) for at, batch in self.batches for key, body in batch]


def _pump(instants: Sequence[int], resume_after_at: int | None = None) -> _Log:
    log = _Log(iter(instants))
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT)
    DemoPump(desk, log.submit, log.now, log.stop, resume_after_at=resume_after_at).run()
    return log


# The pump looks at the clock twice a turn, so it carries at every second instant.
STEP_US = 20_500_000
NOON_AT = STARTED_AT + 12 * HOUR_US
WALL = [NOON_AT, *range(NOON_AT, NOON_AT + HOUR_US, STEP_US)]


def test_the_pump_brings_every_due_act_once_under_its_id() -> None:
    log = _pump(WALL)
    expected = {
        act["event_id"]: act for act in demo_events(SEED, STARTED_AT, WALL[-1] - 4 * STEP_US)
    }
    brought = {key: act for _, key, act in log.deliveries}
    assert len(brought) == len(log.deliveries)
    assert expected.items() <= brought.items()
    assert [key for _, key, act in log.deliveries if key != act["event_id"]] == []


def test_the_pump_brings_the_past_in_batches_of_500() -> None:
    log = _pump([STARTED_AT + 12 * HOUR_US] * 2)
    sizes = [len(batch) for _, batch in log.batches]
    assert sizes[:-1] == [500] * (len(sizes) - 1)
    assert len(sizes) > 5


def test_the_pump_never_brings_an_act_before_it_happened_or_arrived() -> None:
    arrivals = [
        at - parse_instant(act["occurred_at"], "occurred_at") - get_lateness(key)
        for at, key, act in _pump(WALL).deliveries
    ]
    assert min(arrivals) >= 0


def test_a_late_act_is_held_back_until_it_arrives() -> None:
    acts = DemoDesk(seed=SEED, started_at=STARTED_AT).timed_events_until(NOON_AT)
    at, key = next(
        (at, act["event_id"]) for at, act in acts if get_lateness(act["event_id"]) > STEP_US
    )
    early, late = _pump([at + STEP_US]), _pump([at, at, at + get_lateness(key)])
    assert key not in {key for _, key, _ in early.deliveries}
    assert [key for _, key, _ in late.deliveries].count(key) == 1


def test_a_few_acts_are_late_by_seconds() -> None:
    day = list(demo_events(SEED, STARTED_AT, STARTED_AT + 26 * HOUR_US))
    late = [wait for act in day if (wait := get_lateness(act["event_id"]))]
    assert 0.001 < len(late) / len(day) < 0.006
    assert 2_000_000 <= min(late) < 10_000_000
    assert 30_000_000 < max(late) <= 40_000_000


def test_a_resumed_pump_leaves_out_what_was_long_submitted() -> None:
    resume_after_at = WALL[0] - HOUR_US
    whole, resumed = _pump(WALL[:2]), _pump(WALL[:2], resume_after_at)
    first_at = min(parse_instant(act["occurred_at"], "") for _, _, act in resumed.deliveries)
    assert resume_after_at - MINUTE_US < first_at <= resume_after_at
    assert resumed.deliveries == whole.deliveries[-len(resumed.deliveries) :]


def test_the_pump_says_when_it_has_caught_up_and_ends_when_told() -> None:
    log = _Log(iter(()))
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT)
    pump = DemoPump(desk, log.submit, lambda: STARTED_AT + HOUR_US, log.stop)
    thread = threading.Thread(target=pump.run)
    thread.start()
    assert pump.caught_up.wait(10)
    log.stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert log.batches
