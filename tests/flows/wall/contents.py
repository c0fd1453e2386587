"""Contents of a store as a small desk's flow would have put them, for tests of the wall."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from flows.store import Contents, PartitionTotals, Place, Progress
from flows.wall.tiles import Tile
from slawatch.views import Urgent, View

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
QUARTER = 15 * MINUTE
NOW = int(datetime(2026, 3, 10, 14, 5, tzinfo=UTC).timestamp()) * SECOND


def at(text: str) -> int:
    """Return an instant in microseconds."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def fill(
    results: Mapping[Place, Mapping[str, tuple[int, int]]] | None = None,
    view: View | None = None,
    quarters: Mapping[Place, Mapping[int, tuple[int, int]]] | None = None,
    log_at: int = NOW,
) -> Contents:
    """Return what a store holds."""
    totals = PartitionTotals({}, results or {}, {}, log_at, log_at, quarters or {})
    return Contents(
        {"0": totals},
        {"0/0": view or View(log_at=log_at)},
        {"0": Progress(log_at, log_at, 0)},
    )


def urgent(
    ticket: str, due_at: int, channel: str = "phone", team: str = "l1", target: str = "fix"
) -> Urgent:
    """Return an urgent clock."""
    return Urgent(due_at, ticket, target, channel, team)


def pick(tiles: list[Tile], kind: str) -> dict[str, Any]:
    """Return the first tile of a kind."""
    return cast("dict[str, Any]", next(tile for tile in tiles if tile["kind"] == kind))
