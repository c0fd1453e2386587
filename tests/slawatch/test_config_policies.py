from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.book import Book, TargetGoal, TicketFacts
from slawatch.config import Config, load_config
from slawatch.config_policies import Promise
from slawatch.config_split import group_priorities
from slawatch.events import PRIORITIES
from slawatch.policy import Match
from tests.configs import HOUR_US, MINUTE_US, complain, load, pick, write

BASE = """
    [[policies]]
    name = "vip"
    match = { customer_tier = "gold" }
    extends = "default"
    calendar = "24x7"
    objective = "99%"
    warnings = ["80%"]
    goals.first_response = "5m"
    goals.periodic_update = false
    """


def promise(config: Config, target: str, **facts: str) -> TargetGoal | None:
    """Return what a ticket is promised."""
    book = Book(config.rules)
    unknown = TicketFacts("", "", "", "", "", "", ())
    return book.goals(unknown._replace(**facts))[book.index[target]]  # type: ignore[arg-type]  # all but tags are text


def amount(config: Config, target: str, **facts: str) -> int | None:
    """Return the goal in microseconds."""
    found = promise(config, target, **facts)
    return None if found is None else found.goal_us


@pytest.mark.parametrize(
    ("goal", "urgent", "low"),
    [
        pytest.param('"15m"', 15, 15, id="one for all"),
        pytest.param('{ urgent = "15m", low = "60m" }', 15, 60, id="by priority"),
        pytest.param('{ urgent = "15m" }', 15, None, id="absent priorities have no clock"),
        pytest.param('{ urgent = "15m", other = "30m" }', 15, 30, id="the others"),
        pytest.param('{ goal = "15m", calendar = "24x7" }', 15, 15, id="a table"),
        pytest.param('{ goal = { urgent = "15m" } }', 15, None, id="a table by priority"),
    ],
)
def test_a_goal_is_written_as_is_easiest(
    tmp_path: Path, goal: str, urgent: int, low: int | None
) -> None:
    config = load(tmp_path, f'[[policies]]\nname = "a"\ngoals.resolution = {goal}')
    assert amount(config, "resolution", priority="urgent") == urgent * MINUTE_US
    wanted = None if low is None else low * MINUTE_US
    assert amount(config, "resolution", priority="low") == wanted


def test_a_ticket_without_priority_has_the_goal_of_the_others() -> None:
    config = load_config()
    assert amount(config, "first_response", priority="other") == 4 * HOUR_US
    assert amount(config, "first_response") == 4 * HOUR_US


def test_a_policy_inherits_goals_and_puts_its_own_terms_on_them(tmp_path: Path) -> None:
    config = load(tmp_path, BASE)
    found = promise(config, "resolution", customer_tier="gold", priority="low")
    assert found is not None
    assert (found.policy, found.goal_us) == ("vip", 72 * HOUR_US)
    assert found.calendar.always
    assert found.objective_ratio == pytest.approx(0.99)
    assert [level.name for level in found.levels] == ["80"]


def test_a_policy_replaces_or_drops_what_it_inherits(tmp_path: Path) -> None:
    config = load(tmp_path, BASE)
    gold = {"customer_tier": "gold", "priority": "urgent"}
    assert amount(config, "first_response", **gold) == 5 * MINUTE_US
    assert amount(config, "periodic_update", **gold) is None
    assert amount(config, "periodic_update", priority="urgent") == 30 * MINUTE_US


def test_a_policy_of_the_same_name_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    text = '[[policies]]\nname = "default"\nextends = "default"\ngoals.resolution = "1h"'
    config = load(tmp_path, text)
    assert [p.name for p in config.rules.policies][-1] == "default"
    assert amount(config, "resolution", channel="email") == HOUR_US
    assert amount(config, "resolution", channel="phone") == HOUR_US
    assert amount(config, "first_response", channel="email", priority="high") == HOUR_US


def test_own_policies_come_before_those_that_ship(tmp_path: Path) -> None:
    config = load(tmp_path, '[[policies]]\nname = "mine"\nmatch.tags = "x"')
    assert config.rules.policies[0].name == "mine"


