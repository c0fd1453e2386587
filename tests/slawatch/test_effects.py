"""What a ticket folded again adds to the counters, which never go down."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from slawatch import conventions
from slawatch.effects import Given, find_growth

_FAMILIES = [conventions.CREATED.name, conventions.HELD.name, conventions.HOPS.name]
_EXCUSED, _RESTORED = conventions.EXCUSED.name, conventions.RESTORED.name
CREATED = ((conventions.CREATED.name, ("email", "low")), 1)
URGENT = ((conventions.CREATED.name, ("email", "urgent")), 1)
_GIVEN = st.tuples(
    st.tuples(st.sampled_from(_FAMILIES), st.sampled_from([("a",), ("b",), ("c",)])),
    st.integers(1, 9),
)
_EXCUSES = st.lists(
    st.tuples(
        st.tuples(
            st.just(_EXCUSED),
            st.tuples(st.sampled_from("ab"), st.just("t"), st.sampled_from("xy")),
        ),
        st.just(1),
    )
)


def hops(number: int) -> Given:
    """Return the observation of a resolution after so many hops."""
    return (conventions.HOPS.name, (str(number),)), 1


def sums(given_: list[Given]) -> Counter[str]:
    """Return the total of each family."""
    total: Counter[str] = Counter()
    for (family, _), amount in given_:
        total[family] += amount
    return total


def test_the_same_acts_add_nothing() -> None:
    assert find_growth([CREATED, URGENT], [URGENT, CREATED]) == []


def test_a_further_effect_is_added() -> None:
    assert find_growth([CREATED], [CREATED, CREATED]) == [CREATED]


def test_an_effect_that_only_moved_to_another_label_adds_nothing() -> None:
    assert find_growth([CREATED], [URGENT]) == []


def test_an_effect_that_moved_and_grew_adds_its_growth() -> None:
    assert find_growth([CREATED], [URGENT, URGENT]) == [URGENT]


def test_an_effect_that_went_away_takes_nothing_back() -> None:
    assert find_growth([CREATED, URGENT], [CREATED]) == []


def test_durations_grow_by_their_difference() -> None:
    held = (conventions.HELD.name, ("l1", "", "", "open"))
    assert find_growth([(held, 500)], [(held, 200), (held, 450)]) == [(held, 150)]


def test_each_resolution_is_observed_with_its_hops_once() -> None:
    grown = find_growth([hops(2)], [hops(2), hops(2), hops(0)])
    assert sorted(grown) == [hops(0), hops(2)]


def test_hops_counted_otherwise_are_not_observed_again() -> None:
    assert find_growth([hops(2)], [hops(3)]) == []


@given(st.lists(_GIVEN), st.lists(_GIVEN))
def test_of_each_effect_the_growth_of_its_total_is_added(
    before: list[Given], after: list[Given]
) -> None:
    grown = sums(find_growth(before, after))
    old, new = sums(before), sums(after)
    assert grown == Counter({e: new[e] - old[e] for e in _FAMILIES if new[e] > old[e]})


@given(st.lists(_GIVEN))
def test_nothing_known_before_adds_all(after: list[Given]) -> None:
    assert sums(find_growth([], after)) == sums(after)


def net_excuses(given_: list[Given]) -> Counter[tuple[str, ...]]:
    """Return the excuses of each priority and target less those taken back."""
    net: Counter[tuple[str, ...]] = Counter()
    for (family, labels), amount in given_:
        net[labels[:2]] += amount if family == _EXCUSED else -amount
    return net


@given(_EXCUSES, _EXCUSES, st.data())
def test_what_excuses_shrink_by_is_taken_back(
    before: list[Given], after: list[Given], data: st.DataObject
) -> None:
    if after:
        taken = data.draw(st.lists(st.sampled_from(after), unique=True))
        after = [*after, *(((_RESTORED, labels[:2]), 1) for (_, labels), _ in taken)]
    total = net_excuses(before)
    total.update(net_excuses(find_growth(before, after)))
    assert total == net_excuses(after)
