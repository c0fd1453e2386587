"""What a request is answered with, and how that is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

import h11
from starlette.types import Send

Headers = tuple[tuple[bytes, bytes], ...]

PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_BODILESS = (204, 304)


class Answer(NamedTuple):
    """Be an answer as it is sent: header names in lower case."""

    status: int
    headers: Headers
    body: bytes


def build_answer(body: bytes, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """Build an answer; it tells its length where it may have a body."""
    if status in _BODILESS:
        return Answer(status, tuple(headers), b"")
    return Answer(status, (*headers, (b"content-length", b"%d" % len(body))), body)


def build_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Build an answer for a person, or for a program that wants one word."""
    return build_answer(text.encode(), status, (*encode_headers(headers or {}), _TEXT))


def encode_headers(headers: Mapping[str, str]) -> Headers:
    """Return headers as they are sent."""
    return tuple(
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    )


@lru_cache(maxsize=64)
def build_response(status: int, headers: Headers) -> h11.Response:
    """Build what h11 checks at length: most answers of a second are the same."""
    return h11.Response(status_code=status, headers=list(headers), reason=PHRASES.get(status, b""))


@lru_cache(maxsize=64)
def render_head(status: int, headers: Headers) -> bytes:
    """Return what stands before an answer's body. Raises `h11.LocalProtocolError` for nonsense."""
    response = build_response(status, headers)
    lines = [b"%b: %b\r\n" % header for header in response.headers]
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, response.reason, b"".join(lines))


async def send_answer(answer: Answer, send: Send) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


class Refusal(Exception):  # noqa: N818 - no error of ours: an answer
    """Answer a request at once."""

    def __init__(self, outcome: str, status: int, text: str, retry_seconds: int = 0) -> None:
        """Take what is counted, and the answer."""
        super().__init__(text)
        self.outcome = outcome
        headers = {"retry-after": str(retry_seconds)} if retry_seconds else None
        self.answer = build_text(f"{text}\n", status, headers)
