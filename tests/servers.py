"""Real servers for tests: found, or the test is skipped with the reason.

Where SLAWATCH_REQUIRE_SERVERS is set, as on the machine that guards main, missing is failing.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

NEWER = Path(__file__).resolve().parents[1] / ".tools" / "newer" / "usr"
"""Where `.ci/newer-tools .tools/newer` puts the next line of the tools."""
_ALSO = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/15/bin")


def require_program(*names: str) -> str:
    """Return the first program that is on PATH or where Debian hides servers, or skip."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_ALSO])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    return _miss(f"{' or '.join(names)} is not on PATH: install it to run this test")


def require_newer(name: str) -> str:
    """Return a program of the newer line, or skip."""
    for folder in (NEWER / "bin", NEWER / "libexec" / "docker" / "cli-plugins"):
        if (folder / name).is_file():
            return str(folder / name)
    return _miss(f"no newer {name}: fetch it with .ci/newer-tools .tools/newer")


def _miss(reason: str) -> str:
    if os.environ.get("SLAWATCH_REQUIRE_SERVERS"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a port of loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
