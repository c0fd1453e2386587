"""Errors, grouped by what the caller does next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlawatchError(Exception):
    """Be the root of every error this project raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Name one thing wrong in a configuration: where it stands and what to do."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        """Render as ``file: key: message``."""
        return ": ".join(part for part in (self.file, self.key, self.message) if part)


class ConfigError(SlawatchError):
    """Stop the start: the configuration is wrong. Holds every problem at once."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        """Take the problems, or one sentence that belongs to no file."""
        self.problems: tuple[Problem, ...] = (
            (Problem("", "", problems),) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EventError(SlawatchError):
    """Reject one event: it is counted, quarantined with its reason, and life goes on.

    `reason` is one word of the closed set `slawatch.events.REJECT_REASONS` (a label value);
    the message is for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        """Take the reason (label value) and the sentence."""
        self.reason = reason
        super().__init__(message)


class ConnectorError(SlawatchError):
    """Report a failure of the outside world that is worth a retry."""
