"""Screens: which part of the desk a wall shows, chosen by its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from flows.wall.numbers import equals, one_of
from slawatch.policy import Rules


class Part(StrEnum):
    """Name the query parameters that choose a part of the desk."""

    CHANNEL = "channel"
    TEAM = "team"
    REGION = "region"
    TIER = "tier"


@dataclass(frozen=True, slots=True)
class Screen:
    """Be what a wall shows: a channel, some teams, or (neither) the whole desk.

    `chosen` are the parameters that say so, for the title.
    """

    channel: str = ""
    teams: tuple[str, ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()

    @property
    def dimension(self) -> str:
        """Return by what the results shown are counted."""
        return "team" if self.teams else "channel"

    def holds(self, dimension: str, value: str) -> bool:
        """Tell whether results of this place are shown."""
        if dimension != self.dimension:
            return False
        if self.teams:
            return value in self.teams
        return not self.channel or value == self.channel

    def matchers(self) -> dict[str, str]:
        """Return what chooses the screen's series in a family labelled by its dimension."""
        if self.teams:
            (first, *others) = self.teams
            return {"team": one_of(self.teams) if others else equals(first)}
        return {"channel": equals(self.channel)} if self.channel else {}


class UnknownScreenError(Exception):
    """Say that an address names a part the desk does not have. `choices` are those it has."""

    def __init__(self, part: str, value: str, choices: tuple[str, ...]) -> None:
        """Take the parameter, its value, and the values it may have."""
        super().__init__(f"{part} must be one of {', '.join(choices) or 'none'}, got {value!r}")
        self.part = part
        self.value = value
        self.choices = choices


def list_parts(rules: Rules) -> dict[str, tuple[str, ...]]:
    """Return what each parameter may say."""
    teams = rules.teams.values()
    return {
        Part.CHANNEL: rules.channels,
        Part.TEAM: tuple(rules.teams),
        Part.REGION: tuple(dict.fromkeys(team.region for team in teams if team.region)),
        Part.TIER: tuple(map(str, sorted({team.tier for team in teams}))),
    }


def find_screen(rules: Rules, query: Mapping[str, str]) -> Screen:
    """Return the screen that a query asks for; region and tier together mean teams of both.

    Raises `UnknownScreenError` for a part that is not there.
    """
    parts = list_parts(rules)
    chosen = {part: query[part] for part in parts if query.get(part)}
    for part, value in chosen.items():
        if value not in parts[part]:
            raise UnknownScreenError(part, value, parts[part])
    pairs = tuple(chosen.items())
    channel = chosen.pop(Part.CHANNEL, "")
    if not chosen:
        return Screen(channel=channel, chosen=pairs)
    if channel:
        # No family has both labels: their product would be the desk's size over again.
        raise UnknownScreenError("channel with team, region or tier", channel, ())
    teams = tuple(
        team.name
        for team in rules.teams.values()
        if chosen.get(Part.TEAM, team.name) == team.name
        and chosen.get(Part.REGION, team.region) == team.region
        and chosen.get(Part.TIER, str(team.tier)) == str(team.tier)
    )
    if not teams:
        part, value = next(iter(chosen.items()))
        raise UnknownScreenError(" and ".join(chosen), value, parts[part])
    return Screen(teams=teams, chosen=pairs)
