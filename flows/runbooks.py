"""The runbooks, served beside the wall: where an alert's link leads at three in the morning."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

PREFIX = "/runbooks"
_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "runbooks", _HERE.parent / "docs" / "runbooks")
"""In a wheel, in a checkout."""
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'self'"
_STYLE = """body{font:18px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em;
background:#fff;color:#111}a{color:#0b57b0}h2{margin-top:2em;border-top:1px solid #999;
padding-top:.6em}h2:target{background:#ffe9a8}code{background:#eee;padding:.1em .3em}
@media(prefers-color-scheme:dark){body{background:#10151d;color:#eee}a{color:#8ab8ff}
h2:target{background:#5a4500}code{background:#2a313c}}"""


def list_runbooks() -> dict[str, Path]:
    """Return the runbooks by language and name, as `en/support.md`."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    found = [] if folder is None else sorted(folder.glob("*/*.md"))
    return {f"{path.parent.name}/{path.name}": path for path in found}


@lru_cache(maxsize=16)
def render_runbook(path: Path) -> str:
    """Return a runbook as a page; each alert's heading can be linked to by its lower-case name."""
    text = path.read_text("utf-8")
    body: str = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    body = re.sub(
        r"<h2>(.*?)</h2>",
        lambda found: f'<h2 id="{escape(found[1].lower(), quote=True)}">{found[1]}</h2>',
        body,
    )
    return (
        f'<!doctype html><html lang="{path.parent.name}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>slawatch: {escape(path.stem)}</title><link rel="stylesheet" href="../style.css">'
        f"<main>{body}</main></html>\n"
    )


def runbook_routes() -> list[Route]:
    """Return the routes: no token is asked, they hold no data."""
    books = list_runbooks()

    def show(request: Request) -> Response:
        name = f"{request.path_params['language']}/{request.path_params['name']}"
        if name not in books:
            known = ", ".join(books) or "none in this installation"
            raise HTTPException(404, f"no runbook {name!r}: there are {known}")
        return HTMLResponse(
            render_runbook(books[name]), headers={"content-security-policy": _POLICY}
        )

    def show_style(_: Request) -> Response:
        return Response(_STYLE, media_type="text/css")

    return [
        Route(f"{PREFIX}/style.css", show_style),
        Route(f"{PREFIX}/{{language}}/{{name}}", show),
    ]
