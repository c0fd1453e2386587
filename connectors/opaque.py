"""Opaque ids: what stands for a person outside the intake log.

A decoder is pure and has no key, so it hands out the person marked as one: `Opaque("wa:4915…")`.
The record parser puts a keyed hash in its place before anything else sees the event. A mark
that nobody replaced is no text, and the event is rejected: it cannot leak by being forgotten.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NoReturn

from slawatch.errors import ConfigError

KEY_NAME = "person.key"
KEY_BYTES = 32
TEST_KEY = bytes(range(KEY_BYTES))
"""The key of the conformance kit: anybody can compute its ids."""

_ID_BYTES = 10


@dataclass(frozen=True, slots=True)
class Opaque:
    """Mark a value of a native event (`ticket_id`, `case`, `assignee`, `into`) as a person.

    `person` is the system's own key, with a word before it that tells systems apart. It belongs
    into `event_id` as it is: that is hashed, and shown nowhere.
    """

    person: str = field(repr=False)

    def __str__(self) -> NoReturn:
        """Refuse to be written into a text: it would leak, or make different acts one."""
        raise TypeError("an opaque value is no text: put its person's own key into event_id")

    def __format__(self, spec: str) -> NoReturn:
        """Refuse to be written into a text."""
        self.__str__()


def hide(person: str, key: bytes) -> str:
    """Return the id that stands for a person where `key` is the installation's."""
    digest = blake2b(person.encode("utf-8", "surrogatepass"), key=key, digest_size=_ID_BYTES)
    return digest.hexdigest()


def hide_persons(events: Iterable[object], key: bytes) -> Iterator[object]:
    """Put the opaque id in the place of every mark; events without one are handed on as they are.

    What is no mapping goes on as it is too: the parser says what is wrong with it.
    """
    for event in events:
        marks = _find_marks(event) if isinstance(event, dict) else {}
        hidden = {name: _hide(value, key) for name, value in marks.items()}
        yield {**event, **hidden} if isinstance(event, dict) and hidden else event


def _find_marks(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in event.items()
        if isinstance(value, Opaque)
        or (type(value) is dict and any(isinstance(one, Opaque) for one in value.values()))
    }


def _hide(value: object, key: bytes) -> object:
    if isinstance(value, Opaque):
        return hide(value.person, key)
    if isinstance(value, dict):
        return {name: _hide(one, key) for name, one in value.items()}
    return value


def load_key(folder: Path) -> bytes:
    """Return the state folder's key, made at the first call.

    With another key the same person is another ticket: the key belongs into the backup of the
    folder. Raises `ConfigError` where it cannot be read or written.
    """
    path = folder / KEY_NAME
    try:
        if not path.exists():
            _write_key(path)
        key = path.read_bytes()
    except OSError as ex:
        raise ConfigError(f"{str(path)!r} cannot be used: {ex.strerror}") from ex
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{str(path)!r} must hold {KEY_BYTES} bytes, got {len(key)}: bring back the old file, "
            "or remove it to count every person anew"
        )
    return key


def _write_key(path: Path) -> None:
    """Write a new key: a crash leaves a whole one or none, of two writers the first counts."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(temporary)
    temporary.unlink()
