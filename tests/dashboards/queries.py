"""The panels' queries taken apart, for tests that look at every one of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import promql_parser

from dashboards.builder import Board
from dashboards.desk import Desk, build_desk
from dashboards.library import build_boards
from dashboards.panels import Panel, Query
from dashboards.rules.records import build_groups
from slawatch import conventions as c
from slawatch.config import load_config

DEMO = load_config(["demo"])
BOARDS: dict[tuple[str, str], Board] = {
    (language, name): board
    for language in ("en", "zh")
    for name, board in build_boards(DEMO, language).items()
}
QUERIES: list[tuple[str, Panel, Query]] = [
    (f"{board.uid}: {panel.title}", panel, query)
    for board in BOARDS.values()
    for panel in board.panels()
    for query in panel.queries
]
RECORDED = frozenset(record.name for group in build_groups() for record in group.records)
EXPOSED: dict[str, frozenset[str]] = {
    name: frozenset(family.labels) | ({"le"} if name.endswith("_bucket") else set())
    for family in c.FAMILIES
    for name in (
        [f"{family.name}{suffix}" for suffix in ("_bucket", "_sum", "_count")]
        if family.type is c.Type.HISTOGRAM
        else [family.name]
    )
}
"""The series of a scrape and their labels."""


def desk(language: str = "en") -> Desk:
    """Return the demo's desk."""
    return build_desk(DEMO, language)


class Selector(NamedTuple):
    """Be one selector of a query: its series name and what it matches by label."""

    name: str
    matchers: dict[str, tuple[str, str]]


class Parts(NamedTuple):
    """Be what a query is made of."""

    selectors: list[Selector]
    numbers: list[float]
    over_time: list[tuple[str, str]]
    """(function, series name) of every function over a range of raw samples."""


def take_apart(expr: str) -> Parts:
    """Parse a query; it must be PromQL."""
    parts = Parts([], [], [])

    def visit(node: Any) -> None:  # noqa: ANN401 - an AST
        kind = type(node).__name__
        if kind == "VectorSelector":
            _add(parts, node)
        elif kind == "MatrixSelector":
            _add(parts, node.vector_selector)
        elif kind == "NumberLiteral":
            parts.numbers.append(node.val)
        elif kind == "Call":
            for arg in node.args:
                if type(arg).__name__ == "MatrixSelector":
                    parts.over_time.append((node.func.name, arg.vector_selector.name))

    promql_parser.walk(promql_parser.parse(expr), visit)
    return parts


def _add(parts: Parts, node: Any) -> None:  # noqa: ANN401 - an AST
    matchers = {m.name: (str(m.op), m.value) for m in node.matchers.matchers}
    selector = Selector(node.name, matchers)
    if selector not in parts.selectors:
        parts.selectors.append(selector)
