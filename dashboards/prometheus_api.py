"""Ask a running Prometheus: instants, ranges, and what it warns of."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx

from slawatch.errors import ConnectorError

TIMEOUT_SECONDS = 30.0


class Series(NamedTuple):
    """Be one series of an answer: its labels, and its values as (instant in seconds, value)."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]

    @property
    def value(self) -> float:
        """Return the last value."""
        return self.points[-1][1]


class Answer(NamedTuple):
    """Be what Prometheus says to a query, with its warnings and infos."""

    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()


class Prometheus:
    """Be a Prometheus at a URL. A query it refuses or cannot answer is a `ConnectorError`."""

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Take the URL, as http://localhost:9090, with a path where it has one."""
        self.url = url.rstrip("/")
        self._client = httpx.Client(timeout=timeout_seconds)

    def ask(self, expr: str, at: float | None = None) -> Answer:
        """Return the answer at an instant in seconds, or now."""
        return self._ask("query", {"query": expr, **({} if at is None else {"time": at})})

    def ask_range(self, expr: str, start: float, end: float, step_seconds: float) -> Answer:
        """Return the answer over a range."""
        return self._ask(
            "query_range", {"query": expr, "start": start, "end": end, "step": step_seconds}
        )

    def _ask(self, path: str, form: Mapping[str, Any]) -> Answer:
        try:
            answer = self._client.post(f"{self.url}/api/v1/{path}", data=dict(form))
            said = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as ex:
            raise ConnectorError(
                f"no answer of a Prometheus at {self.url!r}: is it running there? ({ex})"
            ) from ex
        if not isinstance(said, dict) or said.get("status") != "success":
            reason = said.get("error") if isinstance(said, dict) else said
            raise ConnectorError(f"{self.url} refused {form['query']!r}: {reason}")
        warnings = (*said.get("warnings", ()), *said.get("infos", ()))
        return Answer(_read_series(said["data"]), warnings)

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()


def _read_series(data: Mapping[str, Any]) -> tuple[Series, ...]:
    result = data["result"]
    if data["resultType"] in ("scalar", "string"):
        return (Series({}, (_point(result),)),)
    return tuple(
        Series(row["metric"], tuple(map(_point, row.get("values") or [row["value"]])))
        for row in result
    )


def _point(pair: list[Any]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
