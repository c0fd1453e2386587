"""The stream of a wall: server-sent events, one heartbeat a second, the rest when it changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event

from starlette.types import Receive, Scope, Send

from flows.wall.screen import Screen

TICK_SECONDS = 1.0
SEND_SECONDS = 20.0
"""How long a client may take for what it was sent before it is let go: it will connect again."""
MAX_CLIENTS = 64
"""Each costs a socket and a few kilobytes; a floor has a dozen walls."""

HEARTBEAT = "tick"
"""The event that comes each second, also when it says the same."""

Frame = Mapping[str, bytes]
"""By event: the JSON it carries."""


class Frames:
    """Work out each screen once a tick, however many look at it, aside from the event loop."""

    def __init__(self, build: Callable[[Screen], Frame]) -> None:
        """Take what builds a screen's frame."""
        self._build = build
        self._found: dict[Screen, tuple[int, asyncio.Future[Frame]]] = {}

    async def get(self, screen: Screen) -> Frame:
        """Return a screen's frame of this tick."""
        tick = int(time.monotonic() / TICK_SECONDS)
        found = self._found.get(screen)
        if found is None or found[0] != tick:
            self._found = {s: f for s, f in self._found.items() if f[0] >= tick - 1}
            task = asyncio.ensure_future(asyncio.to_thread(self._build, screen))
            found = self._found[screen] = (tick, task)
        # A client that leaves must not take the others' frame with it.
        return await asyncio.shield(found[1])


class Streams:
    """Keep the clients of the stream: at most so many, each as slow as it likes."""

    def __init__(self, build: Callable[[Screen], Frame], max_clients: int = MAX_CLIENTS) -> None:
        """Take what builds frames."""
        self._frames = Frames(build)
        self._max_clients = max_clients
        self._stopped = Event()
        self.clients = 0

    def is_full(self) -> bool:
        """Tell whether no further client is taken."""
        return self.clients >= self._max_clients

    def stop(self) -> None:
        """End every stream within a tick; any thread may say so."""
        self._stopped.set()

    def is_stopped(self) -> bool:
        """Tell whether the streams end."""
        return self._stopped.is_set()

    async def get(self, screen: Screen) -> Frame:
        """Return what a screen shows now."""
        return await self._frames.get(screen)

    @contextmanager
    def count(self) -> Iterator[None]:
        """Count a client while it is served."""
        self.clients += 1
        try:
            yield
        finally:
            self.clients -= 1


class EventStream:
    """Be the answer to one client: an ASGI application.

    A client gets the newest frame when it has taken the last one: what it missed is skipped, so
    a slow one holds one frame and never the others.
    """

    def __init__(self, streams: Streams, screen: Screen, headers: Mapping[str, str]) -> None:
        """Take the screen and the headers of the answer."""
        self._streams = streams
        self._screen = screen
        self._headers = [
            (name.encode(), value.encode())
            for name, value in {
                **headers,
                "content-type": "text/event-stream; charset=utf-8",
                "cache-control": "no-store",
                "x-accel-buffering": "no",  # nginx would hold events back
            }.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's interface
        """Serve until the client leaves or the server stops."""
        with self._streams.count():
            left = asyncio.ensure_future(_wait_for_leave(receive))
            try:
                await self._serve(send, left)
            finally:
                left.cancel()
                with suppress(asyncio.CancelledError):
                    await left

    async def _serve(self, send: Send, left: asyncio.Future[None]) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self._headers}
        await send(start)
        sent: dict[str, bytes] = {}
        while not left.done() and not self._streams.is_stopped():
            frame = await self._streams.get(self._screen)
            news = {
                name: data
                for name, data in frame.items()
                if name == HEARTBEAT or sent.get(name) != data
            }
            sent.update(news)
            body = b"".join(
                b"event: %s\ndata: %s\n\n" % (name.encode(), data) for name, data in news.items()
            )
            message = {"type": "http.response.body", "body": body, "more_body": True}
            try:
                await asyncio.wait_for(send(message), SEND_SECONDS)
            except TimeoutError:
                return
            await asyncio.wait((left,), timeout=TICK_SECONDS - time.monotonic() % TICK_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _wait_for_leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
