from __future__ import annotations

from dataclasses import replace

import pytest

from slawatch.book import Book, TicketFacts
from slawatch.policy import Goal, Match, Policy
from tests.rules import ALWAYS, HOUR, OFFICE, build_rules

FACTS = TicketFacts("desk", "email", "normal", "", "", "", ())
NORTH = Policy("p", Match(regions=frozenset(("north",))), {"resolution": Goal({"": HOUR}, OFFICE)})
REST = Policy("p", Match(), {"resolution": Goal({"": HOUR}, ALWAYS)})


@pytest.mark.parametrize("first_asked", ["north", "south"])
def test_policies_of_one_name_keep_their_own_calendars(first_asked: str) -> None:
    book = Book(replace(build_rules(), policies=(NORTH, REST)))
    book.goals(FACTS._replace(region=first_asked))
    index = book.index["resolution"]
    north, south = (book.goals(FACTS._replace(region=r))[index] for r in ("north", "south"))
    assert north is not None
    assert south is not None
    assert (north.calendar, south.calendar) == (OFFICE, ALWAYS)
