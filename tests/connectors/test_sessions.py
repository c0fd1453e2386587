from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from connectors.connector import Connector
from connectors.decoding import RecordParser, build_decoder
from connectors.intake import Record
from connectors.opaque import TEST_KEY, hide
from connectors.sessions import FILE_NAME, Sessions, Thread
from slawatch.errors import EventError
from slawatch.parsing import Vocabulary

START = 1_772_442_000_000
HOUR = 3_600_000
DAY_US = 86_400_000_000
ADA = hide("wa:ada", TEST_KEY)
FIRST = f"{ADA}-{START}"


def act(number: int, hours: float, kind: str = "replied", **said: str) -> dict[str, Any]:
    """Return a customer's word, or another act, hours after the first."""
    actor = {"actor": "customer"} if kind == "replied" else {}
    return {
        "event_id": f"m{number}",
        "ticket_id": Thread("wa:ada"),
        "type": kind,
        "occurred_at": START + round(hours * HOUR),
        **actor,
        **said,
    }


def place(sessions: Sessions, *acts: dict[str, Any]) -> list[Any]:
    return list(sessions.place(acts, "wa", TEST_KEY, DAY_US))


def told(events: Iterable[Any]) -> list[tuple[str, str]]:
    return [(event["type"], event["ticket_id"]) for event in events]


def test_the_first_word_opens_a_ticket() -> None:
    opening, word = place(Sessions(), act(1, 0, channel="chat"))
    assert opening == {
        "event_id": f"{FIRST}/created",
        "ticket_id": FIRST,
        "type": "created",
        "occurred_at": START,
        "actor": "customer",
        "origin": "customer",
        "channel": "chat",
    }
    assert (word["type"], word["ticket_id"]) == ("replied", FIRST)


def test_what_an_agent_begins_is_of_the_agents_origin() -> None:
    opening, _ = place(Sessions(), act(1, 0, actor="agent"))
    assert (opening["actor"], opening["origin"]) == ("agent", "agent")


def test_words_within_the_gap_are_one_ticket() -> None:
    events = place(Sessions(), act(1, 0), act(2, 23), act(3, 46, actor="agent"))
    assert {event["ticket_id"] for event in events} == {FIRST}


def test_a_word_after_the_gap_ends_the_ticket_and_opens_another() -> None:
    sessions = Sessions()
    place(sessions, act(1, 0), act(2, 1))
    second = f"{ADA}-{START + 26 * HOUR}"
    closing, opening, word = place(sessions, act(3, 26))
    assert told([closing, opening, word]) == [
        ("closed", FIRST),
        ("created", second),
        ("replied", second),
    ]
    assert closing["occurred_at"] == START + 25 * HOUR


def test_a_customers_word_after_the_end_opens_another() -> None:
    events = place(Sessions(), act(1, 0), act(2, 1, "closed"), act(3, 2))
    assert told(events)[-2:] == [
        ("created", f"{ADA}-{START + 2 * HOUR}"),
        ("replied", f"{ADA}-{START + 2 * HOUR}"),
    ]


def test_a_rating_after_the_end_is_of_the_ended_ticket() -> None:
    events = place(Sessions(), act(1, 0), act(2, 1, "closed"), act(3, 2, "rated"))
    assert told(events)[-1] == ("rated", FIRST)


def test_a_reopened_ticket_goes_on() -> None:
    acts = (act(1, 0), act(2, 1, "closed"), act(3, 2, "reopened"), act(4, 3))
    assert told(place(Sessions(), *acts))[-1] == ("replied", FIRST)


def test_a_late_word_of_before_the_end_is_of_the_ended_ticket() -> None:
    events = place(Sessions(), act(1, 0), act(2, 2, "closed"), act(3, 1))
    assert told(events)[-1] == ("replied", FIRST)


def test_a_late_word_does_not_end_what_came_after_it() -> None:
    sessions = Sessions()
    place(sessions, act(1, 0), act(2, 72))
    assert told(place(sessions, act(3, 71)))[-1] == ("replied", f"{ADA}-{START + 72 * HOUR}")


def test_the_same_acts_again_have_the_same_tickets() -> None:
    sessions = Sessions()
    acts = (act(1, 0), act(2, 1, "closed"), act(3, 2), act(4, 60), act(5, 61, "rated"))
    first = place(sessions, *acts)
    assert place(sessions, *acts) == first
    assert place(Sessions(), *acts) == first


def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    acts = [act(1, 0), act(2, 1), act(3, 30), act(4, 31, "closed"), act(5, 32)]
    whole = place(Sessions(), *acts)
    path = tmp_path / FILE_NAME
    first = Sessions(path)
    begun = place(first, *acts[:3])
    first.close()
    assert begun + place(Sessions(path), *acts[3:]) == whole
    assert place(Sessions(path), *acts) == whole


def test_two_sources_have_two_tickets() -> None:
    sessions = Sessions()
    place(sessions, act(1, 0))
    other = list(sessions.place([act(1, 1)], "other", TEST_KEY, DAY_US))
    assert told(other)[0] == ("created", f"{ADA}-{START + HOUR}")


def test_an_act_without_an_instant_is_rejected_alone() -> None:
    bad, *good = place(Sessions(), {**act(1, 0), "occurred_at": "soon"}, act(2, 0))
    assert isinstance(bad, EventError)
    assert told(good) == [("created", FIRST), ("replied", FIRST)]


def test_what_is_no_thread_is_handed_on() -> None:
    event = {"ticket_id": "7"}
    assert place(Sessions(), event) == [event]


def test_what_is_old_is_forgotten() -> None:
    sessions = Sessions()
    place(sessions, act(1, 0))
    sessions.trim(START * 1000 + DAY_US)
    assert told(place(sessions, act(2, 1)))[0] == ("created", f"{ADA}-{START + HOUR}")


def test_a_late_word_does_not_make_the_silence_longer() -> None:
    events = place(Sessions(), act(1, 0), act(2, 20), act(3, 1), act(4, 43))
    assert told(events)[-1] == ("replied", FIRST)


def test_an_act_of_a_long_session_is_not_forgotten_before_it() -> None:
    sessions = Sessions()
    first = place(sessions, act(1, 0))
    place(sessions, act(2, 20), act(3, 40))
    sessions.trim(START * 1000 + DAY_US)
    assert place(sessions, act(1, 0)) == first


@pytest.mark.parametrize(("gap", "tickets"), [(0.0, 1), (3600.0, 2)], ids=["no-gap", "an-hour"])
def test_a_connector_of_conversations_cuts_its_threads(gap: float, tickets: int) -> None:
    acts = [act(1, 0), act(2, 5)]
    connector = Connector("wa", "W", lambda _: acts, "chat", session_gap_seconds=gap)
    parser = RecordParser(Vocabulary(), {"wa": build_decoder(connector, TEST_KEY)})
    events, rejects = parser.parse([Record(1, START * 1000 + 10**11, "wa", b"{}", None)])
    assert rejects == []
    assert len({event.key for event in events}) == tickets
