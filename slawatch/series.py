"""Which series can exist: the label sets that the rules can reach, and the budget over them.

The exporter creates from the same table what a scrape shows before anything has happened, so that
the number printed by `slawatch check` and the number of lines scraped cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations, product
from typing import NamedTuple

from slawatch import conventions as c
from slawatch import labels as v
from slawatch.policy import Rules, Team
from slawatch.reach import HOP_BOUNDS, Reach, bucket_bounds, find_calendar_ends, find_reach

__all__ = [
    "HOP_BOUNDS",
    "MAX_SERIES",
    "FamilySeries",
    "LabelSets",
    "SeriesBudget",
    "bucket_bounds",
    "count_series",
    "reachable",
    "team_key",
]

MAX_SERIES = 10_000
"""A scrape holds the process for 12 to 20 µs a series: at this many, for 0.12 to 0.2 s."""

Key = tuple[str, ...]


class LabelSets(NamedTuple):
    """Be the label sets of one family, values in the order of its labels.

    `initial` are created at 0 (or with the value the rules give), `absent` come and go: they are
    there only while there is something to show.
    """

    initial: tuple[Key, ...] = ()
    absent: tuple[Key, ...] = ()


class FamilySeries(NamedTuple):
    """Count one family's series: at the start, and if everything is there."""

    family: str
    start: int
    ceiling: int


class SeriesBudget(NamedTuple):
    """Count the series of every family. Label values "other" and vanished ones come on top."""

    families: tuple[FamilySeries, ...]
    limit: int = MAX_SERIES

    @property
    def start(self) -> int:
        """Return how many series a scrape has before anything has happened."""
        return sum(family.start for family in self.families)

    @property
    def ceiling(self) -> int:
        """Return how many series a scrape can have."""
        return sum(family.ceiling for family in self.families)

    @property
    def is_over(self) -> bool:
        """Tell whether the rules must be refused."""
        return self.ceiling > self.limit


def count_series(rules: Rules) -> SeriesBudget:
    """Count the series of each family in the order of a scrape."""
    sets = reachable(rules)
    bounds = bucket_bounds(rules)
    counts = []
    for family in c.FAMILIES:
        found = sets[family.name]
        if family is c.DURATION:
            # One line a bound, +Inf, sum and count.
            start = sum(len(bounds[target]) + 3 for _, target, _ in found.initial)
        elif family is c.HOPS:
            start = len(HOP_BOUNDS) + 3
        else:
            start = len(found.initial)
        absent = c.MAX_URGENT if family is c.URGENT else len(found.absent)
        counts.append(FamilySeries(family.name, start, start + absent))
    return SeriesBudget(tuple(counts))


def reachable(rules: Rules) -> Mapping[str, LabelSets]:
    """Return the label sets of every family, by its name."""
    reach = find_reach(rules)
    teams = (*(team_key(team) for team in rules.teams.values()), (v.NONE, "", ""))
    return {
        **_results(rules, reach, teams),
        **_tickets(rules, teams),
        **_open_work(reach),
        **_windows(reach, teams),
        **_promises(reach),
        **_program(rules),
    }


def team_key(team: Team) -> Key:
    """Return a team's values of the labels team, region and tier."""
    return (team.name, team.region, str(team.tier))


def _cross(*parts: tuple[Key, ...]) -> tuple[Key, ...]:
    return tuple(sum(keys, ()) for keys in product(*parts))


def _one(values: tuple[str, ...]) -> tuple[Key, ...]:
    return tuple((value,) for value in values)


def _results(rules: Rules, reach: Reach, teams: tuple[Key, ...]) -> dict[str, LabelSets]:
    outcomes = _one(v.OUTCOMES)
    clocks = reach.clocks
    handed = tuple(rules.teams)
    by_team = tuple(key for key in reach.by_priority if key[1] not in reach.answered_by_bots)
    return {
        c.RESULTS.name: LabelSets(_cross(clocks, outcomes)),
        c.TEAM_RESULTS.name: LabelSets(_cross(teams, by_team, outcomes)),
        c.CORRECTIONS.name: LabelSets(_cross(clocks, _one(v.CHANGES))),
        c.RESTORED.name: LabelSets(reach.by_priority),
        c.EXCUSED.name: LabelSets(_cross(reach.by_priority, _one(v.EXCUSE_REASONS))),
        c.WARNINGS.name: LabelSets(
            tuple((*key, level) for key in reach.by_priority for level in reach.levels[key])
        ),
        c.DURATION.name: LabelSets(_cross(reach.by_channel, _one(v.CLOCK_TIMES))),
        c.PAUSED.name: LabelSets(_one(v.PAUSE_REASONS)),
        c.HELD.name: LabelSets(_cross(teams, _one(v.HELD_STATUSES))),
        c.HANDOVERS.name: LabelSets(
            tuple((a, b) for a in (*handed, v.NONE) for b in handed if a != b)
        ),
        c.HOPS.name: LabelSets(((),)),
    }


