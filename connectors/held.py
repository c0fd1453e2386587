"""The open tickets that a monitor holds of a source: the flow writes them, the sweep reads them.

A small file in the state folder, as flow and intake may be two processes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from connectors.pump import replace_text
from connectors.transports.pulling import load_kept
from slawatch.errors import ConfigError
from slawatch.views import Held


class HeldTickets(NamedTuple):
    """Be what a monitor held open at log time `at` (microseconds)."""

    at: int
    tickets: tuple[Held, ...]


def find_held(folder: Path, source: str) -> Path:
    """Return where the tickets of a source are written."""
    return folder / f"held-{quote(source, safe='')}.json"


def save_held(path: Path, at: int, tickets: Sequence[Held]) -> None:
    """Write them so that a reader sees the old ones or the new ones."""
    replace_text(path, json.dumps({"at": at, "tickets": tickets}, separators=(",", ":")))


def load_held(path: Path) -> HeldTickets | None:
    """Read them, `None` before a monitor has written any. Raises `ConfigError`."""
    kept = load_kept(path)
    try:
        return HeldTickets(kept["at"], tuple(map(Held._make, kept["tickets"]))) if kept else None
    except (KeyError, TypeError) as ex:
        raise ConfigError(f"{str(path)!r} holds {kept!r:.80}: remove it") from ex
