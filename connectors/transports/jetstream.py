"""A NATS JetStream stream, read by a durable pull consumer acknowledged after the commit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from connectors.connector import Secrets
from connectors.payload import Payload
from connectors.transports.bus import Message
from slawatch.errors import ConfigError, ConnectorError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

OPTIONS: Mapping[str, Any] = {
    "servers": ["nats://127.0.0.1:4222"],
    "stream": "",
    "subject": None,
    "durable": "slawatch",
    "user": None,
}

TIMEOUT_SECONDS = 10.0
_T = TypeVar("_T")


class JetStream:
    """Be a durable consumer. Its own event loop runs while something is asked, no thread."""

    def __init__(self, options: Mapping[str, Any], secret: str | None) -> None:
        """Take what to read; the connection is made at the first look."""
        self._options = options
        self._secret = secret
        self._loop = asyncio.new_event_loop()
        self._client: Client | None = None
        self._subscription: Any = None
        self._taken: list[Msg] = []

    def fetch(self, limit: int, seconds: float) -> list[Message]:
        """Return what is there, waiting so long for the first."""
        self._taken = self._run(self._fetch(limit, seconds))
        return [Message(self._find_key(one), Payload(one.data)) for one in self._taken if one.data]

    def _find_key(self, message: Msg) -> str:
        # The time: a stream that was deleted and made anew counts from 1 again.
        told = message.metadata
        return f"{self._options['stream']}/{told.sequence.stream}/{told.timestamp.timestamp():.6f}"

    def confirm(self) -> None:
        """Acknowledge all that was fetched."""
        taken, self._taken = self._taken, []
        self._run(self._acknowledge(taken))

    def close(self) -> None:
        """Let go; what was not acknowledged comes again."""
        try:
            if self._client is not None:
                self._loop.run_until_complete(self._client.close())
        finally:
            self._loop.close()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        import nats.errors  # noqa: PLC0415 - few desks need it

        try:
            return self._loop.run_until_complete(asyncio.wait_for(work, TIMEOUT_SECONDS))
        except (nats.errors.Error, OSError, TimeoutError) as ex:
            self._loop.run_until_complete(self._forget())
            raise ConnectorError(f"nats cannot be read: {type(ex).__name__}: {ex}") from ex

    async def _forget(self) -> None:
        """Leave a broken connection: the next look makes another."""
        client, self._client, self._subscription = self._client, None, None
        if client is not None:
            await client.close()

    async def _fetch(self, limit: int, seconds: float) -> list[Msg]:
        import nats.errors  # noqa: PLC0415 - as above

        subscription = await self._subscribe()
        try:
            found: list[Msg] = await subscription.fetch(limit, timeout=seconds)
        except (nats.errors.TimeoutError, TimeoutError):
            return []
        return found

    async def _acknowledge(self, messages: list[Msg]) -> None:
        for one in messages:
            await one.ack()
        if self._client is not None:
            await self._client.flush()

    async def _subscribe(self) -> Any:  # noqa: ANN401 - the client's own
        if self._subscription is None:
            import nats  # noqa: PLC0415 - as above

            said = self._options
            proof = {"user": said["user"], "password": self._secret} if said["user"] else {}
            if self._secret and not said["user"]:
                proof = {"token": self._secret}
            self._client = await nats.connect(
                said["servers"],
                allow_reconnect=False,
                max_reconnect_attempts=1,  # with none it would try for ever
                reconnect_time_wait=0,
                connect_timeout=TIMEOUT_SECONDS,
                error_cb=_ignore,
                **proof,
            )
            self._subscription = await self._client.jetstream().pull_subscribe(
                said["subject"] or "", durable=said["durable"], stream=said["stream"]
            )
        return self._subscription


async def _ignore(_: Exception) -> None:
    """Leave errors to whoever asked: they are raised there as well."""


def build_stream(options: Mapping[str, Any], secrets: Secrets) -> JetStream:
    """Return the consumer that a source's options describe; the secret is a token or password.

    Raises `ConfigError`.
    """
    said = {**OPTIONS, **options}
    for key in ("stream", "durable"):
        if not isinstance(said[key], str) or not said[key]:
            raise ConfigError(f"options.{key} must be a text that is not empty, got {said[key]!r}")
    try:
        import nats  # noqa: F401, PLC0415 - few desks need it
    except ImportError as ex:
        raise ConfigError("NATS needs the package nats-py: install slawatch[nats]") from ex
    return JetStream(said, secrets[0] if secrets else None)
