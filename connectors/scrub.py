"""Scrub bodies of persons: what they say stays in shape, whom they name does not.

The same person becomes the same stand-in within one run, so that threads and tickets hold.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from connectors.payload import Payload

EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w-])(?:\+|00)\d[\d ()/.-]{7,16}\d(?![\w-])")
PERSONAL_KEY = re.compile(
    r"(?:^|_|\b)(?:phone|mobile|msisdn|wa_?id|caller_?id|e_?mail|external_?user_?id|open_?id|"
    r"union_?id|first_?name|last_?name|full_?name|body|text|html|plain_body|description|"
    r"comment_?body)$",
    re.IGNORECASE,
)
_NUMBER_KEY = re.compile(r"phone|mobile|msisdn|wa_?id|caller_?id", re.IGNORECASE)
_PERSON = re.compile(
    r"user|author|contact|customer|requester|sender|from|agent|assignee|reporter|person|visitor",
    re.IGNORECASE,
)
_NAME_KEY = re.compile(
    r"(?:^|_)(?:name|displayname|display_name|nickname|username)$", re.IGNORECASE
)
_SECRET_HEADERS = re.compile(r"authorization|cookie|signature|token|secret|api-?key|^x-forwarded")


class Scrubber:
    """Put stand-ins in the place of persons, addresses, numbers and texts."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._known: dict[tuple[str, str], str] = {}

    def scrub(self, payload: Payload) -> Payload:
        """Return the delivery without its persons; proofs of origin are left out."""
        headers = {
            name: self.scrub_text(value)
            for name, value in payload.headers.items()
            if not _SECRET_HEADERS.search(name)
        }
        query = {name: self.scrub_text(value) for name, value in payload.query.items()}
        return Payload(self._scrub_body(payload.body), headers, query)

    def scrub_text(self, text: str) -> str:
        """Return a text without addresses and phone numbers."""
        text = EMAIL.sub(lambda found: self._stand_in("email", found[0]), text)
        return PHONE.sub(lambda found: self._stand_in("phone", found[0]), text)

    def scrub_value(self, value: Any, key: str = "", holder: str = "") -> Any:  # noqa: ANN401 - JSON
        """Return JSON without its persons. `holder` is the key of the object it stands in."""
        if isinstance(value, dict):
            return {name: self.scrub_value(one, name, key) for name, one in value.items()}
        if isinstance(value, list):
            return [self.scrub_value(one, key, holder) for one in value]
        if isinstance(value, int) and not isinstance(value, bool) and _NUMBER_KEY.search(key):
            return int(self._stand_in("number", str(value)))
        return self._scrub_word(value, key, holder) if isinstance(value, str) and value else value

    def _scrub_word(self, value: str, key: str, holder: str) -> str:
        if _NUMBER_KEY.search(key):
            return self._stand_in("phone", value)
        if _NAME_KEY.search(key) and _PERSON.search(f"{holder} {key}".removesuffix(" name")):
            return self._stand_in("name", value)
        scrubbed = self.scrub_text(value)
        if PERSONAL_KEY.search(key) and scrubbed == value:
            return self._stand_in("text", value)
        return scrubbed

    def _scrub_body(self, body: bytes) -> bytes:
        try:
            return orjson.dumps(self.scrub_value(orjson.loads(body)), option=orjson.OPT_INDENT_2)
        except orjson.JSONDecodeError:
            text = body.decode("utf-8", "surrogateescape")
            return self.scrub_text(text).encode("utf-8", "surrogateescape")

    def _stand_in(self, kind: str, value: str) -> str:
        known = self._known.get((kind, value))
        if known is None:
            number = sum(one == kind for one, _ in self._known) + 1
            known = self._known[kind, value] = _STAND_INS[kind].format(number)
        return known


_STAND_INS = {
    "email": "person{}@example.org",
    "phone": "+4955501{:05}",
    "number": "4955501{:05}",
    "name": "Person {}",
    "text": "Text {}",
}
