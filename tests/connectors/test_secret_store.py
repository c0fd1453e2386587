from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from connectors.secret_store import MAX_FILE_BYTES, SecretStore
from connectors.signatures import STANDARD_WEBHOOKS
from slawatch.errors import ConfigError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("first\n")
    return path


def open_store(path: Path, check: Callable[[str], None] = lambda _: None) -> SecretStore:
    """Open a store that takes a second to pass before each read."""
    seconds = count()
    return SecretStore([path], check=check, now=lambda: float(next(seconds)))


def test_each_line_of_a_file_is_a_secret(path: Path) -> None:
    path.write_text("  first \n\nsecond")
    assert SecretStore([path]).read() == ("first", "second")


def test_variables_and_files_hold_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLAWATCH_TEST_SECRET", "third\n")
    assert SecretStore([path], ["SLAWATCH_TEST_SECRET"]).read() == ("third", "first")


def test_a_file_that_changes_is_read_again(path: Path) -> None:
    store = open_store(path)
    path.write_text("first\nsecond\n")
    assert store.read() == ("first", "second")


def test_a_file_is_looked_at_once_a_second(path: Path) -> None:
    clock = [100.0]
    store = SecretStore([path], now=lambda: clock[0])
    path.write_text("first\nsecond\n")
    clock[0] = 100.9
    assert store.read() == ("first",)
    clock[0] = 101.0
    assert store.read() == ("first", "second")


def test_a_file_that_another_replaces_is_read_again(path: Path) -> None:
    store = open_store(path)
    other = path.with_name("other")
    other.write_text("other\n")
    other.replace(path)
    assert store.read() == ("other",)


def test_a_file_that_is_emptied_holds_none(path: Path) -> None:
    store = open_store(path)
    path.write_text("")
    assert store.read() == ()


def test_a_file_that_goes_keeps_what_it_held_and_is_warned_of_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(path)
    path.unlink()
    assert [store.read() for _ in range(2)] == [("first",), ("first",)]
    assert caplog.text.count("secret file kept as it was") == 1
    path.write_text("second\n")
    assert store.read() == ("second",)


def test_a_secret_that_cannot_be_one_is_not_taken_and_not_told(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    store = open_store(path, STANDARD_WEBHOOKS.check_secret)
    with caplog.at_level(logging.DEBUG):
        path.write_text("whsec_hidden!\n")
        assert store.read() == ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)
    assert "must after 'whsec_' be base64" in caplog.text
    assert "hidden" not in caplog.text


def test_nothing_shows_a_secret(path: Path) -> None:
    assert "first" not in repr(SecretStore([path])) + str(SecretStore([path]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: write the secret into it"),
        (b"\n \n", "is empty"),
        (b"\xff", "is not UTF-8"),
        (b"x" * (MAX_FILE_BYTES + 1), "is too long for one"),
    ],
    ids=["empty", "blank", "not text", "a log"],
)
def test_a_file_without_a_secret_stops_the_start(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        SecretStore([path])
