from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards.stack import CONTAINERS, Places, render_prometheus
from tests.servers import require_newer, require_program

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def _check(promtool: str, folder: Path, places: Places) -> None:
    path = folder / "prometheus.yml"
    path.write_text(render_prometheus(places))
    subprocess.run([promtool, "check", "config", str(path)], check=True)


def test_both_lines_of_prometheus_take_the_configuration(tmp_path: Path) -> None:
    for promtool in (require_program("promtool"), require_newer("promtool")):
        _check(promtool, tmp_path, CONTAINERS)


def test_a_part_that_is_not_there_is_not_scraped() -> None:
    found = yaml.safe_load(render_prometheus(Places("127.0.0.1:9464")))
    jobs = [job["job_name"] for job in found["scrape_configs"]]
    assert (jobs, "alerting" in found) == (["slawatch"], False)


def test_the_committed_configuration_is_the_generated_one() -> None:
    committed = (ROOT / "dashboards" / "prometheus" / "prometheus.yml").read_text()
    assert committed == render_prometheus(CONTAINERS)


def test_the_compose_file_is_valid() -> None:
    compose = require_newer("docker-compose")
    subprocess.run([compose, "-f", str(ROOT / "docker-compose.yml"), "config", "-q"], check=True)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_is_locked_down(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["cap_drop"] == ["ALL"]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert not service["image"].endswith(":latest")


def test_what_prometheus_scrapes_is_a_service_of_the_stack() -> None:
    found = yaml.safe_load(render_prometheus(CONTAINERS))
    targets = [job["static_configs"][0]["targets"][0] for job in found["scrape_configs"]]
    assert {target.partition(":")[0] for target in targets} <= set(COMPOSE["services"])
    assert "--storage.tsdb.retention.time=60d" in COMPOSE["services"]["prometheus"]["command"]
