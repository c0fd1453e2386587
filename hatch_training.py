"""Replay events of the demo desk with the build that counts: what the next one learns from.

Started by hatch_build.py; the compiled modules come first on its path.
"""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path

import orjson

from cli.main import app
from connectors.demo import demo_events
from slawatch.build import COMPILED, find_build

EVENTS = 20_000
SEED = 7
START_AT = 1_767_603_600_000_000
"""Monday 2026-01-05 09:00 UTC."""
YEAR_US = 366 * 86_400_000_000


def main() -> None:
    """Write a log and replay it as an operator would, with its state kept."""
    if find_build() != COMPILED:
        raise SystemExit("the training would run the sources, not what was compiled")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "events.jsonl")
        events = demo_events(SEED, START_AT, START_AT + YEAR_US)
        log.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in islice(events, EVENTS)))
        command = ["replay", str(log), "--policy", "demo", "--order", "file"]
        app([*command, "--state", str(Path(folder, "state"))], standalone_mode=False)


if __name__ == "__main__":
    main()
