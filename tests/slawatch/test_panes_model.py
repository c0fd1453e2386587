"""Panes against a naive model: every booking in one list, added up anew for each question."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, rule

from slawatch.labels import QUANTILES, WINDOWS
from slawatch.panes import PaneSet
from slawatch.sketch import find_bucket, read_bucket

MINUTE = 60_000_000
QUARTER = 15 * MINUTE
CHANGE = 1_774_746_000_000_000
"""When the clocks of Berlin went forward, on 29 March 2026."""
BERLIN = ZoneInfo("Europe/Berlin")
KEYS = (("channel", "phone", "fix"), ("team", "l1", "fix"))

keys = st.sampled_from(KEYS)
instants = st.builds(
    lambda panes, rest: CHANGE + panes + rest,
    st.integers(-30, 70).map(lambda n: n * MINUTE)
    | st.integers(-240, 240).map(lambda n: n * QUARTER),
    st.sampled_from((0, MINUTE - 1)),
)


def berlin_day(at: int) -> int:
    local = datetime.fromtimestamp(at // 1_000_000, BERLIN)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1_000_000


class Booking(NamedTuple):
    key: tuple[str, str, str]
    at: int
    outcome: str
    seconds: float
    amount: int


class Model:
    """Keep all bookings; what is held is worked out from the latest one and what was forgotten."""

    def __init__(self) -> None:
        self.bookings: list[Booking] = []
        self.firsts = {1: -(10**12), 15: -(10**12)}

    def book(self, booking: Booking) -> tuple[bool, bool]:
        minute = booking.at // MINUTE
        self.hold(minute // 240 * 240 - 240, minute // 15 // 200 * 200 - 200)
        self.bookings.append(booking)
        return minute // 15 >= self.firsts[15] - 100, minute // 15 >= self.firsts[15]

    def hold(self, minute: int, quarter: int) -> None:
        self.firsts = {1: max(minute, self.firsts[1]), 15: max(quarter, self.firsts[15])}

    def forget(self, now: int) -> None:
        self.hold(now // MINUTE - 59, now // MINUTE // 15 - 99)

    def holds(self, booking: Booking, width: int, first: int, last: int) -> bool:
        pane = booking.at // (width * MINUTE)
        return max(first, self.firsts[width]) <= pane <= last

    def select(self, key: tuple[str, str, str], window: str, now: int) -> list[Booking]:
        minute, quarter = now // MINUTE, now // MINUTE // 15
        width, first, last = {
            "15m": (1, minute - 14, minute),
            "1h": (1, minute - 59, minute),
            "8h": (15, quarter - 31, quarter),
            "today": (15, berlin_day(now) // MINUTE // 15, quarter),
        }[window]
        mine = (each for each in self.bookings if each.key == key)
        return [each for each in mine if self.holds(each, width, first, last)]

    def results(self, now: int) -> dict[object, dict[str, tuple[int, int]]]:
        found: dict[object, dict[str, tuple[int, int]]] = {}
        for key in KEYS:
            for window in WINDOWS:
                sums: Counter[str] = Counter()
                for booking in self.select(key, window, now):
                    sums[booking.outcome] += booking.amount
                found.setdefault(key, {})[window] = sums["met"], sums["breached"]
        return found

    def quarters(self, key: tuple[str, str, str]) -> dict[int, tuple[int, int]]:
        found: dict[int, Counter[str]] = {}
        for each in self.bookings:
            if each.key == key and each.at // QUARTER >= self.firsts[15] - 100:
                found.setdefault(each.at // QUARTER, Counter())[each.outcome] += each.amount
        pairs = {n: (sums["met"], sums["breached"]) for n, sums in found.items()}
        return {n: pair for n, pair in pairs.items() if any(pair)}

    def quantiles(self, now: int) -> dict[object, dict[str, dict[float, float]]]:
        found: dict[object, dict[str, dict[float, float]]] = {}
        for key in KEYS:
            for window in WINDOWS:
                sketch: Counter[int] = Counter()
                for booking in self.select(key, window, now):
                    sketch[find_bucket(booking.seconds)] += booking.amount
                ordered = sorted(sketch.elements())
                if ordered:
                    found.setdefault(key, {})[window] = {
                        q: read_bucket(ordered[-(-len(ordered) * round(q * 1000) // 1000) - 1])
                        for q in QUANTILES
                    }
        return found


class PaneMachine(RuleBasedStateMachine):
    booked = Bundle("booked")

    def __init__(self) -> None:
        super().__init__()
        self.panes = PaneSet(berlin_day)
        self.model = Model()
        self.now = CHANGE

    def apply(self, booking: Booking) -> None:
        key, at, outcome, seconds, count = booking
        keeps_outcome, keeps_duration = self.model.book(booking)
        assert self.panes.book(key, at, outcome, count) == keeps_outcome
        assert self.panes.book_duration(key, at, seconds, count) == keeps_duration

    @rule(
        target=booked,
        key=keys,
        at=instants,
        outcome=st.sampled_from(("met", "breached")),
        seconds=st.sampled_from((0.0, 1.0, 2.0, 90.0, 3600.0)),
        count=st.integers(1, 3),
    )
    def book(
        self, key: tuple[str, str, str], at: int, outcome: str, seconds: float, count: int
    ) -> Booking:
        booking = Booking(key, at, outcome, seconds, count)
        self.apply(booking)
        return booking

    @rule(booking=consumes(booked))
    def take_back(self, booking: Booking) -> None:
        self.apply(booking._replace(amount=-booking.amount))

    @rule(now=instants)
    def look_at(self, now: int) -> None:
        self.now = now

    @rule()
    def forget(self) -> None:
        self.panes.forget(self.now)
        self.model.forget(self.now)

    @rule()
    def restart(self) -> None:
        data = self.panes.snapshot()
        self.panes = PaneSet.restore(data, berlin_day)
        assert self.panes.snapshot() == data

    @rule()
    def ask_for_results(self) -> None:
        found = self.panes.results(self.now)
        nothing = dict.fromkeys(WINDOWS, (0, 0))
        assert {key: found.get(key, nothing) for key in KEYS} == self.model.results(self.now)

    @rule()
    def ask_for_quarters(self) -> None:
        found = self.panes.quarters()
        for key in KEYS:
            told = {n: pair for n, pair in found.get(key, {}).items() if any(pair)}
            assert told == self.model.quarters(key)

    @rule()
    def ask_for_quantiles(self) -> None:
        assert self.panes.quantiles(self.now) == self.model.quantiles(self.now)


PaneMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestPanesAreTheNaiveModel = PaneMachine.TestCase
