"""What the transports that go and fetch have in common: where they are, kept beside the log."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from connectors.intake import LogWriter
from connectors.pump import replace_text
from slawatch.errors import ConfigError, ConnectorError

LOGGER = logging.getLogger(__name__)

BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)


class Puller(Protocol):
    """Fetch one source's deliveries into the intake log."""

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store what comes until told to stop; where it is goes into `position_path`.

        The position is saved after the commit: a crash between the two fetches again what has
        its old delivery key.
        """


def keep_trying(
    source: str, stop: threading.Event, run: Callable[[Callable[[], None]], None]
) -> None:
    """Run until told to stop, anew after each `ConnectorError`, waiting longer each time.

    `run` is given what it calls when something went well: the next wait is short again.
    """
    failures = 0

    def note_success() -> None:
        nonlocal failures
        failures = 0

    while not stop.is_set():
        try:
            run(note_success)
        except ConnectorError as ex:
            wait = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            LOGGER.warning("source failed source=%s retry_seconds=%s error=%s", source, wait, ex)
            failures += 1
            stop.wait(wait)


def load_kept(path: Path) -> dict[str, Any]:
    """Read what `save_kept` wrote, empty where nothing did. Raises `ConfigError`."""
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as ex:
        raise ConfigError(f"position {str(path)!r} cannot be read: {ex}") from ex
    if not isinstance(kept, dict):
        raise ConfigError(f"position {str(path)!r} holds {kept!r:.80}: remove it to begin anew")
    return kept


def save_kept(path: Path, kept: dict[str, Any]) -> None:
    """Write a position so that a reader sees the old one or the new one."""
    replace_text(path, json.dumps(kept))
