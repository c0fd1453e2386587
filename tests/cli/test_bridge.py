"""`slawatch bridge`, as Alertmanager's receiver."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.cli.commands import call, is_told
from tests.servers import free_port


def test_the_bridge_serves_the_robots_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("http://127.0.0.1:9/send")
    (tmp_path / "robots.toml").write_text('[robots.duty]\nkind = "wecom"\nurl_file = "url"')
    port = free_port()
    command = ["-m", "cli", "bridge", str(tmp_path / "robots.toml"), "--port", str(port)]
    with subprocess.Popen([sys.executable, *command], stderr=subprocess.PIPE) as process:
        try:
            assert _ask(f"http://127.0.0.1:{port}/healthz") == "ok\n"
        finally:
            process.terminate()
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}/duty" in process.stderr.read().decode()


def _ask(url: str) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx.get(url).text
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_wrong_file_is_told(tmp_path: Path) -> None:
    assert is_told(call("bridge", tmp_path / "none.toml"))
