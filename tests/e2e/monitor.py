"""Real slawatch processes: started, scraped, killed and started again over one state folder."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SLAWATCH = Path(sys.executable).with_name("slawatch")
TIMEOUT_SECONDS = 60.0
"""How long a fact may take to come true on a busy machine before the test fails."""

Key = tuple[str, tuple[tuple[str, str], ...]]
Samples = dict[Key, float]
"""By (series name, sorted labels)."""


def poll(
    is_true: Callable[[], object],
    what: str,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    every_seconds: float = 0.01,
) -> None:
    """Wait until something is true; fail when it does not become so in time."""
    give_up_at = time.monotonic() + timeout_seconds
    while not is_true():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"not within {timeout_seconds:g} s: {what}")
        time.sleep(every_seconds)


def run_slawatch(*arguments: object, timeout_seconds: float = 120.0) -> tuple[int, str, str]:
    """Run a command to its end and return exit code, output and messages."""
    done = subprocess.run(
        [SLAWATCH, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
        env=_environment(),
    )
    return done.returncode, done.stdout, done.stderr


def start_slawatch(
    *arguments: object, messages: Path, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a command; what it prints goes to the end of `messages`."""
    with messages.open("ab") as file:
        return subprocess.Popen(
            [SLAWATCH, *map(str, arguments)],
            stdin=stdin,
            stdout=file,
            stderr=file,
            env=_environment(),
        )


def _environment() -> dict[str, str]:
    # A terminal's width folds messages, and colours split them.
    return {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}


def get(url: str) -> tuple[int, str]:
    """Return status and body of a page; (0, "") when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as ex:
        with ex:
            return ex.code, ex.read().decode()
    except (OSError, ValueError, http.client.HTTPException):
        return 0, ""


class Monitor:
    """Be `slawatch run` over a state folder; every `start` is another process."""

    def __init__(
        self, state: Path, *arguments: object, command: str = "run", port: int = 0
    ) -> None:
        """Take the state folder and the other arguments; start nothing yet."""
        self.state = state
        self.messages = state.with_name(f"{state.name}.messages")
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None
        self._arguments: tuple[object, ...] = (
            command,
            *arguments,
            "--state",
            state,
            "--port",
            port,
        )

    def start(self, *, stdin: int = subprocess.DEVNULL, waits: bool = True) -> Self:
        """Start it and wait until it says where its metrics are."""
        begin = self.messages.stat().st_size if self.messages.exists() else 0
        self.process = start_slawatch(*self._arguments, messages=self.messages, stdin=stdin)
        if waits:
            poll(lambda: self._find_url(begin), f"metrics: in\n{self.said()}")
        return self

    def _find_url(self, begin: int) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"ended at its start:\n{self.said()}"
        text = self.messages.read_bytes()[begin:].decode()
        found = re.search(r"metrics: (http://\S+)/metrics\s", text)
        self.url = found[1] if found else ""
        return bool(found)

    def said(self) -> str:
        """Return everything it printed so far."""
        return self.messages.read_text() if self.messages.exists() else ""

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body of a page; (0, "") when nobody answers."""
        return get(self.url + path)

    def scrape(self) -> Samples:
        """Return one scrape; it must succeed."""
        status, body = self.get("/metrics")
        assert status == 200, f"{status} {body}\n{self.said()}"
        return parse_samples(body)

    def wait_for(self, is_true: Callable[[Samples], object], what: str) -> Samples:
        """Scrape until something is true of a scrape, and return that one."""
        last: list[Samples] = []

        def look() -> object:
            last[:] = [self.scrape()]
            return is_true(last[0])

        poll(look, what, every_seconds=0.05)
        return last[0]

    def wait_until_ready(self) -> Samples:
        """Wait until it has caught up."""
        poll(lambda: self.get("/readyz")[0] == 200, f"ready\n{self.said()}")
        return self.scrape()

    def kill(self) -> None:
        """End it as a power cut or an out-of-memory killer would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop and return the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave no process behind."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


def parse_samples(body: str) -> Samples:
    """Parse exposition text to values by name and labels."""
    lines = (line.rpartition(" ") for line in body.splitlines() if not line.startswith("#"))
    return {_parse_series(series): float(value) for series, _, value in lines}


@cache
def _parse_series(series: str) -> Key:
    # Thousands of series are scraped again and again: each is taken apart once.
    name, _, labels = series.partition("{")
    return name, tuple(sorted(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)))


def add_up(samples: Mapping[Key, float], name: str, **labels: str) -> float:
    """Return the sum of a name's series that have these labels."""
    wanted = set(labels.items())
    return sum(
        value for (found, own), value in samples.items() if found == name and wanted <= set(own)
    )


def read_rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Read a database of the state folder, also while a monitor writes it; nothing there: none."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # the table is not there yet
            return []


def read_verdicts(state: Path) -> list[tuple[Any, ...]]:
    """Return the rows of the verdict table in the order of their ids."""
    return read_rows(
        state / "verdicts.sqlite3",
        "SELECT * FROM verdicts ORDER BY ticket, target, cycle, kind, number",
    )


def write_lines(path: Path, events: list[dict[str, Any]]) -> None:
    """Append native events, each a line, in one write."""
    with path.open("ab") as file:
        file.write(b"".join(json.dumps(event).encode() + b"\n" for event in events))
