"""Drills: a marked alert by the path of a real one, in no count.

A drill is a line in a file of the state folder. The exporter shows it as a gauge while the flow
keeps up, an alert rule of its own fires on that, and Alertmanager routes it like the real alert:
whatever is broken on the way keeps the drill from arriving too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slawatch.errors import ConfigError

FILE_NAME = "drill.json"


def read_drills(folder: Path, now: int) -> Mapping[str, int]:
    """Return until when each drill runs that runs now, in microseconds."""
    try:
        data: Any = json.loads((folder / FILE_NAME).read_text("utf-8"))
        return {str(name): int(until) for name, until in data.items() if int(until) > now}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a scrape must not fail for a drill


def write_drill(folder: Path, name: str, until: int, now: int) -> None:
    """Let a drill run until an instant; one that is past ends it. Others go on.

    Raises `ConfigError` where no monitor has run.
    """
    if not folder.is_dir():
        raise ConfigError(f"no monitor has run in {str(folder)!r}: name it with --state")
    running = {**read_drills(folder, now), name: until}
    path = folder / FILE_NAME
    written = path.with_name(f"{FILE_NAME}.new")
    written.write_text(json.dumps({k: v for k, v in running.items() if v > now}), "utf-8")
    written.replace(path)
