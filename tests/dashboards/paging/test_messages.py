from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards.paging.render import render_alertmanager
from slawatch.config import load_config
from tests.servers import require_program

SPIKE = {
    "status": "firing",
    "labels": {"alertname": "SlaBreachSpike", "channel": "chat"},
    "annotations": {
        "summary": "12 breaches of first_response on chat in the last hour",
        "description": "Since 02:50: 12 breaches.\nGoal: 15m 0s.",
        "runbook_url": "https://wiki.example.org/support.md",
        "dashboard_url": "https://boards.example.org/d/slawatch-channels",
    },
    "startsAt": "2026-07-01T02:51:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
}


def render(folder: Path, name: str, language: str, *alerts: dict[str, Any]) -> str:
    amtool = require_program("amtool")
    template = render_alertmanager(load_config(["demo"]), language)["slawatch.tmpl"]
    (folder / "slawatch.tmpl").write_text(template, "utf-8")
    common = alerts[0]["labels"]
    data = {"status": alerts[0]["status"], "alerts": alerts, "commonLabels": common}
    (folder / "data.json").write_text(json.dumps(data), "utf-8")
    command = [amtool, "template", "render", f"--template.glob={folder}/*.tmpl"]
    asked = f'{{{{ template "{name}" . }}}}'
    command += [f"--template.text={asked}", f"--template.data={folder}/data.json"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("language", "alert", "title"),
    [
        pytest.param("en", {}, "[FIRING] ", id="firing"),
        pytest.param("zh", {"status": "resolved"}, "[已恢复] ", id="resolved, Chinese"),
        pytest.param("en", {"labels": {"drill": "true"}}, "[FIRING] [DRILL] ", id="drill"),
    ],
)
def test_a_title_says_what_it_is(
    tmp_path: Path, language: str, alert: dict[str, Any], title: str
) -> None:
    found = render(tmp_path, "slawatch.title", language, {**SPIKE, **alert})
    assert found == f"{title}12 breaches of first_response on chat in the last hour"


def test_a_title_of_several_says_how_many(tmp_path: Path) -> None:
    assert render(tmp_path, "slawatch.title", "en", SPIKE, SPIKE).startswith("[FIRING 2] 12")


def test_a_message_has_everything_that_the_page_says(tmp_path: Path) -> None:
    assert render(tmp_path, "slawatch.text", "en", SPIKE) == (
        "FIRING: 12 breaches of first_response on chat in the last hour "
        "(since 2026-07-01 02:51 UTC)\n"
        "Since 02:50: 12 breaches.\nGoal: 15m 0s.\n"
        "What to do: https://wiki.example.org/support.md\n"
        "Board: https://boards.example.org/d/slawatch-channels"
    )
