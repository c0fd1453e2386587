"""Hypothesis strategies shared by the tests."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from slawatch.calendars import Schedule, Window
from slawatch.events import Actor, Event, Kind
from tests.rules import MINUTE, act

QUARTER_US = 900_000_000
DAY_US = 86_400_000_000
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Apia",
)


def windows() -> st.SearchStrategy[tuple[Window, ...]]:
    """Draw up to three windows of a local day on the quarter hour, overnight ones included."""
    quarter = st.integers(0, 95).map(lambda index: index * 900)
    end = st.integers(0, 96).map(lambda index: index * 900)
    return st.lists(st.tuples(quarter, end), max_size=3).map(tuple)


def instants() -> st.SearchStrategy[int]:
    """Draw instants around 2015, the year of the drawn exceptions, to the microsecond."""
    return st.integers(1_409_529_600_000_000, 1_456_790_400_000_000)


@st.composite
def schedules(draw: st.DrawFn, zones: tuple[str, ...] = ZONES) -> Schedule:
    """Draw rules that are open at least once a week, with every kind of exception in 2015."""
    days = st.dates(date(2015, 1, 1), date(2015, 12, 31))
    dated = st.dictionaries(days, windows(), max_size=3)
    week = draw(st.lists(windows(), min_size=6, max_size=6))
    return Schedule(
        zone=draw(st.sampled_from(zones)),
        week=(((32_400, 61_200),), *week),
        holidays=draw(st.frozensets(days, max_size=3)),
        annual_holidays=frozenset({(12, 25)}),
        overrides=draw(dated),
        breaks=draw(dated),
        working_days=draw(st.dictionaries(days, st.integers(0, 6), max_size=3)),
    )


_KINDS = (
    Kind.ASSIGNED,
    Kind.REPLIED,
    Kind.NOTE,
    Kind.PAUSED,
    Kind.RESUMED,
    Kind.ESCALATED,
    Kind.PRIORITY_CHANGED,
    Kind.RESOLVED,
    Kind.REOPENED,
    Kind.CLOSED,
    Kind.ACKNOWLEDGED,
    Kind.FIXED,
    Kind.OBSERVED,
)
_SAID = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.sampled_from(("urgent", "normal", "low")),
        "team": st.sampled_from(("l1", "l2", "elsewhere")),
        "reason": st.sampled_from(("customer", "vendor")),
        "status": st.sampled_from(("open", "pending", "resolved", "closed")),
        "tier": st.integers(1, 3),
    },
)


@st.composite
def told_tickets(draw: st.DrawFn) -> list[Event]:
    """Return the acts of a few tickets within three hours, in no order; whole seconds tie."""
    events: list[Event] = []
    for ticket in range(draw(st.integers(1, 3))):
        key = f"desk/{ticket}"
        count = draw(st.integers(1, 9))
        for number in range(count):
            kind = Kind.CREATED if number == 0 else draw(st.sampled_from(_KINDS))
            after_us = draw(st.integers(0, 180)) * MINUTE
            actor = draw(st.sampled_from(Actor))
            said = draw(_SAID)
            events.append(act(number, kind, after_us, actor, key=key, **said))  # type: ignore[arg-type]  # attributes alone
    return events
