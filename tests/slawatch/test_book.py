"""The compiled rules: which policy matches, which goal follows, what an act does to a target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.book import (
    CANCEL,
    PAUSE_BITS,
    RESET,
    START,
    STOP,
    STOP_TIER,
    Book,
    TicketFacts,
    compile_goal,
    is_match,
    is_met,
)
from slawatch.events import Actor, Kind
from slawatch.policy import Condition, Goal, Level, Match, Policy, Source, Target
from tests.rules import (
    ALWAYS,
    DAY,
    ESCALATION,
    FIRST_RESPONSE,
    HOUR,
    MINUTE,
    NEXT_RESPONSE,
    RESOLUTION,
    build_rules,
    when,
)

FACTS = TicketFacts("desk", "email", "normal", "gold", "north", "l1", ("vip", "billing"))


def kind_bits(kinds: frozenset[Kind]) -> int:
    """Return the bits of a set of kinds, as a fold asks with them."""
    return sum(1 << kind for kind in kinds)


def react(target: Target, *kinds: Kind, actor: Actor = Actor.AGENT, public: bool = True) -> int:
    """Return the flags of one target for an act."""
    book = Book(build_rules(targets=(target,)))
    return dict(book.reactions(kind_bits(frozenset(kinds)), actor, 1, public=public)).get(0, 0)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        pytest.param(Match(), True, id="empty-matches-any"),
        pytest.param(Match(priorities=frozenset(("normal", "low"))), True, id="priority"),
        pytest.param(Match(priorities=frozenset(("low",))), False, id="other-priority"),
        pytest.param(Match(channels=frozenset(("phone",))), False, id="other-channel"),
        pytest.param(Match(customer_tiers=frozenset(("gold",))), True, id="customer-tier"),
        pytest.param(Match(customer_tiers=frozenset(("free",))), False, id="other-customer-tier"),
        pytest.param(Match(regions=frozenset(("south",))), False, id="other-region"),
        pytest.param(Match(teams=frozenset(("l2",))), False, id="other-team"),
        pytest.param(Match(sources=frozenset(("phones",))), False, id="other-source"),
        pytest.param(Match(tags=frozenset(("billing", "legal"))), True, id="any-shared-tag"),
        pytest.param(Match(tags=frozenset(("legal",))), False, id="no-shared-tag"),
        pytest.param(
            Match(regions=frozenset(("north",)), tags=frozenset(("legal",))), False, id="all-needed"
        ),
    ],
)
def test_a_policy_matches_by_attributes(match: Match, *, expected: bool) -> None:
    assert is_match(match, FACTS) is expected


def test_the_first_policy_that_matches_wins() -> None:
    book = Book(build_rules(targets=(FIRST_RESPONSE,)))
    urgent, normal = (
        book.goals(FACTS._replace(priority=priority))[0] for priority in ("urgent", "normal")
    )
    assert urgent is not None
    assert normal is not None
    assert (urgent.policy, urgent.goal_us) == ("urgent", 10 * MINUTE)
    assert (normal.policy, normal.goal_us) == ("general", HOUR)


def test_a_ticket_that_no_policy_matches_has_no_goals() -> None:
    book = Book(build_rules())
    assert book.goals(FACTS._replace(priority="other")) == book.no_goals
    assert book.promised(FACTS._replace(priority="other")) == frozenset()


def test_the_same_facts_are_resolved_once() -> None:
    book = Book(build_rules())
    assert book.goals(FACTS) is book.goals(FACTS._replace())


@pytest.mark.parametrize(
    ("shows", "channel", "expected"),
    [
        pytest.param({}, "email", True, id="nothing-declared-shows-all"),
        pytest.param({"": frozenset((Kind.REPLIED,))}, "email", True, id="any-channel"),
        pytest.param({"": frozenset((Kind.NOTE,))}, "email", False, id="never-shown"),
        pytest.param({"email": frozenset((Kind.REPLIED,))}, "email", True, id="this-channel"),
        pytest.param({"email": frozenset((Kind.REPLIED,))}, "phone", False, id="other-channel"),
        pytest.param(
            {"": frozenset((Kind.REPLIED,)), "phone": frozenset((Kind.NOTE,))},
            "phone",
            False,
            id="the-channels-own-list-beats-the-general-one",
        ),
    ],
)
def test_a_target_is_observable_where_its_end_can_be_shown(
    shows: dict[str, frozenset[Kind]], channel: str, *, expected: bool
) -> None:
    book = Book(build_rules(sources={"desk": Source("desk", 0, shows)}))
    assert book.is_observable(FIRST_RESPONSE, "desk", channel) is expected


def test_a_target_that_cannot_be_seen_to_end_is_promised_without_a_goal() -> None:
    shows = {"": frozenset((Kind.RESOLVED,))}
    rules = build_rules(
        targets=(FIRST_RESPONSE, RESOLUTION), sources={"desk": Source("desk", 0, shows)}
    )
    book = Book(rules)
    first, resolution = book.goals(FACTS)
    assert first is None
    assert resolution is not None
    assert book.promised(FACTS) == {"first_response", "resolution"}


@pytest.mark.parametrize(
    ("target", "kind", "actor", "flags"),
    [
        pytest.param(FIRST_RESPONSE, Kind.CREATED, Actor.CUSTOMER, START, id="start"),
        pytest.param(FIRST_RESPONSE, Kind.CREATED, Actor.AGENT, 0, id="not-by-an-agent"),
        pytest.param(FIRST_RESPONSE, Kind.REPLIED, Actor.AGENT, STOP, id="stop"),
        pytest.param(FIRST_RESPONSE, Kind.REPLIED, Actor.BOT, 0, id="not-by-a-bot"),
        pytest.param(RESOLUTION, Kind.DELETED, Actor.SYSTEM, CANCEL, id="cancel"),
        pytest.param(ESCALATION, Kind.ESCALATED, Actor.AGENT, START | STOP_TIER, id="both"),
        pytest.param(
            Target("t", reset=(when(Kind.NOTE),)), Kind.NOTE, Actor.AGENT, RESET, id="reset"
        ),
    ],
)
def test_an_act_touches_the_targets_whose_conditions_it_meets(
    target: Target, kind: Kind, actor: Actor, flags: int
) -> None:
    assert react(target, kind, actor=actor) == flags


def test_a_derived_kind_counts_as_the_act_itself() -> None:
    assert react(RESOLUTION, Kind.OBSERVED, Kind.RESOLVED) == STOP


@pytest.mark.parametrize(
    ("condition", "tier", "public", "expected"),
    [
        pytest.param(Condition(frozenset((Kind.NOTE,)), min_tier=2), 1, True, False, id="tier-low"),
        pytest.param(Condition(frozenset((Kind.NOTE,)), min_tier=2), 2, True, True, id="tier"),
        pytest.param(
            Condition(frozenset((Kind.NOTE,)), public=True), 1, False, False, id="not-public"
        ),
        pytest.param(
            Condition(frozenset((Kind.NOTE,)), public=False), 1, False, True, id="internal"
        ),
        pytest.param(Condition(frozenset((Kind.NOTE,))), 1, False, True, id="either"),
    ],
)
def test_a_condition_may_ask_for_tier_and_publicity(
    condition: Condition, tier: int, *, public: bool, expected: bool
) -> None:
    assert is_met(condition, 1 << Kind.NOTE, Actor.AGENT, tier, public=public) is expected


@given(
    st.frozensets(st.sampled_from(Kind), min_size=1),
    st.frozensets(st.sampled_from(Actor)),
    st.sampled_from([None, True, False]),
    st.frozensets(st.sampled_from(Kind), min_size=1),
    st.sampled_from(Actor),
    st.booleans(),
)
def test_a_condition_is_met_by_any_of_its_kinds_and_actors(
    kinds: frozenset[Kind],
    actors: frozenset[Actor],
    wanted: bool | None,  # noqa: FBT001 - drawn by position
    told: frozenset[Kind],
    actor: Actor,
    public: bool,  # noqa: FBT001 - drawn by position
) -> None:
    met = is_met(Condition(kinds, actors, wanted), kind_bits(told), actor, 1, public=public)
    assert met == (
        bool(kinds & told) and actor in (actors or set(Actor)) and wanted in (None, public)
    )


def test_a_chain_knows_its_followers() -> None:
    book = Book(build_rules())
    assert book.targets[book.index["acknowledge"]].followers == (book.index["fix"],)
    assert book.targets[book.index["fix"]].followers == ()


def test_pause_reasons_become_bits() -> None:
    book = Book(build_rules(targets=(NEXT_RESPONSE, RESOLUTION)))
    assert [target.pause_bits for target in book.targets] == [0, sum(PAUSE_BITS.values())]


def test_the_goal_of_a_priority_beats_the_general_one() -> None:
    goal = Goal({"": HOUR, "low": DAY}, ALWAYS)
    rules = build_rules(targets=(FIRST_RESPONSE,))
    policy = Policy("all", Match(), {"first_response": goal})
    book = Book(rules.__class__(rules.targets, (policy,), rules.channels, rules.priorities))
    low, normal = (book.goals(FACTS._replace(priority=p))[0] for p in ("low", "normal"))
    assert low is not None
    assert normal is not None
    assert (low.goal_us, normal.goal_us) == (DAY, HOUR)


def test_levels_are_sorted_by_their_share_and_rounded_up() -> None:
    levels = (Level("90", 0.9), Level("-1h", None, -HOUR, business=True), Level("third", 1 / 3))
    goal = compile_goal(Goal({"": 100}, ALWAYS, levels), 100, Policy("p", Match(), {}))
    assert goal.shares == ((2, 34), (0, 90))
    assert goal.offsets == ((1, -HOUR, True),)


def test_a_ticket_has_the_grace_of_its_source_or_the_general_one() -> None:
    book = Book(build_rules(sources={"mail": Source("mail", 61)}))
    assert (book.grace_of("mail/1/2"), book.grace_of("desk/1")) == (61, book.rules.grace_us)


def test_region_and_tier_ride_with_a_known_team() -> None:
    book = Book(build_rules())
    assert (book.team_labels("l2"), book.team_labels("elsewhere")) == (("north", "2"), ("", ""))
