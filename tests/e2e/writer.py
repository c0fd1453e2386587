"""A busy desk that writes native events of the moment into a file, as some system would."""

from __future__ import annotations

import random
import threading
import time
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from tests.e2e.desk import SECOND, act, created, replied, wall_us
from tests.e2e.monitor import write_lines

TURN_SECONDS = 0.02
NEW_TICKET = 0.35
"""Chance of a new ticket in a turn."""


class DeskWriter:
    """Append a seeded desk's events to a file until stopped: some late, some twice, some wrong.

    Replies come before, around and after their goals of 2 and 3 seconds.
    """

    def __init__(self, path: Path, seed: int) -> None:
        """Take the file and start writing."""
        self.lines = 0
        self._path = path
        self._dice = random.Random(seed)
        self._due: list[tuple[int, int, dict[str, Any]]] = []
        self._tickets = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write no more; what was planned for later never happens."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._dice.random() < NEW_TICKET:
                self._plan_ticket(wall_us())
            lines = []
            while self._due and self._due[0][0] <= wall_us():
                lines.append(heappop(self._due)[2])
            write_lines(self._path, lines)
            self.lines += len(lines)
            time.sleep(TURN_SECONDS)

    def _plan_ticket(self, at: int) -> None:
        dice = self._dice
        self._tickets += 1
        name = f"t{self._tickets}"
        priority = dice.choice(("urgent", "high", "normal", "low"))
        channel = dice.choice(("email", "phone"))
        self._plan(created(name, at, priority=priority, channel=channel), at)
        reply_at = at + round(dice.choice((0.3, 0.9, 0.98, 1.02, 1.5)) * 2 * SECOND)
        if dice.random() < 0.9:
            self._plan(replied(name, 1, reply_at), reply_at)
        if dice.random() < 0.5:
            again_at = reply_at + round(dice.random() * SECOND)
            self._plan(act(name, "replied", 2, again_at, actor="customer"), again_at)
            answer_at = again_at + round(dice.choice((0.5, 0.99, 1.3)) * 2 * SECOND)
            self._plan(replied(name, 3, answer_at), answer_at)
        if dice.random() < 0.6:
            end_at = at + round(dice.uniform(2, 6) * SECOND)
            self._plan(act(name, "resolved", 4, end_at, actor="agent"), end_at)
        if dice.random() < 0.05:
            self._plan({"ticket_id": name, "type": "created", "event_id": f"{name}-x"}, at)

    def _plan(self, event: dict[str, Any], at: int) -> None:
        dice = self._dice
        late_us = round(dice.uniform(0.5, 3) * SECOND) if dice.random() < 0.1 else 0
        copies = 2 if dice.random() < 0.05 else 1
        for copy in range(copies):
            heappush(self._due, (at + late_us + copy * 300_000, self._next(), event))

    def _next(self) -> int:
        self._number = getattr(self, "_number", 0) + 1  # events of one instant keep their order
        return self._number
