"""Prometheus and Alertmanager beside `slawatch up`, from PATH, where they are installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from dashboards.stack import RETENTION, Places, render_prometheus

_NAMES = {
    "prometheus": ("prometheus",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),  # Debian's name, everyone's
}
_PORTS = {"prometheus": 9090, "alertmanager": 9093}
_STOP_SECONDS = 10.0
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
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, flow: str, rules: Mapping[str, str], alertmanager: Mapping[str, str]) -> None:
        """Start both. `flow` is where the metrics are; rules and configuration by file name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        manager = ""
        if program := self._find("alertmanager"):
            files = _write(self.folder / "alertmanager", alertmanager)
            manager = _free_address("alertmanager")
            self._run(
                "alertmanager",
                manager,
                [
                    program,
                    f"--config.file={files / 'alertmanager.yml'}",
                    f"--storage.path={files / 'data'}",
                    "--cluster.listen-address=",  # alone: no gossip, no second port
                ],
            )
        if program := self._find("prometheus"):
            own = _free_address("prometheus")
            places = Places(flow, alertmanager=manager, prometheus=own)
            texts = {f"rules/{name}": text for name, text in rules.items()}
            files = _write(
                self.folder / "prometheus",
                {**texts, "prometheus.yml": render_prometheus(places)},
            )
            self._run(
                "prometheus",
                own,
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
        for process in self._running:
            process.terminate()
        for process in self._running:
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

    def _run(self, what: str, address: str, command: Sequence[str]) -> None:
        # Whoever is killed must not leave servers behind.
        tied = [shutil.which("setpriv"), "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
        log = self.folder / f"{what}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - found on PATH, told where
                [*map(str, tied), *command, f"--web.listen-address={address}"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._running.append(process)
        self.urls[what] = f"http://{address}"
        self.told.append(f"{what}: http://{address} (log: {log})")

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
