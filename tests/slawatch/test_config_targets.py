from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from slawatch.book import Book
from slawatch.config import load_config
from slawatch.events import Actor, Kind
from slawatch.policy import Condition, Rules, Target
from tests.configs import complain, load

STAGES = ["acknowledge", "plan", "expert", "fix", "feedback"]
AGENT, BOT, CUSTOMER, SYSTEM = Actor.AGENT, Actor.BOT, Actor.CUSTOMER, Actor.SYSTEM
START, STOP, CANCEL, STOP_TIER = 1, 2, 4, 16
NEW_CLOCK = """
    [targets.callback]
    start = { type = "handoff_requested", actor = ["customer", "bot"] }
    stop = [{ type = "replied", actor = "agent", public = true, min_tier = 2 }, "arrived"]
    cancel = "abandoned"
    cycles = true
    pauses = ["customer"]
    reopen = "new_cycle"
    restart = "new_cycle"
    [[policies]]
    name = "callbacks"
    goals.callback = "10m"
    """


def all_rules(tmp_path: Path) -> Rules:
    """Promise every target that ships, so that none is left out."""
    names = ("handoff", "assignment", "triage", "arrival")
    goals = "".join(f'goals.{name} = "1h"\n' for name in names)
    text = f'[[policies]]\nname = "default"\nextends = "default"\n{goals}'
    return load(tmp_path, text).rules


def flags(
    rules: Rules, target: str, kind: Kind, actor: Actor, tier: int = 1, *, public: bool = True
) -> int:
    book = Book(rules)
    reactions = book.reactions(1 << kind, actor, tier, public=public)
    return dict(reactions).get(book.index[target], 0)


@pytest.mark.parametrize(
    ("target", "kind", "actor", "tier", "wanted"),
    [
        ("first_response", Kind.CREATED, CUSTOMER, 1, START),
        ("first_response", Kind.CREATED, AGENT, 1, 0),
        ("first_response", Kind.REPLIED, CUSTOMER, 1, START),
        ("first_response", Kind.REPLIED, AGENT, 1, STOP),
        ("first_response", Kind.REPLIED, BOT, 1, 0),
        ("first_response", Kind.RESOLVED, AGENT, 1, CANCEL),
        ("bot_first_response", Kind.REPLIED, BOT, 1, STOP),
        ("bot_first_response", Kind.REPLIED, AGENT, 1, CANCEL),
        ("next_response", Kind.REPLIED, CUSTOMER, 1, START),
        ("next_response", Kind.REPLIED, AGENT, 1, STOP),
        ("next_response", Kind.REPLIED, BOT, 1, 0),
        ("next_response", Kind.NOTE, AGENT, 1, 0),
        ("next_response", Kind.CLOSED, SYSTEM, 1, CANCEL),
        ("periodic_update", Kind.CREATED, CUSTOMER, 1, START),
        ("periodic_update", Kind.REPLIED, AGENT, 1, START | STOP),
        ("escalation_response", Kind.ESCALATED, AGENT, 1, START | STOP_TIER),
        ("escalation_response", Kind.NOTE, AGENT, 2, STOP_TIER),
        ("escalation_response", Kind.NOTE, BOT, 2, 0),
        ("escalation_response", Kind.RESOLVED, AGENT, 1, STOP),
        ("escalation_response", Kind.RESOLVED, BOT, 1, CANCEL),
        ("resolution", Kind.CREATED, AGENT, 1, START),
        ("resolution", Kind.RESOLVED, SYSTEM, 1, STOP),
        ("resolution", Kind.CLOSED, SYSTEM, 1, STOP),
        ("handoff", Kind.HANDOFF_REQUESTED, BOT, 1, START),
        ("handoff", Kind.ASSIGNED, AGENT, 1, STOP),
        ("handoff", Kind.RESOLVED, BOT, 1, CANCEL),
        ("assignment", Kind.ASSIGNED, SYSTEM, 1, STOP),
        ("triage", Kind.TRIAGED, SYSTEM, 1, STOP),
        ("arrival", Kind.ARRIVED, AGENT, 1, STOP),
        ("acknowledge", Kind.CREATED, CUSTOMER, 1, START),
        ("acknowledge", Kind.ACKNOWLEDGED, BOT, 1, STOP),
        ("acknowledge", Kind.ASSIGNED, SYSTEM, 1, STOP),
        ("acknowledge", Kind.REPLIED, AGENT, 1, STOP),
        ("acknowledge", Kind.REPLIED, BOT, 1, 0),
        ("plan", Kind.PLANNED, BOT, 1, STOP),
        ("plan", Kind.REPLIED, AGENT, 1, STOP),
        ("plan", Kind.ASSIGNED, AGENT, 1, 0),
        ("expert", Kind.EXPERT_ENGAGED, SYSTEM, 1, STOP),
        ("expert", Kind.NOTE, AGENT, 2, STOP),
        ("expert", Kind.NOTE, AGENT, 1, 0),
        ("fix", Kind.FIXED, AGENT, 1, STOP),
        ("fix", Kind.RESOLVED, BOT, 1, STOP),
        ("fix", Kind.PLANNED, AGENT, 1, 0),
        ("feedback", Kind.RATED, CUSTOMER, 1, STOP),
        ("feedback", Kind.VERIFIED, CUSTOMER, 1, STOP),
        ("feedback", Kind.CLOSED, SYSTEM, 1, STOP),
        ("feedback", Kind.RESOLVED, AGENT, 1, 0),
    ],
)
def test_a_shipped_clock_reacts(
    tmp_path: Path, target: str, kind: Kind, actor: Actor, tier: int, wanted: int
) -> None:
    rules = all_rules(tmp_path)
    assert flags(rules, target, kind, actor, tier) == wanted


