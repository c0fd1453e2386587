"""Markdown pages of the project: their fences, links and headings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
PAGES = [
    PROJECT / "README.md",
    PROJECT / "CHANGELOG.md",
    *sorted((PROJECT / "docs").rglob("*.md")),
]
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Fence(NamedTuple):
    """Be a fenced block: its language, what stands behind it, its text."""

    language: str
    marks: str
    text: str


def name(page: Path) -> str:
    return page.relative_to(PROJECT).as_posix()


def read(path: str) -> str:
    return (PROJECT / path).read_text("utf-8")


def fences(page: Path) -> list[Fence]:
    return [
        Fence(*(part or "" for part in found)) for found in _FENCE.findall(page.read_text("utf-8"))
    ]


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def rows(text: str) -> dict[str, str]:
    """Return the rows of the tables by each code word of their first cell."""
    found = {}
    for line in re.findall(r"^\| (.*) \|$", text, re.MULTILINE):
        for word in re.findall(r"`([^`]+)`", line.partition(" | ")[0]):
            found[word] = line
    return found
