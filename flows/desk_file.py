"""What a state folder remembers of its monitor, beside the state itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from slawatch.errors import ConfigError

FILE_NAME = "desk.json"
INTAKE_FILE_NAME = "intake.json"


@dataclass(frozen=True, slots=True)
class Desk:
    """Be what was decided when the folder was new, and the policies of the last run.

    What happened before `first_at` (microseconds) is history. Tickets lie in `shards` shards:
    another number would not find them again.
    """

    first_at: int
    shards: int
    policies: tuple[str, ...] = ()


def read_desk(folder: Path) -> Desk | None:
    """Return what a folder remembers, or `None` where no monitor has run."""
    path = folder / FILE_NAME
    try:
        data: Any = json.loads(path.read_text("utf-8"))
        return Desk(int(data["first_at"]), int(data["shards"]), tuple(map(str, data["policies"])))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as ex:
        raise ConfigError(
            f"{path}: cannot be read ({ex!r}): choose another state folder, or remove this one"
        ) from ex


def keep_intake_begin(folder: Path, at: int) -> int:
    """Return when a folder's intake began to take in; `at` the first time, written down.

    A flow that first starts later watches from there: what happened in between counts.
    """
    known = read_intake_begin(folder)
    if known is None:
        _write(folder / INTAKE_FILE_NAME, {"began_at": at})
    return at if known is None else known


def read_intake_begin(folder: Path) -> int | None:
    """Return when a folder's intake began, `None` where none has run in a process of its own."""
    path = folder / INTAKE_FILE_NAME
    try:
        return int(json.loads(path.read_text("utf-8"))["began_at"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as ex:
        raise ConfigError(
            f"{path}: cannot be read ({ex!r}): remove it; a flow that is new then begins with "
            "the first delivery"
        ) from ex


def keep_desk(folder: Path, desk: Desk) -> Desk:
    """Return the folder's own desk with this run's policies, written down; a new one is `desk`.

    Raises `ConfigError` when the number of shards is not the folder's.
    """
    known = read_desk(folder)
    if known is not None and known.shards != desk.shards:
        raise ConfigError(
            f"the state in {str(folder)!r} lies in {known.shards} shards, the configuration says "
            f"{desk.shards}: set state.shards = {known.shards}, or choose another state folder"
        )
    kept = desk if known is None else replace(known, policies=desk.policies)
    _write(folder / FILE_NAME, asdict(kept))
    return kept


def _write(path: Path, data: Mapping[str, Any]) -> None:
    written = path.with_name(f"{path.name}.new")
    written.write_text(json.dumps(data), "utf-8")
    written.replace(path)
