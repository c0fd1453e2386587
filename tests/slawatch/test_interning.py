"""Numbers for attribute sets, and what a ticket becomes by what an act says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.events import NO_ATTRS, STATUSES, Attrs
from slawatch.interning import (
    CHANGED_FACTS,
    CHANGED_PRIORITY,
    CHANGED_TEAM,
    CHANGED_TIER,
    FIRST_TEAM,
    Interner,
    Profile,
)
from tests.rules import build_rules

_TEXTS = st.none() | st.sampled_from(["a", "b", "l1", "l2", "urgent", "normal"])


def build_interner() -> Interner:
    """Return an interner of the small rules."""
    return Interner(build_rules())


def profile_of(attrs: Attrs) -> Profile:
    """Return the profile of a ticket with these attributes."""
    interner = build_interner()
    return interner.profiles[interner.profile_index("desk", attrs)]


def merge(before: Attrs, said: Attrs) -> tuple[Attrs, int, int]:
    """Return attributes, changes and the tier that acted."""
    interner = build_interner()
    merged = interner.merge(interner.profile_index("desk", before), interner.said(said))
    return interner.profiles[merged.profile].attrs, merged.changes, merged.act_tier


def test_equal_attributes_have_one_number() -> None:
    interner = build_interner()
    numbers = [interner.profile_index("desk", Attrs(team=team)) for team in ("l1", "l2", "l1")]
    assert numbers == [0, 1, 0]
    assert interner.profile_index("mail", Attrs(team="l1")) == 2


def test_the_assignee_is_part_of_what_an_act_says() -> None:
    interner = build_interner()
    numbers = [interner.assert_index(NO_ATTRS, who) for who in (None, "ann", "bob", "ann")]
    assert numbers == [0, 1, 2, 1]
    assert interner.asserted[1] == (NO_ATTRS, "ann")


@pytest.mark.parametrize(
    ("attrs", "labels"),
    [
        pytest.param(NO_ATTRS, ("other", "other", ""), id="nothing-known"),
        pytest.param(Attrs("email", "low", team="l1"), ("email", "low", "l1"), id="known"),
        pytest.param(Attrs("fax", "P0", team="x"), ("other", "other", "other"), id="unknown"),
    ],
)
def test_labels_come_from_the_configuration_or_are_other(
    attrs: Attrs, labels: tuple[str, str, str]
) -> None:
    assert profile_of(attrs).labels == labels


def test_region_and_tier_fall_back_to_the_teams() -> None:
    assert (profile_of(Attrs(team="l2")).region, profile_of(Attrs(team="l2")).tier) == ("north", 2)
    said = profile_of(Attrs(team="l2", region="south", tier=3))
    assert (said.region, said.tier, said.facts.region) == ("south", 3, "south")
    assert (profile_of(NO_ATTRS).region, profile_of(NO_ATTRS).tier) == ("", 1)


def test_a_category_outside_the_configuration_is_other_and_none_stays_none() -> None:
    assert (profile_of(Attrs(category="odd")).category, profile_of(NO_ATTRS).category) == (
        "other",
        "",
    )


@pytest.mark.parametrize(
    ("before", "said", "changes"),
    [
        pytest.param(NO_ATTRS, NO_ATTRS, 0, id="nothing"),
        pytest.param(NO_ATTRS, Attrs(priority="low"), CHANGED_FACTS, id="first-priority"),
        pytest.param(
            Attrs(priority="low"),
            Attrs(priority="high"),
            CHANGED_FACTS | CHANGED_PRIORITY,
            id="priority",
        ),
        pytest.param(Attrs(priority="low"), Attrs(priority="low"), 0, id="said-again"),
        pytest.param(NO_ATTRS, Attrs(team="l1"), CHANGED_FACTS | FIRST_TEAM, id="first-team"),
        pytest.param(
            NO_ATTRS, Attrs(team="l2"), CHANGED_FACTS | FIRST_TEAM | CHANGED_TIER, id="team-of-tier"
        ),
        pytest.param(
            Attrs(team="l1"),
            Attrs(team="l2"),
            CHANGED_FACTS | CHANGED_TEAM | CHANGED_TIER,
            id="team",
        ),
        pytest.param(NO_ATTRS, Attrs(tier=2), CHANGED_TIER, id="tier"),
        pytest.param(NO_ATTRS, Attrs(category="x", origin="monitor"), 0, id="no-policy-asks"),
    ],
)
def test_a_merge_says_what_changed(before: Attrs, said: Attrs, changes: int) -> None:
    assert merge(before, said)[1] == changes


def test_a_new_team_brings_its_own_tier_and_region() -> None:
    attrs, _, tier = merge(Attrs(team="l1", region="south", tier=3), Attrs(team="l2"))
    assert (attrs.tier, attrs.region, tier) == (None, None, 2)


def test_a_team_said_again_keeps_the_tier() -> None:
    attrs, _, _ = merge(Attrs(team="l1", tier=3), Attrs(team="l1"))
    assert attrs.tier == 3


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        pytest.param(Attrs(tier=3, team="l2"), 3, id="what-it-says"),
        pytest.param(Attrs(team="l2"), 2, id="its-teams"),
        pytest.param(NO_ATTRS, 1, id="the-tickets"),
    ],
)
def test_an_act_is_done_for_a_tier(said: Attrs, tier: int) -> None:
    assert merge(Attrs(team="l1"), said)[2] == tier


@given(_TEXTS, _TEXTS, _TEXTS, st.sampled_from([None, *sorted(STATUSES)]))
def test_a_merge_keeps_what_was_not_said_and_is_idempotent(
    channel: str | None, priority: str | None, team: str | None, status: str | None
) -> None:
    interner = build_interner()
    before = Attrs("email", "normal", customer_tier="gold", team="l1")
    said = Attrs(channel, priority, team=team, status=status, reason="vendor")
    told = interner.said(said)
    once = interner.merge(interner.profile_index("desk", before), told)
    attrs = interner.profiles[once.profile].attrs
    assert attrs == before._replace(
        channel=channel or "email", priority=priority or "normal", team=team or "l1"
    )
    again = interner.merge(once.profile, told)
    assert (again.profile, again.changes) == (once.profile, 0)


def test_a_merge_is_remembered() -> None:
    interner = build_interner()
    index = interner.profile_index("desk", NO_ATTRS)
    merged = interner.merge(index, interner.said(Attrs(team="l1")))
    assert interner.merge(index, interner.said(Attrs(team="l1"))) is merged


def test_attributes_that_come_and_go_keep_their_own_numbers() -> None:
    interner = build_interner()
    numbers = [interner.said(Attrs(team=f"l{n}")).number for n in range(1000)]
    assert len(set(numbers)) == 1000


def test_attributes_told_again_are_not_taken_for_others_at_their_old_place() -> None:
    interner = build_interner()
    for number in range(1000):
        attrs = Attrs(team=f"l{number % 50}")
        assert interner.said(attrs).attrs == attrs


def test_what_acts_assert_has_one_number_however_it_was_built() -> None:
    interner = build_interner()
    numbers = [interner.assert_index(Attrs(team="l1"), who) for who in ("a", "b", "a", None)]
    assert numbers == [0, 1, 0, 2]
