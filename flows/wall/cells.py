"""The cells: how each channel, team or target of a screen stands, in a place of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from flows.store import Contents
from flows.wall.facts import Facts, narrow
from flows.wall.history import share
from flows.wall.numbers import Fold, Number, number, one_of
from flows.wall.screen import Screen
from flows.wall.states import State, judge_hour
from flows.wall.tiles import HOUR, count_state, judge_states, pick_unanswered, sum_results
from slawatch import conventions as c
from slawatch import labels as v
from slawatch.views import View


class Cell(TypedDict, total=False):
    """Be one part's state: attainment of the last hour, and the open work that may change it.

    `is_urgent` says that the state is that of its urgent clocks alone.
    """

    kind: str
    name: str
    state: str
    is_urgent: bool
    value: Number
    breached: Number
    at_risk: Number
    open: Number
    objective: float | None


def show_cells(facts: Facts, contents: Contents, view: View, screen: Screen) -> list[Cell]:
    """Return the cells of a screen: channels of the desk, teams of several, targets of one."""
    if not screen.teams and not screen.channel:
        return [_channel(facts, contents, view, name) for name in facts.rules.channels]
    if len(screen.teams) > 1:
        return [_team(facts, contents, view, name) for name in screen.teams]
    return [_target(facts, contents, view, screen, name) for name in facts.targets(screen)]


def _channel(facts: Facts, contents: Contents, view: View, name: str) -> Cell:
    screen = Screen(channel=name)
    own = narrow(view, screen)
    cell = _judge(facts, contents, own, screen, facts.targets(screen))
    cell |= {"kind": "channel", "name": name}
    return cell


def _team(facts: Facts, contents: Contents, view: View, name: str) -> Cell:
    screen = Screen(teams=(name,))
    own = narrow(view, screen)
    cell = _judge(facts, contents, own, screen, facts.targets(screen))
    held = one_of(v.HELD_STATUSES)
    count = sum(n for (_, status), n in own.team_tickets.items() if status in v.HELD_STATUSES)
    cell |= {"kind": "team", "name": name}
    cell["open"] = number(count, c.TEAM_TICKETS, team=name, status=held)
    return cell


def _target(facts: Facts, contents: Contents, view: View, screen: Screen, name: str) -> Cell:
    own = view._replace(clocks={k: n for k, n in view.clocks.items() if k[2] == name})
    cell = _judge(facts, contents, own, screen, (name,), target=name)
    cell |= {"kind": "target", "name": name, "objective": facts.objective(name)}
    return cell


def _judge(
    facts: Facts,
    contents: Contents,
    view: View,
    screen: Screen,
    targets: Iterable[str],
    **matchers: str,
) -> Cell:
    results = sum_results(contents, screen)
    met = breaches = 0
    allowed = 0.0
    for target in targets:
        pair = results.pair(target, HOUR)
        met, breaches = met + pair[0], breaches + pair[1]
        allowed += sum(pair) * facts.allowance(target)
    risky = {k: n for k, n in view.clocks.items() if k[3] == v.STATE_AT_RISK}
    more = sum(count * facts.allowance(key[2], key[1]) for key, count in risky.items())
    urgent = judge_states(key[3] for key in pick_unanswered(facts, view))
    is_quiet = not (met or breaches or any(view.clocks.values()))
    at_risk = sum(risky.values())
    state = State.NONE if is_quiet else judge_hour(breaches, allowed, at_risk, more, urgent)
    plain = judge_hour(breaches, allowed, at_risk, more)
    cell: Cell = {
        "state": state.value,
        "is_urgent": state in (State.AT_RISK, State.BREACHED) and plain is not state,
        "value": results.number(share((met, breaches)), Fold.SHARE, **matchers, window=HOUR),
    }
    if screen.teams:
        outcome = {**matchers, "window": HOUR, "outcome": v.BREACHED}
        cell["breached"] = results.number(breaches, Fold.SUM, **outcome)
    else:
        chosen = {**screen.matchers(), **matchers}
        breached = count_state(view, v.STATE_BREACHED)
        cell["breached"] = number(breached, c.CLOCKS, Fold.SUM, **chosen, state=v.STATE_BREACHED)
        cell["at_risk"] = number(at_risk, c.CLOCKS, Fold.SUM, **chosen, state=v.STATE_AT_RISK)
    return cell
