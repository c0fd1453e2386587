"""The parser of native events, on the hot path: one pass over a `dict`, no schema library.

The attributes of most events are one of few combinations, so they are checked once each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from slawatch.errors import EventError
from slawatch.events import (
    ACTORS,
    CHANNELS,
    KINDS,
    MAX_AHEAD_US,
    MAX_TIER,
    NO_EXTRAS,
    OTHER,
    PRIORITIES,
    STATUSES,
    UNKNOWN_ACTOR,
    UNKNOWN_CHANNEL,
    UNKNOWN_PRIORITY,
    UNKNOWN_STATUS,
    UNKNOWN_VALUE,
    Actor,
    Attrs,
    Event,
    Extras,
    Kind,
    hash_id,
    rank_of,
)

DEFAULT_ACTORS: Mapping[int, Actor] = {Kind.CREATED: Actor.CUSTOMER, Kind.REPLIED: Actor.AGENT}
"""Who did an act of which nobody says it; of any other the system."""


Data = dict[str, Any]
"""One event as it was sent: JSON enters here."""


class _Asserted(NamedTuple):
    actor: int
    attrs: Attrs
    rank: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Map what sources say to the closed sets of labels (aliases included)."""

    channels: Mapping[str, str] = field(default_factory=lambda: {name: name for name in CHANNELS})
    priorities: Mapping[str, str] = field(
        default_factory=lambda: {name: name for name in PRIORITIES}
    )
    memo: dict[tuple[object, ...], _Asserted] = field(
        default_factory=dict, compare=False, repr=False
    )
    """What combinations of values were parsed to: few combinations make most events."""


_KINDS: Final = {name: int(kind) for name, kind in KINDS.items()}  # plain numbers cost less
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTH: Final = len("2026-03-02T10:30:00.250Z")
_MINUTES: Final = 4_096
_minutes: Final[dict[str, int]] = {}
"""When minutes began, by an instant's text up to its seconds: a memo of a pure function."""
_SECONDS: Final = {f"{second:02}": second * 1_000_000 for second in range(60)}
_MILLISECONDS: Final = {f"{part:03}": part * 1_000 for part in range(1_000)}
_MAX_AT: Final = 253_402_300_799_000_000  # the end of year 9999


def parse_instant(value: object, key: str) -> int:
    """Parse RFC 3339 with an offset, or epoch milliseconds, to microseconds UTC.

    Digits beyond the microsecond are cut. Raises `EventError("bad_time")`.
    """
    if type(value) is str:
        # Most instants are of a minute that was parsed before, and written as RFC 3339 shows it.
        minute_at = _minutes.get(value[:17]) if len(value) == _LENGTH else None
        if minute_at is not None and value[19] == "." and value[23] == "Z":
            second, millisecond = _SECONDS.get(value[17:19]), _MILLISECONDS.get(value[20:23])
            if second is not None and millisecond is not None:
                return minute_at + second + millisecond
        try:
            at = datetime.fromisoformat(value)
        except ValueError as ex:
            msg = f"{key!r} must be RFC 3339 with an offset or epoch milliseconds, got {value!r}"
            raise EventError("bad_time", msg) from ex
        if at.tzinfo is None:
            msg = f"{key!r} must carry an offset from UTC, got {value!r}"
            raise EventError("bad_time", msg)
        since = at - _EPOCH
        found = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        if len(value) == _LENGTH and value[16] == ":" and value[23] == "Z":
            if len(_minutes) >= _MINUTES:
                _minutes.clear()
            _minutes[value[:17]] = found - found % 60_000_000
        return found
    if type(value) is int and 0 <= value * 1000 <= _MAX_AT:
        return value * 1000
    if type(value) is float and 0 <= value * 1000 <= _MAX_AT:
        return round(value * 1000)
    msg = f"{key!r} must be RFC 3339 with an offset or epoch milliseconds, got {value!r}"
    raise EventError("bad_time", msg)


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
    event_id, ticket_id, type_name = data.get("event_id"), data.get("ticket_id"), data.get("type")
    if not (type(event_id) is type(ticket_id) is type(type_name) is str and event_id and ticket_id):
        raise _explain_required(data)
    if len(ticket_id) > MAX_ID_CHARS:
        msg = f"'ticket_id' must have at most {MAX_ID_CHARS} characters, got {len(ticket_id)}"
        raise EventError("bad_type", msg)
    kind = _KINDS.get(type_name)
    if kind is None:
        msg = f"'type' must be one of {', '.join(KINDS)}, got {type_name!r:.80}"
        raise EventError("unknown_type", msg)
    if (value := data.get("occurred_at")) is None:
        raise EventError("missing_key", "'occurred_at' is required")
    occurred_at = parse_instant(value, "occurred_at")
    if received_at is None:
        received_at = occurred_at
    elif occurred_at > received_at + MAX_AHEAD_US:
        msg = f"'occurred_at' is more than 5 minutes ahead of its arrival, got {value!r}"
        raise EventError("future", msg)
    actor, attrs, rank, unknown = _parse_asserted(kind, data, vocabulary)
    connector = source
    if (value := data.get("source")) is not None:
        if type(value) is str and value:
            source = value.replace("/", "_")
        else:
            unknown |= UNKNOWN_VALUE
    public = True
    if (value := data.get("public")) is not None:
        if type(value) is bool:
            public = value
        else:
            unknown |= UNKNOWN_VALUE
    sequence = 0
    if (value := data.get("sequence")) is not None:
        if type(value) is int and 0 <= value < 1 << 62:
            sequence = value + 1
        else:
            unknown |= UNKNOWN_VALUE
    assignee = data.get("assignee")
    if assignee is not None and type(assignee) is not str:
        assignee = None
        unknown |= UNKNOWN_VALUE
    extras = None
    if (
        "handle_seconds" in data
        or "score" in data
        or "scores" in data
        or "opened_at" in data
        or "waiting_since" in data
        or "promised_at" in data
    ):
        extras, missed = _parse_extras(data)
        unknown |= missed
    key = f"{source}/{ticket_id}"
    case = data.get("case")
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
        assignee,
        key,
        case if type(case) is str and case else key,
        received_at,
        unknown,
        connector,
    )


