"""The way of a page: a real Prometheus, a real Alertmanager, and whoever would be woken."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.paging.render import render_alertmanager
from dashboards.paging.routing import build_routing
from dashboards.prometheus_api import Prometheus
from dashboards.rules.render import render_rules
from dashboards.stack import Places, render_prometheus
from slawatch.config import load_config
from slawatch.errors import ConnectorError
from tests.e2e.monitor import get, poll
from tests.servers import free_port, require_program
from tests.serving import serve

_SHORTER = (
    # The desk's rules: how long an alert must hold, and for how long it then goes on without.
    (r"^( +)for: (1m|5m)$", r"\1for: 1s"),
    (r"^( +)keep_firing_for: \S+$", r"\1keep_firing_for: 1s"),
    # Catching up counts once it has lasted five minutes.
    (r"\[5m:15s\]", "[3s:1s]"),
    (r">= bool 10\b", ">= bool 2"),
    # Alertmanager: until the first message, between changes, and until it comes again.
    (r"group_wait: (10|30)s", "group_wait: 1s"),
    (r"group_interval: 5m", "group_interval: 1s"),
    (r"repeat_interval: 1h", "repeat_interval: 3s"),
)


def hasten(text: str) -> str:
    """Return rules or routes with their waits cut to seconds; expressions stay as they are.

    The one exception in an expression is how long catching up must last to count. Alerts of the
    monitor itself wait for 2 minutes or more and are left: they silence those of the desk.
    """
    for pattern, shorter in _SHORTER:
        text = re.sub(pattern, shorter, text, flags=re.MULTILINE)
    return text


class Message(NamedTuple):
    """Be one message that a receiver got: to whom, firing or resolved, and its alerts."""

    receiver: str
    status: str
    alerts: Sequence[dict[str, Any]]

    def of(self, alert: str) -> list[dict[str, Any]]:
        """Return its alerts of a name."""
        return [found for found in self.alerts if found["labels"]["alertname"] == alert]


class Pager(NamedTuple):
    """Be what is asked about the way of a page."""

    prometheus: Prometheus
    manager: str
    messages: list[Message]

    def told(self, receiver: str, alert: str, status: str = "firing") -> list[dict[str, Any]]:
        """Return the alerts of a name in every message to a receiver, in order."""
        wanted = [m for m in list(self.messages) if (m.receiver, m.status) == (receiver, status)]
        return [found for message in wanted for found in message.of(alert)]

    def wait_for(self, receiver: str, alert: str, status: str = "firing", count: int = 1) -> Any:  # noqa: ANN401 - JSON
        """Wait until a receiver has heard of an alert so often, and return the last."""
        poll(
            lambda: len(self.told(receiver, alert, status)) >= count,
            f"{count} times {alert} {status} at {receiver}, got {self.messages}",
        )
        return self.told(receiver, alert, status)[-1]

    def has(self, expr: str) -> bool:
        """Say whether Prometheus answers a query with anything."""
        try:
            return bool(self.prometheus.ask(expr).series)
        except ConnectorError:
            return False


@contextmanager
def run_pager(folder: Path, policy: Path, flow_url: str) -> Iterator[Pager]:
    """Run both servers over a monitor with the rules and routes of its policy, hastened."""
    folder.mkdir()
    server = require_program("prometheus")
    manager_program = require_program("prometheus-alertmanager", "alertmanager")
    messages: list[Message] = []
    own, manager = (f"127.0.0.1:{free_port()}" for _ in range(2))
    with ExitStack() as running:
        receiver = running.enter_context(serve(_receiver(messages)))
        _write(folder, policy, receiver, Places(flow_url.removeprefix("http://"), manager))
        _run(
            running,
            folder / "alertmanager.log",
            manager_program,
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            "--cluster.listen-address=",
            f"--web.listen-address={manager}",
        )
        poll(lambda: get(f"http://{manager}/-/ready")[0] == 200, "alertmanager", every_seconds=0.1)
        _run(
            running,
            folder / "prometheus.log",
            server,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--web.listen-address={own}",
        )
        pager = Pager(
            running.enter_context(Prometheus(f"http://{own}")), f"http://{manager}", messages
        )
        poll(lambda: pager.has("slawatch_catching_up"), "the first scrape", every_seconds=0.1)
        yield pager


def _run(running: ExitStack, log: Path, *command: str) -> None:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    running.callback(process.wait, 30)
    running.callback(process.terminate)


def _write(folder: Path, policy: Path, receiver: str, places: Places) -> None:
    config = load_config([str(policy)])
    names = [found["name"] for found in build_routing(config)["receivers"]]
    webhooks = {
        name: {"webhook_configs": [{"url": f"{receiver}/{name}", "send_resolved": True}]}
        for name in names
    }
    (folder / "rules").mkdir()
    for path, text in render_rules(config).items():
        (folder / "rules" / path.name).write_text(hasten(text))
    for name, text in render_alertmanager(config, receivers=webhooks).items():
        (folder / name).write_text(hasten(text))
    (folder / "prometheus.yml").write_text(render_prometheus(places, scrape_seconds=1))


def _receiver(messages: list[Message]) -> Starlette:
    lock = threading.Lock()

    async def receive(request: Request) -> Response:
        said = await request.json()
        with lock:
            messages.append(Message(request.path_params["name"], said["status"], said["alerts"]))
        return Response()

    return Starlette(routes=[Route("/{name}", receive, methods=["POST"])])
