"""The wall's page and what it loads: read once, named after their content."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from slawatch.texts import LANGUAGES, load_texts

_TYPES = {
    "wall.js": "text/javascript; charset=utf-8",
    "draw.js": "text/javascript; charset=utf-8",
    "chart.js": "text/javascript; charset=utf-8",
    "wall.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "vendor/uPlot.iife.min.js": "text/javascript; charset=utf-8",
    "vendor/uPlot.min.css": "text/css; charset=utf-8",
    "vendor/LICENSE.uPlot": "text/plain; charset=utf-8",
}
_PAGE = "page.html"
_AREAS = ("terms", "values", "wall")


@dataclass(frozen=True, slots=True)
class Assets:
    """Be the files by name, and `version`: another one makes open pages load themselves anew."""

    version: str
    files: Mapping[str, tuple[bytes, str]]
    page: str

    def render_page(self, language: str, facts: Mapping[str, object]) -> bytes:
        """Return the page in a language; `facts` are what its script must know at the start."""
        texts = {key: text for area in _AREAS for key, text in load_texts(area, language).items()}
        filled = {
            "lang": "zh-Hans" if language == "zh" else language,
            "version": self.version,
            "texts": json.dumps(texts, ensure_ascii=False),
            "facts": json.dumps({**facts, "language": language}, ensure_ascii=False),
            "wait": texts["connecting"],
        }
        page = self.page
        for name, value in filled.items():
            page = page.replace(f"{{{{{name}}}}}", html.escape(value))
        return page.encode()


def load_assets(digest: str) -> Assets:
    """Read the files of the wall. `digest` is that of the rules: new names need a new page."""
    folder = files("flows.wall")
    found = {name: folder.joinpath(name).read_bytes() for name in _TYPES}
    page = folder.joinpath(_PAGE).read_text("utf-8")
    texts = repr([load_texts(area, lang) for area in _AREAS for lang in LANGUAGES])
    sums = hashlib.sha256()
    for content in (*found.values(), page.encode(), texts.encode(), digest.encode()):
        sums.update(content)
    return Assets(
        f"{version('slawatch')}-{sums.hexdigest()[:12]}",
        {name: (content, _TYPES[name]) for name, content in found.items()},
        page,
    )


def choose_language(wanted: str, accepted: str) -> str:
    """Return the language asked for, else the first known one that a browser accepts."""
    for word in (wanted, *accepted.split(",")):
        name = word.strip().partition(";")[0].partition("-")[0].lower()
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]