def _explain_required(data: Mapping[str, Any]) -> EventError:
    for key in ("event_id", "ticket_id", "type"):
        value = data.get(key)
        if value is None:
            return EventError("missing_key", f"{key!r} is required")
        if type(value) is not str or not value:
            msg = f"{key!r} must be a string with at least one character, got {value!r:.80}"
            return EventError("bad_type", msg)
    return EventError("unknown_type", "'type' must not be empty")


MAX_ID_CHARS: Final = 1024
_MEMO_LIMIT: Final = 65_536
_MAX_SECONDS: Final = 1e9
MAX_SCORE: Final = 5


def _parse_asserted(kind: int, data: Data, vocabulary: Vocabulary) -> _Asserted:
    """Parse actor and attributes, through the memo where the values allow it."""
    tier = data.get("tier")
    key = (
        kind,
        data.get("actor"),
        data.get("channel"),
        data.get("priority"),
        tier,
        data.get("team"),
        data.get("region"),
        data.get("customer_tier"),
        data.get("category"),
        data.get("status"),
        data.get("reason"),
        data.get("origin"),
    )
    # 1, 1.0 and True are one key of a dict; what is not hashable is not understood anyway
    if data.get("tags") is not None or (tier is not None and type(tier) is not int):
        return _read_asserted(kind, data, vocabulary)
    memo = vocabulary.memo
    try:
        found = memo.get(key)
    except TypeError:
        return _read_asserted(kind, data, vocabulary)
    if found is None:
        if len(memo) >= _MEMO_LIMIT:
            memo.clear()
        found = memo[key] = _read_asserted(kind, data, vocabulary)
    return found


_TEXT_KEYS = ("team", "region", "customer_tier", "category", "reason", "origin")


def _read_asserted(kind: int, data: Data, vocabulary: Vocabulary) -> _Asserted:
    unknown = 0
    actor = int(DEFAULT_ACTORS.get(kind, Actor.SYSTEM))
    if (value := data.get("actor")) is not None:
        known = ACTORS.get(value) if type(value) is str else None
        actor = int(Actor.SYSTEM if known is None else known)
        unknown |= UNKNOWN_ACTOR if known is None else 0
    channel, missed = _known(data.get("channel"), vocabulary.channels, UNKNOWN_CHANNEL)
    unknown |= missed
    priority, missed = _known(data.get("priority"), vocabulary.priorities, UNKNOWN_PRIORITY)
    unknown |= missed
    status = data.get("status")
    if status is not None and (type(status) is not str or status not in STATUSES):
        status = None
        unknown |= UNKNOWN_STATUS
    if (tier := data.get("tier")) is not None and (
        type(tier) is not int or not 1 <= tier <= MAX_TIER
    ):
        tier = None
        unknown |= UNKNOWN_VALUE
    texts = [data.get(key) for key in _TEXT_KEYS]
    for index, value in enumerate(texts):
        if value is not None and type(value) is not str:
            texts[index] = None
            unknown |= UNKNOWN_VALUE
    team, region, customer_tier, category, reason, origin = texts
    if (tags := data.get("tags")) is not None:
        tags, missed = _parse_tags(tags)
        unknown |= missed
    attrs = Attrs(
        channel,
        priority,
        tier,
        team,
        region,
        customer_tier,
        category,
        tags,
        status,
        reason,
        origin,
    )
    return _Asserted(actor, attrs, rank_of(kind, status), unknown)


def _known(value: object, known: Mapping[str, str], bit: int) -> tuple[str | None, int]:
    if value is None:
        return None, 0
    found = known.get(value) if type(value) is str else None
    return (OTHER, bit) if found is None else (found, 0)


def _parse_tags(value: object) -> tuple[tuple[str, ...] | None, int]:
    values = [value] if isinstance(value, str) else value
    if isinstance(values, list) and all(isinstance(tag, str) for tag in values):
        return tuple(sorted(set(values))), 0
    return None, UNKNOWN_VALUE


_new: Final = tuple.__new__  # a NamedTuple's own takes each field as an argument
_INSTANT_KEYS: Final = ("opened_at", "waiting_since", "promised_at")


_NUMBERS: Final = (int, float)


def is_number(value: object) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _parse_extras(data: Data) -> tuple[Extras | None, int]:
    unknown = 0
    instants: list[int | None] = [None, None, None]
    for place, key in enumerate(_INSTANT_KEYS):
        value = data.get(key)
        if value is not None:
            try:
                instants[place] = parse_instant(value, key)
            except EventError:
                unknown |= UNKNOWN_VALUE
    handle = data.get("handle_seconds")
    if handle is not None and not (is_number(handle) and 0 <= handle < _MAX_SECONDS):
        handle = None
        unknown |= UNKNOWN_VALUE
    score = data.get("score")
    if score is None and isinstance(scores := data.get("scores"), dict):
        score = scores.get("overall")
    if score is not None and not (is_number(score) and 1 <= score <= MAX_SCORE):
        score = None
        unknown |= UNKNOWN_VALUE
    told = (
        *instants,
        None if handle is None else round(handle * 1_000_000),
        None if score is None else round(score),
        None,
    )
    extras: Extras = _new(Extras, told)
    return (None if extras == NO_EXTRAS else extras), unknown