@pytest.mark.parametrize("target", ["first_response", "next_response", "periodic_update", "plan"])
def test_a_note_that_the_customer_cannot_see_stops_no_reply_clock(target: str) -> None:
    assert not flags(load_config().rules, target, Kind.REPLIED, AGENT, public=False)


@pytest.mark.parametrize("kind", [Kind.DELETED, Kind.MERGED, Kind.ABANDONED])
def test_every_shipped_clock_is_cancelled_with_its_ticket(tmp_path: Path, kind: Kind) -> None:
    rules = all_rules(tmp_path)
    found = {t.name: flags(rules, t.name, kind, SYSTEM) for t in rules.targets}
    assert set(found.values()) == {CANCEL}
    assert len(found) == 15


def test_only_resolution_pauses() -> None:
    pausing = {t.name: t.pauses for t in load_config().rules.targets if t.pauses}
    assert pausing == {"resolution": {"status", "customer", "vendor", "hold"}}


def stages() -> list[Target]:
    by_name = {target.name: target for target in load_config().rules.targets}
    return [by_name[name] for name in STAGES]


def test_a_stage_starts_after_the_one_before() -> None:
    assert [(stage.name, stage.after, stage.chain) for stage in stages()] == [
        (name, after, "stages") for name, after in zip(STAGES, [None, *STAGES], strict=False)
    ]


def test_a_stage_is_stopped_by_all_that_stops_a_later_one() -> None:
    chain = stages()
    for stage, following in pairwise(chain):
        assert stage.stop[-len(following.stop) :] == following.stop
        assert len(stage.stop) > len(following.stop)


def test_the_stages_stand_in_the_order_of_the_chain(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        """
        [targets.second]
        stop = "closed"
        [targets.first]
        start = "created"
        stop = "assigned"
        [chains.short]
        stages = ["first", "second"]
        goals = { first = "1m", second = "1h" }
        [[policies]]
        name = "a"
        chain = "short"
        """,
    ).rules
    assert [target.name for target in rules.targets] == ["first", "second"]


def test_a_new_clock_is_configuration(tmp_path: Path) -> None:
    (target,) = load(tmp_path, NEW_CLOCK).rules.targets
    reply = Condition(frozenset({Kind.REPLIED}), frozenset({AGENT}), public=True, min_tier=2)
    assert target.start == (
        Condition(frozenset({Kind.HANDOFF_REQUESTED}), frozenset({CUSTOMER, BOT})),
    )
    assert target.stop == (reply, Condition(frozenset({Kind.ARRIVED})))
    assert target.cancel == (Condition(frozenset({Kind.ABANDONED})),)
    assert target.cycles
    assert target.pauses == {"customer"}
    assert (target.reopen, target.restart) == ("new_cycle", "new_cycle")


def test_a_target_that_nobody_promises_is_left_out() -> None:
    names = {target.name for target in load_config().rules.targets}
    assert names.isdisjoint({"handoff", "assignment", "triage", "arrival"})


def test_a_stage_on_which_a_promised_one_waits_is_kept(tmp_path: Path) -> None:
    rules = load(tmp_path, '[[policies]]\nname = "a"\ngoals.plan = "1h"').rules
    assert [target.name for target in rules.targets] == ["acknowledge", "plan"]


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        pytest.param("stop = 'closed'", "start", "is required", id="no start"),
        pytest.param("start = 'created'", "stop", "is required", id="no stop"),
        pytest.param("stop = 'closed'\nafter = 'nix'", "after", "the name 'nix'", id="unknown"),
        pytest.param("stop = 'closed'\nafter = 'x'", "after", "in a circle", id="circle"),
        pytest.param("stop = []\nafter = 'fix'", "stop", "is required", id="empty stop"),
        pytest.param("pauses = ['lunch']", "pauses[0]", "a pause reason", id="pause"),
        pytest.param("reopen = 'never'", "reopen", "'first_only'", id="mode"),
        pytest.param(
            "stop = 'closed'\nstart = { type = 'note', tier = 'clock' }",
            "",
            "in stop only",
            id="tier of no clock",
        ),
        pytest.param(
            "stop = { type = 'note', tier = 2 }", "stop.tier", "must be 'clock'", id="tier"
        ),
    ],
)
def test_a_wrong_target_is_named(tmp_path: Path, text: str, key: str, message: str) -> None:
    found = complain(tmp_path, f"[targets.x]\n{text}")
    path = f"targets.x.{key}" if key else "targets.x"
    assert message in found[path]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        pytest.param("stages = ['fax']", "stages[0]", "no target has the name", id="stage"),
        pytest.param("stages = ['fix']", "stages[0]", "is a stage of 'stages'", id="two chains"),
        pytest.param("stages = []", "stages", "must not be empty", id="empty"),
        pytest.param("calendar = '24x7'", "stages", "is required", id="none"),
        pytest.param(
            "stages = ['triage']\ngoals.handoff = '1h'", "goals.handoff", "no stage", id="goal"
        ),
    ],
)
def test_a_wrong_chain_is_named(tmp_path: Path, text: str, key: str, message: str) -> None:
    found = complain(tmp_path, f"[chains.x]\n{text}")
    assert list(found) == [f"chains.x.{key}"]
    assert message in found[f"chains.x.{key}"]
