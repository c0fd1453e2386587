from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slawatch import conventions as c
from slawatch.calendars import Calendar
from slawatch.events import CHANNELS, Kind
from slawatch.policy import Goal, Match, Policy, Rules, Source
from slawatch.reach import bucket_bounds, find_reach
from slawatch.series import count_series, reachable
from tests.desks import HOUR, LARGE_DESK, MINUTE, SECOND, SMALL_DESK, build_desk

PLAIN_DESK = build_desk(("phone", "email", "chat"), 2, live=(), bots=())
desks = st.builds(
    build_desk,
    st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True).map(tuple),
    st.integers(0, 6),
    live=st.sampled_from(((), ("phone",), ("phone", "chat"))),
    bots=st.sampled_from(((), ("chat", "web"))),
)


def test_twelve_channels_and_six_teams_stay_under_the_limit() -> None:
    assert count_series(LARGE_DESK).ceiling < 10_000


def test_a_small_desk_has_about_two_thousand() -> None:
    budget = count_series(PLAIN_DESK)
    assert 1_000 < budget.start < 2_000 < budget.ceiling < 2_500


def test_more_channels_than_the_budget_allows_are_over_it() -> None:
    assert count_series(build_desk(tuple(map(str, range(20))), 12)).is_over
    assert not count_series(LARGE_DESK).is_over


def test_every_family_is_counted_in_the_order_of_a_scrape() -> None:
    counted = [family.family for family in count_series(SMALL_DESK).families]
    assert counted == [family.name for family in c.FAMILIES]


@settings(max_examples=25)  # an example builds thousands of label sets
@given(desks)
def test_label_sets_are_unique_and_have_a_value_for_each_label(rules: Rules) -> None:
    for name, (initial, absent) in reachable(rules).items():
        family = next(family for family in c.FAMILIES if family.name == name)
        keys = (*initial, *absent)
        assert len(set(keys)) == len(keys)
        if family.type is not c.Type.INFO:
            assert {len(key) for key in keys} <= {len(family.labels)}


@settings(max_examples=25)  # an example builds thousands of label sets
@given(desks)
def test_buckets_hold_every_goal_exactly_and_ascend(rules: Rules) -> None:
    bounds = bucket_bounds(rules)
    for policy in rules.policies:
        for target, goal in policy.goals.items():
            assert set(goal.goal_us.values()) <= set(bounds[target])
    assert all(list(found) == sorted(set(found)) for found in bounds.values())


def test_buckets_reach_around_the_goals() -> None:
    assert bucket_bounds(SMALL_DESK)["periodic_update"] == (
        30 * MINUTE,
        HOUR,
        4 * HOUR,
        8 * HOUR,
    )


@pytest.mark.parametrize(
    ("clock", "runs"),
    [
        pytest.param(("email", "low", "resolution"), True, id="any"),
        pytest.param(("email", "urgent", "periodic_update"), True, id="goal-for-urgent"),
        pytest.param(("email", "low", "periodic_update"), False, id="no-goal-for-low"),
        pytest.param(("phone", "low", "plan"), True, id="chain-on-phone"),
        pytest.param(("email", "low", "plan"), False, id="no-chain-on-email"),
        pytest.param(("chat", "low", "bot_first_response"), True, id="bot-on-chat"),
        pytest.param(("phone", "low", "bot_first_response"), False, id="no-bot-on-phone"),
    ],
)
def test_a_clock_is_reached_where_a_policy_has_a_goal(
    clock: tuple[str, str, str], *, runs: bool
) -> None:
    assert (clock in find_reach(SMALL_DESK).clocks) == runs


@pytest.mark.parametrize(
    ("sources", "runs"),
    [
        pytest.param((), True, id="no-connector-yet"),
        pytest.param((Source("a"),), True, id="shows-everything"),
        pytest.param(
            (Source("a", shows={"": frozenset({Kind.RESOLVED})}),), True, id="any-channel"
        ),
        pytest.param((Source("a", shows={"": frozenset({Kind.NOTE})}),), False, id="other-act"),
        pytest.param(
            (Source("a", shows={"email": frozenset({Kind.RESOLVED})}),), False, id="other-channel"
        ),
        pytest.param(
            (Source("a", shows={"": frozenset({Kind.NOTE})}), Source("b")), True, id="one-of-two"
        ),
    ],
)
def test_a_clock_is_reached_where_a_connector_shows_its_end(
    sources: tuple[Source, ...], *, runs: bool
) -> None:
    rules = replace(SMALL_DESK, sources={source.name: source for source in sources})
    reach = find_reach(rules)
    assert (("phone", "low", "resolution") in reach.clocks) == runs
    assert reach.observable["phone", "resolution"] == runs


def test_a_policy_behind_one_that_matches_every_ticket_is_not_reached() -> None:
    late = Policy("late", Match(), {"plan": Goal({"": HOUR}, Calendar.always_open())})
    rules = replace(SMALL_DESK, policies=(*SMALL_DESK.policies, late))
    assert find_reach(rules) == find_reach(SMALL_DESK)


def test_a_policy_for_some_customers_is_reached_beside_the_next() -> None:
    goals = {"plan": Goal({"": HOUR}, Calendar.always_open())}
    gold = Policy("gold", Match(customer_tiers=frozenset({"gold"})), goals)
    rules = replace(SMALL_DESK, policies=(gold, *SMALL_DESK.policies))
    clocks = find_reach(rules).clocks
    assert ("email", "low", "plan") in clocks
    assert ("email", "low", "resolution") in clocks


def test_the_goal_shown_is_that_of_a_ticket_without_other_attributes() -> None:
    goals = {"resolution": Goal({"": SECOND}, Calendar.always_open())}
    gold = Policy("gold", Match(customer_tiers=frozenset({"gold"})), goals)
    rules = replace(SMALL_DESK, policies=(gold, *SMALL_DESK.policies))
    assert find_reach(rules).goals["email", "urgent", "resolution"] == 4 * HOUR


def test_only_a_target_that_pauses_can_be_paused() -> None:
    paused = {key[2] for key in reachable(SMALL_DESK)[c.CLOCKS.name].initial if key[3] == "paused"}
    assert paused == {"resolution"}


def test_no_team_answers_for_a_bot() -> None:
    sets = reachable(SMALL_DESK)
    families = (c.TEAM_RESULTS, c.WINDOW_RESULTS["team"])
    assert not [
        key
        for family in families
        for key in sets[family.name].initial
        if "bot_first_response" in key
    ]


def test_other_is_never_created() -> None:
    sets = reachable(SMALL_DESK).values()
    assert not [key for found in sets for part in found for key in part if "other" in key]
