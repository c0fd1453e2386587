"""What is said of a clock: the verdict, its identity, and what it adds to the metrics."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

MET: Final = "met"
BREACHED: Final = "breached"
WARNING: Final = "warning"
TO_MET: Final = "to_met"
TO_BREACHED: Final = "to_breached"
WITHDRAWN: Final = "withdrawn"
KINDS = (MET, BREACHED, WARNING, TO_MET, TO_BREACHED, WITHDRAWN)


class Verdict(NamedTuple):
    """Be one published statement about a cycle.

    `(ticket, target, cycle, kind, number)` is its identity: the same in every run over the same
    events. `ticket` is `source/ticket_id`. `number` counts what was said of a cycle's outcome;
    of a warning it is the level's index + 1. Instants and durations in microseconds; 0 stands for
    none. `team` is the responsible one, `held` pairs of (team, wall, business) time so far.
    """

    ticket: str
    target: str
    cycle: int
    kind: str
    number: int
    at: int
    started_at: int
    stopped_at: int
    due_at: int
    breach_at: int
    goal_us: int
    elapsed_us: int
    wall_us: int
    level: str
    channel: str
    priority: str
    team: str
    tier: int
    region: str
    customer_tier: str
    assignee: str
    policy: str
    reason: str
    held: tuple[tuple[str, int, int], ...]


Row = tuple[
    str,
    str,
    int,
    str,
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    int,
    str,
    str,
    str,
    str,
    int,
    str,
    str,
    str,
    str,
    str,
    tuple[tuple[str, int, int], ...],
]
"""A verdict's fields alone: many are made, and few are asked for a field by name."""
FIELDS = Verdict._fields
IDENTITY = FIELDS[:5]


def render_id(verdict: Verdict) -> str:
    """Return the deterministic id `source/ticket/target/cycle/kind/n`."""
    return "/".join(map(str, verdict[:5]))


def render_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as the JSON object of the verdict export (no processing times)."""
    row: dict[str, Any] = {"id": render_id(verdict)}
    for name, value in zip(FIELDS, verdict, strict=True):
        if name == "held":
            if verdict.held:
                row[name] = [
                    {"team": team, "wall_us": wall, "business_us": business}
                    for team, wall, business in verdict.held
                ]
        elif name.endswith("_at") and not value:
            row[name] = None
        else:
            row[name] = value
    return row


Labels = tuple[str, ...]
"""(channel, priority, team)."""
Booking = tuple[Labels, str, str, int]
"""(labels, target, outcome, minute of its instant)."""
Duration = tuple[Labels, str, int, int, int]
"""(labels, target, stopped_at, business, wall), in microseconds."""


class Output:
    """Collect what one batch of events and deadlines says.

    `rows` are its verdicts. `counts` are increases by (family, label values). `results` are
    outcomes published for the first time: counted and booked in their pane; `bookings` only change
    panes (negative where a correction takes one back). What happened before `first_at`, when the
    monitor began to watch, is history: it is in panes and verdicts, not in counters.
    """

    __slots__ = ("_shade", "bookings", "counts", "durations", "first_at", "results", "rows")

    def __init__(self, first_at: int = 0) -> None:
        """Start empty."""
        self.rows: list[Row] = []
        self.counts: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
        self.results: dict[Booking, int] = {}
        self.bookings: dict[Booking, int] = {}
        self.durations: list[Duration] = []
        self.first_at = first_at
        self._shade: Output | None = None

    @property
    def verdicts(self) -> list[Verdict]:
        """Return the verdicts by their fields' names."""
        return list(map(Verdict._make, self.rows))

    @property
    def shade(self) -> Output:
        """Return what keeps the verdicts of shadow tickets with the others, and counts nothing."""
        if self._shade is None:
            self._shade = Output(self.first_at)
            self._shade.rows = self.rows
        return self._shade
