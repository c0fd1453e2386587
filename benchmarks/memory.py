"""Measure what an open ticket with 6 clocks and 5 acts costs in memory, everything included.

    uv run python -m benchmarks.memory [--tickets 200000]

The resident memory of the process grows by the shard's tickets, deadlines and open-work counts.
"""

from __future__ import annotations

import argparse
import gc
import os
from dataclasses import replace
from pathlib import Path

from slawatch.book import Book
from slawatch.calendars import Calendar
from slawatch.events import Actor, Attrs, Event, Kind, hash_id, rank_of
from slawatch.policy import Condition, Goal, Level, Match, Policy, Rules, Target
from slawatch.shard import Shard
from slawatch.verdicts import Output

START_AT = 1_767_603_600_000_000
HOUR_US = 3_600_000_000
CLOCKS = 6
ACTS = ((Kind.CREATED, Actor.CUSTOMER), *[(Kind.NOTE, Actor.AGENT)] * 4)


def build_rules() -> Rules:
    """Return rules by which every ticket has six clocks that stay open."""
    starts = (Condition(frozenset((Kind.CREATED,))),)
    stops = (Condition(frozenset((Kind.CLOSED,))),)
    targets = tuple(Target(f"target_{n}", start=starts, stop=stops) for n in range(CLOCKS))
    levels = (Level("50", 0.5), Level("90", 0.9))
    goals = {
        target.name: Goal({"": (n + 10) * HOUR_US}, Calendar.always_open(), levels)
        for n, target in enumerate(targets)
    }
    return Rules(targets, (Policy("all", Match(), goals),), ("email",), ("normal",))


def tell(ticket: int) -> list[Event]:
    """Return the acts of one ticket."""
    key = f"desk/ticket-{ticket:08d}"
    said = Attrs(channel="email", priority="normal")
    return [
        Event(
            START_AT + ticket * 1000 + n,
            0,
            rank_of(kind, None),
            hash_id(f"{key}-{n}"),
            kind,
            actor,
            True,  # noqa: FBT003 - an event's fields in their order
            said,
            None,
            None,
            key,
            key,
            START_AT + ticket * 1000 + n,
            0,
            "desk",
        )
        for n, (kind, actor) in enumerate(ACTS)
    ]


def resident_bytes() -> int:
    """Return the process's resident memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def main() -> None:
    """Print bytes an open ticket."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=200_000)
    tickets: int = parser.parse_args().tickets
    shard = Shard(Book(replace(build_rules(), digest="memory")))
    for ticket in range(1000):  # what is there anyway: caches, code, the hot tickets
        shard.advance(tell(ticket), START_AT + ticket * 1000, Output())
    shard.view(shard.log_at)
    gc.collect()
    before = resident_bytes()
    for ticket in range(1000, 1000 + tickets):
        shard.advance(tell(ticket), START_AT + ticket * 1000, Output())
        if ticket % 1000 == 0:
            shard.view(shard.log_at)
    shard.view(shard.log_at)
    gc.collect()
    grown = resident_bytes() - before
    rows = [len(kept) for kept in shard.tickets.values() if isinstance(kept, bytes)]
    print(f"{tickets:,} open tickets, {CLOCKS} clocks and {len(ACTS)} acts each")
    print(f"packed record  {sum(rows) / len(rows):.0f} bytes")
    print(f"all included   {grown / tickets:.0f} bytes a ticket")


if __name__ == "__main__":
    main()
