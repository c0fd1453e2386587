"""A small desk with goals of seconds: its policy file, its events, and what to expect of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connectors.decoding import RecordParser, Reject
from connectors.intake import Record, find_completions
from slawatch.book import Book
from slawatch.config import Config
from slawatch.events import Event
from slawatch.shard import Shard
from slawatch.verdicts import IDENTITY, Output, Verdict
from tests.e2e.monitor import Samples, read_rows

SECOND = 1_000_000

POLICY = """
include = ["targets"]

[desk]
channels = ["email", "phone"]

[teams.l1]
tier = 1

[sources.desk]
grace = "1s"

[[policies]]
name = "quick"
warnings = ["50%", "90%", "+1s"]
goals.first_response = { urgent = "2s", other = "3s" }
goals.next_response = "2s"
goals.resolution = { urgent = "4s", other = "5s" }
"""


def write_policy(folder: Path, text: str = POLICY) -> Path:
    """Write the policy file and return its path."""
    path = folder / "desk.toml"
    path.write_text(text)
    return path


def wall_us() -> int:
    """Return the machine's clock in microseconds."""
    return time.time_ns() // 1000


def render_instant(at: int) -> str:
    """Write microseconds as RFC 3339."""
    whole, rest = divmod(at, SECOND)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{rest:06d}Z"


def act(
    ticket: str,
    kind: str,
    number: int = 0,
    at: int | None = None,
    **more: Any,  # noqa: ANN401 - JSON
) -> dict[str, Any]:
    """Return a native event of now, or of `at`."""
    return {
        "event_id": f"{ticket}-{number}",
        "ticket_id": ticket,
        "source": "desk",
        "type": kind,
        "occurred_at": render_instant(wall_us() if at is None else at),
        **more,
    }


def created(ticket: str, at: int | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a customer's new ticket."""
    return act(ticket, "created", at=at, **{"channel": "email", "priority": "normal", **more})


def replied(ticket: str, number: int = 1, at: int | None = None) -> dict[str, Any]:
    """Return an agent's reply."""
    return act(ticket, "replied", number, at, actor="agent", team="l1")


class Judged:
    """Be what the engine alone says of an intake log: the reference for a run over it."""

    def __init__(
        self, records: Iterable[Record], config: Config, first_at: int, until: int
    ) -> None:
        """Judge the records, with log time as of `until` at the end."""
        self.out = Output(first_at)
        self.events: list[Event] = []
        self.rejects: list[Reject] = []
        self._parser = RecordParser(config.vocabulary, {})
        self._shard = Shard(Book(config.rules), first_at=first_at)
        self.go_on(records, until)

    def go_on(self, records: Iterable[Record], until: int) -> None:
        """Judge the records that follow, with log time as of `until` at their end."""
        records = list(records)
        events, rejects = self._parser.parse(records)
        self.events += events
        self.rejects += rejects
        self._shard.advance(events, until, self.out, find_completions(records))

    def verdicts(self) -> list[Verdict]:
        """Return the verdicts in the order of their ids."""
        return sorted(self.out.verdicts, key=lambda v: v[: len(IDENTITY)])

    def counters(self) -> Samples:
        """Return the totals of the families that the flow counts, without those at zero."""
        totals: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        for ((channel, priority, _), target, outcome, _), count in self.out.results.items():
            _add(totals, "sla_results_total", count, channel=channel, priority=priority,
                 target=target, outcome=outcome)  # fmt: skip
        for (family, labels), count in self.out.counts.items():
            names = _LABELS.get(family)
            if names is not None:
                _add(totals, family, count, **dict(zip(names, labels, strict=True)))
        for reject in self.rejects:
            _add(totals, "slawatch_events_total", 1, outcome="rejected")
            _add(totals, "slawatch_quarantined_total", 1, reason=reject.reason)
        return {key: count for key, count in totals.items() if count}


_LABELS = {
    "sla_warnings_total": ("priority", "target", "level"),
    "sla_result_corrections_total": ("channel", "priority", "target", "change"),
    "slawatch_events_total": ("connector", "outcome"),
}
COUNTED = ("sla_results_total", "slawatch_quarantined_total", *_LABELS)
"""The counters that `Judged.counters` knows."""


def _add(totals: Counter[Any], family: str, count: int, **labels: str) -> None:
    labels.pop("connector", None)
    totals[family, tuple(sorted(labels.items()))] += count


def pick_counters(samples: Samples) -> Samples:
    """Return those counters of a scrape that are not at zero, added up over connectors."""
    totals: Counter[Any] = Counter()
    for (name, labels), value in samples.items():
        if name in COUNTED:
            _add(totals, name, round(value), **dict(labels))
    return {key: count for key, count in totals.items() if count}


def read_records(state: Path) -> list[Record]:
    """Return the intake log of a state folder."""
    query = "SELECT seq, received_at, source, body, complete_to FROM log ORDER BY seq"
    return [Record(*row) for row in read_rows(state / "intake.sqlite3", query)]


def flatten(verdicts: Iterable[Verdict]) -> list[tuple[Any, ...]]:
    """Return verdicts as the rows of the verdict table, without who held them."""
    return [verdict[:-1] for verdict in verdicts]


def read_first_at(state: Path) -> int:
    """Return when a state folder's monitor began to watch."""
    first_at: int = json.loads((state / "desk.json").read_text())["first_at"]
    return first_at
