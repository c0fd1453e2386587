"""A ticket as the engine keeps it: its acts, its clocks, and what was derived from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slawatch.clocks import FOREVER
from slawatch.rows import Told

if TYPE_CHECKING:
    from mypy_extensions import i64

    from slawatch.clocks import Clock

NEW: Final = 0
OPEN: Final = 1
PENDING: Final = 2
RESOLVED: Final = 3
CLOSED: Final = 4
"""A ticket's status; the numbers are stored in ticket state: never renumber."""
STATUS_NAMES: Final = ("new", "open", "pending", "resolved", "closed")


class Ticket(Told):
    """Hold a ticket: its acts, its clocks and what was derived from them.

    `clocks` are all clocks still known, `live` those that run or are paused, by target.
    `held` is [wall, business] microseconds by (team, status). `watched` are the clocks of which
    something may be published yet.
    `grace_us` is that of its source. `triggers_at` is the first breach not yet noted,
    `crossed_at` the last noted. `is_touched` says that the shard is to settle it, `is_moved` that
    clocks have changed since it was settled.
    """

    # Defaults on the class: opening a ticket must be cheap.
    base: bytes | None = None
    status: int = NEW
    pauses: int = 0
    pause_since: int = 0
    created_at: int = 0
    adopted_at: int = 0
    crossed_at: i64 = 0
    triggers_at: i64 = FOREVER
    last_at: i64 = 0
    holder_since: int = 0
    hops: int = 0
    replied: int = 0
    contact: int = 0
    assignee: str | None = None
    grace_us: i64 = 0
    next_at: i64 = FOREVER
    queued_at: i64 = FOREVER
    is_touched: bool = False
    is_moved: bool = False

    def __init__(self, key: str, profile: int) -> None:
        """Start an empty ticket; `profile` is the index of its source without attributes."""
        self.key = key
        self.profile = profile
        self.clocks: list[Clock] = []
        self.watched: list[Clock] = []
        self.live: dict[int, Clock] = {}
        self.cycles: dict[int, int] = {}
        self.held: dict[tuple[str, int], list[int]] = {}

    def is_over(self) -> bool:
        """Tell whether nothing is left to publish and nothing waits: only retention runs."""
        return (
            self.queued_at == self.next_at
            and not self.live
            and not self.watched
            and self.folded == self.count()
            and (self.status >= RESOLVED or bool(self.clocks))
        )

    def become(self, other: Ticket) -> None:
        """Take over everything of another state of the same ticket."""
        for name in _FIELDS:
            setattr(self, name, getattr(other, name))

    def is_open(self) -> bool:
        """Tell whether the desk still owes something."""
        return self.status < RESOLVED


_FIELDS: Final = (
    "folded",
    "rows",
    "sequences",
    "extras",
    "n_extras",
    "told_at",
    "_seen",
    "asserted",
    "_listed",
    "base",
    "status",
    "pauses",
    "pause_since",
    "created_at",
    "adopted_at",
    "crossed_at",
    "triggers_at",
    "last_at",
    "holder_since",
    "hops",
    "replied",
    "contact",
    "assignee",
    "grace_us",
    "next_at",
    "queued_at",
    "key",
    "profile",
    "clocks",
    "watched",
    "live",
    "cycles",
    "held",
)
