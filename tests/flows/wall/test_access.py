from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request

from flows.wall.access import FILE_NAME, VARIABLE, Access, find_access, is_loopback
from slawatch.errors import ConfigError

TOKEN = "a-token-of-some-length"  # noqa: S105  # nobody's


@pytest.fixture(autouse=True)
def _no_token_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def ask(query: str = "", **headers: str) -> Request:
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "query_string": query.encode(), "headers": pairs})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.3.2.1", "::1"])
def test_this_machine_alone_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "no such host"])  # noqa: S104  # asked, not bound
def test_everything_else_is_not(host: str) -> None:
    assert not is_loopback(host)


def test_on_loopback_everybody_may_look(tmp_path: Path) -> None:
    access = find_access("127.0.0.1", tmp_path)
    assert access == Access()
    assert access.allows(ask())
    assert list(tmp_path.iterdir()) == []


def test_beyond_loopback_a_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    access = find_access("0.0.0.0", tmp_path)  # noqa: S104  # asked, not bound
    assert access.file == tmp_path / FILE_NAME
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert len(access.token) == 32
    assert find_access("0.0.0.0", tmp_path) == access  # noqa: S104  # asked, not bound


def test_a_configured_token_is_asked_for_on_loopback_too(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{TOKEN}\n")
    assert find_access("127.0.0.1", tmp_path, file) == Access(TOKEN)


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    assert find_access("127.0.0.1", tmp_path, tmp_path / "missing") == Access(TOKEN)


def test_a_token_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"server\.token_file: the token cannot be read from"):
        find_access("127.0.0.1", tmp_path, tmp_path / "missing")


def test_a_short_token_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "123")
    with pytest.raises(ConfigError, match="at least 16 characters, got 3: make one with"):
        find_access("127.0.0.1", tmp_path)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(ask(f"team=l1&token={TOKEN}"), id="address"),
        pytest.param(ask(cookie=f"other=1; slawatch_token={TOKEN}"), id="cookie"),
        pytest.param(ask(authorization=f"Bearer {TOKEN}"), id="header"),
    ],
)
def test_the_token_may_be_shown_in_three_ways(request_: Request) -> None:
    assert Access(TOKEN).allows(request_)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(ask(), id="nothing"),
        pytest.param(ask(f"token={TOKEN}x"), id="longer"),
        pytest.param(ask(f"token={TOKEN[:-1]}"), id="shorter"),
        pytest.param(ask("token=%C3%A9%00"), id="not-ascii"),
        pytest.param(ask(cookie='slawatch_token="; broken'), id="broken-cookie"),
        pytest.param(ask(authorization=f"Basic {TOKEN}"), id="other-scheme"),
    ],
)
def test_without_the_token_nobody_may(request_: Request) -> None:
    assert not Access(TOKEN).allows(request_)
