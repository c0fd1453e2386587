"""Watch the intake log for drift: a sample of the newest deliveries, beside the flow."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path

from connectors.drift import Shape, find_shape
from connectors.intake import IntakeLog, Record
from connectors.payload import unpack_payload
from connectors.pump import replace_text
from slawatch.errors import ConnectorError

LOGGER = logging.getLogger(__name__)

FILE_NAME = "shapes.json"
LOOK_SECONDS = 2.0
SAMPLE = 100
"""How many records a look takes at most, the newest: at 90 µs a kilobyte, 0.5 % of a core."""
MAX_FIELDS = 2_000
"""How much is kept of a source beyond its golden bodies; further fields are not counted."""
_TOLD = 10


class DriftWatch:
    """Count by source what no golden body and no delivery before had."""

    def __init__(self, log: IntakeLog, baselines: Mapping[str, Shape], folder: Path) -> None:
        """Take the shapes of the golden bodies by source; what is seen is kept in the folder."""
        self._log = log
        self._baselines = baselines
        self._path = folder / FILE_NAME
        self._counts = dict.fromkeys(baselines, 0)
        self._seen = self._load()
        self._seq: int | None = None

    def read(self) -> dict[tuple[str, ...], int]:
        """Return how many were counted since the start, by source."""
        return {(source,): count for source, count in self._counts.items()}

    def run(self, stop: threading.Event) -> None:
        """Look every now and then until told to stop: at what comes from now on."""
        while not stop.is_set():
            try:
                self.look()
            except (ConnectorError, OSError) as ex:
                LOGGER.warning("drift cannot be looked for error=%s", ex)
            stop.wait(LOOK_SECONDS)

    def look(self) -> None:
        """Look at the newest records that came since the last look."""
        last_seq = self._log.last()[0]
        if self._seq is not None and self._baselines:
            records = self._log.read_after(max(self._seq, last_seq - SAMPLE), SAMPLE)
            found = [self._compare(record) for record in records]
            if any(found):
                kept = {source: sorted(seen) for source, seen in self._seen.items()}
                replace_text(self._path, json.dumps(kept))
        self._seq = last_seq

    def _compare(self, record: Record) -> bool:
        baseline = self._baselines.get(record.source)
        if baseline is None or record.is_completion:
            return False
        seen = self._seen.setdefault(record.source, set())
        fresh = find_shape(unpack_payload(record.body)) - baseline - seen
        fresh = frozenset(sorted(fresh)[: MAX_FIELDS - len(seen)])
        if fresh:
            seen |= fresh
            self._counts[record.source] += len(fresh)
            named = ", ".join(sorted(fresh)[:_TOLD])
            LOGGER.warning(
                "new fields source=%s count=%d fields=%s", record.source, len(fresh), named
            )
        return bool(fresh)

    def _load(self) -> dict[str, set[str]]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return {str(source): set(map(str, seen)) for source, seen in kept.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError) as ex:
            # What is known of shapes can be learnt again: no reason to watch nothing.
            LOGGER.warning("shapes cannot be read path=%s error=%s", self._path, ex)
            return {}
