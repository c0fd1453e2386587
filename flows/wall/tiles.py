"""The headline tiles: four to six numbers, each with what was promised beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypedDict

from flows.store import Contents
from flows.wall.facts import Facts
from flows.wall.history import share
from flows.wall.numbers import Fold, Number, differs, number, one_of
from flows.wall.screen import Screen
from flows.wall.states import State, count_allowed, judge_clocks, judge_hour, judge_share
from slawatch import conventions as c
from slawatch import labels as v
from slawatch.views import View

TODAY, HOUR = "today", "1h"
FIRST_RESPONSE = "first_response"


class Tile(TypedDict, total=False):
    """Be one tile; which keys there are depends on `kind`. Instants and durations in seconds."""

    kind: str
    state: str
    value: Number
    target: str
    channel: str
    priority: str
    team: str
    ticket: str
    objective: Number
    goal: Number
    of: Number
    met: Number
    breached: Number
    hour: Number
    allowed: int


class Results(NamedTuple):
    """Be a screen's window results: (met, breached) by (target, window)."""

    screen: Screen
    pairs: Mapping[tuple[str, str], tuple[int, int]]

    def pair(self, target: str, window: str) -> tuple[int, int]:
        """Return a target's outcomes in a window."""
        return self.pairs.get((target, window), (0, 0))

    def number(self, value: float | None, fold: Fold, **matchers: str) -> Number:
        """Return a number of the family that these results are of."""
        family = c.WINDOW_RESULTS[self.screen.dimension]
        return number(value, family, fold, **self.screen.matchers(), **matchers)


def sum_results(contents: Contents, screen: Screen) -> Results:
    """Add up what the windows say of a screen's places."""
    pairs: dict[tuple[str, str], tuple[int, int]] = {}
    for part in contents.totals.values():
        for (dimension, value, target), windows in part.results.items():
            if screen.holds(dimension, value):
                for window, (met, breached) in windows.items():
                    had = pairs.get((target, window), (0, 0))
                    pairs[target, window] = (had[0] + met, had[1] + breached)
    return Results(screen, pairs)


def show_attainment(facts: Facts, results: Results, target: str) -> Tile:
    """Return today's attainment of a target, beside its objective and the last hour's."""
    today = results.pair(target, TODAY)
    hour = share(results.pair(target, HOUR))
    value = share(today)
    objective = facts.objective(target)
    matchers = {"target": target, "window": TODAY}
    return {
        "kind": "attainment",
        "target": target,
        "state": judge_share(value, hour, objective).value,
        "value": results.number(value, Fold.SHARE, **matchers),
        "objective": number(objective, c.OBJECTIVE, Fold.MAX, target=target),
        "met": results.number(today[0], Fold.SUM, **matchers, outcome=v.MET),
        "breached": results.number(today[1], Fold.SUM, **matchers, outcome=v.BREACHED),
        "hour": results.number(hour, Fold.SHARE, target=target, window=HOUR),
    }


def show_clocks(facts: Facts, view: View, screen: Screen) -> list[Tile]:
    """Return the clocks breached and at risk now, beside how many the objectives allow."""
    breached = count_state(view, v.STATE_BREACHED)
    at_risk = count_state(view, v.STATE_AT_RISK)
    allowed = count_allowed(
        sum(
            count * facts.allowance(target, priority)
            for (_, priority, target, _), count in view.clocks.items()
        )
    )
    state = judge_clocks(breached, at_risk, allowed)
    chosen = screen.matchers()
    room = max(0, allowed - breached)
    return [
        {
            "kind": "breached",
            "state": state.value if state is State.BREACHED else State.FINE.value,
            "value": number(breached, c.CLOCKS, Fold.SUM, **chosen, state=v.STATE_BREACHED),
            "of": number(sum(view.clocks.values()), c.CLOCKS, Fold.SUM, **chosen),
            "allowed": allowed,
        },
        {
            "kind": "at_risk",
            "state": (State.AT_RISK if at_risk > room else State.FINE).value,
            "value": number(at_risk, c.CLOCKS, Fold.SUM, **chosen, state=v.STATE_AT_RISK),
            "allowed": room,
        },
    ]


def count_state(view: View, state: str) -> int:
    """Count the clocks in a state."""
    return sum(count for key, count in view.clocks.items() if key[3] == state)


def judge_states(states: Iterable[str]) -> State:
    """Return the worst of some clocks' states."""
    found = set(states)
    if v.STATE_BREACHED in found:
        return State.BREACHED
    if v.STATE_AT_RISK in found:
        return State.AT_RISK
    return State.FINE if found else State.NONE


