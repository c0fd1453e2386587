"""What is said of a clock: the verdict, its identity, and what it adds to the metrics."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from librt.strings import BytesWriter, write_i64_le

from slawatch.numbering import (
    FIRST_MINUTE,
    KEY_BITS,
    KEYS,
    MINUTE_BITS,
    MINUTE_US,
    MINUTES,
    Labels,
    Numbers,
)
from slawatch.writing import read_numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_extensions import i64

    from slawatch.effects import Key

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


Booking = tuple[Labels, str, str, int]
"""(labels, target, outcome, minute of its instant)."""
Duration = tuple[Labels, str, int, int, int]
"""(labels, target, stopped_at, business, wall), in microseconds."""
HANDED_OVER: Final = 256
_LARGEST: Final = 1 << 46  # microseconds: two years, and a number of a key beside it
_LINE_SHIFT: Final = MINUTE_BITS + 1
_OUTCOMES: Final = (MET, BREACHED)


class Output:
    """Collect what one batch of events and deadlines says.

    `rows` are its verdicts. What is counted is written down as numbers of eight bytes, by what
    `numbers` gave: `given` are
    increases of counters; `outcomes` are published for the first time: counted and booked in their
    pane; `booked` and `taken` only change panes; `lasted` are durations, three numbers each. What
    happened before `first_at`, when the monitor began to watch, is history: it is in panes and
    verdicts, not in counters.

    Some hundred rows are handed to `on_rows`, where it is given, as soon as there are so many, and
    are gone from `rows` then.

    `counts`, `results`, `bookings` and `durations` say the same by name. `is_named` tells that
    somebody asked for it so: nothing is held as a number then.
    """

    __slots__ = (
        "_bookings",
        "_counts",
        "_durations",
        "_results",
        "_shade",
        "booked",
        "first_at",
        "given",
        "is_named",
        "lasted",
        "numbers",
        "on_rows",
        "outcomes",
        "rows",
        "taken",
    )

    def __init__(
        self,
        first_at: int = 0,
        numbers: Numbers | None = None,
        on_rows: Callable[[list[Row]], None] | None = None,
    ) -> None:
        """Start empty."""
        self.on_rows = on_rows
        self.first_at: i64 = first_at
        self.numbers: Numbers = Numbers() if numbers is None else numbers
        self.rows: list[Row] = []
        self.given = BytesWriter()
        self.outcomes = BytesWriter()
        self.booked = BytesWriter()
        self.taken = BytesWriter()
        self.lasted = BytesWriter()
        self.is_named = False
        self._counts: defaultdict[tuple[str, tuple[str, ...]], int] = defaultdict(int)
        self._results: dict[Booking, int] = {}
        self._bookings: dict[Booking, int] = {}
        self._durations: list[Duration] = []
        self._shade: Output | None = None

    def add(self, key: Key, amount: int) -> None:
        """Add to the counter of (family, label values)."""
        number = self.numbers.key(key)
        if number < 0 or not -_LARGEST < amount < _LARGEST:
            self._name()
            self._counts[key] += amount
        else:
            write_i64_le(self.given, amount << KEY_BITS | number)

    def say(self, row: Any) -> None:  # noqa: ANN401 - a Row, which would be built anew
        """Say a verdict."""
        rows = self.rows
        rows.append(row)
        if len(rows) >= HANDED_OVER and self.on_rows is not None:
            self.on_rows(rows)
            rows.clear()

    def take_numbers(self, numbers: Numbers) -> None:
        """Let what comes next bear the numbers of another shard."""
        self._name()
        self.numbers = numbers

    def _name(self) -> None:
        """Hold by its name all that was said."""
        self.is_named = True
        for code in read_numbers(self.given):
            self._counts[self.numbers.keys[code & KEYS]] += code >> KEY_BITS
        self._book(self._results, self.outcomes, 1)
        self._book(self._bookings, self.booked, 1)
        self._book(self._bookings, self.taken, -1)
        lasted = read_numbers(self.lasted)
        for place in range(0, len(lasted), 3):
            code = lasted[place]
            labels, target = self.numbers.lines[code >> MINUTE_BITS]
            at = ((code & MINUTES) - FIRST_MINUTE) * MINUTE_US
            self._durations.append((labels, target, at, lasted[place + 1], lasted[place + 2]))
        for part in (self.given, self.outcomes, self.booked, self.taken, self.lasted):
            part.truncate(0)

    def _book(self, into: dict[Booking, int], codes: BytesWriter, count: int) -> None:
        for code in read_numbers(codes):
            labels, target = self.numbers.lines[code >> _LINE_SHIFT]
            outcome = _OUTCOMES[code >> MINUTE_BITS & 1]
            key = (labels, target, outcome, (code & MINUTES) - FIRST_MINUTE)
            into[key] = into.get(key, 0) + count

    @property
    def counts(self) -> defaultdict[tuple[str, tuple[str, ...]], int]:
        """Return the increases by (family, label values)."""
        self._name()
        return self._counts

    @property
    def results(self) -> dict[Booking, int]:
        """Return how many outcomes were published for the first time."""
        self._name()
        return self._results

    @property
    def bookings(self) -> dict[Booking, int]:
        """Return what changes panes alone, negative where a correction takes it back."""
        self._name()
        return self._bookings

    @property
    def durations(self) -> list[Duration]:
        """Return the durations, each at the start of its minute."""
        self._name()
        return self._durations

    @property
    def verdicts(self) -> list[Verdict]:
        """Return the verdicts by their fields' names."""
        return list(map(Verdict._make, self.rows))

    @property
    def shade(self) -> Output:
        """Return what keeps the verdicts of shadow tickets with the others, and counts nothing."""
        if self._shade is None:
            self._shade = Output(self.first_at, self.numbers, self.on_rows)
            self._shade.rows = self.rows
        return self._shade

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process by name."""
        self._name()
        counts = dict(self._counts)
        return _restore, (self.first_at, counts, self._results, self._bookings, self._durations)


def _restore(
    first_at: int,
    counts: dict[tuple[str, tuple[str, ...]], int],
    results: dict[Booking, int],
    bookings: dict[Booking, int],
    durations: list[Duration],
) -> Output:
    out = Output(first_at)
    out.counts.update(counts)
    out.results.update(results)
    out.bookings.update(bookings)
    out.durations.extend(durations)
    return out
