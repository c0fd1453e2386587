from __future__ import annotations

import threading
from pathlib import Path

import httpx
import pytest

from connectors.capture import MAX_BODY_BYTES, Recorder, capture
from connectors.golden import load_golden
from connectors.payload import Payload


def take(count: int, *posts: dict[str, object]) -> list[Payload]:
    """Post to a capturing receiver and return what it yields."""
    senders: list[threading.Thread] = []

    def send(address: str) -> None:
        def run() -> None:
            for post in posts:
                httpx.post(f"{address}hook?team=l1", timeout=10, **post)  # type: ignore[arg-type]

        senders.append(threading.Thread(target=run, daemon=True))
        senders[0].start()

    found = list(capture(0, count, send))
    senders[0].join()
    return found


def test_what_is_posted_is_captured_with_the_headers_that_tell() -> None:
    (payload,) = take(1, {"content": b"{}", "headers": {"X-Kind": "a", "Accept": "b"}})
    assert payload == Payload(b"{}", {"x-kind": "a"}, {"team": "l1"})


def test_a_body_that_is_too_long_is_not_taken() -> None:
    (payload,) = take(1, {"content": b"x" * (MAX_BODY_BYTES + 1)}, {"content": b"ok"})
    assert payload.body == b"ok"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param(b'{"a": 1}', "body001.json", id="json"),
        pytest.param(b"<a/>", "body001.xml", id="xml"),
        pytest.param(b"a|b|c", "body001.txt", id="lines"),
    ],
)
def test_a_body_is_written_by_what_it_is(tmp_path: Path, body: bytes, name: str) -> None:
    assert Recorder(tmp_path).write(Payload(body)) == tmp_path / name


def test_what_is_written_is_a_golden_body_without_persons(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.write(Payload(b'{"email": "ada@example.org"}', {"x-kind": "a"}))
    recorder.write(Payload(b"{}"))
    first, second = load_golden(tmp_path)
    assert b"ada@" not in first.payload.body
    assert first.payload.headers == {"x-kind": "a"}
    assert second.act == "body002"
