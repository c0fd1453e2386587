"""Small numbers for values that repeat: attribute sets and label sets of a shard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from librt.strings import BytesWriter

from slawatch import conventions
from slawatch.book import PAUSE_BITS, TicketFacts
from slawatch.events import NO_ATTRS, OTHER, Attrs
from slawatch.numbering import Numbers
from slawatch.ticket import STATUS_NAMES

if TYPE_CHECKING:
    from mypy_extensions import i64

    from slawatch.effects import Key
    from slawatch.policy import Rules

CHANGED_FACTS: Final = 1
CHANGED_PRIORITY: Final = 2
CHANGED_TEAM: Final = 4
CHANGED_TIER: Final = 8
FIRST_TEAM: Final = 16
_CREATED: Final = conventions.CREATED.name
_RESOLVED: Final = conventions.RESOLVED.name
_REOPENED: Final = conventions.REOPENED.name
_HELD: Final = conventions.HELD.name
_new: Final = tuple.__new__
_MERGES: Final = 200_000
_SAID: Final = 4_096
_SAID_BITS: Final = 30
_TIER: Final = Attrs._fields.index("tier")
_REGION: Final = Attrs._fields.index("region")
_STATUS: Final = Attrs._fields.index("status")
_REASON: Final = Attrs._fields.index("reason")
_STATUS_CODES: Final[dict[str | None, int]] = {
    None: 0,
    **{name: number for number, name in enumerate(STATUS_NAMES, 1)},
}
_REASON_BITS: Final = 4
_REASON_CODES: Final[dict[str, int]] = {
    "": 0,
    **{reason: number for number, reason in enumerate(PAUSE_BITS, 1)},
}
_OTHER_REASON: Final = _REASON_CODES["status"]


class Profile:
    """Be what is known of a ticket from its attributes: for policies, labels and blame.

    `labels` is (channel, priority, team) with every value from the configuration or "other"; a
    ticket without a team has "" there. `created`, `resolved`, `reopened` and, by status, `held`
    are what such a ticket adds to. `lines` are the numbers of its clocks' counts, by target.
    """

    __slots__ = (
        "attrs",
        "category",
        "created",
        "facts",
        "held",
        "labels",
        "lines",
        "region",
        "reopened",
        "resolved",
        "tier",
    )

    def __init__(
        self,
        attrs: Attrs,
        facts: TicketFacts,
        labels: tuple[str, ...],
        region: str,
        tier: int,
        category: str,
        held: list[Key],
    ) -> None:
        """Take what was worked out once for a set of attributes."""
        self.attrs = attrs
        self.facts = facts
        self.labels = labels
        self.region = region
        self.tier = tier
        self.category = category
        pair = labels[:2]
        self.created: Key = (_CREATED, pair)
        self.resolved: Key = (_RESOLVED, pair)
        self.reopened: Key = (_REOPENED, pair)
        self.held = held
        self.lines: list[int] = []


class Merge:
    """Be the outcome of an act's attributes over a ticket's: the new index, what changed.

    `act_tier` is the support tier for which the act was done: what it says, else its team's, else
    the ticket's. `code` is what the act says of status and reason, as `Said` has it.
    """

    __slots__ = ("act_tier", "changes", "code", "profile")

    def __init__(self, profile: int, changes: int, act_tier: int, code: int) -> None:
        """Take what was worked out once for a ticket's attributes and an act's."""
        self.profile = profile
        self.changes = changes
        self.act_tier = act_tier
        self.code = code


class Said:
    """Be a set of attributes that acts assert, with its number.

    `code` is its status and its reason as far as they decide what an act is; `indexes` are its
    numbers in `Interner.asserted` by assignee.
    """

    __slots__ = ("attrs", "code", "indexes", "number")

    def __init__(self, attrs: Attrs, number: int) -> None:
        """Take the attributes; `number` is the next free one."""
        self.attrs = attrs
        self.number = number
        reason = _REASON_CODES.get(attrs.reason or "", _OTHER_REASON)
        self.code = _STATUS_CODES[attrs.status] << _REASON_BITS | reason
        self.indexes: dict[str | None, int] = {}


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
        self.profiles: list[Profile] = []
        self.numbers = Numbers()
        self.writer = BytesWriter()  # for whoever packs with these numbers, one at a time
        self._profile_index: dict[tuple[str, Attrs], int] = {}
        self._merges: dict[int, Merge] = {}
        self._held: dict[str, list[Key]] = {}
        self._said: dict[Attrs, Said] = {}
        self._said_by_id: dict[int, Said] = {}
        self._kept: list[Attrs] = []
        self._last_attrs = NO_ATTRS
        self._last_said = self._find_said(NO_ATTRS)

    def said(self, attrs: Attrs) -> Said:
        """Return an act's attributes with their number.

        Most acts share a few objects, which are found without hashing them; whatever is found so
        is kept, so that no other object can come to its place.
        """
        if attrs is self._last_attrs:
            return self._last_said
        found = self._said_by_id.get(id(attrs))
        if found is None:
            found = self._find_said(attrs)
        self._last_attrs, self._last_said = attrs, found
        return found

    def _find_said(self, attrs: Attrs) -> Said:
        found = self._said.get(attrs)
        if found is None:
            found = self._said[attrs] = Said(attrs, len(self._said))
        if len(self._kept) >= _SAID:
            self._said_by_id.clear()
            self._kept.clear()
        self._said_by_id[id(attrs)] = found
        self._kept.append(attrs)
        return found

    def assert_index(self, attrs: Attrs, assignee: str | None) -> int:
        """Return the number of an act's attributes and assignee."""
        indexes = self.said(attrs).indexes
        found = indexes.get(assignee)
        if found is None:
            found = indexes[assignee] = len(self.asserted)
            self.asserted.append((attrs, assignee))
        return found

    def profile_index(self, source: str, attrs: Attrs) -> int:
        """Return the number of a ticket's attributes."""
        key: Any = (source, attrs)  # as a tuple of known types it would be made anew at each use
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
        team_label = "" if attrs.team is None else attrs.team if team else OTHER
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
            (channel or OTHER, priority or OTHER, team_label),
            region,
            tier,
            category if not category or category in self._categories else OTHER,
            self._find_held(team_label),
        )

    def _find_held(self, team_label: str) -> list[Key]:
        """Return, by status, what a ticket that a team holds adds its time to."""
        found = self._held.get(team_label)
        if found is None:
            team = self._rules.teams.get(team_label)
            labels = (team_label, team.region, str(team.tier)) if team else (team_label, "", "")
            found = [(_HELD, (*labels, status)) for status in STATUS_NAMES]
            self._held[team_label] = found
        return found

    def line(self, profile: int, target: int, names: tuple[str, ...]) -> i64:
        """Return the number under which the clocks of a target are counted."""
        known = self.profiles[profile]
        lines = known.lines
        if not lines:
            lines.extend([-1] * len(names))
        number: i64 = lines[target]
        if number < 0:
            number = self.numbers.line(known.labels, names[target])
            lines[target] = number
        return number

    def merge(self, profile: int, said: Said) -> Merge:
        """Return what a ticket becomes by an act's attributes."""
        key = profile << _SAID_BITS | said.number
        found = self._merges.get(key)
        if found is None:
            if len(self._merges) > _MERGES:
                self._merges.clear()
            found = self._merges[key] = self._merge(profile, said)
        return found

    def _merge(self, profile: int, said: Said) -> Merge:
        old, new = self.profiles[profile], said.attrs
        values: list[object] = list(old.attrs)
        for place, value in enumerate(new):
            if value is not None:
                values[place] = value
        values[_STATUS] = values[_REASON] = None
        if new.team is not None and new.team != old.attrs.team:
            values[_TIER], values[_REGION] = new.tier, new.region  # a new team brings its own
        index = self.profile_index(old.facts.source, _new(Attrs, values))
        team = self._rules.teams.get(new.team or "")
        now = self.profiles[index]
        tier = new.tier or (team.tier if team else now.tier)
        return Merge(index, _find_changes(old, now), tier, said.code)


def _find_changes(old: Profile, new: Profile) -> int:
    """Return the bits of what differs between two states of a ticket's attributes."""
    if old is new:
        return 0
    changes = CHANGED_FACTS if new.facts != old.facts else 0
    if new.attrs.priority != old.attrs.priority and old.attrs.priority is not None:
        changes |= CHANGED_PRIORITY
    if new.attrs.team != old.attrs.team:
        changes |= FIRST_TEAM if old.attrs.team is None else CHANGED_TEAM
    if new.tier != old.tier:
        changes |= CHANGED_TIER
    return changes
