"""Open tickets compared with how they stand in their system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from connectors.held import HeldTickets
from connectors.transports.compare import COMPARED_AT_ONCE, Comparison, State
from slawatch.errors import ConnectorError
from slawatch.views import Held


class Desk:
    """A desk whose tickets stand as the test says; it fails as often as it is told to."""

    def __init__(self, **states: State) -> None:
        self.states: dict[str, State] = dict(states)
        self.asked: list[int] = []
        self.fetched: list[str] = []
        self.failures = 0
        self.held: HeldTickets | None = None
        self.now = 100
        self.comparison = Comparison(self, lambda: self.held, lambda: self.now)

    def fetch_states(self, ids: Sequence[str]) -> Mapping[str, State]:
        """Return those that there are."""
        self.asked.append(len(ids))
        return {one: self.states[one] for one in ids if one in self.states}

    def fetch_tickets(self, ids: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return a record for each."""
        if self.failures:
            self.failures -= 1
            raise ConnectorError("down")
        self.fetched += ids
        return [(f"whole/{one}", b"") for one in ids]

    def tell_gone(self, ticket_id: str, at: int) -> tuple[str, bytes]:
        """Return a record."""
        return f"gone/{ticket_id}/{at}", b""

    def compare(self, at: int, *held: tuple[str, int]) -> list[str]:
        """Compare what is held at an instant and return the keys of the records."""
        self.now = at
        self.held = HeldTickets(at, tuple(map(Held._make, held)))
        return [key for records in self.comparison.run() for key, _ in records]


def test_a_ticket_that_stands_as_it_was_heard_is_not_told() -> None:
    assert Desk(a=State(7)).compare(9, ("a", 7)) == []


@pytest.mark.parametrize(
    "state",
    [pytest.param(State(8), id="changed later"), pytest.param(State(6, is_over=True), id="over")],
)
def test_a_ticket_that_differs_is_told_whole_and_once(state: State) -> None:
    desk = Desk(a=state)
    assert desk.compare(9, ("a", 7)) == ["whole/a"]
    assert desk.compare(10, ("a", 7)) == []


def test_a_ticket_that_changes_again_is_told_again() -> None:
    desk = Desk(a=State(8))
    desk.compare(9, ("a", 7))
    desk.states["a"] = State(10)
    assert desk.compare(11, ("a", 7)) == ["whole/a"]


def test_a_deleted_ticket_is_gone_at_once_when_its_system_says_when() -> None:
    assert Desk(a=State(8, is_over=True, gone_at=8)).compare(9, ("a", 7)) == ["gone/a/8"]


def test_a_missing_ticket_is_gone_when_it_is_missed_twice_as_of_the_first() -> None:
    desk = Desk()
    assert desk.compare(200, ("a", 7)) == []
    assert desk.compare(300, ("a", 7)) == ["gone/a/200"]


def test_a_ticket_that_is_there_again_was_not_gone() -> None:
    desk = Desk()
    desk.compare(200, ("a", 7))
    desk.states["a"] = State(7)
    desk.compare(300, ("a", 7))
    del desk.states["a"]
    assert desk.compare(400, ("a", 7)) == []


def test_most_tickets_missing_at_once_are_not_believed_to_be_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    desk, held = Desk(), [(str(number), 7) for number in range(11)]
    assert desk.compare(200, *held) == desk.compare(300, *held) == []
    assert "not allowed to be read missing=11 of=11" in caplog.text


def test_a_few_missing_tickets_are_believed() -> None:
    desk, held = Desk(), [(str(number), 7) for number in range(10)]
    desk.compare(200, *held)
    assert len(desk.compare(300, *held)) == 10


def test_nothing_is_asked_while_the_monitor_has_told_nothing_new() -> None:
    desk = Desk(a=State(8))
    desk.compare(9, ("a", 7))
    assert desk.compare(9, ("a", 7)) == []
    assert desk.asked == [1]


def test_a_monitor_that_has_told_nothing_yet_is_waited_for() -> None:
    desk = Desk()
    assert list(desk.comparison.run()) == []
    assert desk.asked == []


def test_tickets_are_asked_for_in_pages() -> None:
    held = [(str(number), 7) for number in range(COMPARED_AT_ONCE + 5)]
    desk = Desk(**{ticket: State(7) for ticket, _ in held})
    desk.compare(9, *held)
    assert desk.asked == [COMPARED_AT_ONCE, 5]


def test_a_failure_costs_only_what_was_not_told_yet() -> None:
    held = [(f"{number:03}", 7) for number in range(COMPARED_AT_ONCE + 1)]
    desk = Desk(**{ticket: State(8) for ticket, _ in held})
    run = desk.comparison.run
    desk.held = HeldTickets(9, tuple(map(Held._make, held)))
    first = run()
    for _ in range(3):  # what is gone, ten tickets, ten more
        next(first)
    desk.failures = 1
    with pytest.raises(ConnectorError):
        next(first)
    list(run())
    assert desk.fetched == [ticket for ticket, _ in held]
