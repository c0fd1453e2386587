"""A Redis stream, read by a consumer group whose acknowledgements follow the intake log."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

from connectors.connector import Secrets
from connectors.payload import Payload
from connectors.transports.bus import Message
from slawatch.errors import ConfigError, ConnectorError

OPTIONS: Mapping[str, Any] = {
    "url": "redis://127.0.0.1:6379/0",
    "stream": "",
    "group": "slawatch",
    "consumer": None,
    "field": "data",
    "claim_seconds": 60,
}

_START, _NEW = "0-0", ">"


class RedisStream:
    """Be a consumer of a group.

    What it had taken and not acknowledged comes first; then what dead consumers left for
    `claim_seconds`; then what is new.
    """

    def __init__(self, client: Any, options: Mapping[str, Any]) -> None:  # noqa: ANN401 - redis.Redis
        """Take the connection; nothing is asked yet."""
        self._client = client
        self._stream: str = options["stream"]
        self._group: str = options["group"]
        self._consumer: str = options["consumer"] or socket.gethostname()
        self._field = options["field"].encode()
        self._claim_ms = round(float(options["claim_seconds"]) * 1000)
        self._is_joined = False
        self._own_from: str | None = _START
        self._claim_from = _START
        self._taken: list[bytes] = []

    def fetch(self, limit: int, seconds: float) -> list[Message]:
        """Return what is there, waiting so long for the first."""
        import redis  # noqa: PLC0415 - few desks need it

        try:
            self._join(redis.ResponseError)
            entries = (
                self._fetch_own(limit) or self._claim(limit) or self._fetch_new(limit, seconds)
            )
        except redis.ResponseError as ex:
            self._is_joined = False  # the stream or the group is gone: it is made again
            raise ConnectorError(f"stream {self._stream!r} cannot be read: {ex}") from ex
        except redis.RedisError as ex:
            self._own_from = _START  # what was taken before the break is ours still
            raise ConnectorError(f"redis cannot be read: {type(ex).__name__}: {ex}") from ex
        self._taken += [entry for entry, _ in entries]
        return [
            Message(f"{self._stream}/{entry.decode()}", Payload(body))
            for entry, fields in entries
            if fields and (body := fields.get(self._field))
        ]

    def confirm(self) -> None:
        """Acknowledge all that was fetched."""
        import redis  # noqa: PLC0415 - as above

        try:
            if self._taken:
                self._client.xack(self._stream, self._group, *self._taken)
        except redis.RedisError as ex:
            self._own_from = _START
            msg = f"redis took no acknowledgement, messages come again: {ex}"
            raise ConnectorError(msg) from ex
        finally:
            self._taken.clear()

    def close(self) -> None:
        """Let go; what was not acknowledged stays this consumer's."""
        self._client.close()

    def _join(self, error: type[Exception]) -> None:
        if self._is_joined:
            return
        try:
            self._client.xgroup_create(self._stream, self._group, id="0", mkstream=True)
        except error as ex:
            if "BUSYGROUP" not in str(ex):
                raise
        self._is_joined, self._own_from = True, _START

    def _fetch_own(self, limit: int) -> list[Any]:
        """Return what this consumer took in a former life, as long as there is any."""
        if self._own_from is None:
            return []
        entries = self._read(self._own_from, limit, None)
        self._own_from = entries[-1][0].decode() if entries else None
        return entries

    def _claim(self, limit: int) -> list[Any]:
        answer = self._client.xautoclaim(
            self._stream,
            self._group,
            self._consumer,
            self._claim_ms,
            start_id=self._claim_from,
            count=limit,
        )
        self._claim_from = answer[0].decode()
        return [entry for entry in answer[1] if entry[1]]

    def _fetch_new(self, limit: int, seconds: float) -> list[Any]:
        return self._read(_NEW, limit, max(1, round(seconds * 1000)))

    def _read(self, start: str, limit: int, block: int | None) -> list[Any]:
        answer = self._client.xreadgroup(
            self._group, self._consumer, {self._stream: start}, count=limit, block=block
        )
        return answer[0][1] if answer else []


def build_stream(options: Mapping[str, Any], secrets: Secrets) -> RedisStream:
    """Return the consumer that a source's options describe; the secret is the password.

    Raises `ConfigError`.
    """
    said = {**OPTIONS, **options}
    for key in ("url", "stream", "group", "field"):
        if not isinstance(said[key], str) or not said[key]:
            raise ConfigError(f"options.{key} must be a text that is not empty, got {said[key]!r}")
    try:
        import redis  # noqa: PLC0415 - few desks need it
    except ImportError as ex:
        raise ConfigError("Redis needs the package redis: install slawatch[redis]") from ex
    try:
        client = redis.Redis.from_url(
            said["url"], **({"password": secrets[0]} if secrets else {}), socket_timeout=20
        )
    except ValueError as ex:
        raise ConfigError(f"options.url must be such as redis://host:6379/0: {ex}") from ex
    return RedisStream(client, said)
