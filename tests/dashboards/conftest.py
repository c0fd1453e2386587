from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from dashboards.builder import Board
from dashboards.check import PanelAnswer, ask_panels
from dashboards.library import build_boards
from dashboards.prometheus_api import Prometheus
from dashboards.rules.records import budget_remaining, build_groups
from dashboards.stack import RETENTION, Places, render_prometheus
from flows.live import Live
from slawatch.errors import ConnectorError
from tests.dashboards.fixed_desk import run_desk
from tests.dashboards.history import build_blocks, write_history
from tests.e2e.monitor import Samples, parse_samples, poll


class Watched(NamedTuple):
    """Be a desk that a real Prometheus watches, and what every panel came to.

    `past` is an instant in seconds at which only the thirty days of history are there.
    """

    boards: dict[str, Board]
    prometheus: Prometheus
    answers: list[PanelAnswer]
    past: float
    policy: Path


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Run the monitor over the fixed log and Prometheus over both, once for all tests."""
    server, tool = shutil.which("prometheus"), shutil.which("promtool")
    if server is None or tool is None:
        pytest.skip("prometheus is not installed: Debian has it in the package prometheus")
    folder = tmp_path_factory.mktemp("watched")
    with run_desk(folder) as (config, live):
        poll(lambda: ("sla_contacts_waiting", (("channel", "phone"),)) in scrape(live), "gauges")
        past = int(time.time()) - 30
        write_history(scrape(live), past, folder / "history.txt")
        build_blocks(tool, folder / "history.txt", folder / "data")
        boards = build_boards(config, "en")
        with run_prometheus(server, folder, live.server.port) as prometheus:
            last = budget_remaining("30d", agreed=True)
            poll(lambda: _is_there(prometheus, last), "the last rule", every_seconds=0.2)
            twice = "rate(slawatch_log_time_timestamp_seconds[5m])"
            poll(lambda: _is_there(prometheus, twice), "a second scrape", every_seconds=0.2)
            answers = list(ask_panels(boards, prometheus))
            yield Watched(boards, prometheus, answers, past, folder / "desk.toml")


def scrape(live: Live) -> Samples:
    """Return what the monitor's endpoint says."""
    url = f"http://127.0.0.1:{live.server.port}/metrics"
    with urllib.request.urlopen(url, timeout=20) as answer:
        return parse_samples(answer.read().decode())


@contextmanager
def run_prometheus(server: str, folder: Path, flow_port: int) -> Iterator[Prometheus]:
    """Run Prometheus over a monitor and the shipped records, each second."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    places = Places(f"127.0.0.1:{flow_port}")
    (folder / "prometheus.yml").write_text(render_prometheus(places, scrape_seconds=1))
    _write_rules(folder / "rules")
    command = [
        server,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address={address}",
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        with Prometheus(f"http://{address}") as prometheus:
            poll(lambda: _is_there(prometheus, "vector(1)"), "prometheus", every_seconds=0.1)
            yield prometheus
    finally:
        process.terminate()
        process.wait(30)


def _write_rules(folder: Path) -> None:
    """Write the records without the longer intervals of some: a test does not wait for them."""
    folder.mkdir()
    groups = [
        {"name": g.name, "rules": [{"record": r.name, "expr": r.expr} for r in g.records]}
        for g in build_groups()
    ]
    (folder / "records.yml").write_text(yaml.safe_dump({"groups": groups}))


def _is_there(prometheus: Prometheus, expr: str) -> bool:
    try:
        return bool(prometheus.ask(expr).series)
    except ConnectorError:
        return False