def show_longest(facts: Facts, view: View, now: int) -> Tile:
    """Return who has waited the longest against the goal, the customer's own clocks alone."""
    goals = facts.reach.goals
    states: dict[tuple[str, str, str], set[str]] = {}
    for (channel, priority, target, state), count in view.clocks.items():
        if count:
            states.setdefault((channel, priority, target), set()).add(state)
    ranked = []
    for key, at in view.oldest.items():
        if key[2] == FIRST_RESPONSE and key in goals:
            worst = judge_states(states.get(key, ()))
            rank = (worst is State.BREACHED, worst is State.AT_RISK, (now - at) / goals[key])
            ranked.append((rank, key, worst))
    if not ranked:
        return {"kind": "longest", "state": State.NONE.value, "target": FIRST_RESPONSE}
    _, key, worst = max(ranked)
    labels = dict(zip(("channel", "priority", "target"), key, strict=True))
    return {
        "kind": "longest",
        "state": worst.value,
        **labels,  # type: ignore[typeddict-item]  # the labels are keys of a tile
        "value": number(view.oldest[key] / 1_000_000, c.OLDEST, Fold.MIN, **labels),
        "goal": number(goals[key] / 1_000_000, c.GOAL, Fold.MAX, **labels),
    }


def pick_unanswered(facts: Facts, view: View) -> dict[tuple[str, str, str, str], int]:
    """Return the clocks of urgent tickets that nobody has answered."""
    return {
        key: count
        for key, count in view.clocks.items()
        if count and key[1:3] == (facts.urgent, FIRST_RESPONSE) and key[3] != v.STATE_PAUSED
    }


def show_urgent(facts: Facts, view: View, screen: Screen) -> Tile:
    """Return how many urgent tickets nobody has answered, beside their goal."""
    mine = pick_unanswered(facts, view)
    labels = {**screen.matchers(), "priority": facts.urgent, "target": FIRST_RESPONSE}
    goals = [
        goal
        for (channel, priority, target), goal in facts.reach.goals.items()
        if (priority, target) == (facts.urgent, FIRST_RESPONSE) and screen.holds("channel", channel)
    ]
    goal = min(goals) / 1_000_000 if goals else None
    unpaused = differs(v.STATE_PAUSED)
    return {
        "kind": "urgent",
        "state": (judge_states(key[3] for key in mine) if mine else State.FINE).value,
        "priority": facts.urgent,
        "target": FIRST_RESPONSE,
        "value": number(sum(mine.values()), c.CLOCKS, Fold.SUM, **labels, state=unpaused),
        "goal": number(goal, c.GOAL, Fold.MIN, **labels),
    }


def show_team_hour(facts: Facts, results: Results) -> Tile:
    """Return the teams' breaches of the last hour, beside how many the objectives allow."""
    met = breached = 0
    amount = 0.0
    for target in facts.targets(results.screen):
        pair = results.pair(target, HOUR)
        met, breached = met + pair[0], breached + pair[1]
        amount += sum(pair) * facts.allowance(target)
    return {
        "kind": "hour",
        "state": judge_hour(breached, amount).value,
        "value": results.number(breached, Fold.SUM, window=HOUR, outcome=v.BREACHED),
        "of": results.number(met + breached, Fold.SUM, window=HOUR),
        "allowed": count_allowed(amount),
    }


def show_team_work(view: View, screen: Screen) -> Tile:
    """Return the tickets that the teams hold, beside how many of them are new."""
    open_tickets = {k: n for k, n in view.team_tickets.items() if k[1] in v.HELD_STATUSES}
    new = sum(count for (_, status), count in open_tickets.items() if status == "new")
    chosen = screen.matchers()
    held = one_of(v.HELD_STATUSES)
    return {
        "kind": "work",
        "state": State.NONE.value,
        "value": number(
            sum(open_tickets.values()), c.TEAM_TICKETS, Fold.SUM, **chosen, status=held
        ),
        "of": number(new, c.TEAM_TICKETS, Fold.SUM, **chosen, status="new"),
    }


def show_next(view: View, now: int) -> Tile:
    """Return the teams' clock that is due next, or was first, of the desk's most urgent."""
    if not view.urgent:
        return {"kind": "next", "state": State.NONE.value}
    clock = view.urgent[0]
    labels = {"ticket": clock.ticket, "target": clock.target, "channel": clock.channel}
    return {
        "kind": "next",
        "state": (State.BREACHED if clock.due_at <= now else State.NONE).value,
        "team": clock.team,
        **labels,  # type: ignore[typeddict-item]  # the labels are keys of a tile
        "value": number(clock.due_at / 1_000_000, c.URGENT, Fold.MIN, **labels, team=clock.team),
    }
