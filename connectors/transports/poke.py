"""Fetch after a poke: WeCom's callback says that there is something, `sync_msg` says what.

A lost poke costs time alone: every account that is known is asked after `interval_seconds` too.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from connectors.connector import Secrets
from connectors.intake import LogWriter, Pending
from connectors.payload import Payload
from connectors.pump import store
from connectors.reading import find_flag, find_integer, find_objects, find_text
from connectors.secret_store import SecretStore
from connectors.transports.pulling import keep_trying, load_kept, save_kept
from slawatch.errors import ConfigError, ConnectorError

TIMEOUT_SECONDS = 20.0
PAGE_MESSAGES = 1000
POKE_SECONDS = 600.0
"""How long a poke's token may be used."""
_EARLY_SECONDS = 300.0  # an access token is renewed so long before it ends

_OK, _TOKEN_ENDED, _POKE_ENDED = 0, (40001, 40014, 42001), (95007, 40100)
_TAG = re.compile(rb"<(\w+)>\s*(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?\s*</\1>", re.DOTALL)

OPTIONS: Mapping[str, Any] = {
    "corp_id": None,
    "corp_secret_file": None,
    "corp_secret_env": None,
    "accounts": [],
    "interval_seconds": 60,
    "url": "https://qyapi.weixin.qq.com",
}


class AnswerError(ConnectorError):
    """Report an answer whose `code` is no success."""

    def __init__(self, code: int, message: str) -> None:
        """Take the code and the vendor's sentence."""
        self.code = code
        super().__init__(message)


@dataclass(slots=True)
class _Pokes:
    """Hold the accounts that were poked, with the token and the time; any thread may call."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: dict[str, tuple[str, float]] = field(default_factory=dict)

    def take(self, seconds: float) -> dict[str, tuple[str, float]]:
        with self.changed:
            self.changed.wait_for(lambda: self.waiting, seconds)
            taken, self.waiting = self.waiting, {}
        return taken


class PokedAccounts:
    """Fetch the messages of customer-service accounts."""

    def __init__(
        self,
        api: SyncApi,
        accounts: tuple[str, ...] = (),
        interval_seconds: float = 60.0,
    ) -> None:
        """Take how to ask, and the accounts that are known before they are poked."""
        self._api = api
        self._accounts = accounts
        self._interval = interval_seconds
        self._pokes = _Pokes()

    def poke(self, payload: Payload) -> None:
        """Take an opened callback: its account is fetched at once. Any thread may call."""
        said = {tag: text.decode("utf-8", "replace") for tag, text in _TAG.findall(_inner(payload))}
        account = said.get(b"OpenKfId", "")
        if account:
            with self._pokes.changed:
                self._pokes.waiting[account] = said.get(b"Token", ""), time.monotonic()
                self._pokes.changed.notify()

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store messages until told to stop."""
        cursors = load_kept(position_path)
        due: dict[str, tuple[str, float]] = dict.fromkeys((*cursors, *self._accounts), ("", 0.0))

        def run(note_success: Callable[[], None]) -> None:
            nonlocal due
            while not stop.is_set():
                for account in list(due):
                    token, at = due[account]
                    fresh = token if time.monotonic() - at < POKE_SECONDS else ""
                    self._fetch(account, fresh, cursors, _Sink(writer, source, stop, position_path))
                    del due[account]
                note_success()
                due = self._wait(cursors, stop)

        keep_trying(source, stop, run)
        self._api.close()

    def _wait(
        self, cursors: Mapping[str, str], stop: threading.Event
    ) -> dict[str, tuple[str, float]]:
        """Return whom to ask next: who was poked, or all after the interval."""
        until = time.monotonic() + self._interval
        while not stop.is_set():
            left = until - time.monotonic()
            if left <= 0:
                return dict.fromkeys((*cursors, *self._accounts), ("", 0.0))
            if taken := self._pokes.take(min(left, 0.2)):
                return taken
        return {}

    def _fetch(self, account: str, token: str, cursors: dict[str, Any], sink: _Sink) -> None:
        while not sink.stop.is_set():
            answer = self._api.sync(account, cursors.get(account, ""), token)
            messages = find_objects(answer, "msg_list")
            pending = [
                Pending(sink.source, message_id, orjson.dumps(one))
                for one in messages
                if (message_id := find_text(one, "msgid"))
            ]
            if not store(pending, sink.writer, sink.stop):
                return
            if cursor := find_text(answer, "next_cursor"):
                cursors[account] = cursor
                save_kept(sink.position_path, cursors)
            if not (find_integer(answer, "has_more") or find_flag(answer, "has_more")):
                return


