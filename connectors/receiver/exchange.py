"""One request and its answer: uvicorn's, answered in one write, with a body that may be late."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import h11
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import RequestResponseCycle

from connectors.receiver.answers import build_response

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent


class Exchange(RequestResponseCycle):
    """Be one request under way."""

    is_late = False
    _output = b""

    def end_late(self) -> None:
        """End the wait for a body that did not end in time."""
        self.is_late = True
        self.message_event.set()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next part of the body; raises `TimeoutError` where that is late."""
        event = await super().receive()
        if self.is_late and not self.disconnected:
            raise TimeoutError
        return event

    async def send(self, message: ASGISendEvent) -> None:
        """Take a part of the answer; what is known of it goes out at once, headers and body."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        said = cast("dict[str, Any]", message)
        if not self.response_started:
            self._begin(said["status"], said.get("headers", ()))
            return
        data = b"" if self.scope["method"] == "HEAD" else said.get("body", b"")
        output = self._output + (self.conn.send(h11.Data(data=data)) or b"")
        self._output = b""
        if said.get("more_body", False):
            self.transport.write(output)
            return
        self.response_complete = True
        self.message_event.set()
        self.transport.write(output + (self.conn.send(h11.EndOfMessage()) or b""))
        if self.conn.our_state is h11.MUST_CLOSE or not self.keep_alive:
            is_read = self.conn.their_state is not h11.SEND_BODY
            self.conn.send(h11.ConnectionClosed())
            if is_read:
                self.transport.close()
        self.on_response()

    def _begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        close = (CLOSE_HEADER,) if CLOSE_HEADER in self.scope["headers"] else ()
        response = build_response(status, (*self.default_headers, *headers, *close))
        self._output = self.conn.send(response) or b""
