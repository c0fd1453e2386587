"""Real Redis and NATS servers on free ports."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import nats
import redis
from nats.js.api import StreamConfig

from tests.e2e.monitor import poll
from tests.servers import free_port, require_program


class Broker:
    """Be a server that may be stopped and started again over its data."""

    def __init__(self, command: list[str], answers: Callable[[], bool]) -> None:
        self._command, self._answers = command, answers
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        poll(self._answers, f"{self._command[0]} answers")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


class RedisServer(Broker):
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.client: redis.Redis = redis.Redis(port=self.port)
        program = require_program("redis-server")
        common = ["--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes", "--save", ""]
        super().__init__([program, "--port", str(self.port), *common], self._pings)

    def _pings(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def add(self, stream: str, *bodies: bytes) -> None:
        for body in bodies:
            self.client.xadd(stream, {"data": body})

    def options(self, stream: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - options
        return {"url": f"redis://127.0.0.1:{self.port}/0", "stream": stream, **more}

    def pending(self, stream: str) -> int:
        return int(self.client.xpending(stream, "slawatch")["pending"])


class NatsServer(Broker):
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        program = require_program("nats-server")
        common = ["-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(folder)]
        super().__init__([program, *common], self._connects)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def _connects(self) -> bool:
        try:
            self.ask(lambda client: client.flush())
        except OSError:
            return False
        return True

    def ask(self, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - the client's
        async def run() -> Any:  # noqa: ANN401 - as above
            client = await nats.connect(self.url, allow_reconnect=False, error_cb=_ignore)
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(run())

    def make(self, stream: str) -> None:
        config = StreamConfig(name=stream, subjects=[f"{stream}.*"])
        self.ask(lambda client: client.jetstream().add_stream(config))

    def add(self, stream: str, *bodies: bytes) -> None:
        async def publish(client: Any) -> None:  # noqa: ANN401 - the client's
            for body in bodies:
                await client.jetstream().publish(f"{stream}.acts", body)

        self.ask(publish)

    def options(self, stream: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - options
        return {"servers": [self.url], "stream": stream, **more}

    def pending(self, stream: str) -> int:
        told = self.ask(lambda client: client.jetstream().consumer_info(stream, "slawatch"))
        return int(told.num_ack_pending)


async def _ignore(_: Exception) -> None:
    """Leave errors to whoever asked."""


@contextmanager
def serve(server: RedisServer | NatsServer) -> Iterator[RedisServer | NatsServer]:
    try:
        yield server.start()
    finally:
        server.stop()
        if isinstance(server, RedisServer):
            server.client.close()
