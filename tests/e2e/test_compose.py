"""The whole stack in containers comes up healthy, where an engine is and the images are."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.monitor import get, poll
from tests.servers import require_newer

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
SERVICES = {
    name: service
    for name, service in yaml.safe_load(FILE.read_text())["services"].items()
    if "profiles" not in service
}
PROJECT = f"slawatch-test-{os.getpid()}"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def _find_lack() -> str:
    """Return why there is nothing to test. No machine is asked to have an engine."""
    try:
        if run("docker", "info").returncode:
            return "no container engine answers: `docker info` fails"
    except FileNotFoundError:
        return "docker is not on PATH"
    images = {service["image"] for service in SERVICES.values()}
    missing = sorted(i for i in images if run("docker", "image", "inspect", i).returncode)
    return f"no images {', '.join(missing)}: build or pull them first" if missing else ""


def compose(*command: str) -> subprocess.CompletedProcess[str]:
    plugin = require_newer("docker-compose")
    return run(plugin, "-p", PROJECT, "-f", str(FILE), *command)


@pytest.fixture(scope="module")
def stack() -> Iterator[None]:
    """Run the stack with volumes of its own; its ports must be free."""
    if lack := _find_lack():
        pytest.skip(lack)
    try:
        come = ("up", "--detach", "--no-build", "--pull", "never", "--wait", "--wait-timeout")
        done = compose(*come, "240")
        assert done.returncode == 0, done.stderr + compose("logs", "--tail", "20").stdout
        yield
    finally:
        compose("down", "--volumes", "--timeout", "20")


def ask(path: str) -> Any:  # noqa: ANN401 - JSON
    status, body = get(f"http://127.0.0.1:9090{path}")
    return json.loads(body)["data"] if status == 200 else {}


@pytest.mark.usefixtures("stack")
def test_prometheus_scrapes_flow_and_intake_and_has_the_rules() -> None:
    jobs = {"slawatch", "slawatch-intake", "alertmanager", "prometheus"}
    query = "/api/v1/query?query=up==1"

    def find_up() -> set[str]:
        return {found["metric"]["job"] for found in ask(query).get("result", ())}

    poll(lambda: find_up() >= jobs, "all scraped", every_seconds=0.5)
    rules = [rule for group in ask("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert "SlaBreachSpike" in {rule["name"] for rule in rules}
    assert [rule for rule in rules if rule["health"] == "err"] == []


@pytest.mark.usefixtures("stack")
def test_the_link_in_the_log_opens_the_wall() -> None:
    found = re.search(r"wall: (http://localhost:9464/\?token=\S+)", compose("logs", "flow").stdout)
    assert found
    assert get("http://localhost:9464/")[0] == 401
    assert get(found[1].replace("/?", "/api/wall.json?"))[0] == 200


@pytest.mark.usefixtures("stack")
def test_no_container_is_root_or_can_write_beside_its_volumes() -> None:
    assert compose("exec", "-T", "flow", "python", "-c", "open('/opt/x', 'w')").returncode == 1
    for name in SERVICES:
        container = compose("ps", "--quiet", name).stdout.strip()
        user = run("docker", "inspect", "--format", "{{.Config.User}}", container).stdout.strip()
        assert user not in ("", "root", "0"), name
