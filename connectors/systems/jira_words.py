"""What Jira's words are in ours: statuses by name and category, priorities, and the options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.reading import Object
from slawatch.errors import ConfigError
from slawatch.events import PAUSE_REASONS, STATUSES

OPTIONS: Mapping[str, Any] = {
    "statuses": {},
    "team_field": None,
    "unmarked_comments": "public",
    "teams": {},
}
"""Names of statuses beside those known here ("Bei Lieferant" = "pending:vendor"); the field that
names the team, such as "customfield_10100.name"; whether a comment that does not say whether
customers see it is "public" or "internal"; teams by what that field holds."""

_WAITS: dict[str, Object] = {
    "waiting for customer": {"status": "pending", "reason": "customer"},
    "awaiting customer": {"status": "pending", "reason": "customer"},
    "waiting on customer": {"status": "pending", "reason": "customer"},
    "waiting for vendor": {"status": "pending", "reason": "vendor"},
    "waiting for third party": {"status": "pending", "reason": "vendor"},
    "waiting for approval": {"status": "pending", "reason": "hold"},
    "awaiting approval": {"status": "pending", "reason": "hold"},
    "pending": {"status": "pending", "reason": "hold"},
    "on hold": {"status": "pending", "reason": "hold"},
}
_ENDS = {
    "resolved": "resolved",
    "done": "resolved",
    "completed": "resolved",
    "closed": "closed",
    "canceled": "closed",
    "cancelled": "closed",
    "declined": "closed",
}
_OPEN = frozenset(
    (
        "open",
        "new",
        "to do",
        "backlog",
        "reopened",
        "in progress",
        "work in progress",
        "in review",
        "under review",
        "under investigation",
        "investigating",
        "escalated",
        "waiting for support",
        "selected for development",
    )
)
_CATEGORIES = {"new": "open", "indeterminate": "open", "done": "resolved"}
_PRIORITIES = {
    "blocker": "urgent",
    "highest": "urgent",
    "critical": "urgent",
    "major": "high",
    "medium": "normal",
    "minor": "low",
    "lowest": "low",
    "trivial": "low",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Be what a source says of its Jira. `statuses` are by name in lower case."""

    statuses: Mapping[str, Object] = field(default_factory=dict)
    team_field: str | None = None
    is_public: bool = True

    def read_status(self, name: str | None, category: str | None) -> Object:
        """Return status and reason, by the name where it tells more than its category.

        Nothing where neither is known.
        """
        word = (name or "").strip().lower()
        if word in self.statuses:
            return self.statuses[word]
        if category in ("done", None) and word in _ENDS:
            return {"status": _ENDS[word]}
        if category != "done" and word in _WAITS:
            return _WAITS[word]
        if category in _CATEGORIES:
            return {"status": _CATEGORIES[category]}
        return {"status": "open"} if word in _OPEN else {}


def read_priority(name: str | None) -> str | None:
    """Return the priority; a scheme's own names go on as they are, to be aliases of the policy."""
    word = (name or "").strip().lower()
    return _PRIORITIES.get(word, word) or None


def read_words(options: Mapping[str, Any]) -> Words:
    """Return what the source's options say. Raises `ConfigError`."""
    table, team_field = options["statuses"], options["team_field"]
    if not isinstance(table, Mapping):
        raise ConfigError(f"option 'statuses' must be a table by status name, got {table!r:.80}")
    if team_field is not None and not isinstance(team_field, str):
        raise ConfigError(f"option 'team_field' must be a field's name, got {team_field!r:.80}")
    unmarked = options["unmarked_comments"]
    if unmarked not in ("public", "internal"):
        msg = f"option 'unmarked_comments' must be 'public' or 'internal', got {unmarked!r:.80}"
        raise ConfigError(msg)
    statuses = {str(name).lower(): _read_one(name, word) for name, word in table.items()}
    return Words(statuses, team_field, unmarked == "public")


def _read_one(name: object, word: object) -> Object:
    status, _, reason = word.partition(":") if isinstance(word, str) else ("", "", "")
    if status not in STATUSES or (reason and reason not in PAUSE_REASONS):
        raise ConfigError(
            f"option 'statuses': {name!r} must be one of {', '.join(sorted(STATUSES))}, a pending "
            f"one with its reason, as 'pending:vendor'; got {word!r:.80}"
        )
    return {"status": status, "reason": reason} if reason else {"status": status}
