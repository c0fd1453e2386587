"""What every command shares: the consoles, logging, and errors told in one line each."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.logging import RichHandler

from slawatch.errors import ConfigError, SlawatchError

OUT = Console()
ERR = Console(stderr=True, highlight=False)
EXIT_CONFIG = 2


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


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
