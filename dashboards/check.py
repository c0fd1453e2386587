"""Are the committed boards those of the policy, and does every panel answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from dashboards.builder import Board
from dashboards.panels import Panel, Query
from dashboards.prometheus_api import Answer, Prometheus
from slawatch.errors import ConnectorError

_RANGE_SECONDS = 900.0
_STEPS = 60
_KINDS = ("*.json", "*.yml")


class Verdict(StrEnum):
    """Say what became of a panel's query."""

    ANSWERED = "answered"
    QUIET = "quiet"
    EMPTY = "empty"
    WARNED = "warned"
    REFUSED = "refused"


class PanelAnswer(NamedTuple):
    """Be what one query of one panel came to. QUIET: nothing now, which may be."""

    board: str
    panel: str
    query: Query
    verdict: Verdict
    detail: str
    answer: Answer

    @property
    def is_fault(self) -> bool:
        """Tell whether somebody must look."""
        return self.verdict not in (Verdict.ANSWERED, Verdict.QUIET)


def find_differences(files: Mapping[str, str], folder: Path) -> list[str]:
    """Return a line for each file that is missing, differs, or is there and should not be."""
    found = []
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{path}: missing")
        elif path.read_bytes() != content.encode():
            found.append(f"{path}: differs")
    return [*found, *(f"{path}: is no longer built" for path in _leftovers(files, folder))]


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Write every file, and remove those beside them that are no longer built."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())
    for path in _leftovers(files, folder):
        path.unlink()


def _leftovers(files: Mapping[str, str], folder: Path) -> list[Path]:
    kept = {folder / name for name in files}
    beside = {path.parent for path in kept}
    there = {path for place in beside for kind in _KINDS for path in place.glob(kind)}
    return sorted(there - kept)


def ask_panels(
    boards: Mapping[str, Board], prometheus: Prometheus, at: float | None = None
) -> Iterator[PanelAnswer]:
    """Ask every query of every panel as Grafana would, at an instant in seconds or now."""
    end = time.time() if at is None else at
    for name, board in boards.items():
        for panel in board.panels():
            for query in panel.queries:
                yield _ask(name, panel, query, prometheus, end)


def _ask(board: str, panel: Panel, query: Query, prometheus: Prometheus, end: float) -> PanelAnswer:
    def found(verdict: Verdict, detail: str, answer: Answer) -> PanelAnswer:
        return PanelAnswer(board, panel.title, query, verdict, detail, answer)

    try:
        if panel.is_range:
            step = _RANGE_SECONDS / _STEPS
            answer = prometheus.ask_range(query.expr, end - _RANGE_SECONDS, end, step)
        else:
            answer = prometheus.ask(query.expr, end)
    except ConnectorError as ex:
        return found(Verdict.REFUSED, str(ex), Answer(()))
    if answer.warnings:
        return found(Verdict.WARNED, "; ".join(answer.warnings), answer)
    if answer.series:
        return found(Verdict.ANSWERED, "", answer)
    if query.may_be_empty:
        return found(Verdict.QUIET, "nothing now", answer)
    return found(Verdict.EMPTY, "returns nothing", answer)
