"""An HTTP server in a thread of its own, on a socket whose faults are told in a sentence."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import time
from collections.abc import Callable
from threading import Thread

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from slawatch.errors import ConfigError

START_SECONDS = 10.0
"""How long the server may take to come up before the start is given up."""
STOP_SECONDS = 3.0
"""How long a request under way may take at the end."""

_LOG = logging.getLogger(__name__)

BuildProtocol = Callable[[uvicorn.Config, ServerState], asyncio.Protocol]


class _Server(uvicorn.Server):
    """Serve connections of one's own protocol; uvicorn has no deadline for TLS."""

    def __init__(
        self,
        config: uvicorn.Config,
        build_protocol: BuildProtocol,
        tls: ssl.SSLContext | None,
        tls_seconds: float,
    ) -> None:
        super().__init__(config)
        self._build_protocol = build_protocol
        self._tls = tls
        self._tls_seconds = tls_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        seconds = None if self._tls is None else self._tls_seconds
        self.servers = [
            await asyncio.get_running_loop().create_server(
                lambda: self._build_protocol(self.config, self.server_state),
                sock=listener,
                ssl=self._tls,
                ssl_handshake_timeout=seconds,
                ssl_shutdown_timeout=seconds,
            )
            for listener in sockets or ()
        ]
        self.started = True


class Server:
    """Serve an application until `stop`. `host` and `port` are what it listens on."""

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        *,
        name: str = "http",
        build_protocol: BuildProtocol | None = None,
        tls: ssl.SSLContext | None = None,
        tls_seconds: float = 5.0,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Start serving on a bound socket, and return once it answers.

        `on_stop` ends the answers that would go on for ever.
        """
        self.host, self.port = listener.getsockname()[:2]
        self._listener = listener
        self._on_stop = on_stop
        config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=round(STOP_SECONDS),
        )
        self._server = (
            uvicorn.Server(config)
            if build_protocol is None
            else _Server(config, build_protocol, tls, tls_seconds)
        )
        # In a thread uvicorn leaves the signals alone: they belong to the flow.
        self._thread = Thread(target=self._server.run, args=([listener],), name=name, daemon=True)
        self._thread.start()
        self._wait()
        _LOG.info("%s server started host=%s port=%d", name, self.host, self.port)

    def _wait(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_at:
                self.stop()
                raise ConfigError(f"the HTTP server did not start on {self.host}:{self.port}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop serving; requests under way are answered."""
        self._on_stop()
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS + 1)
        self._listener.close()


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen; port 0 takes a free one. Raises `ConfigError` when that cannot be."""
    if not 0 <= port < 1 << 16:  # the resolver would silently cut it to 16 bits
        raise ConfigError(f"the HTTP port must be from 0 to 65535, got {port!r}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as ex:
        raise ConfigError(f"the HTTP server cannot listen on {host}:{port}: {ex}") from ex
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Listening now makes a second start fail here, with a message, and not in the thread.
        listener.listen(128)
    except OSError as ex:
        listener.close()
        raise ConfigError(_explain(host, port, ex)) from ex
    return listener


def _explain(host: str, port: int, ex: OSError) -> str:
    match ex.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is taken by another program (a second slawatch?): "
                "stop that one or choose another port"
            )
        case errno.EACCES:
            return f"port {port} needs more rights than this user has: choose one above 1023"
        case errno.EADDRNOTAVAIL:
            return f"{host!r} is no address of this machine: choose one that is, or '127.0.0.1'"
        case _:
            return f"the HTTP server cannot listen on {host}:{port}: {ex.strerror or ex}"
