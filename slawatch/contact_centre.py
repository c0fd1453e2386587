"""Contact-centre figures: the service-level formulas in use, and how waits are binned.

No formula is the right one, so the parts are kept (`ContactCounts`) and every formula is one
line over them. A share is a ratio from 0 to 1, or None where there was nothing to count;
Asterisk's own figures keep its percent and its zero.

Sources: F1 to F5 from ICMI QueueTips "Service Level Calculations" (2005) and Call Centre Helper
"Service Level Threshold Calculations"; Cisco's three variants from the ICM manuals' service
level types; Asterisk from app_queue.c; bins and hours from wazo-call-logd's queue statistics.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from slawatch.schedule import EPOCH, SECOND_US, to_local

HOUR_US = 3600 * SECOND_US


@dataclass(frozen=True, slots=True)
class ContactCounts:
    """Count the contacts of a window by how they left the queue.

    `answered` and `abandoned` are all of them; `…_within` those whose wait was at most the
    threshold T; `abandoned_short` those who left within the shorter short-call threshold;
    `waiting_past` those still waiting, or lost otherwise, after T.
    """

    answered: int = 0
    answered_within: int = 0
    abandoned: int = 0
    abandoned_within: int = 0
    abandoned_short: int = 0
    waiting_past: int = 0

    @property
    def events(self) -> int:
        """Return Cisco's service-level events: answered or abandoned within T, or T passed.

        Whoever was answered or left after T had passed T while waiting.
        """
        return self.answered + self.abandoned + self.waiting_past


def abandons_met(counts: ContactCounts) -> float | None:
    """Return F1: abandons within T count as met (ICMI; Asterisk's Perf2)."""
    met = counts.answered_within + counts.abandoned_within
    return _ratio(met, counts.answered + counts.abandoned)


def abandons_ignored(counts: ContactCounts) -> float | None:
    """Return F2: abandons are left out (ICMI; Asterisk's Perf)."""
    return _ratio(counts.answered_within, counts.answered)


def abandons_against(counts: ContactCounts) -> float | None:
    """Return F3: every abandon counts against (ICMI)."""
    return _ratio(counts.answered_within, counts.answered + counts.abandoned)


def short_abandons_removed(counts: ContactCounts) -> float | None:
    """Return F4: abandons within T are left out, later ones count against (ICMI)."""
    late = counts.abandoned - counts.abandoned_within
    return _ratio(counts.answered_within, counts.answered + late)


def short_calls_credited(counts: ContactCounts) -> float | None:
    """Return F5: abandons within the short-call threshold count as met (ICMI)."""
    met = counts.answered_within + counts.abandoned_short
    return _ratio(met, counts.answered + counts.abandoned)


def cisco_ignored(counts: ContactCounts) -> float | None:
    """Return Cisco's type 'ignore abandoned calls': abandons within T are left out."""
    return _ratio(counts.answered_within, counts.events - counts.abandoned_within)


def cisco_negative(counts: ContactCounts) -> float | None:
    """Return Cisco's type 'abandoned calls have negative impact'."""
    return _ratio(counts.answered_within, counts.events)


def cisco_positive(counts: ContactCounts) -> float | None:
    """Return Cisco's type 'abandoned calls have positive impact'."""
    return _ratio(counts.answered_within + counts.abandoned_within, counts.events)


SERVICE_LEVELS: Mapping[str, Callable[[ContactCounts], float | None]] = {
    "F1": abandons_met,
    "F2": abandons_ignored,
    "F3": abandons_against,
    "F4": short_abandons_removed,
    "F5": short_calls_credited,
    "ignored": cisco_ignored,
    "negative": cisco_negative,
    "positive": cisco_positive,
}
"""Every service-level formula by its name in the field."""


def asterisk_perf(counts: ContactCounts) -> float:
    """Return ServicelevelPerf in percent: completed in time of completed, 0 where none was.

    Asterisk's threshold is inclusive, decided at connect and counted at completion.
    """
    return 100.0 * (abandons_ignored(counts) or 0.0)


def asterisk_perf2(counts: ContactCounts) -> float:
    """Return ServicelevelPerf2 in percent: completed or abandoned in time, of both."""
    return 100.0 * (abandons_met(counts) or 0.0)


def asterisk_average(samples: Iterable[int]) -> list[int]:
    """Return Asterisk's Holdtime or TalkTime after each sample, in its integer arithmetic.

    The first sample is taken whole, then ``(3 * old + sample) >> 2``; an old value of 0 counts
    as none, as in app_queue.c.
    """
    averages: list[int] = []
    old = 0
    for sample in samples:
        old = (3 * old + sample) >> 2 if old else sample
        averages.append(old)
    return averages


@dataclass(frozen=True, slots=True)
class WazoCalls:
    """Count a queue's calls by Wazo's outcomes; waits in seconds, summed."""

    answered: int = 0
    answered_within: int = 0
    abandoned: int = 0
    full: int = 0
    leaveempty: int = 0
    joinempty: int = 0
    timeout: int = 0
    divert_waittime: int = 0
    divert_ca_ratio: int = 0
    total_wait_seconds: float = 0.0


def wazo_answered_rate(calls: WazoCalls) -> float | None:
    """Return the share answered; diverted calls and closed queues are in neither part."""
    lost = calls.full + calls.leaveempty + calls.joinempty + calls.timeout
    return _ratio(calls.answered, calls.answered + calls.abandoned + lost)


def wazo_average_waiting_time(calls: WazoCalls) -> float | None:
    """Return the mean wait in seconds of the calls that entered the queue."""
    entered = calls.answered + calls.abandoned + calls.leaveempty + calls.timeout
    return _ratio(calls.total_wait_seconds, entered)


def wazo_qos(calls: WazoCalls) -> float | None:
    """Return the share of answered calls that were answered within T (as F2)."""
    return _ratio(calls.answered_within, calls.answered)


def wazo_blocking(calls: WazoCalls) -> int:
    """Return the calls that met a queue without agents."""
    return calls.joinempty + calls.leaveempty


def wazo_saturated(calls: WazoCalls) -> int:
    """Return the calls that met a full queue or were diverted for its length."""
    return calls.full + calls.divert_waittime + calls.divert_ca_ratio


WAZO_DEFINITIONS: Mapping[str, Callable[[WazoCalls], float | None]] = {
    "qos": wazo_qos,
    "answered_rate": wazo_answered_rate,
    "average_waiting_time": wazo_average_waiting_time,
    "blocking": wazo_blocking,
    "saturated": wazo_saturated,
}
"""Wazo's queue figures by their name there (wazo-call-logd, queue_stat.py)."""


class Bin(NamedTuple):
    """Count the contacts whose wait lies in [min, max) seconds; the last bin has no max."""

    min: float
    max: float | None
    answered: int
    abandoned: int


def wait_histogram(contacts: Iterable[tuple[float, str]], thresholds: Sequence[float]) -> list[Bin]:
    """Bin (wait in seconds, ``answered`` or ``abandoned``) by ascending thresholds.

    A wait that equals a threshold falls in the bin above it. Other outcomes are not counted.
    """
    answered = [0] * (len(thresholds) + 1)
    abandoned = [0] * (len(thresholds) + 1)
    for wait, outcome in contacts:
        index = bisect_right(thresholds, wait)
        answered[index] += outcome == "answered"
        abandoned[index] += outcome == "abandoned"
    edges = zip((0, *thresholds), (*thresholds, None), strict=True)
    return [
        Bin(low, high, yes, no)
        for (low, high), yes, no in zip(edges, answered, abandoned, strict=True)
    ]


def hour_start(at: int, zone: str) -> int:
    """Return the instant at which the local clock hour of an instant began.

    The repeated hour at the end of daylight saving is two hours, each with its own offset, as
    in Wazo's hourly statistics.
    """
    offset_us = (to_local(at, zone) - EPOCH).total_seconds() * SECOND_US - at
    return at - (at + round(offset_us)) % HOUR_US


def hourly_histograms(
    contacts: Iterable[tuple[int, float, str]], thresholds: Sequence[float], zone: str
) -> dict[int, list[Bin]]:
    """Bin (instant, wait in seconds, outcome) per local clock hour, by the hour's first instant."""
    hours: dict[int, list[tuple[float, str]]] = {}
    for at, wait, outcome in contacts:
        hours.setdefault(hour_start(at, zone), []).append((wait, outcome))
    return {hour: wait_histogram(hours[hour], thresholds) for hour in sorted(hours)}


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
