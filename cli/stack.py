"""Prometheus and Alertmanager beside `slawatch up`, from PATH, where they are installed."""

from __future__ import annotations

import fcntl
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import urlopen

from dashboards.stack import RETENTION, Places, render_prometheus

_NAMES = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),  # Debian's name, everyone's
}
_PORTS = {"prometheus": 9090, "alertmanager": 9093}
_STOP_SECONDS = 10.0
_START_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_ADVICE = (
    "{what} not found on PATH, so {loss}. To have it: install it (on Debian "
    "`apt install {package}`), or start the whole stack with `docker compose up`"
)
_LOSS = {
    "prometheus": "metrics are kept nowhere and no alert rule is watched",
    "alertmanager": "alerts reach nobody",
}
_PACKAGES = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager"}


@dataclass
class LocalStack:
    """Run what is installed until closed; `told` says what runs where, and what is missing.

    Everything lies in one folder: configuration, data and the servers' own logs.
    """

    folder: Path
    told: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, flow: str, rules: Mapping[str, str], alertmanager: Mapping[str, str]) -> None:
        """Start both. `flow` is where the metrics are; rules and configuration by file name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manager = self._start_alertmanager(alertmanager)
        self._start_prometheus(flow, manager, rules)
        for what in list(self._running):
            self._tell(what)

    def _start_alertmanager(self, texts: Mapping[str, str]) -> str:
        """Return its address; empty where none was started."""
        program = self._find("alertmanager")
        if program is None:
            return ""
        files = _write(self.folder / "alertmanager", texts)
        address = _free_address("alertmanager")
        command = [
            program,
            f"--config.file={files / 'alertmanager.yml'}",
            f"--storage.path={files / 'data'}",
            "--cluster.listen-address=",  # alone: no gossip, no second port
        ]
        return address if self._run("alertmanager", address, command) else ""

    def _start_prometheus(self, flow: str, manager: str, rules: Mapping[str, str]) -> None:
        program = self._find("prometheus")
        if program is None:
            return
        address = _free_address("prometheus")
        places = Places(flow, alertmanager=manager, prometheus=address)
        texts = {f"rules/{name}": text for name, text in rules.items()}
        texts["prometheus.yml"] = render_prometheus(places)
        files = _write(self.folder / "prometheus", texts)
        self._run(
            "prometheus",
            address,
            [
                program,
                f"--config.file={files / 'prometheus.yml'}",
                f"--storage.tsdb.path={files / 'data'}",
                f"--storage.tsdb.retention.time={RETENTION}",
                "--enable-feature=exemplar-storage",
            ],
        )

    def close(self) -> None:
        """Stop what was started and wait for it."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _find(self, what: str) -> str | None:
        found = next(filter(None, map(shutil.which, _NAMES[what])), None)
        if found is None:
            self.told.append(_ADVICE.format(what=what, loss=_LOSS[what], package=_PACKAGES[what]))
        return found

    def _run(self, what: str, address: str, command: Sequence[str]) -> bool:
        """Start a server; false where another one has its data."""
        # Whoever is killed must not leave servers behind.
        tied = [shutil.which("setpriv"), "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        with (
            (self.folder / f"{what}.lock").open("wb") as lock,
            self._log(what).open("ab") as output,
        ):
            # Not every build of Prometheus locks its data. The server inherits this lock: it holds
            # for as long as the server lives, whoever started it.
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.told.append(
                    f"{what} not started, so {_LOSS[what]}: another one runs on the data in "
                    f"{str(self.folder / what)!r}. Stop that one and start again"
                )
                return False
            process = subprocess.Popen(  # noqa: S603 - found on PATH, told where
                [*map(str, tied), *command, f"--web.listen-address={address}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[lock.fileno()],
            )
        self._running[what] = process
        self.urls[what] = f"http://{address}"
        return True

    def _log(self, what: str) -> Path:
        return self.folder / f"{what}.log"

    def _tell(self, what: str) -> None:
        """Say where a server answers, or why it does not."""
        url, log = self.urls[what], self._log(what)
        if self._comes_up(what):
            self.told.append(f"{what}: {url} (log: {log})")
            return
        del self.urls[what]
        lines = log.read_text("utf-8", "replace").split("\n")
        said = next((line for line in reversed(lines) if line.strip()), "nothing")
        self.told.append(
            f"{what} ended at its start, so {_LOSS[what]}. It said: {said} (the whole log: {log})"
        )

    def _comes_up(self, what: str) -> bool:
        """Wait until a server answers; false where it ended. One that is slow is left alone."""
        give_up_at = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up_at and self._running[what].poll() is None:
            try:
                with urlopen(f"{self.urls[what]}/-/ready", timeout=1):  # noqa: S310 - loopback
                    return True
            except OSError:
                time.sleep(_LOOK_SECONDS)
        return self._running[what].poll() is None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.close()


def _free_address(what: str) -> str:
    """Return a server's usual address on loopback, or one with a free port."""
    return f"127.0.0.1:{_free_port(_PORTS[what])}"


def _free_port(wanted: int) -> int:
    """Return the port, or a free one where somebody else has it."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("a free port is always found")


def _write(folder: Path, texts: Mapping[str, str]) -> Path:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
