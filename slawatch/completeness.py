"""How far polled sources have told everything, and which tickets wait for them to tell more.

Of a system that does not answer nobody knows whether a deadline was met: its tickets are judged up
to the instant to which it has told everything, whatever log time says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from slawatch.clocks import FOREVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_extensions import i64


class Completion(NamedTuple):
    """Say that a poll, received at one instant, told all of a source up to another."""

    received_at: int
    source: str
    complete_to: int


class Completeness:
    """Keep up to when each of the `polled` sources is known, and the tickets held for that.

    A completion counts once log time has passed its `received_at`, so that the answer does not
    depend on how records are batched. A source without one is judged by log time alone.
    """

    def __init__(self, polled: frozenset[str]) -> None:
        """Know nothing yet; completions of other sources are ignored."""
        self._polled = polled
        self.known: dict[str, int] = {}
        self.next_at: i64 = FOREVER
        """When the first completion that does not count yet was received."""
        self._waiting: list[Completion] = []
        self._held: dict[str, set[str]] = {}

    def note(self, completions: Iterable[Completion]) -> None:
        """Keep completions, in the order of the log, until log time has passed them."""
        self._waiting += [one for one in completions if one.source in self._polled]
        self._set_next()

    def find_limit(self, key: str) -> int:
        """Return up to when a ticket's source is known."""
        return self.known.get(key.partition("/")[0], FOREVER)

    def hold(self, key: str) -> None:
        """Remember a ticket of which something is due that its source has not covered."""
        self._held.setdefault(key.partition("/")[0], set()).add(key)

    def take(self) -> list[str]:
        """Let the first completion count; return the tickets to be looked at again."""
        _, source, complete_to = self._waiting.pop(0)
        self._set_next()
        if complete_to <= self.known.get(source, 0):
            return []
        if complete_to < FOREVER:
            self.known[source] = complete_to
        return sorted(self._held.pop(source, ()))

    def pack(self) -> dict[str, Any]:
        """Return what a snapshot keeps as plain JSON, empty where no source is polled."""
        if not (self.known or self._waiting or self._held):
            return {}
        held = {source: sorted(keys) for source, keys in self._held.items()}
        return {"known": self.known, "waiting": self._waiting, "held": held}

    def restore(self, kept: dict[str, Any], log_at: int) -> None:
        """Take over what `pack` returned; what waits for a source no longer polled is let go."""
        if not kept:
            return
        self._held = {source: set(keys) for source, keys in kept["held"].items()}
        gone = sorted(self._held.keys() - self._polled)
        self._waiting = [Completion(log_at, source, FOREVER) for source in gone]
        self.known = {name: at for name, at in kept["known"].items() if name in self._polled}
        self.note(Completion(*row) for row in kept["waiting"])

    def _set_next(self) -> None:
        self.next_at = self._waiting[0].received_at if self._waiting else FOREVER
