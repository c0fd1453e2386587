"""Targets from their tables, the stages of chains tied together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from slawatch.config_files import Stack
from slawatch.config_model import ConditionTable, Document, TargetTable
from slawatch.config_values import hint
from slawatch.policy import Condition, Target


def build_targets(stack: Stack, document: Document) -> tuple[Target, ...]:
    """Return every target in the order of the files, the stages of a chain in the chain's order.

    A stage is also stopped by whatever stops a later one. Its own conditions come first and all
    conditions of the next stage after them, unchanged: `stop[: -len(following.stop)]` are its own.
    """
    chains = _check_chains(stack, document)
    stage_of = {stage: name for name, stages in chains.items() for stage in stages}
    ordered: dict[str, None] = {}
    for name in document.targets:
        ordered.update(dict.fromkeys(chains[stage_of[name]] if name in stage_of else (name,)))
    targets = {name: _build(name, document.targets[name]) for name in ordered}
    for chain, stages in chains.items():
        targets |= _tie(chain, [targets[stage] for stage in stages])
    for target in targets.values():
        if not stack.is_broken("targets", target.name):
            _check(stack, target, targets)
    return tuple(targets.values())


def keep_promised(targets: Sequence[Target], promised: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets that some policy promises, and those on which they wait."""
    by_name = {target.name: target for target in targets}
    wanted: set[str] = set()
    for name in promised:
        at: str | None = name
        while at is not None and at in by_name and at not in wanted:
            wanted.add(at)
            at = by_name[at].after
    return tuple(target for target in targets if target.name in wanted)


def _check_chains(stack: Stack, document: Document) -> dict[str, list[str]]:
    chains: dict[str, list[str]] = {}
    taken: dict[str, str] = {}
    for name, chain in document.chains.items():
        if not chain.stages:
            if not stack.is_broken("chains", name):
                stack.complain(("chains", name, "stages"), "is required")
            continue
        chains[name] = []
        for place, stage in enumerate(chain.stages):
            path = ("chains", name, "stages", place)
            if stage in taken:
                stack.complain(path, f"{stage!r} is a stage of {taken[stage]!r} already")
            elif stage in document.targets:
                taken[stage] = name
                chains[name].append(stage)
            elif not stack.is_broken("targets", stage):
                message = f"no target has the name {stage!r}{hint(stage, document.targets)}"
                stack.complain(path, message)
        for goal in chain.goals:
            if goal in document.targets and goal not in chain.stages:
                stack.complain(("chains", name, "goals", goal), "is no stage of this chain")
    return chains


def _build(name: str, table: TargetTable) -> Target:
    return Target(
        name=name,
        start=_conditions(table.start),
        stop=_conditions(table.stop),
        cancel=_conditions(table.cancel),
        reset=_conditions(table.reset),
        after=table.after,
        cycles=table.cycles,
        pauses=frozenset(table.pauses),
        reopen=table.reopen,
        on_relax=table.on_relax,
        on_change=table.on_change,
        on_calendar_change=table.on_calendar_change,
        restart=table.restart,
        adopt=table.adopt,
    )


def _conditions(tables: Sequence[ConditionTable]) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            kinds=frozenset(table.type),
            actors=frozenset(table.actor),
            public=table.public,
            min_tier=table.min_tier,
            clock_tier=table.tier is not None,
        )
        for table in tables
    )


def _tie(chain: str, stages: Sequence[Target]) -> dict[str, Target]:
    tied: dict[str, Target] = {}
    later: tuple[Condition, ...] = ()
    for place in range(len(stages) - 1, -1, -1):
        stage = stages[place]
        later = (*stage.stop, *later)
        after = stages[place - 1].name if place else stage.after
        tied[stage.name] = replace(stage, stop=later, after=after, chain=chain)
    return tied


def _check(stack: Stack, target: Target, targets: Mapping[str, Target]) -> None:
    path = ("targets", target.name)
    if not target.start and target.after is None:
        stack.complain((*path, "start"), "is required (or after, the target that comes before)")
    if not target.stop:
        stack.complain((*path, "stop"), "is required")
    for condition in (*target.start, *target.cancel, *target.reset):
        if condition.clock_tier:
            stack.complain(path, 'tier = "clock" makes sense in stop only')
    if target.after is not None and target.after not in targets:
        if not stack.is_broken("targets", target.after):
            message = f"no target has the name {target.after!r}{hint(target.after, targets)}"
            stack.complain((*path, "after"), message)
    elif _waits_for_itself(target, targets):
        stack.complain((*path, "after"), "goes round in a circle")


def _waits_for_itself(target: Target, targets: Mapping[str, Target]) -> bool:
    seen = {target.name}
    at = targets.get(target.after or "")
    while at is not None:
        if at.name in seen:
            return True
        seen.add(at.name)
        at = targets.get(at.after or "")
    return False
