"""The native event (docs/reference/events.md): its types, its closed sets, its order."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from hashlib import blake2b
from typing import Any, Final, NamedTuple

REJECT_REASONS = (
    "malformed",
    "bad_encoding",
    "oversize",
    "missing_key",
    "bad_type",
    "bad_time",
    "unknown_type",
    "future",
    "too_old",
    "decoder_error",
)
"""Why an event is quarantined: the closed set of values of the label `reason`."""

MAX_TIER = 9
MAX_AHEAD_US = 5 * 60 * 1_000_000
"""An event further ahead of its `received_at` is quarantined (it would move log time)."""

OTHER = "other"


class Kind(IntEnum):
    """Name the type of an act. The numbers are stored in ticket state: never renumber."""

    OBSERVED = 0
    CREATED = 1
    TRIAGED = 2
    ASSIGNED = 3
    REPLIED = 4
    NOTE = 5
    PAUSED = 6
    RESUMED = 7
    ESCALATED = 8
    PRIORITY_CHANGED = 9
    ATTRIBUTE_CHANGED = 10
    RESOLVED = 11
    VERIFIED = 12
    REOPENED = 13
    CLOSED = 14
    ABANDONED = 15
    MERGED = 16
    LINKED = 17
    UNLINKED = 18
    DELETED = 19
    ACKNOWLEDGED = 20
    PLANNED = 21
    EXPERT_ENGAGED = 22
    FIXED = 23
    ARRIVED = 24
    HANDOFF_REQUESTED = 25
    SURVEY_SENT = 26
    RATED = 27
    EXCUSED = 28
    RESTORED = 29
    REASON_GIVEN = 30


class Actor(IntEnum):
    """Say who did it. The numbers are stored in ticket state: never renumber."""

    CUSTOMER = 0
    AGENT = 1
    BOT = 2
    SYSTEM = 3


KINDS: Mapping[str, Kind] = {kind.name.lower(): kind for kind in Kind}
ACTORS: Mapping[str, Actor] = {actor.name.lower(): actor for actor in Actor}
STATUSES = frozenset(("new", "open", "pending", "resolved", "closed"))
PRIORITIES = ("urgent", "high", "normal", "low")
CHANNELS = ("phone", "chat", "email", "remote", "onsite", "portal", "app", "web", "social")
PAUSE_REASONS = ("status", "customer", "vendor", "hold")

POLICY_CHANGED, EXPIRED, REVISED = -1, -2, -3
"""Kinds of the pseudo-acts by which new rules reach a ticket, and by which silence ends it."""
POLICY_CHANGE_RANK = 1

# Same instant, no sequence: created, (policy change,) pause end, message, pause start, resolved,
# closed. A policy change is no event and takes rank 1.
_RANKS: dict[int, int] = {
    POLICY_CHANGED: POLICY_CHANGE_RANK,
    EXPIRED: 7,
    REVISED: 7,
    Kind.CREATED: 0,
    Kind.RESUMED: 2,
    Kind.REOPENED: 2,
    Kind.PAUSED: 4,
    Kind.RESOLVED: 5,
    Kind.CLOSED: 6,
}
_MESSAGE_RANK = 3
_STATUS_RANKS = {"pending": 4, "resolved": 5, "closed": 6}


class Attrs(NamedTuple):
    """Hold what an act asserts of its ticket; `None` asserts nothing.

    The assignee is kept beside it: people are many, the rest are few combinations.
    """

    channel: str | None = None
    priority: str | None = None
    tier: int | None = None
    team: str | None = None
    region: str | None = None
    customer_tier: str | None = None
    category: str | None = None
    tags: tuple[str, ...] | None = None
    status: str | None = None
    reason: str | None = None
    origin: str | None = None


class Extras(NamedTuple):
    """Hold the rare keys of an act. Instants in microseconds.

    `revision` is set where the act was decoded anew: the higher one replaces what it said before.
    """

    opened_at: int | None = None
    waiting_since: int | None = None
    promised_at: int | None = None
    handle_us: int | None = None
    score: int | None = None
    revision: int | None = None


HASH_BYTES: Final = 8
NO_HASH: Final = bytes(HASH_BYTES)
"""Stands for the id of an act that no source sent."""
NO_ATTRS = Attrs()
NO_EXTRAS = Extras()


class Event:
    """Be one parsed act, never changed: `replace` makes another.

    Acts on a ticket are ordered by instant, sequence, rank and id hash.

    `sequence` is 0 where the source has none (else its number + 1). `id_hash` is the hash of
    `event_id` in `HASH_BYTES` bytes: the deduplication and the last tie-break. `key` is
    `source/ticket_id`, `case` the routing key. `connector` brought it. `marks` has a bit for each
    optional key whose value was not understood (`UNKNOWN_…`), and for how the act came (`CAME_…`).
    """

    # A NamedTuple's names cost ten times as much where this is compiled.
    __slots__ = (
        "actor",
        "assignee",
        "attrs",
        "case",
        "connector",
        "extras",
        "id_hash",
        "key",
        "kind",
        "marks",
        "occurred_at",
        "public",
        "rank",
        "received_at",
        "sequence",
    )

    def __init__(
        self,
        occurred_at: int,
        sequence: int,
        rank: int,
        id_hash: bytes,
        kind: int,
        actor: int,
        public: bool,  # noqa: FBT001 - in the order of the fields
        attrs: Attrs,
        extras: Extras | None,
        assignee: str | None,
        key: str,
        case: str,
        received_at: int,
        marks: int,
        connector: str,
    ) -> None:
        """Take all that an act says and how it came."""
        self.occurred_at = occurred_at
        self.sequence = sequence
        self.rank = rank
        self.id_hash = id_hash
        self.kind = kind
        self.actor = actor
        self.public = public
        self.attrs = attrs
        self.extras = extras
        self.assignee = assignee
        self.key = key
        self.case = case
        self.received_at = received_at
        self.marks = marks
        self.connector = connector

    def _values(self) -> tuple[Any, ...]:
        came = (self.key, self.case, self.received_at, self.marks, self.connector)
        return (*self.content(), *came)

    def order(self) -> tuple[int, int, int, bytes]:
        """Return by what acts on a ticket are ordered."""
        return self.occurred_at, self.sequence, self.rank, self.id_hash

    def content(self) -> tuple[Any, ...]:
        """Return what happened; the rest of the fields says how it came."""
        told = (self.kind, self.actor, self.public, self.attrs, self.extras, self.assignee)
        return (*self.order(), *told)

    def replace(self, **changes: object) -> Event:
        """Return the event with other values of some fields."""
        twin = Event(*self._values())
        for name, value in changes.items():
            setattr(twin, name, value)
        return twin

    def arrive(self, received_at: int) -> Event:
        """Return the event as received at another instant."""
        return Event(
            self.occurred_at,
            self.sequence,
            self.rank,
            self.id_hash,
            self.kind,
            self.actor,
            self.public,
            self.attrs,
            self.extras,
            self.assignee,
            self.key,
            self.case,
            received_at,
            self.marks,
            self.connector,
        )

    def is_after(self, other: Event) -> bool:
        """Tell whether the act comes later on a ticket than another."""
        if self.occurred_at != other.occurred_at:
            return self.occurred_at > other.occurred_at
        return self.order() > other.order()

    def __lt__(self, other: Event) -> bool:
        """Order acts on a ticket."""
        return other.is_after(self)

    def __eq__(self, other: object) -> bool:
        """Tell whether two events say the same in every field."""
        return isinstance(other, Event) and self._values() == other._values()

    def __hash__(self) -> int:
        """Hash the order."""
        return hash(self.order())

    def __repr__(self) -> str:
        """Show every field."""
        return f"Event{self._values()!r}"

    def __reduce__(self) -> tuple[type[Event], tuple[Any, ...]]:
        """Let an event travel between processes."""
        return Event, self._values()


def build_pseudo(kind: int, at: int, key: str) -> Event:
    """Return an act of the engine's own: a policy change, or the end of a silent ticket."""
    rank = rank_of(kind, None)
    who = Actor.SYSTEM
    return Event(at, 0, rank, NO_HASH, kind, who, False, NO_ATTRS, None, None, key, key, at, 0, "")  # noqa: FBT003 - in the order of the fields


