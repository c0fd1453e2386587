"""What a wall asks of the rules again and again, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

from flows.wall.screen import Screen
from slawatch.policy import Rules
from slawatch.reach import Reach, find_reach
from slawatch.views import View

HEADLINES = ("first_response", "resolution")
"""What a wall is asked about first; a desk without them gets the first of its own targets."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Be the rules as a wall needs them."""

    rules: Rules
    reach: Reach

    @classmethod
    def of(cls, rules: Rules) -> Facts:
        """Work out what the rules can reach."""
        return cls(rules, find_reach(rules))

    @property
    def urgent(self) -> str:
        """Return the first priority."""
        return self.rules.priorities[0] if self.rules.priorities else ""

    def targets(self, screen: Screen) -> tuple[str, ...]:
        """Return the targets that a screen can have, in the order of the rules."""
        reach = self.reach
        if screen.teams:
            wanted = {target for _, target in reach.by_channel} - reach.answered_by_bots
        else:
            wanted = {
                target for channel, target in reach.by_channel if screen.holds("channel", channel)
            }
        return tuple(target.name for target in self.rules.targets if target.name in wanted)

    def headlines(self, screen: Screen) -> tuple[str, ...]:
        """Return the (at most two) targets whose attainment stands first."""
        targets = self.targets(screen)
        named = tuple(name for name in HEADLINES if name in targets)
        return (named + tuple(name for name in targets if name not in named))[:2]

    def objective(self, target: str) -> float | None:
        """Return the strictest objective of a target's priorities."""
        found = [o for (name, _), o in self.reach.objectives.items() if name == target]
        return max(found, default=None)

    def allowance(self, target: str, priority: str = "") -> float:
        """Return which share of a target's clocks may breach; all where nothing is promised."""
        objective = self.reach.objectives.get((target, priority), self.objective(target))
        return 1.0 if objective is None else 1.0 - objective


def narrow(view: View, screen: Screen) -> View:
    """Return the part of the open work that a screen shows."""
    if screen.teams:
        return View(
            team_tickets={k: n for k, n in view.team_tickets.items() if k[0] in screen.teams},
            urgent=tuple(clock for clock in view.urgent if clock.team in screen.teams),
            log_at=view.log_at,
        )
    if not screen.channel:
        return view
    channel = screen.channel
    return View(
        {key: count for key, count in view.tickets.items() if key[0] == channel},
        {},
        {key: count for key, count in view.clocks.items() if key[0] == channel},
        {key: at for key, at in view.oldest.items() if key[0] == channel},
        tuple(clock for clock in view.urgent if clock.channel == channel),
        {key: count for key, count in view.waiting.items() if key == channel},
        {key: count for key, count in view.waiting_past.items() if key == channel},
        view.log_at,
    )
