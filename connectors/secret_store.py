"""Secrets: read from files or the environment, anew when a file changes, and never shown."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from slawatch.errors import ConfigError

LOGGER = logging.getLogger(__name__)

MAX_FILE_BYTES = 64 * 1024
"""A secret file is small: a log that is named by mistake is not read whole."""

LOOK_SECONDS = 1.0
"""How often files are looked at: thousands of deliveries a second need not each ask the disk."""

_Version = tuple[int, int, int]


class SecretStore:
    """Hold the secrets of one source: each line of each file is one, and so is each variable.

    While one is being rotated there are two. A file that changes is read again at the next look,
    the first read that comes `LOOK_SECONDS` after the one before; one that cannot be read keeps
    what it held, one that is empty holds none. Has no `repr` of what it holds.
    """

    def __init__(
        self,
        files: Sequence[Path] = (),
        variables: Sequence[str] = (),
        check: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read everything once. `now` gives seconds that never fall.

        Raises `ConfigError` for what is missing, empty or no secret.
        """
        self._files = tuple(files)
        self._check = check
        self._fixed = tuple(_read_variable(name) for name in variables)
        self._versions: dict[Path, _Version | None] = {}
        self._found: dict[Path, tuple[str, ...]] = {}
        self._now = now
        self._looked_at = now()
        for secret in self._fixed:
            check(secret)
        for path in self._files:
            self._versions[path] = _version(path)
            self._found[path] = _read(path)
            for secret in self._found[path]:
                check(secret)
        self._valid = self._gather()

    def read(self) -> tuple[str, ...]:
        """Return every secret that is valid now."""
        if (now := self._now()) - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            for path in self._files:
                self._look(path)
            self._valid = self._gather()
        return self._valid

    def _gather(self) -> tuple[str, ...]:
        return (*self._fixed, *(one for path in self._files for one in self._found[path]))

    def _look(self, path: Path) -> None:
        try:
            version = _version(path)
        except ConfigError:
            version = None
        if version == self._versions[path]:
            return
        # Noted before reading: what changes meanwhile is another version at the next look.
        self._versions[path] = version
        try:
            found = _read(path, may_be_empty=True)
            for secret in found:
                self._check(secret)
        except ConfigError as ex:
            LOGGER.warning("secret file kept as it was path=%s error=%s", path, ex)
            return
        self._found[path] = found
        LOGGER.info("secret file read again path=%s secrets=%d", path, len(found))


def _version(path: Path) -> _Version:
    try:
        found = path.stat()
    except OSError as ex:
        raise ConfigError(f"secret file {str(path)!r} cannot be read: {ex.strerror}") from ex
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path, *, may_be_empty: bool = False) -> tuple[str, ...]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as ex:
        raise ConfigError(f"secret file {str(path)!r} cannot be read: {ex.strerror}") from ex
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"secret file {str(path)!r} is too long for one: name another file")
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        raise ConfigError(f"secret file {str(path)!r} is not UTF-8") from None
    found = tuple(stripped for line in lines if (stripped := line.strip()))
    if not found and not may_be_empty:
        raise ConfigError(f"secret file {str(path)!r} is empty: write the secret into it")
    return found


def _read_variable(name: str) -> str:
    if not (secret := os.environ.get(name, "").strip()):
        raise ConfigError(f"environment variable {name!r} is not set: put the secret into it")
    return secret
