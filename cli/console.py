"""What every command shares: the consoles, logging, and errors told in one line each."""

from __future__ import annotations

import json
import logging
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler

from slawatch.config_values import parse_duration
from slawatch.errors import ConfigError, SlawatchError

OUT = Console()
ERR = Console(stderr=True, highlight=False)
EXIT_CONFIG = 2
_MIN_INTERVAL_SECONDS = 0.1


class JsonFormatter(logging.Formatter):
    """Format a log record as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger and message."""
        return json.dumps(
            {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
                "level": record.levelname,
                "logger": record.name,
                "message": record.getMessage(),
            }
        )


def set_up_logging(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send the log to standard error, for people or for machines."""
    handler: logging.Handler
    if as_json:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonFormatter())
    else:
        handler = RichHandler(console=ERR, show_path=False)
    logging.basicConfig(level=level, handlers=[handler], force=True, format="%(message)s")
    # It tells every address at INFO, and addresses can hold keys.
    logging.getLogger("httpx").setLevel(logging.WARNING)


@contextmanager
def told_errors() -> Iterator[None]:
    """Tell expected errors in plain lines and end the command; others keep their traceback."""
    try:
        yield
    except ConfigError as ex:
        for problem in ex.problems:
            ERR.print(f"[bold red]error[/] {_plain(str(problem))}", soft_wrap=True)
        raise typer.Exit(EXIT_CONFIG) from ex
    except (SlawatchError, OSError) as ex:
        ERR.print(f"[bold red]error[/] {_plain(str(ex))}", soft_wrap=True)
        raise typer.Exit(1) from ex
    except RuntimeError as ex:
        # What a step of the flow raised comes wrapped by the engine: tell the cause, if it is ours.
        cause = _find_own(ex)
        if cause is None:
            raise
        ERR.print(f"[bold red]error[/] {_plain(str(cause))}", soft_wrap=True)
        raise typer.Exit(EXIT_CONFIG if isinstance(cause, ConfigError) else 1) from ex


def _find_own(ex: BaseException | None) -> SlawatchError | None:
    while ex is not None and not isinstance(ex, SlawatchError):
        ex = ex.__cause__
    return ex


def read_interval(text: str, option: str) -> float:
    """Read an option's interval: a duration, or seconds with a fraction; in seconds."""
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        try:
            seconds = parse_duration(text) / 1e6
        except ValueError as ex:
            raise ConfigError(f"{option}: {ex}") from ex
    if not _MIN_INTERVAL_SECONDS <= seconds < math.inf:
        raise ConfigError(f"{option}: must be {_MIN_INTERVAL_SECONDS}s or more, got {text!r}")
    return seconds


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
