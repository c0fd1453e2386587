"""One frame for everybody, and nobody waits for a slow client."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message

from flows.wall import stream
from flows.wall.screen import Screen
from flows.wall.stream import EventStream, Frame, Streams

SCREEN = Screen()


class Client:
    """Be one client over ASGI; a slow one never takes what it is sent."""

    def __init__(self, *, is_slow: bool = False) -> None:
        self.got: list[Message] = []
        self.left = asyncio.Event()
        self.has_three = asyncio.Event()
        self._is_slow = is_slow

    async def send(self, message: Message) -> None:
        if self._is_slow and message.get("body"):
            await asyncio.Event().wait()
        self.got.append(message)
        if len(self.got) == 1 + 3:  # after the start
            self.has_three.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def be_served(self, streams: Streams) -> None:
        await EventStream(streams, SCREEN, {})({}, self.receive, self.send)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(stream, "SEND_SECONDS", 0.1)


def counted(built: list[Screen]) -> Streams:
    def build(screen: Screen) -> Frame:
        built.append(screen)
        return {"tick": b"%d" % len(built), "wall": b"{}"}

    return Streams(build)


def test_a_frame_is_worked_out_once_for_all_who_ask_in_a_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "TICK_SECONDS", 3600.0)
    built: list[Screen] = []
    streams = counted(built)

    async def ask() -> list[Frame]:
        return await asyncio.gather(*(streams.get(SCREEN) for _ in range(20)))

    assert len({frame["tick"] for frame in asyncio.run(ask())}) == 1
    assert len(built) == 1


def test_a_slow_client_holds_up_nobody_and_is_let_go() -> None:
    streams = counted([])

    async def run() -> tuple[Client, Client]:
        slow, quick = Client(is_slow=True), Client()
        served = asyncio.create_task(quick.be_served(streams))
        await slow.be_served(streams)  # it returns: the client was let go
        assert streams.clients == 1
        quick.left.set()
        await served
        return slow, quick

    slow, quick = asyncio.run(run())
    assert [message["type"] for message in slow.got] == ["http.response.start"]
    assert len(quick.got) > 3
    assert streams.clients == 0


def test_what_has_not_changed_is_not_sent_again() -> None:
    streams = counted([])

    async def run() -> list[Any]:
        client = Client()
        served = asyncio.create_task(client.be_served(streams))
        await client.has_three.wait()
        streams.stop()
        await served
        return client.got

    start, first, second, *_, last = asyncio.run(run())
    assert start["status"] == 200
    assert b"event: wall" in first["body"]
    assert second["body"].startswith(b"event: tick")
    assert b"wall" not in second["body"]
    assert last["more_body"] is False
