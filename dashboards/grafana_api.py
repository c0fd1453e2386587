"""A running Grafana by grafana-client, its errors told as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from slawatch.errors import ConfigError, ConnectorError

TIMEOUT_SECONDS: Final = 15.0
_NOT_FOUND, _FORBIDDEN = 404, (401, 403)


class Grafana:
    """Be Grafana's HTTP API below /api. A path that is not there answers None."""

    def __init__(
        self,
        url: str,
        api: Any,  # noqa: ANN401 - grafana-client has no types
        refusal: type[Exception],
        failures: tuple[type[Exception], ...],
    ) -> None:
        """Take the client, what it raises when Grafana refuses, and when nobody answers."""
        self.url = url
        self._api = api
        self._refusal = refusal
        self._failures: tuple[type[Exception], ...] = (*failures, ValueError)

    def get(self, path: str, **params: Any) -> Any:  # noqa: ANN401 - JSON
        """Read; None where there is nothing."""
        return self._ask("GET", path, params=params)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """POST, PUT or PATCH."""
        return self._ask(method, path, json=dict(body))

    def _ask(self, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401 - JSON
        request: Callable[..., Any] = getattr(self._api.client, method)
        try:
            return request(path, **more)
        except self._refusal as ex:
            status = getattr(ex, "status_code", 0)
            if status == _NOT_FOUND and method == "GET":
                return None
            if status in _FORBIDDEN:
                raise ConfigError(
                    f"Grafana at {self.url} refused {method} {path}: give --token (or "
                    "GRAFANA_TOKEN) of a service account that may write folders, boards, "
                    "playlists, annotations and the organisation's preferences"
                ) from ex
            raise ConnectorError(f"Grafana at {self.url} refused {method} {path}: {ex}") from ex
        except self._failures as ex:
            raise ConnectorError(
                f"no Grafana answers at {self.url}: start it, or give its --url ({ex})"
            ) from ex


@contextmanager
def connect(url: str, token: str) -> Iterator[Grafana]:
    """Open a Grafana and see that it answers. `token` may be user:password.

    grafana-client is an extra: it brings a urllib3 of its own, which has no business in the process
    that serves metrics.
    """
    try:
        from grafana_client.api import GrafanaApi  # noqa: PLC0415 - an extra
        from grafana_client.client import GrafanaException  # noqa: PLC0415 - the same
        from niquests.exceptions import RequestException  # noqa: PLC0415 - the same
    except ImportError as ex:
        raise ConfigError(
            "publishing needs grafana-client: install it with pip install 'slawatch[dashboards]'"
        ) from ex
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url: must begin with http:// or https://, got {url!r}")
    user, colon, password = token.partition(":")
    credential = (user, password) if colon else token or None
    # It joins the path and its own "api" as they stand.
    address = url.rstrip("/") + "/"
    api = GrafanaApi.from_url(address, credential, timeout=TIMEOUT_SECONDS)
    try:
        grafana = Grafana(url, api, GrafanaException, (RequestException, OSError))
        if grafana.get("/health") is None:
            raise ConnectorError(f"no Grafana answers at {url}: something else does")
        yield grafana
    finally:
        api.client.s.close()
