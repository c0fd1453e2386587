"""Small numbers for values that repeat: attribute sets and label sets of a shard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from slawatch.book import TicketFacts
from slawatch.events import OTHER, Attrs

if TYPE_CHECKING:
    from slawatch.policy import Rules

CHANGED_FACTS: Final = 1
CHANGED_PRIORITY: Final = 2
CHANGED_TEAM: Final = 4
CHANGED_TIER: Final = 8
FIRST_TEAM: Final = 16
_MERGES: Final = 200_000


class Profile(NamedTuple):
    """Be what is known of a ticket from its attributes: for policies, labels and blame.

    `labels` is (channel, priority, team) with every value from the configuration or "other"; a
    ticket without a team has "" there.
    """

    attrs: Attrs
    facts: TicketFacts
    labels: tuple[str, str, str]
    region: str
    tier: int
    category: str


class Merge(NamedTuple):
    """Be the outcome of an act's attributes over a ticket's: the new index, what changed.

    `act_tier` is the support tier for which the act was done: what it says, else its team's, else
    the ticket's.
    """

    profile: int
    changes: int
    act_tier: int


Asserted = tuple[Attrs, str | None]
"""What an act says of its ticket: attributes, assignee."""


class Interner:
    """Give attribute sets numbers and remember how they merge.

    `asserted` holds what acts say, `profiles` what tickets are. Both only grow between two
    compactions; `slawatch.snapshot` compacts.
    """

    def __init__(self, rules: Rules) -> None:
        """Start empty; labels come from `rules`."""
        self._rules = rules
        self._channels = frozenset(rules.channels)
        self._priorities = frozenset(rules.priorities)
        self._categories = frozenset(rules.categories)
        self.asserted: list[Asserted] = []
        self._asserted_index: dict[Asserted, int] = {}
        self.profiles: list[Profile] = []
        self._profile_index: dict[tuple[str, Attrs], int] = {}
        self.merges: dict[tuple[int, Attrs], Merge] = {}

    def assert_index(self, attrs: Attrs, assignee: str | None) -> int:
        """Return the number of an act's attributes and assignee."""
        key = (attrs, assignee)
        found = self._asserted_index.get(key)
        if found is None:
            found = self._asserted_index[key] = len(self.asserted)
            self.asserted.append(key)
        return found

    def profile_index(self, source: str, attrs: Attrs) -> int:
        """Return the number of a ticket's attributes."""
        key = (source, attrs)
        found = self._profile_index.get(key)
        if found is None:
            found = self._profile_index[key] = len(self.profiles)
            self.profiles.append(self._profile(source, attrs))
        return found

    def _profile(self, source: str, attrs: Attrs) -> Profile:
        team = self._rules.teams.get(attrs.team or "")
        region = attrs.region or (team.region if team else "")
        tier = attrs.tier or (team.tier if team else 1)
        channel = attrs.channel
        if channel is None and (known := self._rules.sources.get(source)) is not None:
            channel = known.channel
        channel = channel if channel in self._channels else OTHER
        priority = attrs.priority if attrs.priority in self._priorities else OTHER
        category = attrs.category or ""
        return Profile(
            attrs,
            TicketFacts(
                source,
                channel or OTHER,
                priority or OTHER,
                attrs.customer_tier or "",
                region,
                attrs.team or "",
                attrs.tags or (),
            ),
            (
                channel or OTHER,
                priority or OTHER,
                "" if attrs.team is None else attrs.team if team else OTHER,
            ),
            region,
            tier,
            category if not category or category in self._categories else OTHER,
        )

    def merge(self, profile: int, said: Attrs) -> Merge:
        """Return what a ticket becomes by an act's attributes; `merges` remembers it."""
        if len(self.merges) > _MERGES:
            self.merges.clear()
        found = self.merges[profile, said] = self._merge(profile, said)
        return found

    def _merge(self, profile: int, said: Attrs) -> Merge:
        old = self.profiles[profile]
        attrs = Attrs._make(
            was if now is None else now for was, now in zip(old.attrs, said, strict=True)
        )._replace(status=None, reason=None)
        if said.team is not None and said.team != old.attrs.team and said.tier is None:
            attrs = attrs._replace(tier=None)  # a new team brings its own tier
        if said.team is not None and said.team != old.attrs.team and said.region is None:
            attrs = attrs._replace(region=None)
        index = self.profile_index(old.facts.source, attrs)
        new = self.profiles[index]
        changes = CHANGED_FACTS if new.facts != old.facts else 0
        if new.attrs.priority != old.attrs.priority and old.attrs.priority is not None:
            changes |= CHANGED_PRIORITY
        if new.attrs.team != old.attrs.team:
            changes |= FIRST_TEAM if old.attrs.team is None else CHANGED_TEAM
        if new.tier != old.tier:
            changes |= CHANGED_TIER
        team = self._rules.teams.get(said.team or "")
        return Merge(index, changes, said.tier or (team.tier if team else new.tier))
