from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from dashboards.builder import Board
from dashboards.check import PanelAnswer, Verdict, ask_panels
from dashboards.library import build_boards
from dashboards.prometheus_api import Answer, Prometheus
from dashboards.rules.records import budget_remaining, build_groups
from dashboards.stack import RETENTION, Places, render_prometheus
from flows.live import Live
from slawatch.errors import ConnectorError
from tests.dashboards.fixed_desk import run_desk
from tests.dashboards.history import build_blocks, write_history
from tests.e2e.monitor import Samples, parse_samples, poll
from tests.servers import free_port, require_newer, require_program


class Watched(NamedTuple):
    """Be a desk that a real Prometheus watches, and what every panel came to.

    `now` is the instant in seconds of the answers: a busy machine may miss a scrape, and then all
    is stale for a while. At `past` only the thirty days of history are there.
    """

    boards: dict[str, Board]
    prometheus: Prometheus
    answers: list[PanelAnswer]
    now: float
    past: float
    policy: Path

    def ask(self, expr: str, at: float | None = None) -> Answer:
        """Ask a query of an instant, or of now."""
        return self.prometheus.ask(expr, self.now if at is None else at)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Be watched by the Prometheus of Debian."""
    with watch(tmp_path_factory, require_program) as watched:
        yield watched


@pytest.fixture(scope="module")
def watched_by_newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Be watched by the next line of Prometheus, which warns of more."""
    with watch(tmp_path_factory, require_newer) as watched:
        yield watched


@contextmanager
def watch(folders: pytest.TempPathFactory, require: Callable[[str], str]) -> Iterator[Watched]:
    """Run the monitor over the fixed log and Prometheus over both, once for all tests."""
    server, tool = require("prometheus"), require("promtool")
    folder = folders.mktemp("watched")
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
            now, answers = _ask_all(boards, prometheus)
            yield Watched(boards, prometheus, answers, now, past, folder / "desk.toml")


def _ask_all(boards: dict[str, Board], prometheus: Prometheus) -> tuple[float, list[PanelAnswer]]:
    """Ask every panel of one instant; of a later one when a scrape was missed just then."""
    for _ in range(4):
        poll(lambda: _is_there(prometheus, "slawatch_catching_up"), "a scrape", every_seconds=0.1)
        now = time.time()
        answers = list(ask_panels(boards, prometheus, now))
        if all(answer.verdict is Verdict.ANSWERED for answer in answers):
            break
    return now, answers


def scrape(live: Live) -> Samples:
    """Return what the monitor's endpoint says."""
    url = f"http://127.0.0.1:{live.server.port}/metrics"
    with urllib.request.urlopen(url, timeout=20) as answer:
        return parse_samples(answer.read().decode())


@contextmanager
def run_prometheus(server: str, folder: Path, flow_port: int) -> Iterator[Prometheus]:
    """Run Prometheus over a monitor and the shipped records."""
    address = f"127.0.0.1:{free_port()}"
    places = Places(f"127.0.0.1:{flow_port}")
    (folder / "prometheus.yml").write_text(render_prometheus(places, scrape_seconds=2))
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
