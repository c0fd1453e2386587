"""The receiver's application: `POST /in/SOURCE`, acknowledged once it is stored."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.auth import Call
from connectors.intake import Pending
from connectors.payload import Payload, unpack_payload
from connectors.receiver.answers import (
    Answer,
    Refusal,
    build_answer,
    build_text,
    encode_headers,
    send_answer,
)
from connectors.receiver.commits import Commits
from connectors.receiver.heads import PlainRequest
from connectors.receiver.inlets import Inlet
from connectors.receiver.limits import Limits
from slawatch import labels as v
from slawatch.errors import ConnectorError

LOGGER = logging.getLogger(__name__)

RETRY_SECONDS = 10
"""When a sender may try again what could not be stored: vendors want to hear less than 60."""
STORED = build_text("success")
"""The answer to what is stored: WeCom and DingTalk ask for this word, all others for none."""

_QUESTIONS = ("GET", "HEAD", "OPTIONS")
"""Methods that deliver nothing: a handshake, which proves nothing, or a mistake."""
_PATH = "/in/"
_NO_SOURCE = build_text("no source of this name is received here: see [sources.NAME.auth]\n", 404)

Poke = Callable[[Payload], None]
"""Tell what fetches a source's data that a delivery says there is some."""
Count = Callable[[str, str], None]
"""Count one request: its source, what became of it (`slawatch.labels.INTAKE_OUTCOMES`)."""


_NOBODY: Mapping[str, Poke] = MappingProxyType({})


class Head(NamedTuple):
    """Be what stands before a body: header names in lower case, each once."""

    method: str
    headers: Mapping[str, str]
    query: str
    scheme: str
    client_names: frozenset[str]


class Receiver:
    """Answer requests for the inlets."""

    def __init__(
        self,
        inlets: Mapping[str, Inlet],
        commits: Commits,
        count: Count,
        limits: Limits,
        public_url: str = "",
        now: Callable[[], float] = time.time,
        pokes: Mapping[str, Poke] = _NOBODY,
    ) -> None:
        """Take where deliveries are stored. `public_url` is how the vendors reach `/`.

        It answers under the path of `public_url` as well.
        """
        self._pokes = pokes
        self._inlets = inlets
        self._commits = commits
        self._count = count
        self._limits = limits
        self._public_url = public_url.rstrip("/")
        prefixes = {"", urlsplit(self._public_url).path}
        self._places = tuple(f"{prefix}{_PATH}" for prefix in prefixes)
        self._now = now
        self._held = 0
        self._fails = False

    def begin(
        self, request: PlainRequest, scheme: str, client_names: frozenset[str]
    ) -> Coroutine[Any, Any, Answer] | None:
        """Return what answers a delivery, `None` where the address is none of a source."""
        if (source := self.find_source(request.path)) is None:
            return None

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        head = Head("POST", request.headers, request.query, scheme, client_names)
        return self.answer(source, head, receive)

    def find_source(self, path: str) -> str | None:
        """Return the source that an address names, with or without a slash at its end."""
        for place in self._places:
            if path.startswith(place):
                source = path[len(place) :].removesuffix("/")
                return source if source and "/" not in source else None
        return None

    async def answer(self, source: str, head: Head, receive: Receive) -> Answer:
        """Answer `/in/SOURCE`."""
        inlet = self._inlets.get(source)
        if inlet is None:
            return _NO_SOURCE
        try:
            return await self._receive(inlet, head, receive)
        except Refusal as refusal:
            self._count(source, refusal.outcome)
            return refusal.answer
        except ClientDisconnect:
            self._count(source, v.INCOMPLETE)
            return build_answer(b"", 400)

    async def _receive(self, inlet: Inlet, head: Head, receive: Receive) -> Answer:
        method = head.method
        if method not in inlet.push.methods:
            return _refuse_method(inlet)
        call = self._build_call(inlet, head)
        headers = head.headers
        if (coding := headers.get("content-encoding", "identity")) != "identity":
            text = f"a body must come as it is, not as {coding[:20]!r}"
            raise Refusal(v.MALFORMED, 415, text)
        is_verified = not inlet.auth.needs_body and method not in _QUESTIONS
        if is_verified:
            self._verify(inlet, call)
        body = await self._read(int(headers.get("content-length", "0")), receive)
        try:
            call = call._replace(payload=call.payload._replace(body=body))
            if (reply := _shake_hands(inlet, method, call.payload)) is not None:
                self._count(inlet.source, v.HANDSHAKE)
                return reply
            if not is_verified:
                self._verify(inlet, call)
            if inlet.rate is not None and (wait := inlet.rate.take()):
                raise Refusal(v.RATE_LIMITED, 429, "too many deliveries: try again", wait)
            return await self._store(inlet, inlet.build_record(call.payload))
        finally:
            self._held -= len(body)

    def _build_call(self, inlet: Inlet, head: Head) -> Call:
        query = dict(parse_qsl(head.query, keep_blank_values=True)) if head.query else {}
        base = self._public_url or f"{head.scheme}://{head.headers.get('host', '')}"
        url = f"{base}{_PATH}{inlet.source}" + (f"?{head.query}" if head.query else "")
        return Call(Payload(b"", head.headers, query), url, head.client_names)

    async def _read(self, length: int, receive: Receive) -> bytes:
        """Read the body, which counts as held until the caller has done with it.

        The connection keeps the deadline: past it `receive` raises `TimeoutError`.
        """
        limit = self._limits.max_body
        if length > limit:
            raise _too_large(limit)
        body = bytearray()
        has_more = True
        try:
            while has_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk = message["body"]
                has_more = message["more_body"]
                body += chunk
                self._held += len(chunk)
                if len(body) > limit:
                    raise _too_large(limit)
                if self._held > self._limits.held_bytes:
                    raise _unavailable("too much is being sent at once")
        except BaseException as ex:
            self._held -= len(body)
            if isinstance(ex, TimeoutError):
                raise Refusal(v.INCOMPLETE, 408, "the body did not end in time") from ex
            raise
        return bytes(body)

    def _verify(self, inlet: Inlet, call: Call) -> None:
        try:
            fault = inlet.auth.find_fault(call, self._now())
        except Exception as ex:  # noqa: BLE001 - what cannot be verified is not believed
            inlet.note_error("verifying", ex)
            fault = "malformed"
        if fault:
            raise Refusal(v.AUTH_FAULTS[fault], 401, f"not believed: {_FAULTS[fault]}")

    async def _store(self, inlet: Inlet, record: Pending) -> Answer:
        try:
            result = await self._commits.store(record)
        except (ConnectorError, TimeoutError) as ex:
            if not self._fails:
                reason = str(ex) or f"no commit within {self._limits.append_seconds} s"
                LOGGER.warning("deliveries cannot be stored, answering 503 error=%s", reason)
            self._fails = True
            raise _unavailable("it could not be stored") from ex
        if self._fails:
            LOGGER.info("deliveries are stored again")
        self._fails = False
        if (poke := self._pokes.get(inlet.source)) is not None:
            poke(unpack_payload(record.body))
        self._count(inlet.source, v.DUPLICATE if result.duplicates else v.ACCEPTED)
        return STORED