@dataclass(frozen=True, slots=True)
class _Sink:
    writer: LogWriter
    source: str
    stop: threading.Event
    position_path: Path


def _inner(payload: Payload) -> bytes:
    """Return what stands within the callback's outermost tag."""
    return payload.body.strip().removeprefix(b"<xml>").removesuffix(b"</xml>")


class SyncApi:
    """Ask WeCom's API; an access token is kept until it ends."""

    def __init__(self, url: str, corp_id: str, secrets: SecretStore) -> None:
        """Take where it is and who asks."""
        # It writes every address at INFO, and WeCom wants secret and token in the address.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS)
        self._corp_id = corp_id
        self._secrets = secrets
        self._token = ""
        self._token_until = 0.0

    def sync(self, account: str, cursor: str, token: str) -> dict[str, Any]:
        """Return a page of an account's messages. Raises `ConnectorError`."""
        asked = {"open_kfid": account, "cursor": cursor, "limit": PAGE_MESSAGES, "token": token}
        body = {key: value for key, value in asked.items() if value}
        try:
            return self._post(body)
        except AnswerError as ex:
            if ex.code in _POKE_ENDED and token:
                del body["token"]
            elif ex.code in _TOKEN_ENDED:
                self._token = ""
            else:
                raise
        return self._post(body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, body: Mapping[str, object]) -> dict[str, Any]:
        parameters = {"access_token": self._find_token()}
        return self._ask("POST", "/cgi-bin/kf/sync_msg", parameters, body)

    def _find_token(self) -> str:
        if not self._token or time.monotonic() > self._token_until:
            secrets = self._secrets.read()
            if not secrets:
                raise ConnectorError("the corporation's secret is empty: fill its file")
            said = {"corpid": self._corp_id, "corpsecret": secrets[-1]}
            answer = self._ask("GET", "/cgi-bin/gettoken", said)
            self._token = find_text(answer, "access_token") or ""
            seconds = find_integer(answer, "expires_in") or 0
            self._token_until = time.monotonic() + max(0.0, seconds - _EARLY_SECONDS)
        return self._token

    def _ask(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, params=dict(parameters), json=body)
            data = answer.json()
        except (httpx.HTTPError, ValueError) as ex:
            # without the URL: the token and the secret stand in it
            raise ConnectorError(f"{path!r} cannot be asked: {type(ex).__name__}") from ex
        if not isinstance(data, dict):
            raise ConnectorError(f"{path!r} answered {answer.status_code} and no object")
        code = find_integer(data, "errcode") or _OK
        if code != _OK:
            told = find_text(data, "errmsg") or ""
            raise AnswerError(code, f"{path!r} answered errcode {code}: {told[:200]!r}")
        return data


def build_account(options: Mapping[str, Any], _: Secrets) -> PokedAccounts:
    """Return what fetches for the corporation that a source's options name.

    The callback's secret is another than the corporation's, which stands in `corp_secret_file` or
    the variable `corp_secret_env`. Raises `ConfigError`.
    """
    said = {**OPTIONS, **options}
    if not isinstance(said["corp_id"], str) or not said["corp_id"]:
        raise ConfigError("options.corp_id is required to fetch messages")
    file, variable = said["corp_secret_file"], said["corp_secret_env"]
    if not file and not variable:
        raise ConfigError("options.corp_secret_file or options.corp_secret_env is required")
    secrets = SecretStore([Path(file)] if file else [], [variable] if variable else [])
    api = SyncApi(said["url"], said["corp_id"], secrets)
    return PokedAccounts(api, tuple(said["accounts"]), float(said["interval_seconds"]))
