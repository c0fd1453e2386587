"""The HTTP/1.1 connection: uvicorn's on h11, with deadlines and without what attackers use.

uvicorn keeps a connection whose headers or body never end, and h11 counts only the bytes of
headers that have not ended yet.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import h11
import uvicorn
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from connectors.receiver.answers import PHRASES, Answer, build_text, render_head
from connectors.receiver.exchange import Exchange
from connectors.receiver.heads import PlainRequest, StrictConnection, parse_plain
from connectors.receiver.limits import Limits

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

LOGGER = logging.getLogger(__name__)

_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\n"
    b"connection: close\r\n\r\n"
)


Begin = Callable[[PlainRequest, str, frozenset[str]], Coroutine[Any, Any, Answer] | None]
"""Take a plain request, its scheme and the client's names: what answers it, or nobody does."""

_BROKEN = build_text("Internal Server Error", 500)


class Phase(Enum):
    """Be what a connection waits for, where that has a deadline here."""

    NOTHING = "nothing"
    HEADERS = "headers"
    BODY = "body"
    IDLE = "idle"
    LINGER = "linger"
    LEAVING = "leaving"


class GuardedProtocol(H11Protocol):
    """Serve one connection, whose deadlines share one timer: it runs on where they are put off."""

    def __init__(
        self, config: uvicorn.Config, state: ServerState, limits: Limits, begin: Begin
    ) -> None:
        """Take what uvicorn's has, the limits, and what answers plain requests without h11."""
        super().__init__(config, state, {})
        self.conn = self._strict = StrictConnection(limits)
        self.logger = LOGGER.getChild("http")
        self.access_log = False
        self.phase = Phase.NOTHING
        self.since = 0.0
        self._limits = limits
        self._begin_plain = begin
        self._client_names: frozenset[str] = frozenset()
        self._plain: asyncio.Task[None] | None = None
        self._has_begun = False
        self._is_last = False
        self._seconds = {
            Phase.NOTHING: 0.0,
            Phase.HEADERS: limits.header_seconds,
            Phase.BODY: limits.body_seconds,
            Phase.IDLE: limits.idle_seconds,
            Phase.LINGER: limits.linger_seconds,
            Phase.LEAVING: limits.linger_seconds,
        }
        self._timer: asyncio.TimerHandle | None = None

    @property
    def _exchange(self) -> Exchange | None:
        return cast("Exchange | None", self.cycle)  # uvicorn's type forgets that there is none

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin, in place of the one that has waited longest where there are too many."""
        has_room = len(self.connections) < self._limits.connections or self._make_room()
        if not has_room and len(self.connections) >= 2 * self._limits.connections:
            self.transport = transport
            transport.close()
            return
        self._client_names = _client_names(transport.get_extra_info("peercert"))
        self.app_state["client_names"] = self._client_names
        super().connection_made(transport)
        if has_room:
            self._watch()
        else:
            transport.write(_FULL)
            self._leave()

    def _make_room(self) -> bool:
        """Give up the connection that has waited longest; those that leave do not count."""
        others = cast("Iterable[GuardedProtocol]", self.connections)
        staying = [one for one in others if one.phase is not Phase.LEAVING]
        if len(staying) < self._limits.connections:
            return True
        waiting = [one for one in staying if one.phase in (Phase.IDLE, Phase.HEADERS)]
        if waiting:
            min(waiting, key=lambda one: one.since).give_up()
        return bool(waiting)

    def connection_lost(self, exc: Exception | None) -> None:
        """End, and forget the deadline."""
        self._forget_deadline()
        if self in self.connections:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it came after the end."""
        if self.transport.is_closing() or self.phase is Phase.LEAVING:
            return
        if self._plain is not None:
            self.conn.receive_data(data)
            self.flow.pause_reading()  # until the answer to the one before is sent
        elif not self._serve_plainly(data):
            self.conn.receive_data(data)
            self.handle_events()
            self._watch()

    def _serve_plainly(self, data: bytes) -> bool:
        """Answer a plain request, if that is all that came, as nearly always."""
        is_between = self.conn.our_state is h11.IDLE and self.conn.their_state is h11.IDLE
        if not is_between or self.conn.trailing_data[0] or self.flow.write_paused:
            return False
        if (request := parse_plain(data, self._limits)) is None:
            return False
        answering = self._begin_plain(request, self.scheme or "http", self._client_names)
        if answering is None:
            return False
        self._has_begun = True
        self.phase = Phase.NOTHING
        self._plain = self.loop.create_task(self._answer_plainly(answering))
        return True

    async def _answer_plainly(self, answering: Coroutine[Any, Any, Answer]) -> None:
        """Send the answer, and go on to what came meanwhile."""
        try:
            rendered = self._render(await answering)
        except Exception:
            self.logger.exception("Exception in the receiver")
            rendered = self._render(_BROKEN)
        self._plain = None
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.transport.write(rendered)
        if self._is_last:
            self.transport.close()
            return
        self.flow.resume_reading()
        if self.conn.trailing_data[0]:
            self.handle_events()
        self._watch()

    def _render(self, answer: Answer) -> bytes:
        headers = (*self.server_state.default_headers, *answer.headers)
        return render_head(answer.status, headers) + answer.body

    def handle_events(self) -> None:
        """Act on what came: a request begins with its headers, and its body is handed on."""
        while True:
            try:
                event = self.conn.next_event()
            except h11.RemoteProtocolError:
                self.send_400_response("Invalid HTTP request received.")
                return
            if event is h11.NEED_DATA:
                return
            if event is h11.PAUSED:
                self.flow.pause_reading()  # until the answer to the one before is sent
                return
            if isinstance(event, h11.Request):
                self._begin(event)
            elif self.conn.our_state is not h11.DONE:
                self._hand_on(event)
            elif isinstance(event, h11.EndOfMessage):  # it was answered before its body ended
                self.flow.resume_reading()
                self.conn.start_next_cycle()
            if self.conn.their_state is h11.MUST_CLOSE or self._is_whole():
                return

    def _is_whole(self) -> bool:
        """Tell whether nothing follows a request that has come whole, as nearly always."""
        return self.conn.their_state is h11.DONE and not self.conn.trailing_data[0]

    def _hand_on(self, event: object) -> None:
        """Give the application a part of the body, or its end."""
        if isinstance(event, h11.Data):
            self.cycle.body += event.data
            if len(self.cycle.body) > HIGH_WATER_LIMIT:
                self.flow.pause_reading()
        else:
            self.cycle.more_body = False
        self.cycle.message_event.set()

    def _begin(self, request: h11.Request) -> None:
        self._has_begun = True
        self.headers = list(request.headers)
        raw_path, _, query_string = request.target.partition(b"?")
        self.scope = cast(
            "HTTPScope",
            {
                "type": "http",
                "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
                "http_version": request.http_version.decode("ascii"),
                "server": self.server,
                "client": self.client,
                "scheme": self.scheme,
                "method": request.method.decode("ascii"),
                "root_path": self.root_path,
                "path": self.root_path + unquote(raw_path.decode("ascii")),
                "raw_path": self.root_path.encode("ascii") + raw_path,
                "query_string": query_string,
                "headers": self.headers,
                "state": self.app_state.copy(),
            },
        )
        self.cycle = Exchange(
            scope=self.scope,
            conn=self.conn,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            on_response=self.on_response_complete,
        )
        task = self.loop.create_task(self.cycle.run_asgi(self.app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """Go on to the next request, and look at what the connection waits for now."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.conn.our_state is h11.CLOSED:
            self._leave()
            return
        if self.conn.our_state is h11.DONE and self.conn.their_state is h11.DONE:
            self.conn.start_next_cycle()
            if self.conn.trailing_data[0]:
                self.handle_events()
        self._watch()

    def shutdown(self) -> None:
        """Let what was sent whole be answered; who still sends comes again."""
        if self._plain is not None:
            self._is_last = True
        elif self.conn.their_state is h11.SEND_BODY:
            self.give_up()
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Leave an idle connection to the deadline kept here."""

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that is none, with the status that fits, once."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(self._strict.refusal, msg)
            self._leave()
        else:
            self.give_up()

    def _leave(self) -> None:
        """End our side; what still comes is thrown away, lest a reset overtakes the answer."""
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._enter(Phase.LEAVING)

    def give_up(self) -> None:
        """Close; a peer that does not take its answer is cut off."""
        self._forget_deadline()
        if (cycle := self._exchange) is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()
        self.loop.call_later(self._limits.linger_seconds, self.transport.abort)

    def _send(self, status: int, message: str) -> None:
        body = f"{message}\n".encode()
        headers = [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=PHRASES[status]),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            if output := self.conn.send(event):
                self.transport.write(output)

    def _watch(self) -> None:
        """Note what is waited for; a deadline that runs is not put off by more of the same."""
        phase = self._find_phase()
        if phase is not self.phase:
            self._enter(phase)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self.since = self.loop.time()
        if seconds := self._seconds[phase]:
            self._arm(self.since + seconds)

    def _find_phase(self) -> Phase:
        if self.phase is Phase.LEAVING:
            return Phase.LEAVING
        if self._plain is not None or self.transport.is_closing():
            return Phase.NOTHING
        theirs = self.conn.their_state
        if theirs is h11.IDLE:
            is_awaited = self._has_begun and not self.conn.trailing_data[0]
            return Phase.IDLE if is_awaited else Phase.HEADERS
        if theirs is h11.SEND_BODY:
            if self.conn.our_state is h11.DONE:
                return Phase.LINGER
            if self.conn.our_state is h11.SEND_RESPONSE:
                return Phase.BODY
        return Phase.NOTHING

    def _arm(self, at: float) -> None:
        """Let the timer end by then: where it ends before, it is set anew when it does."""
        if self._timer is not None:
            if self._timer.when() <= at:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(at, self._end_phase)

    def _forget_deadline(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.phase = Phase.NOTHING

    def _end_phase(self) -> None:
        self._timer = None
        if not (seconds := self._seconds[self.phase]):
            return  # armed again with the next phase that has a deadline
        if (at := self.since + seconds) > self.loop.time():
            self._arm(at)
            return
        if self.phase is Phase.BODY and (exchange := self._exchange) is not None:
            exchange.end_late()
            return
        if self.phase is Phase.HEADERS:
            self._send(408, "the request's headers did not end in time")
            self._leave()
            return
        self.give_up()


def _client_names(certificate: dict[str, Any] | None) -> frozenset[str]:
    """Return the names in a client's certificate, which TLS has verified: its CN, its hosts."""
    if not certificate:
        return frozenset()
    subject = (pair for part in certificate.get("subject", ()) for pair in part)
    common = (value for key, value in subject if key == "commonName")
    other = (value for _, value in certificate.get("subjectAltName", ()))
    return frozenset((*common, *other))
