"""Polling: asking a system again and again, from a cursor, within its limits, into the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import httpx

from connectors.held import HeldTickets
from connectors.intake import LogWriter, Pending, complete
from connectors.marks import BY_SWEEP, mark
from connectors.pump import store
from connectors.secret_store import SecretStore
from connectors.transports.compare import Comparison
from connectors.transports.pulling import load_kept, save_kept
from slawatch.errors import ConfigError, ConnectorError

LOGGER = logging.getLogger(__name__)

POLL_OPTIONS: Mapping[str, Any] = {
    "url": None,
    "token_file": None,
    "token_env": None,
    "interval_seconds": 60,
    "since_days": 7,
}
"""Where a system is and its API token; without a `url` it is not asked."""

TIMEOUT_SECONDS = 30.0
_BACKOFF_SECONDS = (1.0, 5.0, 30.0, 120.0, 300.0)
_MAX_WAIT_SECONDS = 3600.0
_BUSY = (429, 503)
_NONE_SUCH = (404, 410)
_DAY_US = 86_400_000_000
_MAX = 1e6


class BusyError(ConnectorError):
    """Report that the system asks us to wait: `seconds` is how long, if it says."""

    def __init__(self, message: str, seconds: float | None) -> None:
        """Take the sentence and the seconds."""
        super().__init__(message)
        self.seconds = seconds


class Page(NamedTuple):
    """Be one answer: records as (key, body), and the cursor that follows them.

    `is_last` says that the system has no more for now. `complete_to`, in microseconds, says up to
    which instant it has told everything once the last page is told; `None` where nobody knows.
    """

    records: list[tuple[str, bytes]]
    cursor: str
    is_last: bool
    complete_to: int | None = None


class Poller(Protocol):
    """Ask one system. Not for several threads at once."""

    def start(self, at: int) -> str:
        """Return the cursor from which everything since an instant (microseconds) is told."""

    def fetch(self, cursor: str) -> Page:
        """Return the page that follows the cursor. Raises `ConnectorError`."""


class OpenPoller(Poller, Protocol):
    """Ask a system that also tells which tickets are open, each from its beginning."""

    def fetch_open(self, cursor: str) -> Page:
        """Return the page of open tickets that follows the cursor, "" for the first."""


class Api:
    """Ask a JSON API over HTTPS; what goes wrong is a `ConnectorError` that says what to do."""

    def __init__(
        self, base_url: str, *, auth: httpx.Auth | None = None, headers: Mapping[str, str] = {}
    ) -> None:
        """Take where the system is and how we prove who we are."""
        self._client = httpx.Client(
            base_url=base_url,
            auth=auth,
            headers={"Accept": "application/json", "User-Agent": "slawatch", **headers},
            timeout=TIMEOUT_SECONDS,
        )

    def get(self, path: str, params: Mapping[str, str | int]) -> Any:  # noqa: ANN401 - JSON enters
        """Return the answer's JSON."""
        answer = self._ask("GET", path, params=dict(params))
        _check(answer)
        return self._read(answer)

    def find(self, path: str, params: Mapping[str, str | int]) -> Any:  # noqa: ANN401 - JSON enters
        """Return the answer's JSON, `None` where the system says that it has no such thing."""
        answer = self._ask("GET", path, params=dict(params))
        if answer.status_code in _NONE_SUCH:
            return None
        _check(answer)
        return self._read(answer)

    def post(self, path: str, question: object) -> Any:  # noqa: ANN401 - JSON enters
        """Ask by a body, where a question is too long for an address; return the answer's JSON."""
        answer = self._ask("POST", path, json=question)
        _check(answer)
        return self._read(answer)

    def _ask(self, method: str, path: str, **question: Any) -> httpx.Response:  # noqa: ANN401
        try:
            return self._client.request(method, path, **question)
        except httpx.HTTPError as ex:
            where = f"{self._client.base_url}{path}"
            raise ConnectorError(f"{where!r} cannot be asked: {type(ex).__name__} {ex}") from ex

    def _read(self, answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON enters
        try:
            return answer.json()
        except ValueError as ex:
            raise ConnectorError(f"{answer.url.path!r} answered no JSON: {ex}") from ex

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _check(answer: httpx.Response) -> None:
    status, path = answer.status_code, answer.url.path
    if status in _BUSY:
        raise BusyError(f"{path!r} answered {status}: too many requests", _read_wait(answer))
    if status in (401, 403):
        msg = "the token is wrong or may not read this: look at the source's auth table"
        raise ConnectorError(f"{path!r} answered {status}: {msg}")
    if not answer.is_success:
        raise ConnectorError(f"{path!r} answered {status}: {answer.text[:200]!r}")


def _read_wait(answer: httpx.Response) -> float | None:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _hold_nothing() -> HeldTickets | None:
    return None


@dataclass(frozen=True, slots=True)
class Poll:
    """Be a source that is asked, `interval_seconds` after each last page.

    At first it is asked for what was `since` an instant, in microseconds. A sweep asks seldom,
    for what lost deliveries left behind; of a poller that is a `compare.Comparer` also for the
    tickets that `read_held` returns.
    """

    poller: Poller
    interval_seconds: float
    since: int
    is_sweep: bool = False
    read_held: Callable[[], HeldTickets | None] = _hold_nothing

    def as_sweep(
        self, interval_seconds: float, read_held: Callable[[], HeldTickets | None]
    ) -> Poll:
        """Return the sweep that asks the same system."""
        return replace(self, interval_seconds=interval_seconds, is_sweep=True, read_held=read_held)

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store a system's records until told to stop; the cursor is kept in `position_path`.

        It is saved after the page's records are stored: a crash between the two stores nothing
        twice, as a record asked for again has its old key.
        """
        cursor = load_cursor(position_path) or ""
        is_first, cursor = not cursor, cursor or self.poller.start(self.since)
        comparison = self._build_comparison()
        failures = 0
        while not stop.is_set():
            try:
                page = self.poller.fetch(cursor)
                told = self._complete(source, page, is_first=is_first)
                if not store([*self._pack(source, page.records), *told], writer, stop):
                    return
                is_first = False
                if page.cursor != cursor:
                    cursor = page.cursor
                    save_cursor(position_path, cursor)
                if page.is_last and comparison is not None:
                    for records in comparison.run():
                        if stop.is_set() or not store(self._pack(source, records), writer, stop):
                            return
            except ConnectorError as ex:
                wait = _wait_after(ex, failures)
                LOGGER.warning("poll failed source=%s retry_seconds=%s error=%s", source, wait, ex)
                failures += 1
                stop.wait(wait)
                continue
            failures = 0
            if page.is_last:
                stop.wait(self.interval_seconds)

    def _build_comparison(self) -> Comparison | None:
        poller: Any = self.poller
        if not self.is_sweep or not hasattr(poller, "fetch_states"):
            return None
        return Comparison(poller, self.read_held, now_us)

    def _complete(self, source: str, page: Page, *, is_first: bool) -> list[Pending]:
        """Say up to when all is told, with the last page; with the very first: up to `since`."""
        if self.is_sweep or page.complete_to is None:
            return []
        if page.is_last:
            return [complete(source, page.complete_to)]
        return [complete(source, self.since)] if is_first else []

    def _pack(self, source: str, records: Sequence[tuple[str, bytes]]) -> list[Pending]:
        return [
            Pending(source, key, mark(body, came=BY_SWEEP) if self.is_sweep else body)
            for key, body in records
        ]


def build_poll(poller: Poller, options: Mapping[str, Any]) -> Poll:
    """Return a poll by the options that all have, `POLL_OPTIONS`. Raises `ConfigError`."""
    seconds, days = options["interval_seconds"], options["since_days"]
    for key, value in (("interval_seconds", seconds), ("since_days", days)):
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < _MAX:
            raise ConfigError(f"option {key!r} must be a number of 0 or more, got {value!r}")
    return Poll(poller, seconds, now_us() - round(days * _DAY_US))


def read_url(options: Mapping[str, Any]) -> str:
    """Return where the system is. Raises `ConfigError`."""
    url = options["url"]
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise ConfigError(f"option 'url' must be as 'https://desk.example.com', got {url!r}")
    return url


def read_token(options: Mapping[str, Any]) -> str:
    """Return the API token from the file or the variable that the options name.

    It is not the secret of the webhooks. Raises `ConfigError` where there is none.
    """
    files = [Path(options["token_file"])] if options["token_file"] else []
    variables = [options["token_env"]] if options["token_env"] else []
    if not files and not variables:
        raise ConfigError(
            "option 'token_file' must name the file with the API token, or 'token_env' a variable"
        )
    return SecretStore(files, variables).read()[0]


def _wait_after(ex: ConnectorError, failures: int) -> float:
    if isinstance(ex, BusyError) and ex.seconds is not None:
        return min(ex.seconds, _MAX_WAIT_SECONDS)
    return _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]


def save_cursor(path: Path, cursor: str) -> None:
    """Keep the cursor for the next run."""
    save_kept(path, {"cursor": cursor})


def load_cursor(path: Path) -> str | None:
    """Read the cursor that was kept, or `None` if none was; raises `ConfigError`."""
    kept = load_kept(path)
    cursor = kept.get("cursor")
    if kept and not isinstance(cursor, str):
        raise ConfigError(f"position {str(path)!r} holds {kept!r:.80}: remove it to begin anew")
    return None if cursor is None else str(cursor)


def now_us() -> int:
    """Return the wall clock in microseconds: a system's `since` is in its time, not the log's."""
    return time.time_ns() // 1000
