"""The native event (docs/reference/events.md) and its parser.

The parser is on the hot path: one pass over a `dict`, no schema library. What it returns is a
`NamedTuple` whose first four fields are the order of acts on a ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from hashlib import blake2b
from typing import Any, NamedTuple

from slawatch.errors import EventError

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
)
"""Why an event is quarantined: the closed set of values of the label `reason`."""

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

POLICY_CHANGED, EXPIRED = -1, -2
"""Kinds of the pseudo-acts by which new rules reach a ticket, and by which silence ends it."""
POLICY_CHANGE_RANK = 1

_DEFAULT_ACTOR = {Kind.CREATED: Actor.CUSTOMER, Kind.REPLIED: Actor.AGENT}
# Same instant, no sequence: created, (policy change,) pause end, message, pause start, resolved,
# closed. A policy change is no event and takes rank 1.
_RANKS: dict[int, int] = {
    POLICY_CHANGED: POLICY_CHANGE_RANK,
    EXPIRED: 7,
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
    """Hold what an act asserts of its ticket; `None` asserts nothing."""

    channel: str | None = None
    priority: str | None = None
    tier: int | None = None
    team: str | None = None
    region: str | None = None
    customer_tier: str | None = None
    category: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] | None = None
    status: str | None = None
    reason: str | None = None
    origin: str | None = None


class Extras(NamedTuple):
    """Hold the rare keys of an act. Instants in microseconds."""

    opened_at: int | None = None
    waiting_since: int | None = None
    promised_at: int | None = None
    handle_us: int | None = None
    score: int | None = None


NO_ATTRS = Attrs()


class Event(NamedTuple):
    """Be one parsed act. The first four fields are the order of acts on a ticket.

    `sequence` is 0 where the source has none (else its number + 1). `id_hash` is the 64-bit hash
    of `event_id`: the deduplication and the last tie-break. `key` is `source/ticket_id`, `case`
    the routing key. `connector` brought it. `unknown` has a bit for each optional key whose value was not understood.
    """

    occurred_at: int
    sequence: int
    rank: int
    id_hash: int
    kind: int
    actor: int
    public: bool
    attrs: Attrs
    extras: Extras | None
    key: str
    case: str
    received_at: int
    unknown: int
    connector: str


UNKNOWN_CHANNEL, UNKNOWN_PRIORITY, UNKNOWN_ACTOR, UNKNOWN_STATUS, UNKNOWN_VALUE = 1, 2, 4, 8, 16
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


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Map what sources say to the closed sets of labels (aliases included)."""

    channels: Mapping[str, str] = field(default_factory=lambda: {name: name for name in CHANNELS})
    priorities: Mapping[str, str] = field(
        default_factory=lambda: {name: name for name in PRIORITIES}
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAX_AT = 253_402_300_799_000_000  # the end of year 9999


def parse_instant(value: object, key: str) -> int:
    """Parse RFC 3339 with an offset, or epoch milliseconds, to microseconds UTC.

    Digits beyond the microsecond are cut. Raises `EventError("bad_time")`.
    """
    if type(value) is str:
        try:
            at = datetime.fromisoformat(value)
        except ValueError as ex:
            msg = f"{key!r} must be RFC 3339 with an offset or epoch milliseconds, got {value!r}"
            raise EventError("bad_time", msg) from ex
        if at.tzinfo is None:
            msg = f"{key!r} must carry an offset from UTC, got {value!r}"
            raise EventError("bad_time", msg)
        return (at - _EPOCH) // _MICROSECOND
    if type(value) is int and 0 <= value * 1000 <= _MAX_AT:
        return value * 1000
    if type(value) is float and 0 <= value * 1000 <= _MAX_AT:
        return round(value * 1000)
    msg = f"{key!r} must be RFC 3339 with an offset or epoch milliseconds, got {value!r}"
    raise EventError("bad_time", msg)


def hash_id(event_id: str) -> int:
    """Hash an event id to 64 bits, the same in every process."""
    digest = blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _required(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if type(value) is str and value:
        return value
    if value is None:
        msg = f"{key!r} is required"
        raise EventError("missing_key", msg)
    msg = f"{key!r} must be a string with at least one character, got {value!r:.80}"
    raise EventError("bad_type", msg)


def parse_event(
    data: object, received_at: int | None, source: str, vocabulary: Vocabulary
) -> Event:
    """Parse one native event.

    `received_at` in microseconds, or `None` in replays of plain files, where it is the event's
    own time until the reader's running maximum replaces it. `source` is the connector's name.
    Raises `EventError` with the reason; unknown values of optional keys never raise.
    """
    if not isinstance(data, dict):
        msg = f"an event must be a JSON object, got {type(data).__name__}"
        raise EventError("bad_type", msg)
    get = data.get
    event_id = _required(data, "event_id")
    ticket_id = _required(data, "ticket_id")
    type_name = _required(data, "type")
    kind = KINDS.get(type_name)
    if kind is None:
        msg = f"'type' must be one of {', '.join(KINDS)}, got {type_name!r:.80}"
        raise EventError("unknown_type", msg)
    if (value := get("occurred_at")) is None:
        msg = "'occurred_at' is required"
        raise EventError("missing_key", msg)
    occurred_at = parse_instant(value, "occurred_at")
    if received_at is None:
        received_at = occurred_at
    elif occurred_at > received_at + MAX_AHEAD_US:
        msg = f"'occurred_at' is more than 5 minutes ahead of its arrival, got {value!r}"
        raise EventError("future", msg)
    unknown = 0
    connector = source
    if (own_source := get("source")) is not None:
        if type(own_source) is str and own_source:
            source = own_source
        else:
            unknown = UNKNOWN_VALUE
    if (actor_name := get("actor")) is None:
        actor: int = _DEFAULT_ACTOR.get(kind, Actor.SYSTEM)
    elif (known := ACTORS.get(actor_name) if type(actor_name) is str else None) is None:
        actor = Actor.SYSTEM
        unknown |= UNKNOWN_ACTOR
    else:
        actor = known
    public = True
    if (value := get("public")) is not None:
        if type(value) is bool:
            public = value
        else:
            unknown |= UNKNOWN_VALUE
    sequence = 0
    if (value := get("sequence")) is not None:
        if type(value) is int and 0 <= value < 1 << 62:
            sequence = value + 1
        else:
            unknown |= UNKNOWN_VALUE
    attrs, missed = _parse_attrs(get, vocabulary)
    rank = rank_of(kind, attrs.status)
    key = f"{source}/{ticket_id}"
    case = get("case")
    extras = None
    if not _EXTRA_KEYS.isdisjoint(data):
        extras, more = _parse_extras(get)
        missed |= more
    return Event(
        occurred_at,
        sequence,
        rank,
        hash_id(event_id),
        kind,
        actor,
        public,
        attrs,
        extras,
        key,
        case if type(case) is str and case else key,
        received_at,
        unknown | missed,
        connector,
    )


_TEXT_KEYS = ("team", "region", "customer_tier", "category", "assignee", "reason", "origin")


def _parse_attrs(get: Any, vocabulary: Vocabulary) -> tuple[Attrs, int]:
    unknown = 0
    if (channel := get("channel")) is not None:
        channel = vocabulary.channels.get(channel) if type(channel) is str else None
        if channel is None:
            channel = OTHER
            unknown |= UNKNOWN_CHANNEL
    if (priority := get("priority")) is not None:
        priority = vocabulary.priorities.get(priority) if type(priority) is str else None
        if priority is None:
            priority = OTHER
            unknown |= UNKNOWN_PRIORITY
    if (status := get("status")) is not None and (
        type(status) is not str or status not in STATUSES
    ):
        status = None
        unknown |= UNKNOWN_STATUS
    if (tier := get("tier")) is not None and (type(tier) is not int or not 1 <= tier <= 9):
        tier = None
        unknown |= UNKNOWN_VALUE
    texts = [get(key) for key in _TEXT_KEYS]
    for index, value in enumerate(texts):
        if value is not None and type(value) is not str:
            texts[index] = None
            unknown |= UNKNOWN_VALUE
    team, region, customer_tier, category, assignee, reason, origin = texts
    tags = get("tags")
    if tags is not None:
        tags, missed = _parse_tags(tags)
        unknown |= missed
    return (
        Attrs(
            channel,
            priority,
            tier,
            team,
            region,
            customer_tier,
            category,
            assignee,
            tags,
            status,
            reason,
            origin,
        ),
        unknown,
    )


def _parse_tags(value: object) -> tuple[tuple[str, ...] | None, int]:
    values = [value] if isinstance(value, str) else value
    if isinstance(values, list) and all(isinstance(tag, str) for tag in values):
        return tuple(sorted(set(values))), 0
    return None, UNKNOWN_VALUE


_EXTRA_KEYS = frozenset(
    ("opened_at", "waiting_since", "promised_at", "handle_seconds", "score", "scores")
)


def _parse_extras(get: Any) -> tuple[Extras | None, int]:
    unknown = 0
    instants: list[int | None] = []
    for key in ("opened_at", "waiting_since", "promised_at"):
        value = get(key)
        try:
            instants.append(None if value is None else parse_instant(value, key))
        except EventError:
            instants.append(None)
            unknown |= UNKNOWN_VALUE
    handle = get("handle_seconds")
    if handle is not None and (
        not isinstance(handle, int | float) or isinstance(handle, bool) or not 0 <= handle < 1e9
    ):
        handle = None
        unknown |= UNKNOWN_VALUE
    score = get("score")
    if score is None and isinstance(scores := get("scores"), dict):
        score = scores.get("overall")
    if score is not None and (
        not isinstance(score, int | float) or isinstance(score, bool) or not 1 <= score <= 5
    ):
        score = None
        unknown |= UNKNOWN_VALUE
    extras = Extras._make(
        (
            *instants,
            None if handle is None else round(handle * 1_000_000),
            None if score is None else round(score),
        )
    )
    return (None if extras == (None,) * 5 else extras), unknown
