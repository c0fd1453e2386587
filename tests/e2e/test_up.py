"""`slawatch up` brings Prometheus and Alertmanager along, and takes them away again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.rules.alerts import build_alerts
from dashboards.rules.records import build_groups
from slawatch.config import load_config
from tests.e2e.monitor import Monitor, get, poll
from tests.servers import require_program


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    """Be the demo with both servers beside it; later tests may have stopped it."""
    require_program("prometheus")
    require_program("prometheus-alertmanager", "alertmanager")
    with Monitor(tmp_path_factory.mktemp("up") / "state", command="up") as running:
        running.start()
        poll(lambda: "\nprometheus: http" in running.said(), f"told of\n{running.said()}")
        yield running


def find(monitor: Monitor, what: str) -> str:
    found = re.search(rf"^{what}: (http://\S+) ", monitor.said(), re.MULTILINE)
    assert found, monitor.said()
    return found[1]


def ask(monitor: Monitor, path: str) -> Any:  # noqa: ANN401 - JSON
    status, body = get(find(monitor, "prometheus") + path)
    return json.loads(body)["data"] if status == 200 else {}


def list_rules(monitor: Monitor) -> list[dict[str, Any]]:
    return [rule for group in ask(monitor, "/api/v1/rules")["groups"] for rule in group["rules"]]


def test_prometheus_scrapes_the_monitor(monitor: Monitor) -> None:
    scraped = "/api/v1/query?query=slawatch_build_info"
    poll(lambda: ask(monitor, scraped).get("result"), "a scrape", every_seconds=0.2)
    targets = ask(monitor, "/api/v1/targets")["activeTargets"]
    address = monitor.url.removeprefix("http://")
    assert [t["labels"]["instance"] for t in targets if t["labels"]["job"] == "slawatch"] == [
        address
    ]


def test_prometheus_has_the_rules_of_the_policy_without_an_error(monitor: Monitor) -> None:
    names = {record.name for group in build_groups() for record in group.records}
    names |= {alert.name for alert in build_alerts(load_config(["demo"]), "en")}
    # A group is judged once an interval: at the start each has its own moment.
    support = ("SlaBreachSpike", "Watchdog")
    poll(
        lambda: {r["name"] for r in list_rules(monitor) if r["health"] == "ok"} >= {*support},
        "evaluated",
        every_seconds=0.2,
    )
    found = list_rules(monitor)
    assert {rule["name"] for rule in found} == names
    assert [rule for rule in found if rule["health"] == "err"] == []


def test_prometheus_has_found_alertmanager(monitor: Monitor) -> None:
    address = find(monitor, "alertmanager")
    path = "/api/v1/alertmanagers"
    poll(lambda: ask(monitor, path).get("activeAlertmanagers"), "found", every_seconds=0.2)
    (known,) = ask(monitor, path)["activeAlertmanagers"]
    assert known["url"].startswith(address)


def test_nothing_runs_on_after_the_stop(monitor: Monitor) -> None:
    urls = [find(monitor, what) for what in ("prometheus", "alertmanager")]
    assert monitor.stop() == 0, monitor.said()
    assert [get(f"{url}/-/ready") for url in urls] == [(0, "")] * 2
    assert find_processes(monitor.state) == []


def find_processes(folder: Path) -> list[str]:
    """Return the command lines that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(folder) in command:
            found.append(command)
    return found
