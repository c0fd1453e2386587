"""The wall's part of the HTTP endpoint: the page, its stream, and the same as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from flows.store import Store
from flows.wall.access import COOKIE, PARAMETER, Access
from flows.wall.assets import choose_language, load_assets
from flows.wall.facts import Facts
from flows.wall.model import show_charts, show_tick, show_wall
from flows.wall.scrapes import ScrapeWatch
from flows.wall.screen import Screen, UnknownScreenError, find_screen, list_parts
from flows.wall.stream import EventStream, Frame, Streams
from slawatch.policy import Rules
from slawatch.texts import LANGUAGES, load_texts

HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_COOKIE_SECONDS = 400 * 86_400  # the longest a browser keeps one: a wall hangs for long
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class WallOptions:
    """Be what the wall is served with. `ticket_urls` are link templates by source."""

    ticket_urls: Mapping[str, str] = field(default_factory=dict)
    access: Access = field(default_factory=Access)


class Wall:
    """Serve the wall of a store. `now` tells microseconds, `is_alive` whether the flow runs."""

    def __init__(
        self,
        rules: Rules,
        store: Store,
        now: Callable[[], int],
        is_alive: Callable[[], bool],
        options: WallOptions | None = None,
    ) -> None:
        """Read the page's files."""
        self.scrapes = ScrapeWatch()
        self.streams = Streams(self._build)
        self._facts = Facts.of(rules)
        self._store = store
        self._now = now
        self._is_alive = is_alive
        self._options = options or WallOptions()
        self._assets = load_assets(rules.digest)
        self._ask = "".join(f"{load_texts('wall', word)['ask_token']}\n" for word in LANGUAGES)

    def note_scrape(self) -> None:
        """Remember that Prometheus came."""
        self.scrapes.note(self._now())

    def routes(self) -> list[BaseRoute]:
        """Return the routes, each behind the token."""
        return [
            Route("/", self._guard(self._show_page)),
            Route("/events", self._guard(self._show_events)),
            Route("/api/wall.json", self._guard(self._show_json)),
            Route("/static/{name:path}", self._guard(self._show_file)),
        ]

    def _build(self, screen: Screen) -> Frame:
        # The time first: what is read afterwards is never older than it says.
        now = self._now()
        contents = self._store.read()
        facts, urls = self._facts, self._options.ticket_urls
        tick = show_tick(
            contents,
            now,
            self.scrapes.judge(now),
            is_alive=self._is_alive(),
            version=self._assets.version,
        )
        return {
            "tick": orjson.dumps(tick),
            "wall": orjson.dumps(show_wall(facts, contents, screen, now, urls)),
            "charts": orjson.dumps(show_charts(facts, contents, screen, now)),
        }

    def _guard(
        self, show: Callable[[Request], Awaitable[Response | ASGIApp]]
    ) -> Callable[[Request], Awaitable[Response]]:
        access = self._options.access

        async def guarded(request: Request) -> Response:
            if not access.allows(request):
                headers = {**HEADERS, "www-authenticate": 'Bearer realm="slawatch"'}
                return PlainTextResponse(self._ask, 401, headers)
            return await show(request)  # type: ignore[return-value]  # Starlette calls either

        return guarded

    async def _show_page(self, request: Request) -> Response:
        access = self._options.access
        if access.token and PARAMETER in request.query_params:
            return _remember(request, access.token)
        status, problem = 200, None
        try:
            find_screen(self._facts.rules, request.query_params)
        except UnknownScreenError as ex:
            status, problem = 404, _describe(ex)
        language = choose_language(
            request.query_params.get("lang", ""), request.headers.get("accept-language", "")
        )
        facts = {
            "zone": self._facts.rules.zone,
            "problem": problem,
            "parts": list_parts(self._facts.rules),
        }
        content = self._assets.render_page(language, facts)
        headers = {**HEADERS, "cache-control": "no-store", "vary": "Accept-Language, Cookie"}
        return Response(content, status, headers, "text/html; charset=utf-8")

    async def _show_events(self, request: Request) -> Response | ASGIApp:
        try:
            screen = find_screen(self._facts.rules, request.query_params)
        except UnknownScreenError as ex:
            return JSONResponse(_describe(ex), 404, HEADERS)
        if self.streams.is_full():
            text = "too many walls are open: close some, or look at /api/wall.json\n"
            return PlainTextResponse(text, 503, {**HEADERS, "retry-after": "10"})
        return EventStream(self.streams, screen, HEADERS)

    async def _show_json(self, request: Request) -> Response:
        try:
            screen = find_screen(self._facts.rules, request.query_params)
        except UnknownScreenError as ex:
            return JSONResponse(_describe(ex), 404, HEADERS)
        frame = await self.streams.get(screen)
        body = b",".join(b'"%s":%s' % (name.encode(), data) for name, data in frame.items())
        headers = {**HEADERS, "cache-control": "no-store"}
        return Response(b"{%s}" % body, 200, headers, "application/json")

    async def _show_file(self, request: Request) -> Response:
        found = self._assets.files.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("no such file\n", 404, HEADERS)
        is_named = request.query_params.get("v") == self._assets.version
        headers = {**HEADERS, "cache-control": _FOREVER if is_named else "no-cache"}
        return Response(found[0], 200, headers, found[1])


def _describe(ex: UnknownScreenError) -> dict[str, object]:
    return {"error": str(ex), "part": ex.part, "value": ex.value, "choices": list(ex.choices)}


def _remember(request: Request, token: str) -> Response:
    """Put the token into a cookie and out of the address, which others may see on the wall."""
    rest = request.url.remove_query_params(PARAMETER).query
    answer = RedirectResponse(f"./?{rest}" if rest else "./", 303, {**HEADERS})
    # Without a path the cookie holds for where the page lies, also behind a proxy's prefix.
    answer.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_SECONDS,
        path=None,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer
