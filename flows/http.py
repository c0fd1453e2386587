"""The HTTP endpoint: metrics, health, and the wall, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors.listener import Server, listen
from flows.export import Exporter
from flows.runbooks import runbook_routes
from flows.wall.app import Wall
from flows.wall.scrapes import HEADER as SCRAPER_HEADER


def build_app(exporter: Exporter, is_alive: Callable[[], bool], wall: Wall) -> Starlette:
    """Build the application; `is_alive` tells whether the flow still runs."""

    # Plain functions: Starlette runs them in a thread, so a scrape does not hold up the others.
    def show_metrics(request: Request) -> Response:
        if SCRAPER_HEADER in request.headers:
            wall.note_scrape()
        content, content_type = exporter.render(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})

    def show_health(_: Request) -> Response:
        return _answer("ok") if is_alive() else _answer("the flow has stopped", 503)

    def show_readiness(_: Request) -> Response:
        if not is_alive():
            return _answer("the flow has stopped", 503)
        return _answer("ok") if exporter.is_fresh() else _answer("catching up", 503)

    return Starlette(
        routes=[
            Route("/metrics", show_metrics),
            Route("/healthz", show_health),
            Route("/readyz", show_readiness),
            *runbook_routes(),
            *wall.routes(),
        ]
    )


def _answer(text: str, status: int = 200) -> Response:
    return PlainTextResponse(f"{text}\n", status)


def start_server(
    exporter: Exporter,
    is_alive: Callable[[], bool],
    wall: Wall,
    host: str = "127.0.0.1",
    port: int = 9464,
) -> Server:
    """Serve the exporter and the wall in a thread; port 0 takes a free one.

    Raises `ConfigError` when the address cannot be listened on.
    """
    app = build_app(exporter, is_alive, wall)
    return Server(app, listen(host, port), on_stop=wall.streams.stop)
