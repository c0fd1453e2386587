"""A receiver on a free port, its log, and clients that behave and that do not."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from connectors.auth import build_auth
from connectors.connector import Connector, Push, Reply, Secrets
from connectors.intake import LogWriter, Record
from connectors.log_sqlite import SqliteLog
from connectors.payload import Payload, hash_body
from connectors.pump import Pump
from connectors.rate import RateLimit
from connectors.receiver.inlets import Inlet
from connectors.receiver.limits import Limits
from connectors.receiver.server import HttpReceiver, TlsFiles
from connectors.signatures import GITHUB
from connectors.wall import WallClock
from slawatch.errors import EventError

SECRET = "It's a Secret to Everybody"  # noqa: S105 - published
HELLO = b"Hello, World!"
HELLO_SIGNED = {
    "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
}
"""The example of GitHub's documentation."""

QUICK = Limits(header_seconds=1.0, body_seconds=1.0, idle_seconds=0.5, linger_seconds=0.5)
WAIT_SECONDS = 30.0


def _key(payload: Payload) -> str:
    return payload.headers.get("x-delivery") or hash_body(payload)


def _shake(method: str, payload: Payload, _: Secrets) -> Reply | None:
    if method == "GET" and "challenge" in payload.query:
        return Reply(payload.query["challenge"].encode(), 200, {"content-type": "text/plain"})
    if method == "GET" and "broken" in payload.query:
        raise EventError("malformed", "no challenge")
    return None


def _decode(payload: Payload) -> list[Mapping[str, object]]:
    return [orjson.loads(payload.body)]


def _unwrap(payload: Payload, _: Secrets, __: Mapping[str, Any]) -> Payload:
    if payload.body.startswith(b"sealed:"):
        return payload._replace(body=payload.body.removeprefix(b"sealed:"))
    raise EventError("malformed", "not sealed")


PLAIN = Connector(
    "plain",
    "Anything",
    _decode,
    "web",
    dedup_key=_key,
    push=Push(headers=("x-kind",), query=("part",), handshake=_shake, methods=("GET", "POST")),
)
SIGNED = Connector("signed", "One that signs", _decode, "web", push=Push(signature=GITHUB))
SEALED = Connector("sealed", "One that enciphers", _decode, "web", push=Push(unwrap=_unwrap))


def build_inlet(
    connector: Connector = PLAIN,
    auth: Mapping[str, Any] | None = None,
    rate: RateLimit | None = None,
    *,
    has_client_ca: bool = False,
) -> Inlet:
    assert connector.push is not None
    table = {"scheme": "none"} if auth is None else auth
    built = build_auth(connector.name, table, connector.push, has_client_ca=has_client_ca)
    return Inlet(connector.name, connector, connector.push, built, {}, rate)


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Running:
    """Be a receiver with its log."""

    def __init__(self, receiver: HttpReceiver, log: SqliteLog) -> None:
        self.receiver = receiver
        self.log = log
        self.address = (receiver.host, receiver.port)
        self.more_headers: Mapping[str, str] = {}

    def send(
        self,
        path: str = "/in/plain",
        body: bytes | Iterator[bytes] | None = b"{}",
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        connection = http.client.HTTPConnection(*self.address, timeout=WAIT_SECONDS)
        try:
            connection.request(method, path, body, {**self.more_headers, **(headers or {})})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=WAIT_SECONDS)

    def records(self) -> list[Record]:
        return self.log.read_after(0, 1_000)

    def count(self, outcome: str, source: str = "plain") -> int:
        return self.receiver.counts.read()[source, outcome]

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + WAIT_SECONDS
        while not is_so():
            assert time.monotonic() < give_up_at, "waited in vain"
            time.sleep(0.01)


ODD: Mapping[str, str] = {"Expect": "nothing"}
"""What h11 is asked to read a request for that would be plain without it."""


@contextmanager
def receiving(
    folder: Path,
    *inlets: Inlet,
    limits: Limits | None = None,
    tls: TlsFiles | None = None,
    public_url: str = "",
    is_alone: bool = False,
    max_backlog: int | None = None,
    before_commit: Callable[[], object] = lambda: None,
) -> Iterator[Running]:
    """Run a receiver for the inlets (one without authentication by default)."""
    receiver = HttpReceiver(
        {inlet.source: inlet for inlet in inlets or (build_inlet(),)},
        port=0,
        limits=limits,
        tls=tls,
        public_url=public_url,
        is_alone=is_alone,
    )
    path = folder / "intake.sqlite3"
    log = SqliteLog(path, WallClock(), max_backlog=max_backlog, before_commit=before_commit)
    with log, LogWriter(log) as writer:
        pump = Pump("receiver", lambda stop: receiver.pump(writer, stop))
        try:
            yield Running(receiver, log)
        finally:
            pump.stop()
            assert pump.error is None
