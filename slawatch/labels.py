"""The closed sets of label values that do not depend on the configuration.

Channels, priorities, teams, categories, targets and levels come from the rules; a value outside
its set is exported as "other".
"""

from __future__ import annotations

from slawatch.events import OTHER, PAUSE_REASONS, REJECT_REASONS, UNKNOWN_NAMES

__all__ = ["OTHER", "PAUSE_REASONS", "REJECT_REASONS"]

NONE = "none"
"""What an empty label value is exported as: a ticket that no team holds, that has no category."""

OUTCOMES = MET, BREACHED = ("met", "breached")
CHANGES = ("to_met", "to_breached", "withdrawn")
EXCUSE_REASONS = ("customer", "outage", "vendor")
CLOCK_TIMES = BUSINESS, WALL = ("business", "wall")
STATES = STATE_BREACHED, STATE_AT_RISK, STATE_PAUSED, STATE_RUNNING = (
    "breached",
    "at_risk",
    "paused",
    "running",
)
STATUSES = ("new", "open", "pending", "resolved")
HELD_STATUSES = ("new", "open", "pending")
WINDOWS = ("15m", "1h", "8h", "today")
QUANTILES = (0.5, 0.9, 0.95, 0.99)
SCORES = ("1", "2", "3", "4", "5")
REPLIERS = HUMAN, BOT = ("human", "bot")
CONTACT_ENDS = (
    ("answered", "true"),
    ("answered", "false"),
    ("abandoned", "true"),
    ("abandoned", "false"),
)
"""How a contact ends, and whether that was within the threshold."""
EVENT_OUTCOMES = ("accepted", "duplicate", "conflict", "late", "rejected")
"""What became of an event, exclusive: `late` was accepted behind its ticket's last act."""
_STORED = ACCEPTED, DUPLICATE = ("accepted", "duplicate")
HANDSHAKE = "handshake"
_REFUSED = MALFORMED, INCOMPLETE, TOO_LARGE, RATE_LIMITED, UNAVAILABLE = (
    "malformed",
    "incomplete",
    "too_large",
    "rate_limited",
    "unavailable",
)
AUTH_FAULTS = {
    "missing": "auth_missing",
    "malformed": "auth_malformed",
    "stale": "auth_stale",
    "wrong": "auth_wrong",
}
"""What was wrong with a sender's proof, as an outcome of its request."""
INTAKE_OUTCOMES = (*_STORED, HANDSHAKE, *_REFUSED, *AUTH_FAULTS.values())
"""What became of a request to the receiver, exclusive."""
UNKNOWN_KEYS = tuple(UNKNOWN_NAMES.values())


def render_quantile(q: float) -> str:
    """Render a quantile as the label `q` carries it."""
    return f"{q:g}"


DRILL_BREACH_SPIKE = "breach-spike"
DRILLS = (DRILL_BREACH_SPIKE,)
"""Pages that can be rehearsed."""
