"""The command line in this process, and small files for it."""

from __future__ import annotations

import json
import logging
import signal
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from cli.main import app

START_MS = 1_767_603_600_000
"""Monday 2026-01-05 09:00 UTC."""
MINUTE_MS = 60_000


def call(*arguments: object, stdin: str | None = None) -> Result:
    """Run a command; signal handlers and the log are afterwards as before."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    finally:
        root.handlers[:], root.level = handlers, level
        for number, handler in signals.items():
            signal.signal(number, handler)


def read_json(result: Result) -> Any:  # noqa: ANN401 - JSON
    """Return what a command printed with --json."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def is_told(result: Result, code: int = 2) -> bool:
    """Tell whether a command ended in plain lines on standard error, without a traceback."""
    return (
        result.exit_code == code
        and isinstance(result.exception, SystemExit)
        and result.stdout == ""
        and "Traceback" not in result.stderr
    )


def errors(result: Result) -> list[str]:
    """Return the errors that a command told, a line each."""
    return [
        line.removeprefix("error ")
        for line in result.stderr.splitlines()
        if line.startswith("error ")
    ]


def write_log(path: Path, *rows: tuple[str, str, int], **said: object) -> Path:
    """Write native lines of (ticket, type, minutes after the start)."""
    lines = [
        json.dumps(
            {
                "event_id": f"{ticket}-{number}",
                "ticket_id": ticket,
                "type": kind,
                "occurred_at": START_MS + minutes * MINUTE_MS,
                "channel": "email",
                "priority": "urgent",
                **said,
            }
        )
        for number, (ticket, kind, minutes) in enumerate(rows)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


POLICY = """
[desk]
zone = "UTC"
[[policies]]
name = "all"
calendar = "24x7"
goals.first_response = "1h"
goals.resolution = "8h"
"""


def write_policy(folder: Path, text: str = POLICY) -> Path:
    """Write a policy file."""
    path = folder / "policy.toml"
    path.write_text(text, "utf-8")
    return path
