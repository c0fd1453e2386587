from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli.stack import LocalStack
from tests.e2e.monitor import get, poll
from tests.servers import free_port, require_program

_RULES = "groups: [{name: one, rules: [{record: 'one', expr: vector(1)}]}]"
_MANAGER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    require_program("prometheus")
    require_program("prometheus-alertmanager", "alertmanager")
    with LocalStack(tmp_path_factory.mktemp("stack")) as running:
        flow = f"127.0.0.1:{free_port()}"
        running.start(flow, {"one.yml": _RULES}, {"alertmanager.yml": _MANAGER})
        yield running


def _get(url: str) -> httpx.Response:
    deadline = time.monotonic() + 30
    while True:
        try:
            answer = httpx.get(url)
            if answer.is_success or time.monotonic() > deadline:
                return answer
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def test_prometheus_and_alertmanager_come_up(stack: LocalStack) -> None:
    for url in stack.urls.values():
        assert _get(f"{url}/-/ready").status_code == 200


def test_prometheus_knows_rules_and_alertmanager(stack: LocalStack) -> None:
    url = stack.urls["prometheus"]
    _get(f"{url}/-/ready")
    groups = _get(f"{url}/api/v1/rules").json()["data"]["groups"]
    assert [group["name"] for group in groups] == ["one"]
    config = _get(f"{url}/api/v1/status/config").json()["data"]["yaml"]
    assert stack.urls["alertmanager"].removeprefix("http://") in config


def test_what_runs_is_told_with_its_address(stack: LocalStack) -> None:
    assert [line.partition(" (")[0] for line in stack.told] == [
        f"{name}: {stack.urls[name]}" for name in ("alertmanager", "prometheus")
    ]


def test_what_is_missing_is_told_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with LocalStack(tmp_path / "stack") as stack:
        stack.start("127.0.0.1:1", {}, {})
    assert [line.partition(" ")[0] for line in stack.told] == ["alertmanager", "prometheus"]
    assert all("apt install" in line and "docker compose up" in line for line in stack.told)


def test_data_that_another_one_has_is_left_alone(stack: LocalStack) -> None:
    with LocalStack(stack.folder) as second:
        second.start("127.0.0.1:1", {}, {"alertmanager.yml": _MANAGER})
    assert ["another one runs on the data" in line for line in second.told] == [True, True]
    assert second.urls == {}


def test_a_server_that_ends_at_its_start_is_told(tmp_path: Path) -> None:
    require_program("prometheus-alertmanager", "alertmanager")
    with LocalStack(tmp_path) as stack:
        stack.start("127.0.0.1:1", {}, {"alertmanager.yml": "route: {}"})
        (line,) = [line for line in stack.told if line.startswith("alertmanager")]
    assert "ended at its start, so alerts reach nobody" in line
    assert "alertmanager" not in stack.urls


def test_nothing_runs_after_the_end(tmp_path: Path) -> None:
    require_program("prometheus-alertmanager", "alertmanager")
    with LocalStack(tmp_path) as stack:
        stack.start("127.0.0.1:1", {}, {"alertmanager.yml": _MANAGER})
        url = stack.urls["alertmanager"]
        assert _get(f"{url}/-/ready").status_code == 200
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url}/-/ready")


_KILLED = f"""
import sys, time
from pathlib import Path
from cli.stack import LocalStack
stack = LocalStack(Path(sys.argv[1]))
stack.start("127.0.0.1:1", {{}}, {{"alertmanager.yml": {_MANAGER!r}}})
print(stack.urls["alertmanager"], flush=True)
time.sleep(60)
"""


def test_whoever_is_killed_leaves_no_server_behind(tmp_path: Path) -> None:
    require_program("setpriv")
    require_program("prometheus-alertmanager", "alertmanager")
    command = [sys.executable, "-c", _KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert _get(f"{url}/-/ready").is_success
        process.kill()
    poll(lambda: get(f"{url}/-/ready") == (0, ""), "no answer")
