from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slawatch.conventions import MAX_URGENT
from slawatch.views import Urgent, View, merge

names = st.sampled_from(("a", "b"))
urgent = st.builds(Urgent, st.integers(0, 99), names, names, names, names)
views = st.builds(
    View,
    tickets=st.dictionaries(st.tuples(names, names, names), st.integers(0, 9)),
    oldest=st.dictionaries(st.tuples(names, names, names), st.integers(0, 9)),
    urgent=st.lists(urgent, max_size=30).map(tuple),
    waiting=st.dictionaries(names, st.integers(0, 9)),
    log_at=st.integers(1, 9),
)


@given(views, views, views)
def test_merging_does_not_depend_on_order_or_grouping(one: View, two: View, three: View) -> None:
    whole = merge((one, two, three))
    assert merge((three, one, two)) == whole
    assert merge((merge((one, two)), three)) == whole


def test_counts_add_up_and_the_oldest_stays() -> None:
    key = ("chat", "low", "open")
    one = View(tickets={key: 2}, oldest={key: 7}, waiting={"chat": 1}, log_at=5)
    two = View(tickets={key: 3}, oldest={key: 4}, log_at=9)
    whole = merge((one, two))
    assert (whole.tickets, whole.oldest) == ({key: 5}, {key: 4})
    assert (whole.waiting, whole.log_at) == ({"chat": 1}, 5)


def test_the_most_urgent_are_kept_once_and_in_order() -> None:
    due = [Urgent(at, f"t{at}", "fix", "chat", "l1") for at in range(30)]
    whole = merge(
        (View(urgent=tuple(due[::2])), View(urgent=tuple(due[1::2])), View(urgent=(due[0],)))
    )
    assert whole.urgent == tuple(due[:MAX_URGENT])


def test_a_clock_of_the_same_labels_is_shown_once_by_its_first_due() -> None:
    twice = (Urgent(5, "t", "next", "chat", ""), Urgent(3, "t", "next", "chat", ""))
    assert merge((View(urgent=twice),)).urgent == (twice[1],)
