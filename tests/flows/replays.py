"""Replays of events in memory, for tests of the flow."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from pathlib import Path

from connectors.decoding import Reject
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from flows.monitor import ReplayOptions, run_replay
from flows.store import Contents
from flows.verdict_table import VerdictTable
from slawatch.events import Actor, Event, Kind
from slawatch.policy import Rules
from slawatch.verdicts import Verdict
from tests.rules import HOUR, MINUTE, act, build_rules

_KINDS = (
    Kind.REPLIED,
    Kind.ASSIGNED,
    Kind.PAUSED,
    Kind.RESUMED,
    Kind.RESOLVED,
    Kind.REOPENED,
    Kind.OBSERVED,
)


def tell_desk(seed: int, tickets: int) -> list[Event]:
    """Return the events of some tickets over a day, in the order of time."""
    dice = random.Random(seed)
    events: list[Event] = []
    for ticket in range(tickets):
        key = f"desk/{seed}-{ticket}"
        after_us = dice.randrange(24 * 60) * MINUTE
        said = {"priority": dice.choice(("urgent", "normal", "low")), "channel": "email"}
        events.append(act(0, Kind.CREATED, after_us, Actor.CUSTOMER, key=key, **said))  # type: ignore[arg-type]  # attributes alone
        for number in range(1, dice.randrange(1, 9)):
            after_us += dice.randrange(90) * MINUTE
            kind = dice.choice(_KINDS)
            actor = dice.choice((Actor.CUSTOMER, Actor.AGENT))
            team = dice.choice(("l1", "l2"))
            events.append(act(number, kind, after_us, actor, key=key, team=team))
    return sorted(events)


def displace(events: Sequence[Event], seed: int) -> list[Event]:
    """Return the events each up to an hour late in the order of the file, 5 % repeated."""
    dice = random.Random(seed)
    again = [event for event in events if dice.random() < 0.05]
    return sorted([*events, *again], key=lambda e: e.occurred_at + dice.randrange(HOUR))


def run(
    folder: Path,
    events: Sequence[Event | Reject],
    options: ReplayOptions,
    rules: Rules | None = None,
    *,
    keeps_state: bool = False,
) -> tuple[list[Verdict], Contents]:
    """Replay and return the sorted verdicts and what a scrape would read."""
    folder.mkdir(parents=True, exist_ok=True)
    table = VerdictTable(folder / "verdicts.sqlite3", is_durable=False)
    with SqliteLog(folder / "intake.sqlite3", WallClock()) as quarantine:
        store = run_replay(
            rules or build_rules(),
            lambda: events,
            options,
            table=table,
            quarantine=quarantine,
            state=folder if keeps_state else None,
            stop=threading.Event(),
        )
    verdicts = list(table.read())
    table.close()
    return verdicts, store.read()
