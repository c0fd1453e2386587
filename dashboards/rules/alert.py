"""What an alert is: its rule, who it wakes, and the words it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dashboards.rules.records import CATCHING_UP_RECENTLY
from slawatch import conventions as c

METRIC_HOLD_HOURS = 1
"""How long `slawatch_catching_up` stays after log time has caught up (flows/export.py)."""
ALL = "all"
"""The value of priority or channel on an alert of the desk that is not about one of them.

Without it a missing label equals a missing label, and one alert would silence every other.
"""


class Severity(StrEnum):
    """Say what happens: somebody is woken, somebody has work to do, or it is told."""

    PAGE = "page"
    TICKET = "ticket"
    INFO = "info"


class Owner(StrEnum):
    """Say whose it is: the desk's duty manager, or who keeps the monitor running."""

    SUPPORT = "support"
    PLATFORM = "platform"


class Topic(StrEnum):
    """Say what an alert is about: a page silences the tickets of its topic, never others."""

    BUDGET = "budget"
    SPIKE = "spike"
    WAITING = "waiting"
    DIGEST = "digest"
    PIPELINE = "pipeline"
    STACK = "stack"


class Board(StrEnum):
    """Name the boards that alerts lead to, by uid."""

    CHANNELS = "slawatch-channels"
    STAGES = "slawatch-stages"
    SLO = "slawatch-slo"
    URGENT = "slawatch-urgent"
    WALL = "slawatch-wall"
    PIPELINE = "slawatch-pipeline"


@dataclass(frozen=True, slots=True)
class Alert:
    """Be one alert.

    `wait` is how long it must hold before it fires, `keep` for how long it then goes on without.
    `labels` are those that the expression does not carry: an alert of the desk always has priority
    and channel. `blanks` fill the names in its texts.
    """

    name: str
    expr: str
    severity: Severity
    owner: Owner
    topic: Topic
    board: Board
    wait: str = ""
    keep: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    blanks: Mapping[str, str] = field(default_factory=dict)

    @property
    def runbook(self) -> str:
        """Return its heading in the runbooks, below the folder of a language."""
        return f"{self.owner}.md#{self.name.lower()}"

    @property
    def key(self) -> str:
        """Return the first part of its texts' keys: `SlaBreachSpike` is `sla_breach_spike`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()


def hold_still(window: str) -> str:
    """Return what is there while counters hold what was found late: then no page is to be sent.

    A window of counters, in hours, sees a jump for as long as it is. The metric itself stays for
    the first of them. A restart's first scrapes, before log time is known, are no catching up.
    """
    now = f"max({c.CATCHING_UP.name}) == 1"
    rest = int(window.removesuffix("h")) - METRIC_HOLD_HOURS
    return f"({now} or max_over_time({CATCHING_UP_RECENTLY}[{rest}h]) == 1)" if rest > 0 else now


def unless_catching_up(expr: str, window: str = "1h") -> str:
    """Return an expression that is empty while catching up and for a window after."""
    return f"({expr}) unless on () {hold_still(window)}"