def build_revised(source: str, revision: int, since: int, received_at: int) -> Event:
    """Return what says that all of a source was decoded anew, by this revision.

    What its tickets did since an instant and this revision did not tell was never so. It concerns
    every shard.
    """
    key, extras = f"{source}/", NO_EXTRAS._replace(revision=revision)
    act = build_pseudo(REVISED, since, key)
    return act.replace(extras=extras, received_at=received_at, marks=OF_ALL, connector=source)


UNKNOWN_CHANNEL, UNKNOWN_PRIORITY, UNKNOWN_ACTOR, UNKNOWN_STATUS, UNKNOWN_VALUE = 1, 2, 4, 8, 16
CAME_BY_SWEEP, CAME_OF_PAST, CAME_OF_OPEN = 32, 64, 128
"""A sweep asked for the act; it was brought in, of the past or of a ticket that is open."""
OF_ALL = 256
"""The act is none of one ticket: `build_revised`."""
UNKNOWN_NAMES = {
    UNKNOWN_CHANNEL: "channel",
    UNKNOWN_PRIORITY: "priority",
    UNKNOWN_ACTOR: "actor",
    UNKNOWN_STATUS: "status",
    UNKNOWN_VALUE: "value",
}


def rank_of(kind: int, status: str | None) -> int:
    """Return the place of an act among those of the same instant without a sequence."""
    if kind == Kind.OBSERVED and status is not None:
        return _STATUS_RANKS.get(status, _MESSAGE_RANK)
    return _RANKS.get(kind, _MESSAGE_RANK)


def hash_id(event_id: str) -> bytes:
    """Hash an event id to 64 bits, the same in every process."""
    try:
        told = event_id.encode()
    except UnicodeEncodeError:  # half a character: JSON can tell it
        told = event_id.encode("utf-8", "surrogatepass")
    return hash_bytes(told)


def hash_bytes(event_id: bytes) -> bytes:
    """Hash an event id in UTF-8, as `hash_id` does."""
    state = _start()
    _update(state, event_id)
    hashed: bytes = _digest(state)
    return hashed


_start: Final = blake2b(digest_size=HASH_BYTES).copy
"""A copy costs half of a new one."""
# to look methods up by name costs a tenth of the whole
_update: Final[Any] = blake2b.update
_digest: Final[Any] = blake2b.digest