_FAULTS = {
    "missing": "the proof of the sender is missing",
    "malformed": "the proof of the sender cannot be read",
    "stale": "the signature's time is too far from this clock",
    "wrong": "the proof of the sender is wrong",
}


def _unavailable(why: str) -> Refusal:
    return Refusal(v.UNAVAILABLE, 503, f"{why}: try again", RETRY_SECONDS)


def _too_large(limit: int) -> Refusal:
    return Refusal(v.TOO_LARGE, 413, f"a body may have {limit} bytes")


def _refuse_method(inlet: Inlet) -> Answer:
    allowed = ", ".join(inlet.push.methods)
    return build_text(f"must be {allowed}\n", 405, {"allow": allowed})


def _shake_hands(inlet: Inlet, method: str, payload: Payload) -> Answer | None:
    """Answer a request by which a vendor tests the address, if this is one."""
    if inlet.push.handshake is not None:
        try:
            reply = inlet.push.handshake(method, payload, inlet.auth.secrets())
        except Exception as ex:
            inlet.note_error("shaking hands", ex)
            raise Refusal(v.MALFORMED, 400, "no handshake: it cannot be read") from ex
        if reply is not None:
            return build_answer(reply.body, reply.status, encode_headers(reply.headers))
    if method in _QUESTIONS:
        raise Refusal(v.MALFORMED, 400, "no handshake: something that it needs is missing")
    return None


def build_app(
    receiver: Receiver, render_metrics: Callable[[str], tuple[bytes, str]] | None = None
) -> ASGIApp:
    """Build the application. `render_metrics` serves `/metrics` where the receiver runs alone."""
    others = _build_others(render_metrics)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer deliveries without a framework, whose routing costs more than they do."""
        if (source := receiver.find_source(scope["path"])) is None:
            await others(scope, receive, send)
        else:
            await send_answer(await receiver.answer(source, _read_head(scope), receive), send)

    return answer


def _read_head(scope: Scope) -> Head:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Head(
        scope["method"],
        headers,
        scope["query_string"].decode("latin-1"),
        scope["scheme"],
        scope["state"].get("client_names", frozenset()),
    )


def _build_others(render_metrics: Callable[[str], tuple[bytes, str]] | None) -> Starlette:
    """Build what answers at the other addresses."""

    async def show_health(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def show_metrics(request: Request) -> Response:
        if render_metrics is None:
            return Response(status_code=404)
        content, content_type = render_metrics(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})

    app = Starlette(routes=[Route("/healthz", show_health), Route("/metrics", show_metrics)])
    app.router.redirect_slashes = False  # a vendor may take a 3xx for the end of the address
    return app
