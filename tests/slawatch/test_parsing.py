"""The parser of native events: every key, every reason to reject, and nothing else ever raised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slawatch.errors import EventError
from slawatch.events import (
    ACTORS,
    KINDS,
    NO_ATTRS,
    REJECT_REASONS,
    STATUSES,
    UNKNOWN_ACTOR,
    UNKNOWN_CHANNEL,
    UNKNOWN_PRIORITY,
    UNKNOWN_STATUS,
    UNKNOWN_VALUE,
    Actor,
    Event,
    Extras,
    Kind,
    hash_id,
)
from slawatch.parsing import Vocabulary, parse_event, parse_instant

AT = 1_767_603_600_000_000
REQUIRED = {
    "event_id": "e1",
    "ticket_id": "1",
    "type": "note",
    "occurred_at": "2026-01-05T09:00:00Z",
}
_KEYS = (
    *("source", "type", "occurred_at", "sequence", "actor", "channel", "priority", "tier", "team"),
    *("region", "customer_tier", "category", "assignee", "tags", "origin", "status", "public"),
    *("reason", "promised_at", "opened_at", "waiting_since", "handle_seconds", "score", "scores"),
    *("case", "event_id", "ticket_id", "into"),
)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
_LIKELY = _JSON | st.sampled_from(
    ["note", "2026-01-05T09:00:00Z", "urgent", "email", "agent", "pending", 1, True, 1.0, 10**30]
)


def parse(**said: object) -> Event:
    """Parse the required keys and some more, at the instant of its arrival."""
    return parse_event({**REQUIRED, **said}, AT, "desk", Vocabulary())


def refuse(data: object, received_at: int | None = AT) -> EventError:
    """Return the error of an event that is rejected."""
    with pytest.raises(EventError) as raised:
        parse_event(data, received_at, "desk", Vocabulary())
    return raised.value


def test_the_required_keys_are_enough() -> None:
    assert parse() == Event(
        AT,
        0,
        3,
        hash_id("e1"),
        Kind.NOTE,
        Actor.SYSTEM,
        True,  # noqa: FBT003 - public
        NO_ATTRS,
        None,
        None,
        "desk/1",
        "desk/1",
        AT,
        0,
        "desk",
    )


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        pytest.param("source", "mail", "key", "mail/1", id="source"),
        pytest.param("source", "a/b", "key", "a_b/1", id="source-with-a-slash"),
        pytest.param("ticket_id", "a/b", "key", "desk/a/b", id="ticket-with-a-slash"),
        pytest.param("sequence", 0, "sequence", 1, id="sequence-starts-at-nothing"),
        pytest.param("sequence", 41, "sequence", 42, id="sequence"),
        pytest.param("actor", "bot", "actor", Actor.BOT, id="actor"),
        pytest.param("public", False, "public", False, id="public"),
        pytest.param("assignee", "ann", "assignee", "ann", id="assignee"),
        pytest.param("case", "C7", "case", "C7", id="case"),
        pytest.param("case", "", "case", "desk/1", id="empty-case"),
        pytest.param("case", 7, "case", "desk/1", id="case-of-another-type"),
        pytest.param("opened_at", 1, "extras", Extras(opened_at=1000), id="opened"),
        pytest.param("waiting_since", 1, "extras", Extras(waiting_since=1000), id="waiting"),
        pytest.param("promised_at", 1, "extras", Extras(promised_at=1000), id="promised"),
        pytest.param("handle_seconds", 1.5, "extras", Extras(handle_us=1_500_000), id="handle"),
        pytest.param("score", 4, "extras", Extras(score=4), id="score"),
        pytest.param("scores", {"overall": 5}, "extras", Extras(score=5), id="scores"),
        pytest.param("scores", {"speed": 5}, "extras", None, id="scores-without-overall"),
    ],
)
def test_a_key_becomes_a_field(key: str, value: object, field: str, expected: object) -> None:
    event = parse(**{key: value})
    assert getattr(event, field) == expected
    assert event.marks == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("channel", "email"),
        ("priority", "urgent"),
        ("tier", 2),
        ("team", "l1"),
        ("region", "north"),
        ("customer_tier", "gold"),
        ("category", "hardware"),
        ("status", "open"),
        ("reason", "vendor"),
        ("origin", "monitor"),
    ],
)
def test_a_key_becomes_an_attribute(key: str, value: object) -> None:
    event = parse(**{key: value})
    assert event.attrs == NO_ATTRS._replace(**{key: value})  # type: ignore[arg-type]  # each its own
    assert event.marks == 0


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        pytest.param(["b", "a", "b"], ("a", "b"), id="sorted-once-each"),
        pytest.param("vip", ("vip",), id="one"),
        pytest.param([], (), id="none"),
    ],
)
def test_tags_are_a_set(tags: object, expected: tuple[str, ...]) -> None:
    assert parse(tags=tags).attrs.tags == expected


@pytest.mark.parametrize("name", KINDS)
def test_every_type_is_known(name: str) -> None:
    assert parse(type=name).kind == KINDS[name]


@pytest.mark.parametrize(
    ("name", "actor"),
    [
        pytest.param("created", Actor.CUSTOMER, id="created-by-the-customer"),
        pytest.param("replied", Actor.AGENT, id="replied-by-an-agent"),
        pytest.param("resolved", Actor.SYSTEM, id="else-the-system"),
    ],
)
def test_who_did_it_has_a_default(name: str, actor: Actor) -> None:
    assert parse(type=name).actor == actor


@pytest.mark.parametrize(
    ("key", "value", "bit"),
    [
        pytest.param("channel", "telex", UNKNOWN_CHANNEL, id="channel"),
        pytest.param("channel", 5, UNKNOWN_CHANNEL, id="channel-of-another-type"),
        pytest.param("priority", "P0", UNKNOWN_PRIORITY, id="priority"),
        pytest.param("priority", ["urgent"], UNKNOWN_PRIORITY, id="priority-list"),
    ],
)
def test_an_unknown_channel_or_priority_is_other_and_told(
    key: str, value: object, bit: int
) -> None:
    event = parse(**{key: value})
    assert (getattr(event.attrs, key), event.marks) == ("other", bit)


@pytest.mark.parametrize(
    ("key", "value", "bit"),
    [
        pytest.param("status", "waiting", UNKNOWN_STATUS, id="status"),
        pytest.param("status", {}, UNKNOWN_STATUS, id="status-object"),
        pytest.param("tier", 0, UNKNOWN_VALUE, id="tier-too-low"),
        pytest.param("tier", 10, UNKNOWN_VALUE, id="tier-too-high"),
        pytest.param("tier", "2", UNKNOWN_VALUE, id="tier-text"),
        pytest.param("team", 7, UNKNOWN_VALUE, id="team"),
        pytest.param("tags", [1], UNKNOWN_VALUE, id="tags"),
        pytest.param("tags", {"a": 1}, UNKNOWN_VALUE, id="tags-object"),
        pytest.param("reason", [], UNKNOWN_VALUE, id="reason"),
    ],
)
def test_an_attribute_that_is_not_understood_asserts_nothing_and_is_told(
    key: str, value: object, bit: int
) -> None:
    event = parse(**{key: value})
    assert (event.attrs, event.marks) == (NO_ATTRS, bit)


@pytest.mark.parametrize(
    ("key", "value", "bit"),
    [
        pytest.param("actor", "robot", UNKNOWN_ACTOR, id="actor"),
        pytest.param("source", "", UNKNOWN_VALUE, id="empty-source"),
        pytest.param("source", 5, UNKNOWN_VALUE, id="source"),
        pytest.param("public", "yes", UNKNOWN_VALUE, id="public"),
        pytest.param("public", 0, UNKNOWN_VALUE, id="public-number"),
        pytest.param("sequence", -1, UNKNOWN_VALUE, id="sequence-negative"),
        pytest.param("sequence", 1 << 62, UNKNOWN_VALUE, id="sequence-too-long"),
        pytest.param("sequence", True, UNKNOWN_VALUE, id="sequence-bool"),
        pytest.param("assignee", 5, UNKNOWN_VALUE, id="assignee"),
        pytest.param("opened_at", "yesterday", UNKNOWN_VALUE, id="instant"),
        pytest.param("handle_seconds", -1, UNKNOWN_VALUE, id="handle-negative"),
        pytest.param("handle_seconds", float("nan"), UNKNOWN_VALUE, id="handle-no-number"),
        pytest.param("handle_seconds", True, UNKNOWN_VALUE, id="handle-bool"),
        pytest.param("score", 6, UNKNOWN_VALUE, id="score"),
        pytest.param("scores", {"overall": "good"}, UNKNOWN_VALUE, id="scores"),
    ],
)
def test_another_value_that_is_not_understood_falls_back_and_is_told(
    key: str, value: object, bit: int
) -> None:
    event = parse(**{key: value})
    assert event.replace(marks=0) == parse()
    assert event.marks == bit


def test_unknown_keys_are_not_looked_at() -> None:
    assert parse(colour="red", unknown=[1]) == parse()


def test_aliases_come_from_the_vocabulary() -> None:
    vocabulary = Vocabulary({"telefon": "phone"}, {"P1": "urgent"})
    data = {**REQUIRED, "channel": "telefon", "priority": "P1"}
    event = parse_event(data, AT, "desk", vocabulary)
    assert (event.attrs.channel, event.attrs.priority) == ("phone", "urgent")


@pytest.mark.parametrize("key", ["event_id", "ticket_id", "type", "occurred_at"])
def test_each_required_key_is_required(key: str) -> None:
    error = refuse({name: value for name, value in REQUIRED.items() if name != key})
    assert (error.reason, str(error)) == ("missing_key", f"{key!r} is required")
    assert refuse({**REQUIRED, key: None}).reason == "missing_key"


@pytest.mark.parametrize(
    ("data", "reason", "message"),
    [
        pytest.param([], "bad_type", "JSON object, got list", id="no-object"),
        pytest.param({**REQUIRED, "event_id": 5}, "bad_type", "'event_id' .* got 5", id="number"),
        pytest.param({**REQUIRED, "ticket_id": ""}, "bad_type", "'ticket_id'", id="empty-ticket"),
        pytest.param({**REQUIRED, "event_id": ""}, "bad_type", "'event_id'", id="empty-event"),
        pytest.param({**REQUIRED, "type": ["note"]}, "bad_type", "'type'", id="type-list"),
        pytest.param({**REQUIRED, "type": ""}, "bad_type|unknown_type", "'type'", id="empty-type"),
        pytest.param({**REQUIRED, "type": "call"}, "unknown_type", "got 'call'", id="type"),
        pytest.param(
            {**REQUIRED, "occurred_at": "2026-01-05T09:00:00"}, "bad_time", "offset", id="no-offset"
        ),
        pytest.param({**REQUIRED, "occurred_at": "soon"}, "bad_time", "RFC 3339", id="no-time"),
        pytest.param({**REQUIRED, "occurred_at": True}, "bad_time", "got True", id="time-bool"),
        pytest.param(
            {**REQUIRED, "occurred_at": "2036-01-05T09:00:00Z"}, "future", "5 minutes", id="future"
        ),
    ],
)
def test_an_event_is_rejected_with_its_reason(data: object, reason: str, message: str) -> None:
    error = refuse(data)
    assert error.reason in reason.split("|")
    assert error.reason in REJECT_REASONS
    with pytest.raises(EventError, match=message):
        raise error


def test_five_minutes_ahead_is_not_yet_the_future() -> None:
    ahead = {**REQUIRED, "occurred_at": AT // 1000 + 300_000}
    assert parse_event(ahead, AT, "desk", Vocabulary()).occurred_at == AT + 300_000_000
    assert refuse(ahead, AT - 1).reason == "future"


def test_a_plain_file_has_no_future_and_arrives_when_it_happens() -> None:
    far = {**REQUIRED, "occurred_at": "2999-01-01T00:00:00Z"}
    event = parse_event(far, None, "desk", Vocabulary())
    assert event.received_at == event.occurred_at


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((1, True, 1.0), id="one-true-float"),
        pytest.param((True, 1, 1.0), id="true-one-float"),
        pytest.param((1.0, 1, True), id="float-one-true"),
    ],
)
def test_the_memo_does_not_take_a_bool_or_a_float_for_a_tier(values: tuple[object, ...]) -> None:
    vocabulary = Vocabulary()
    tiers = [
        parse_event({**REQUIRED, "tier": value}, AT, "desk", vocabulary).attrs.tier
        for value in values
    ]
    assert tiers == [1 if type(value) is int else None for value in values]


@pytest.mark.parametrize("key", ["channel", "priority", "team", "status", "actor", "reason"])
def test_the_memo_does_not_confuse_numbers_in_the_place_of_texts(key: str) -> None:
    vocabulary = Vocabulary()
    events = [
        parse_event({**REQUIRED, key: value}, AT, "desk", vocabulary) for value in (1, True, 1.0)
    ]
    assert events[0].marks
    assert events[0] == events[1] == events[2]


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_KEYS, _LIKELY)))
def test_the_memo_changes_nothing(said: dict[str, Any]) -> None:
    vocabulary = Vocabulary()
    data = {**REQUIRED, **said, "event_id": "e", "ticket_id": "t", "type": "note"}
    data["occurred_at"] = 0
    first = parse_event(data, AT, "desk", vocabulary)
    assert parse_event(data, AT, "desk", vocabulary) == first
    assert parse_event(data, AT, "desk", Vocabulary()) == first


def tell(data: object, received_at: int | None) -> Event | EventError:
    """Return the event, or the one error there may be."""
    try:
        return parse_event(data, received_at, "desk", Vocabulary())
    except EventError as ex:
        return ex


def is_whole(event: Event) -> bool:
    """Tell whether an event can be packed and judged."""
    return (
        event.actor in ACTORS.values()
        and event.attrs.status in {None, *STATUSES}
        and -(1 << 63) <= event.occurred_at < 1 << 63
    )


@settings(max_examples=400)
@given(
    _JSON
    | st.fixed_dictionaries({}, optional=dict.fromkeys(_KEYS, _LIKELY))
    | st.fixed_dictionaries(
        {"event_id": st.text(min_size=1), "ticket_id": st.text(min_size=1)},
        optional={key: _LIKELY for key in _KEYS if key not in ("event_id", "ticket_id")},
    ),
    st.none() | st.just(AT),
)
def test_any_json_is_an_event_or_an_event_error(data: object, received_at: int | None) -> None:
    told = tell(data, received_at)
    assert told.reason in REJECT_REASONS if isinstance(told, EventError) else is_whole(told)


def test_a_lone_surrogate_is_no_reason_to_fail() -> None:
    assert parse(event_id="\ud800", ticket_id="\udfff").key == "desk/\udfff"


@given(st.integers(0, 253_402_300_799_999_999))
@example((2**31 - 1) * 1_000_000 + 999_999)
@example(2**31 * 1_000_000)
def test_every_microsecond_of_an_instant_counts(at: int) -> None:
    told = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    assert parse_instant(told.isoformat(), "occurred_at") == at


@given(st.integers(0, 2**31), st.sampled_from(["Z", "+00:00", "+01:00", ""]))
def test_an_instant_of_a_known_minute_is_read_as_any_other(at_ms: int, offset: str) -> None:
    zone = timezone(timedelta(hours=1)) if offset == "+01:00" else UTC
    told = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    text = f"{told.astimezone(zone):%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03}"
    parse_instant(f"{told:%Y-%m-%dT%H:%M}:00.000Z", "occurred_at")
    if offset:
        assert parse_instant(text + offset, "occurred_at") == at_ms * 1000
    else:
        with pytest.raises(EventError, match="offset"):
            parse_instant(text, "occurred_at")


@pytest.mark.parametrize("rest", ["60.000Z", "5 .000Z", "05.00 Z", "05.0٣٣Z", "05.000X"])
def test_no_known_minute_makes_an_instant_of_what_is_none(rest: str) -> None:
    parse_instant("2026-03-02T10:30:00.000Z", "occurred_at")
    with pytest.raises(EventError, match="RFC 3339"):
        parse_instant(f"2026-03-02T10:30:{rest}", "occurred_at")
