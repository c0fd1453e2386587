"""Find personal data that a decoder lets out: events go to metrics, walls and logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.golden import Golden, Plain
from connectors.opaque import TEST_KEY, hide
from connectors.scrub import EMAIL, PERSONAL_KEY, PHONE

_UNSEEN = ("event_id", "occurred_at", "opened_at", "waiting_since", "promised_at", "type")
_SHORTEST = 6


def find_personal(golden: Golden, events: list[Plain], document: object) -> Iterator[str]:
    """Yield what of a body's personal data stands in its events. `event_id` is hashed, and free."""
    persons = set(_find_persons(document))
    for event in events:
        for key, value in _texts(event):
            if EMAIL.search(value) or PHONE.search(value):
                yield f"{golden.act}: {key} holds an address or a phone number"
            elif any(person in value for person in persons):
                yield f"{golden.act}: {key} repeats what the body says of a person"


def _texts(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in event.items():
        if key in _UNSEEN:
            continue
        if isinstance(value, dict):
            if value.keys() == {"opaque"}:
                yield key, hide(value["opaque"], TEST_KEY)
            else:
                yield from _texts(value)
        elif isinstance(value, list):
            yield from ((key, one) for one in value if isinstance(one, str))
        elif isinstance(value, str):
            yield key, value


def _find_persons(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _find_persons(one, str(name))
    elif isinstance(value, list):
        for one in value:
            yield from _find_persons(one, key)
    elif isinstance(value, str) and len(value) >= _SHORTEST and PERSONAL_KEY.search(key):
        yield value
