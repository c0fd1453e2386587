"""What a request is answered with, and how that is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from starlette.types import Send

Headers = tuple[tuple[bytes, bytes], ...]

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_BODILESS = (204, 304)


class Answer(NamedTuple):
    """Be an answer as it is sent: header names in lower case."""

    status: int
    headers: Headers
    body: bytes


def build_answer(body: bytes, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """Build an answer; it tells its length where it may have a body."""
    length = () if status in _BODILESS else ((b"content-length", b"%d" % len(body)),)
    return Answer(status, (*headers, *length), body)


def build_text(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Build an answer for a person, or for a program that wants one word."""
    return build_answer(text.encode(), status, (*encode_headers(headers or {}), _TEXT))


def encode_headers(headers: Mapping[str, str]) -> Headers:
    """Return headers as they are sent."""
    return tuple(
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    )


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
