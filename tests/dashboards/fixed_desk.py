"""A desk whose events are fixed in number and distance from now, judged by the real flow.

What the numbers must be is worked out by hand beside each ticket; `[first response]` goals are 60
minutes, 20 for urgent, of resolution 4 hours, of the bot 15 seconds; every objective is 80 %.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.intake import Pending
from flows.live import Live, LiveOptions
from slawatch.config import Config, load_config

MINUTE = 60_000_000
SECOND = 1_000_000

_POLICY = """
include = ["targets"]

[desk]
zone = "{zone}"
channels = ["email", "phone", "chat", "onsite"]
answer_within = "20s"
categories = ["billing"]

[regions.north]

[teams.l1]
region = "north"
tier = 1

[teams.l2]
region = "north"
tier = 2

[sources.desk]
grace = "1s"
ticket_url = "https://desk.example/t/{{ticket_id}}"

[sources.desk.shows]
email = {acts}
phone = {acts}
chat = {acts}
onsite = ["created"]

[[policies]]
name = "chat"
match = {{ channel = "chat" }}
extends = "all"
goals.bot_first_response = "15s"

[[policies]]
name = "all"
calendar = "24x7"
objective = "80%"
warnings = ["50%"]
goals.first_response = {{ urgent = "20m", other = "60m" }}
goals.resolution = "4h"
"""
_ACTS = (
    *("created", "replied", "assigned", "escalated", "resolved", "closed", "abandoned"),
    *("survey_sent", "rated", "excused", "priority_changed"),
)

Row = tuple[str, str, float, dict[str, Any]]
"""(ticket, type, minutes from now, more keys); `_heard` among them is when it arrived."""

AGENT = {"actor": "agent", "team": "l1"}
BOT = {"actor": "bot"}
NORMAL = {"channel": "email", "priority": "normal"}
URGENT = {"channel": "email", "priority": "urgent"}
PHONE = {"channel": "phone", "priority": "normal"}
CHAT = {"channel": "chat", "priority": "normal"}

LOG: tuple[Row, ...] = (
    # In time after 20 minutes, resolved after 30.
    ("E1", "created", -170, NORMAL),
    ("E1", "replied", -150, AGENT),
    ("E1", "resolved", -140, AGENT),
    ("E1", "survey_sent", -139, {}),
    ("E1", "rated", -138, {"score": 5}),
    # Breached: 90 minutes. Resolved in time, and excused.
    ("E2", "created", -170, NORMAL),
    ("E2", "replied", -80, AGENT),
    ("E2", "resolved", -65, AGENT),
    ("E2", "survey_sent", -64, {}),
    ("E2", "rated", -63, {"score": 2}),
    ("E2", "excused", -62, {"reason": "customer", **AGENT}),
    # In time after 10 minutes; still to be resolved.
    ("E3", "created", -100, URGENT),
    ("E3", "replied", -90, AGENT),
    # Nobody answered: breached 70 minutes ago, and open.
    ("E4", "created", -90, URGENT),
    # Answered after 10 minutes, which was heard after the breach: corrected to in time.
    ("E5", "created", -60, URGENT),
    ("E5", "replied", -50, {**AGENT, "_heard": -5}),
    # At risk: two thirds of its hour are gone.
    ("E6", "created", -40, NORMAL),
    # Two calls answered after 12 and 60 seconds, the first resolved after two minutes, one given
    # up after 6 seconds, one that waits.
    ("P1", "created", -20, PHONE),
    ("P1", "replied", -19.8, AGENT),
    ("P1", "resolved", -18, AGENT),
    ("P2", "created", -20, PHONE),
    ("P2", "replied", -19, AGENT),
    ("P3", "created", -18, PHONE),
    ("P3", "abandoned", -17.9, {"actor": "customer"}),
    ("P4", "created", -2, PHONE),
    # The bot answers after 6 seconds, a person after 3 minutes; then after 30, and one minute.
    ("C1", "created", -15, CHAT),
    ("C1", "replied", -14.9, BOT),
    ("C1", "replied", -12, AGENT),
    ("C2", "created", -14, CHAT),
    ("C2", "replied", -13.5, BOT),
    ("C2", "replied", -13, AGENT),
    # On site nothing that ends a clock is ever told: no clock runs.
    ("S1", "created", -30, {"channel": "onsite", "priority": "normal"}),
)


def write_policy(folder: Path) -> Path:
    """Write the policy, in a zone where it is about noon: today must hold all of the log."""
    ahead = 12 - time.gmtime().tm_hour
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    path = folder / "desk.toml"
    path.write_text(_POLICY.format(zone=zone, acts=json.dumps(_ACTS)))
    return path


def tell(now: int) -> list[tuple[int, Pending]]:
    """Return the log's records as they were heard, earliest first."""
    records = []
    for number, (ticket, kind, minutes, more) in enumerate(LOG):
        at = now + round(minutes * MINUTE)
        said = {key: value for key, value in more.items() if key != "_heard"}
        heard_at = now + round(more["_heard"] * MINUTE) if "_heard" in more else at
        event = {
            "event_id": f"{ticket}-{number}",
            "ticket_id": ticket,
            "source": "desk",
            "type": kind,
            "occurred_at": at // 1000,
            **said,
        }
        body = json.dumps(event).encode()
        records.append((heard_at + 100_000, Pending("desk", event["event_id"], body)))
    return sorted(records, key=lambda record: record[0])


@contextmanager
def run_desk(folder: Path) -> Iterator[tuple[Config, Live]]:
    """Run the real monitor over the log until the block ends."""
    config = load_config([write_policy(folder)])
    options = LiveOptions(folder / "state", port=0, shards=2)
    with Live(config.rules, config.vocabulary, options) as live:
        now = live.wall.now()
        first_at = live.first_at(now - 360 * MINUTE)
        live.log.append_history(tell(now))
        flow = threading.Thread(target=live.serve, args=([], first_at), name="flow")
        flow.start()
        try:
            yield config, live
        finally:
            live.stop.set()
            flow.join()