def test_the_goals_of_a_chain_come_with_its_name(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        [chains.stages]
        goals.plan = "3m"
        [[policies]]
        name = "a"
        chain = "stages"
        goals.fix = "1h"
        """,
    )
    amounts = {name: amount(config, name) for name in ("acknowledge", "plan", "fix")}
    assert amounts == {"acknowledge": MINUTE_US // 2, "plan": 3 * MINUTE_US, "fix": HOUR_US}


def test_an_inherited_chain_can_be_taken_away(tmp_path: Path) -> None:
    text = '[[policies]]\nname = "a"\nextends = "live"\nmatch = {}\nchain = false'
    (goals,) = {frozenset(p.goals) for p in pick(load(tmp_path, text), "a")[1:]}
    assert "acknowledge" not in goals
    assert "resolution" in goals


def test_channels_are_matched_by_class(tmp_path: Path) -> None:
    text = "[channels.sms]\nlive = true\nbot = true\n[channels.chat]\nbot = false"
    by_name = {p.name: p.match.channels for p in load(tmp_path, text).rules.policies}
    assert by_name["live-bot"] == {"sms"}
    assert by_name["live"] == {"phone", "chat", "sms"}
    assert by_name["bot"] == {"app", "web", "social", "sms"}


def test_a_class_without_channels_matches_nothing(tmp_path: Path) -> None:
    rules = load(tmp_path, '[desk]\nchannels = ["email"]').rules
    assert {policy.name for policy in rules.policies} == {"default"}


def test_a_match_by_class_that_means_no_channel_is_doubted(tmp_path: Path) -> None:
    text = '[[policies]]\nname = "a"\nmatch = { channel = "email", live = true }'
    config = load(tmp_path, text)
    assert [(w.key, w.message) for w in config.warnings] == [
        ("policies[0].match", "no channel of the desk is meant by it")
    ]


def test_all_of_a_match_reaches_the_engine(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        [teams.l2]
        [regions.east]
        [sources.crm]
        [[policies]]
        name = "a"
        match.priority = ["high", "low"]
        match.channel = "email"
        match.customer_tier = "gold"
        match.region = "east"
        match.team = "l2"
        match.tags = ["x", "y"]
        match.source = "crm"
        goals.resolution = "1h"
        """,
    )
    (policy,) = pick(config, "a")
    assert policy.match == Match(
        priorities=frozenset({"high", "low"}),
        channels=frozenset({"email"}),
        customer_tiers=frozenset({"gold"}),
        regions=frozenset({"east"}),
        teams=frozenset({"l2"}),
        tags=frozenset({"x", "y"}),
        sources=frozenset({"crm"}),
    )


def test_other_in_a_match_means_tickets_without_a_value_too(tmp_path: Path) -> None:
    text = '[[policies]]\nname = "a"\nmatch.priority = "other"\ngoals.resolution = "1h"'
    config = load(tmp_path, text)
    found = [amount(config, "resolution", priority=p) for p in ("", "other", "low")]
    assert found == [HOUR_US, HOUR_US, 72 * HOUR_US]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("", 'match.channel = "email"', id="everything"),
        pytest.param(
            'match.channel = ["email", "chat"]', 'match.channel = "email"', id="more channels"
        ),
        pytest.param(
            'match.tags = ["a", "b"]', 'match = { tags = "a", channel = "email" }', id="more tags"
        ),
        pytest.param("match.live = true", 'match.channel = "phone"', id="a class"),
    ],
)
def test_a_policy_that_no_ticket_reaches_is_doubted(
    tmp_path: Path, first: str, second: str
) -> None:
    text = f'[[policies]]\nname = "a"\n{first}\n[[policies]]\nname = "b"\n{second}'
    config = load(tmp_path, text)
    (warning,) = config.warnings
    assert warning.key == "policies[1].match"
    assert warning.message.startswith("'b' is never reached: 'a' before it")
    assert not pick(config, "b")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param('match.channel = "email"', "", id="wider"),
        pytest.param('match.tags = "a"', 'match.tags = ["a", "b"]', id="any tag is enough"),
        pytest.param('match.tags = "a"', 'match.channel = "email"', id="another key"),
    ],
)
def test_a_policy_that_some_ticket_reaches_is_kept(tmp_path: Path, first: str, second: str) -> None:
    text = f'[[policies]]\nname = "a"\n{first}\n[[policies]]\nname = "b"\n{second}'
    config = load(tmp_path, text)
    assert config.warnings == ()
    assert pick(config, "b")


