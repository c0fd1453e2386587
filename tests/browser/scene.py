"""A wall served in this process, at any time of any day: real panes, real server, a set clock."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Self

from connectors.listener import Server
from flows.export import Exporter
from flows.http import start_server
from flows.monitor import day_starts
from flows.store import Contents, Store
from flows.wall.app import Wall
from slawatch.panes import PaneSet
from slawatch.policy import Rules
from slawatch.views import View

SECOND = 1_000_000


class Scene(Store, AbstractContextManager["Scene"]):
    """Be a store whose log time keeps up with a clock that begins at `begin`, and its wall."""

    def __init__(self, rules: Rules, begin: str, port: int = 0) -> None:
        super().__init__()
        self.rules = rules
        self.panes = PaneSet(day_starts(rules.zone))
        self.view = View()
        self.offset_us = instant(begin) - time.time_ns() // 1000
        self.wall = Wall(rules, self, self.now, lambda: True)
        exporter = Exporter(rules, self, self.now)
        self.server: Server = start_server(exporter, lambda: True, self.wall, port=port)
        self.url = f"http://127.0.0.1:{self.server.port}/"

    def now(self) -> int:
        return time.time_ns() // 1000 + self.offset_us

    def book(self, at: str, outcome: str, count: int, channel: str = "phone") -> None:
        """Let clocks end."""
        for target in ("first_response", "resolution"):
            self.panes.book(("channel", channel, target), instant(at), outcome, count)

    def read(self) -> Contents:
        now = self.now()
        quarters = self.panes.quarters()
        self.put_totals("0", {}, self.panes.results(now), {}, now, quarters=quarters)
        self.put_view("0/0", self.view._replace(log_at=now))
        self.put_progress("0", now, now, 0)
        return super().read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.stop()


def instant(text: str) -> int:
    """Return an instant in microseconds."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND
