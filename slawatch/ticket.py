"""A ticket as the engine keeps it: its acts, its clocks, and what was derived from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from slawatch.clocks import FOREVER

if TYPE_CHECKING:
    from slawatch.clocks import Clock
    from slawatch.events import Extras

NEW, OPEN, PENDING, RESOLVED, CLOSED = range(5)
STATUS_NAMES = ("new", "open", "pending", "resolved", "closed")


class Act(NamedTuple):
    """Be one act as a ticket keeps it; the first four fields are the order.

    `asserted` is the number of its attributes in the shard's interner.
    """

    at: int
    sequence: int
    rank: int
    id_hash: int
    kind: int
    actor: int
    public: bool
    asserted: int
    extras: Extras | None


class Ticket:
    """Hold a ticket: its acts, its clocks and what was derived from them.

    `clocks` are all clocks still known, `live` those that run or are paused, by target.
    `held` is [wall, business] microseconds by (team, status). `folded` acts are applied, the rest
    wait for log time. `triggers_at` is the first breach not yet noted, `crossed_at` the last noted.
    """

    __slots__ = (
        "acts",
        "adopted_at",
        "base",
        "clocks",
        "contact",
        "contribution",
        "created_at",
        "crossed_at",
        "cycles",
        "folded",
        "held",
        "holder_since",
        "hops",
        "key",
        "last_at",
        "live",
        "next_at",
        "pause_since",
        "pauses",
        "profile",
        "queued_at",
        "replied",
        "status",
        "triggers_at",
    )

    def __init__(self, key: str, profile: int) -> None:
        """Start an empty ticket; `profile` is the index of its source without attributes."""
        self.key = key
        self.profile = profile
        self.acts: list[Act] = []
        self.folded = 0
        self.base: bytes | None = None
        self.clocks: list[Clock] = []
        self.live: dict[int, Clock] = {}
        self.cycles: dict[int, int] = {}
        self.status = NEW
        self.pauses = 0
        self.pause_since = 0
        self.created_at = 0
        self.adopted_at = 0
        self.crossed_at = 0
        self.triggers_at = FOREVER
        self.last_at = 0
        self.holder_since = 0
        self.held: dict[tuple[str, int], list[int]] = {}
        self.hops = 0
        self.replied = 0
        self.contact = 0
        self.next_at = FOREVER
        self.queued_at = FOREVER
        self.contribution: object = None

    def is_open(self) -> bool:
        """Tell whether the desk still owes something."""
        return self.status < RESOLVED