def test_shadowing_what_ships_is_no_mistake(tmp_path: Path) -> None:
    config = load(tmp_path, '[[policies]]\nname = "mine"\ngoals.resolution = "1h"')
    assert config.warnings == ()
    assert {policy.name for policy in config.rules.policies} == {"mine"}


@pytest.mark.parametrize("key", ["source", "region"])
def test_a_source_or_region_that_is_not_configured_is_doubted(tmp_path: Path, key: str) -> None:
    config = load(tmp_path, f'[[policies]]\nname = "a"\nmatch.{key} = "nowhere"')
    (warning,) = config.warnings
    assert (warning.key, "'nowhere'" in warning.message) == (f"policies[0].match.{key}", True)


def test_policies_that_extend_one_another_in_a_circle_are_named(tmp_path: Path) -> None:
    policies = '[[policies]]\nname = "{}"\nextends = "{}"\nmatch.tags = "{}"\n'
    found = complain(tmp_path, policies.format("a", "b", "x") + policies.format("b", "a", "y"))
    assert set(found) == {"policies[0].extends", "policies[1].extends"}
    assert set(found.values()) == {"goes round in a circle"}


def test_a_later_file_amends_the_policy_of_an_earlier_one(tmp_path: Path) -> None:
    low = write(tmp_path, BASE, "low.toml")
    amend = '[[policies]]\nname = "vip"\nextends = "vip"\ngoals.resolution = "1h"'
    config = load_config([low, write(tmp_path, amend, "high.toml")])
    gold = {"customer_tier": "gold", "priority": "urgent"}
    assert amount(config, "resolution", **gold) == HOUR_US
    assert amount(config, "first_response", **gold) == 5 * MINUTE_US
    assert amount(config, "resolution", priority="urgent") == 4 * HOUR_US


def test_a_calendar_by_priority_splits_a_policy(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        [[policies]]
        name = "a"
        calendar = { urgent = "24x7", high = "24x7", other = "business" }
        goals.resolution = "8h"
        goals.first_response = { goal = "1h", calendar = "24x7" }
        """,
    )
    round_the_clock, rest = pick(config, "a")
    assert round_the_clock.match.priorities == {"urgent", "high"}
    assert rest.match.priorities == frozenset()
    names = {p: promise(config, "resolution", priority=p) for p in (*PRIORITIES, "other", "")}
    assert {p: found.calendar.name for p, found in names.items() if found} == {
        "urgent": "24x7",
        "high": "24x7",
        **dict.fromkeys(("normal", "low", "other", ""), "business"),
    }


PRIORITY = st.sampled_from((*PRIORITIES, "other"))
PROMISES = st.dictionaries(
    st.sampled_from(("a", "b", "c")),
    st.builds(
        Promise,
        st.dictionaries(PRIORITY, st.integers(1, 9), min_size=1),
        st.dictionaries(PRIORITY, st.sampled_from(("x", "y", "z"))),
        st.just(()),
        st.none(),
    ),
)


@given(PROMISES)
def test_a_split_gives_every_priority_its_calendars(promises: dict[str, Promise]) -> None:
    groups = group_priorities(promises, frozenset())
    seen = [priority for members, _ in groups for priority in members]
    assert sorted(seen) == sorted(PRIORITIES)
    wanted = {
        (priority, name): told.calendar_of(priority)
        for priority in PRIORITIES
        for name, told in promises.items()
        if told.amount_of(priority) is not None
    }
    found = {priority: calendars for members, calendars in groups for priority in members}
    assert {(priority, name): found[priority][name] for priority, name in wanted} == wanted
