"""The HTTP endpoint: `/metrics`, `/healthz`, `/readyz`, in a thread of its own."""

from __future__ import annotations

import errno
import logging
import socket
import time
from collections.abc import Callable
from threading import Thread

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from flows.export import Exporter
from slawatch.errors import ConfigError

START_SECONDS = 10.0
"""How long the server may take to come up before the start is given up."""
STOP_SECONDS = 3.0
"""How long a scrape under way may take at the end."""

_LOG = logging.getLogger(__name__)
_INDEX = """slawatch

/metrics  for Prometheus (OpenMetrics on request)
/healthz  200 while the flow runs
/readyz   200 while what is shown is current
"""


def build_app(exporter: Exporter, is_alive: Callable[[], bool]) -> Starlette:
    """Build the application; `is_alive` tells whether the flow still runs."""

    # Plain functions: Starlette runs them in a thread, so a scrape does not hold up the others.
    def show_metrics(request: Request) -> Response:
        content, content_type = exporter.render(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})

    def show_health(_: Request) -> Response:
        return _answer("ok") if is_alive() else _answer("the flow has stopped", 503)

    def show_readiness(_: Request) -> Response:
        if not is_alive():
            return _answer("the flow has stopped", 503)
        return _answer("ok") if exporter.is_fresh() else _answer("catching up", 503)

    def show_index(_: Request) -> Response:
        return PlainTextResponse(_INDEX)

    return Starlette(
        routes=[
            Route("/metrics", show_metrics),
            Route("/healthz", show_health),
            Route("/readyz", show_readiness),
            Route("/", show_index),
        ]
    )


def _answer(text: str, status: int = 200) -> Response:
    return PlainTextResponse(f"{text}\n", status)


class Server:
    """Serve an application until `stop`. `host` and `port` are what it listens on."""

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        """Start serving on a bound socket, and return once it answers."""
        self.host, self.port = listener.getsockname()[:2]
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=round(STOP_SECONDS),
            )
        )
        # In a thread uvicorn leaves the signals alone: they belong to the flow.
        self._thread = Thread(target=self._server.run, args=([listener],), name="http", daemon=True)
        self._thread.start()
        self._wait()

    def _wait(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_at:
                self.stop()
                raise ConfigError(f"the HTTP server did not start on {self.host}:{self.port}")
            time.sleep(0.01)
        _LOG.info("http server started host=%s port=%d", self.host, self.port)

    def stop(self) -> None:
        """Stop serving; scrapes under way are answered."""
        self._server.should_exit = True
        self._thread.join(STOP_SECONDS + 1)
        self._listener.close()


def start_server(
    exporter: Exporter,
    is_alive: Callable[[], bool],
    host: str = "127.0.0.1",
    port: int = 9464,
) -> Server:
    """Serve the exporter in a thread; port 0 takes a free one.

    Raises `ConfigError` when the address cannot be listened on.
    """
    return Server(build_app(exporter, is_alive), _listen(host, port))


def _listen(host: str, port: int) -> socket.socket:
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
