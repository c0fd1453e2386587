"""The view of open work: what the gauges of open tickets and clocks are made of.

A view is a function of the live ticket states, made anew by its shard: it cannot drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from slawatch.conventions import MAX_URGENT

K = TypeVar("K")


class Urgent(NamedTuple):
    """Be a clock that is due, soonest first. `due_at` in microseconds, `team` may be empty."""

    due_at: int
    ticket: str
    target: str
    channel: str
    team: str


class Held(NamedTuple):
    """Be a ticket that is held open, and when its last act was (microseconds).

    One that is no longer held has no last act: 0.
    """

    ticket: str
    heard_at: int


class View(NamedTuple):
    """Count one shard's open work at log time `log_at` (microseconds).

    `tickets` by (channel, priority, status), `team_tickets` by (team, status), `clocks` by
    (channel, priority, target, state); `oldest` is when the oldest clock of (channel, priority,
    target) started. `waiting` and `waiting_past` are contacts on live channels. `held` tells the
    tickets of swept sources that changed since the view before.
    """

    tickets: Mapping[tuple[str, str, str], int] = {}
    team_tickets: Mapping[tuple[str, str], int] = {}
    clocks: Mapping[tuple[str, str, str, str], int] = {}
    oldest: Mapping[tuple[str, str, str], int] = {}
    urgent: tuple[Urgent, ...] = ()
    waiting: Mapping[str, int] = {}
    waiting_past: Mapping[str, int] = {}
    log_at: int = 0
    held: tuple[Held, ...] = ()


def merge(views: Iterable[View]) -> View:
    """Add views up: sums, the oldest, the most urgent, the log time furthest behind."""
    parts = tuple(views)
    return View(
        _add(part.tickets for part in parts),
        _add(part.team_tickets for part in parts),
        _add(part.clocks for part in parts),
        _earliest(part.oldest for part in parts),
        pick_urgent(clock for part in parts for clock in part.urgent),
        _add(part.waiting for part in parts),
        _add(part.waiting_past for part in parts),
        min((part.log_at for part in parts), default=0),
    )


def pick_urgent(clocks: Iterable[Urgent]) -> tuple[Urgent, ...]:
    """Return the clocks that are due first, one for each ticket, target, channel and team."""
    chosen: dict[tuple[str, ...], Urgent] = {}
    for clock in sorted(map(Urgent._make, clocks)):
        chosen.setdefault(tuple(clock[1:]), clock)
        if len(chosen) == MAX_URGENT:
            break
    return tuple(chosen.values())


def _add(parts: Iterable[Mapping[K, int]]) -> dict[K, int]:
    total: dict[K, int] = {}
    for part in parts:
        for key, count in part.items():
            total[key] = total.get(key, 0) + count
    return total


def _earliest(parts: Iterable[Mapping[K, int]]) -> dict[K, int]:
    first: dict[K, int] = {}
    for part in parts:
        for key, at in part.items():
            first[key] = min(at, first.get(key, at))
    return first
