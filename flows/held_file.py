"""Telling the sweeps which tickets are held open: a file for each source that is swept."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from connectors.held import find_held, save_held
from flows.store import Store

_LEAST_SECONDS, _MOST_SECONDS = 0.25, 60.0


def keep_held(
    store: Store, folder: Path, sweeps: Mapping[str, float], stop: threading.Event
) -> None:
    """Write the open tickets of each source until told to stop, four times a sweep.

    `sweeps` are the seconds between two sweeps, by source.
    """
    if not sweeps:
        return
    seconds = min(_MOST_SECONDS, max(_LEAST_SECONDS, min(sweeps.values()) / 4))
    while not stop.wait(seconds):
        log_at = store.read().log_at
        if log_at is None:
            continue
        for source in sweeps:
            save_held(find_held(folder, source), log_at, store.read_held(source))
