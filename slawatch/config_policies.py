"""Policies as written, with what they inherit, checked against what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slawatch.config_calendars import ALWAYS, CalendarShelf
from slawatch.config_errors import render_key
from slawatch.config_files import PolicyEntry, Stack
from slawatch.config_model import ChainTable, Document, GoalTable, MatchTable, PolicyTable
from slawatch.config_values import hint
from slawatch.errors import Problem
from slawatch.events import OTHER
from slawatch.policy import Level, Match


@dataclass(frozen=True, slots=True)
class Promise:
    """Be a goal with nothing left to inherit; `calendars` by priority, "other" among them."""

    goal_us: Mapping[str, int]
    calendars: Mapping[str, str]
    levels: tuple[Level, ...]
    objective: float | None

    def calendar_of(self, priority: str) -> str:
        """Return the name of the calendar that holds for a priority."""
        return self.calendars.get(priority, self.calendars.get(OTHER, ALWAYS))

    def amount_of(self, priority: str) -> int | None:
        """Return the goal of a priority in microseconds, `None` where there is none."""
        return self.goal_us.get(priority, self.goal_us.get(OTHER))


@dataclass(slots=True)
class Draft:
    """Be a policy as written, with what it inherits."""

    entry: PolicyEntry
    match: Match
    promises: dict[str, Promise] = field(default_factory=dict)


class PolicyDrafter:
    """Turn policies as written into drafts; problems go to the stack."""

    def __init__(self, stack: Stack, document: Document, shelf: CalendarShelf) -> None:
        """Take what policies refer to."""
        self._stack = stack
        self._document = document
        self._shelf = shelf
        self._by_name = {entry.name: entry for entry in stack.policies}
        self._channels = tuple(document.desk.channels or document.channels)
        self.warnings: list[Problem] = []

    def draft_all(self) -> list[Draft]:
        """Return a draft of every policy that some ticket can match, in their order."""
        for name, chain in self._document.chains.items():
            self._check_goals(chain, ("chains", name), None)
        drafts = [self._draft(entry) for entry in self._stack.policies]
        return self._drop_unreachable([draft for draft in drafts if draft is not None])

    def _draft(self, entry: PolicyEntry) -> Draft | None:
        table = PolicyTable.model_validate(entry.data)
        self._check_goals(table, (), entry)
        lineage = self._lineage(entry)
        told = next((t.match for t in lineage if t.match is not None), None) or MatchTable()
        match = self._match(entry, told)
        if match is None:
            return None
        promises = {
            target: self._promise(lineage, target, table)
            for target, table in self._goals(lineage).items()
            if table is not None
        }
        return Draft(entry, match, promises)

    def _lineage(self, entry: PolicyEntry) -> list[PolicyTable]:
        """Return a policy and those it extends, nearest first."""
        lineage: list[PolicyTable] = []
        seen: list[int] = []
        at: PolicyEntry | None = entry
        while at is not None:
            if id(at) in seen:
                self._complain(entry, "extends", "goes round in a circle")
                break
            seen.append(id(at))
            table = PolicyTable.model_validate(at.data)
            lineage.append(table)
            at = self._base(at, table)
        return lineage

    def _base(self, entry: PolicyEntry, table: PolicyTable) -> PolicyEntry | None:
        if table.extends is None:
            return None
        base = entry.replaced if table.extends == entry.name else self._by_name.get(table.extends)
        if base is None and not self._stack.is_broken("policies", table.extends):
            names = [name for name in self._by_name if name != entry.name]
            message = f"no policy has the name {table.extends!r}{hint(table.extends, names)}"
            self._complain(entry, "extends", message)
        return base

    def _chain(self, lineage: Sequence[PolicyTable]) -> ChainTable | None:
        name = next((t.chain for t in lineage if "chain" in t.model_fields_set), None)
        return self._document.chains.get(name) if name is not None else None

    def _goals(self, lineage: Sequence[PolicyTable]) -> dict[str, GoalTable | None]:
        chain = self._chain(lineage)
        goals: dict[str, GoalTable | None] = dict(chain.goals) if chain else {}
        for table in reversed(lineage):
            goals |= table.goals
        return goals

    def _promise(self, lineage: Sequence[PolicyTable], target: str, goal: GoalTable) -> Promise:
        chain = self._chain(lineage)
        stage = chain if chain is not None and target in (chain.stages or ()) else None
        says: list[GoalTable | ChainTable | PolicyTable] = [goal]
        says += [stage] if stage is not None else []
        says += lineage
        calendars = next((s.calendar for s in says if s.calendar is not None), {OTHER: ALWAYS})
        levels = next((s.warnings for s in says if s.warnings is not None), ())
        objective = next((s.objective for s in says if s.objective is not None), None)
        unique = {level.name: level for level in levels}
        return Promise(goal.goal, calendars, tuple(unique.values()), objective)

    def _match(self, entry: PolicyEntry, told: MatchTable) -> Match | None:
        """Return the match, or `None` where no ticket can have it."""
        self._check_names(entry, "channel", (*self._document.channels, OTHER), told.channel)
        self._check_names(entry, "team", self._document.teams, told.team)
        self._doubt_names(entry, "source", self._document.sources, told.source)
        self._doubt_names(entry, "region", self._known_regions(), told.region)
        channels = frozenset(told.channel)
        if told.live is not None or told.bot is not None or channels:
            channels = frozenset(
                name
                for name in (*self._channels, OTHER)
                if (not channels or name in channels) and self._is_of_class(name, told)
            )
            if not channels:
                if not entry.layer.shipped:
                    self._doubt(entry, "match", "no channel of the desk is meant by it")
                return None
        return Match(
            priorities=_with_unknown(told.priority),
            channels=_with_unknown(channels),
            customer_tiers=frozenset(told.customer_tier),
            regions=frozenset(told.region),
            teams=frozenset(told.team),
            tags=frozenset(told.tags),
            sources=frozenset(told.source),
        )

    def _is_of_class(self, name: str, told: MatchTable) -> bool:
        channel = self._document.channels.get(name)
        live, bot = (channel.live, channel.bot) if channel else (False, False)
        return told.live in (None, live) and told.bot in (None, bot)

    def _known_regions(self) -> list[str]:
        document = self._document
        of_teams = (team.region for team in document.teams.values())
        names = (*document.regions, *of_teams, document.desk.region)
        return list(dict.fromkeys(name for name in names if name))

    def _check_goals(
        self,
        table: PolicyTable | ChainTable,
        path: tuple[str, ...],
        entry: PolicyEntry | None,
    ) -> None:
        """Note unknown targets, calendars and chains."""
        targets = self._document.targets
        for target, goal in table.goals.items():
            if target not in targets and not self._stack.is_broken("targets", target):
                message = f"no target has this name{hint(target, targets)}"
                self._note((*path, "goals", target), entry, message)
            for name in (goal.calendar or {}).values() if goal else ():
                self._check_calendar(name, (*path, "goals", target, "calendar"), entry)
        for name in (table.calendar or {}).values():
            self._check_calendar(name, (*path, "calendar"), entry)
        if isinstance(table, PolicyTable) and table.chain is not None:
            chains = self._document.chains
            if table.chain not in chains and not self._stack.is_broken("chains", table.chain):
                message = f"no chain has the name {table.chain!r}{hint(table.chain, chains)}"
                self._note(("chain",), entry, message)

    def _check_calendar(self, name: str, path: tuple[str, ...], entry: PolicyEntry | None) -> None:
        if not self._shelf.is_known(name):
            self._note(path, entry, self._shelf.explain_unknown(name))

    def _check_names(
        self,
        entry: PolicyEntry,
        key: str,
        known: Sequence[str] | Mapping[str, object],
        names: Sequence[str],
    ) -> None:
        for name in names:
            if name not in known and not self._stack.is_broken(f"{key}s", name):
                message = f"no {key} has the name {name!r}{hint(name, known)}"
                self._complain(entry, f"match.{key}", message)

    def _doubt_names(
        self,
        entry: PolicyEntry,
        key: str,
        known: Sequence[str] | Mapping[str, object],
        names: Sequence[str],
    ) -> None:
        for name in names:
            if name not in known:
                message = f"no {key} is configured as {name!r}{hint(name, known)}"
                self._doubt(entry, f"match.{key}", message)

    def _note(self, path: tuple[str, ...], entry: PolicyEntry | None, message: str) -> None:
        if entry is None:
            self._stack.complain(path, message)
        else:
            self._complain(entry, render_key(path), message)

    def _complain(self, entry: PolicyEntry, key: str, message: str) -> None:
        key = f"policies[{entry.index}].{key}"
        self._stack.problems.append(Problem(entry.layer.label, key, message))

    def _doubt(self, entry: PolicyEntry, key: str, message: str) -> None:
        key = f"policies[{entry.index}].{key}"
        self.warnings.append(Problem(entry.layer.label, key, message))

    def _drop_unreachable(self, drafts: Sequence[Draft]) -> list[Draft]:
        reachable: list[Draft] = []
        for draft in drafts:
            cover = next((d for d in reachable if _covers(d.match, draft.match)), None)
            if cover is None:
                reachable.append(draft)
            elif not draft.entry.layer.shipped or cover.entry.layer.shipped:
                message = (
                    f"{draft.entry.name!r} is never reached: "
                    f"{cover.entry.name!r} before it matches all of its tickets"
                )
                self._doubt(draft.entry, "match", message)
        return reachable


def _with_unknown(names: Sequence[str] | frozenset[str]) -> frozenset[str]:
    """Let "other" stand for tickets that have no value, too."""
    return frozenset((*names, "")) if OTHER in names else frozenset(names)


def _covers(first: Match, second: Match) -> bool:
    """Tell whether every ticket of the second match is one of the first."""
    return all(
        not wide or (narrow and narrow <= wide)
        for wide, narrow in (
            (first.priorities, second.priorities),
            (first.channels, second.channels),
            (first.customer_tiers, second.customer_tiers),
            (first.regions, second.regions),
            (first.teams, second.teams),
            (first.tags, second.tags),
            (first.sources, second.sources),
        )
    )
