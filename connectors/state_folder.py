"""The state folder: made private; its flow and its intake run in one process each, or in one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from slawatch.errors import ConfigError

LOCK_NAME = "lock"
"""Who holds it runs the flow."""
INTAKE_LOCK_NAME = "intake.lock"
"""Who holds it takes deliveries in."""

_HINTS = {
    LOCK_NAME: "choose another state folder for this one",
    INTAKE_LOCK_NAME: "run this one with --no-intake, to judge what that one takes in",
}


class StateLock:
    """Hold the lock on a state folder until closed; the kernel frees it when the process dies."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take the folder and the locked file's descriptor, which it then owns."""
        self.path = path
        self._descriptor: int | None = descriptor

    def close(self) -> None:
        """Free the folder; a second call does nothing."""
        if self._descriptor is not None:
            # The file stays: removing it would let two processes lock two files of one name.
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Free the folder."""
        self.close()


def lock_state_folder(path: Path, name: str = LOCK_NAME) -> StateLock:
    """Make the folder where it is missing and lock its flow or its intake for this process.

    Raises `ConfigError` when it cannot be made or another process holds it.
    """
    try:
        # Raw payloads hold personal data: nobody else on the machine reads them.
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as ex:
        raise ConfigError(f"state folder {str(path)!r} cannot be used: {ex.strerror}") from ex
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as ex:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        what = "state folder" if name == LOCK_NAME else "the intake of state folder"
        raise ConfigError(
            f"{what} {str(path)!r} is in use by process {holder}: stop that process, "
            f"or {_HINTS[name]}"
        ) from ex
    except OSError as ex:
        os.close(descriptor)
        raise ConfigError(
            f"state folder {str(path)!r} cannot be locked, it must lie on a local disk: "
            f"{ex.strerror}"
        ) from ex
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return StateLock(path, descriptor)