def _tickets(rules: Rules, teams: tuple[Key, ...]) -> dict[str, LabelSets]:
    by_both = tuple(product(rules.channels, rules.priorities))
    channels = _one(rules.channels)
    contact = _one(tuple(name for name in rules.channels if name in rules.contact_channels))
    bots = tuple((name, v.BOT) for name in rules.channels if name in rules.bot_channels)
    tiers = sorted({2, 3} | {team.tier for team in rules.teams.values() if team.tier > 1})
    return {
        c.CREATED.name: LabelSets(by_both),
        c.RESOLVED.name: LabelSets(by_both),
        c.REOPENED.name: LabelSets(by_both),
        c.REASSIGNED.name: LabelSets(_one((*rules.categories, v.NONE))),
        c.PRIORITY_CHANGES.name: LabelSets(tuple(permutations(rules.priorities, 2))),
        c.ESCALATIONS.name: LabelSets(_one(tuple(map(str, tiers)))),
        c.CSAT.name: LabelSets(_cross(channels, _one(v.SCORES))),
        c.SURVEYS.name: LabelSets(channels),
        c.FIRST_REPLIES.name: LabelSets((*_cross(channels, ((v.HUMAN,),)), *bots)),
        c.CONTACTS.name: LabelSets(_cross(contact, v.CONTACT_ENDS)),
        c.TICKETS.name: LabelSets(_cross(by_both, _one(v.STATUSES))),
        c.TEAM_TICKETS.name: LabelSets(_cross(teams, _one(v.STATUSES))),
        c.WAITING.name: LabelSets(contact),
        c.WAITING_PAST.name: LabelSets(contact),
    }


def _open_work(reach: Reach) -> dict[str, LabelSets]:
    return {
        c.CLOCKS.name: LabelSets(
            tuple((*key, state) for key in reach.clocks for state in _states(reach, key))
        ),
        c.OLDEST.name: LabelSets(absent=reach.clocks),
        c.URGENT.name: LabelSets(),
    }


def _states(reach: Reach, clock: Key) -> tuple[str, ...]:
    _, priority, target = clock
    can = {
        v.STATE_BREACHED: True,
        v.STATE_AT_RISK: (priority, target) in reach.early,
        v.STATE_PAUSED: target in reach.pausing,
        v.STATE_RUNNING: True,
    }
    return tuple(state for state in v.STATES if can[state])


def _windows(reach: Reach, teams: tuple[Key, ...]) -> dict[str, LabelSets]:
    targets = dict.fromkeys(target for _, target in reach.by_channel)
    by_team = _one(tuple(target for target in targets if target not in reach.answered_by_bots))
    # Windows are of teams alone: tickets that none holds are in those by channel and priority.
    held = tuple(team for team in teams if team[0] != v.NONE)
    keys = {
        "channel": reach.by_channel,
        "priority": reach.by_priority,
        "team": _cross(held, by_team),
    }
    windows = _one(v.WINDOWS)
    quantiles = _one(tuple(map(v.render_quantile, v.QUANTILES)))
    outcomes = _one(v.OUTCOMES)
    sets = {}
    for dimension in c.DIMENSIONS:
        places = _cross(keys[dimension], windows)
        sets[c.WINDOW_RESULTS[dimension].name] = LabelSets(_cross(places, outcomes))
        sets[c.WINDOW_DURATIONS[dimension].name] = LabelSets(absent=_cross(places, quantiles))
    return sets


def _promises(reach: Reach) -> dict[str, LabelSets]:
    return {
        c.GOAL.name: LabelSets(tuple(reach.goals)),
        c.OBJECTIVE.name: LabelSets(tuple(reach.objectives)),
        c.OBSERVABLE.name: LabelSets(tuple(reach.observable)),
    }


def _program(rules: Rules) -> dict[str, LabelSets]:
    connectors = _one(tuple(rules.sources))
    single = LabelSets(((),))
    absent = LabelSets(absent=((),))
    return {
        c.INTAKE_REQUESTS.name: LabelSets(_cross(connectors, _one(v.INTAKE_OUTCOMES))),
        c.EVENTS.name: LabelSets(_cross(connectors, _one(v.EVENT_OUTCOMES))),
        c.QUARANTINED.name: LabelSets(_cross(connectors, _one(v.REJECT_REASONS))),
        c.UNKNOWN_VALUES.name: LabelSets(_cross(connectors, _one(v.UNKNOWN_KEYS))),
        c.HEALED.name: LabelSets(connectors),
        c.DRIFT.name: LabelSets(connectors),
        c.UNMATCHED.name: single,
        c.OFFSETS.name: single,
        c.FLOOR_ERRORS.name: single,
        c.LOG_TIME.name: single,
        c.WATERMARK.name: absent,
        c.BACKLOG.name: single,
        c.DELIVERY_DELAY.name: LabelSets(absent=connectors),
        c.CATCHING_UP.name: single,
        c.DRILL.name: LabelSets(absent=_one(v.DRILLS)),
        c.LATENESS.name: single,
        c.SNAPSHOT_BYTES.name: single,
        c.SNAPSHOT_SECONDS.name: single,
        c.CALENDAR_ENDS.name: LabelSets(_one(tuple(find_calendar_ends(rules)))),
        c.LAST_SCRAPE.name: single,
        c.BUILD.name: LabelSets(((),)),
        c.CONFIG.name: LabelSets(((rules.digest,),)),
    }
