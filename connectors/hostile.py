"""A sender that misbehaves on purpose: what reaches us is what a calm one sent, made hard to read.

It says everything, within its delay, and adds what must not count. A flow that is right gives the
verdicts of the calm twin.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import orjson

_AHEAD_US = 400 * 86_400_000_000


class Sent(NamedTuple):
    """Be one delivery of native JSON: when it arrives, in microseconds, and its body."""

    at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Manners:
    """Say how badly it behaves; shares are of the deliveries.

    `delay_us` is the longest that a delivery is held back, by itself or by a silence. Silences of
    `silence_us` come `silences` times. A clock that runs ahead dates a copy over a year too late.
    """

    duplicates: float = 0.2
    halves: float = 0.1
    ahead: float = 0.05
    rubbish: float = 0.05
    delay_us: int = 3_600_000_000
    silences: int = 2
    silence_us: int = 600_000_000


HOSTILE = Manners()


def misbehave(sent: Iterable[Sent], seed: int, manners: Manners = HOSTILE) -> list[Sent]:
    """Return what arrives, in the order in which it does; the same for a seed."""
    dice = random.Random(seed)  # noqa: S311 - the same each time, that is the point
    calm = sorted(sent)
    if not calm:
        return []
    told = [later for one in calm for later in _tell(one, dice, manners)]
    for _ in range(manners.silences):
        begins_at = dice.randint(calm[0].at, calm[-1].at)
        told = [_hold(one, begins_at, begins_at + manners.silence_us) for one in told]
    return sorted(told, key=lambda one: one.at)


def _tell(one: Sent, dice: random.Random, manners: Manners) -> Iterator[Sent]:
    """Yield a delivery, late, and what comes with it: again, half, from ahead, and rubbish."""
    # Silences hold back as well: together they stay within the delay.
    room_us = max(manners.delay_us - manners.silences * manners.silence_us, 1)
    late = one._replace(at=one.at + dice.randrange(room_us))
    if dice.random() < manners.halves:
        yield late._replace(body=one.body[: dice.randrange(1, len(one.body))])
    yield late
    if dice.random() < manners.duplicates:
        yield one._replace(at=one.at + dice.randrange(room_us))
    if dice.random() < manners.ahead:
        yield late._replace(body=_skew(one.body, dice))
    if dice.random() < manners.rubbish:
        yield late._replace(body=bytes(dice.choices(range(32, 256), k=30)))


def _skew(body: bytes, dice: random.Random) -> bytes:
    """Return another act as a clock that runs far ahead would date it."""
    event = orjson.loads(body)
    event["event_id"] = f"{event['event_id']}/ahead/{dice.randrange(1000)}"
    event["occurred_at"] += _AHEAD_US // 1000
    return orjson.dumps(event)


def _hold(one: Sent, begins_at: int, ends_at: int) -> Sent:
    """Let what would arrive during a silence arrive at its end."""
    return one._replace(at=ends_at) if begins_at <= one.at < ends_at else one
