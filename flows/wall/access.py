"""Access: whoever asks from another machine shows a token."""

from __future__ import annotations

import hmac
import ipaddress
import os
import secrets
import socket
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

from starlette.requests import Request

from slawatch.errors import ConfigError

VARIABLE = "SLAWATCH_TOKEN"
"""The environment variable that may hold the token."""
FILE_NAME = "wall.token"
COOKIE = "slawatch_token"
PARAMETER = "token"
MIN_LENGTH = 16
"""Shorter tokens are guessed over a network within days."""
_BYTES = 24


@dataclass(frozen=True, slots=True)
class Access:
    """Be who may look. Without a token everybody may; `file` is where a generated one lies."""

    token: str = ""
    file: Path | None = None

    def allows(self, request: Request) -> bool:
        """Tell whether a request shows the token: in its address, its cookie or its header."""
        if not self.token:
            return True
        return any(
            hmac.compare_digest(shown.encode(), self.token.encode())
            for shown in _shown(request)
            if shown
        )


def _shown(request: Request) -> tuple[str, ...]:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    cookies: SimpleCookie = SimpleCookie()
    cookies.load(request.headers.get("cookie", ""))
    cookie = cookies[COOKIE].value if COOKIE in cookies else ""
    return (
        request.query_params.get(PARAMETER, ""),
        cookie,
        bearer.strip() if scheme.lower() == "bearer" else "",
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this machine alone."""
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        return False  # the server will say what is wrong with it
    return ipaddress.ip_address(str(found[0][4][0]).partition("%")[0]).is_loopback


def find_access(host: str, state: Path, token_file: Path | None = None) -> Access:
    """Return who may look at a monitor that listens on `host`.

    A token from the environment or the configured file is asked for everywhere: whoever sets one
    may have a proxy in front. Without one a listener beyond loopback makes its own, in the state
    folder, and keeps it. Raises `ConfigError` for a token that cannot be read or is too short.
    """
    if (token := os.environ.get(VARIABLE, "").strip()) or token_file is not None:
        if not token and token_file is not None:
            token = _read(token_file, "server.token_file")
        if len(token) < MIN_LENGTH:
            where = VARIABLE if token_file is None else f"{VARIABLE} or server.token_file"
            raise ConfigError(
                f"the token of {where} must have at least {MIN_LENGTH} characters, "
                f"got {len(token)}: make one with 'openssl rand -hex 24'"
            )
        return Access(token)
    if is_loopback(host):
        return Access()
    file = state / FILE_NAME
    if not file.exists():
        _keep(file, secrets.token_urlsafe(_BYTES))
    return Access(_read(file, str(file)), file)


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, ValueError) as ex:
        raise ConfigError(f"{name}: the token cannot be read from {str(path)!r}: {ex}") from ex


def _keep(path: Path, token: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{token}\n")
