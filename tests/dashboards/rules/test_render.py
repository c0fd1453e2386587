from __future__ import annotations

import subprocess
from pathlib import Path

import dashboards
from dashboards.rules.render import render_rules
from slawatch.config import load_config

FOLDER = Path(dashboards.__file__).parent


def test_the_committed_rule_files_are_those_of_the_shipped_policy() -> None:
    rendered = {str(path): text for path, text in render_rules(load_config(["demo"])).items()}
    committed = {
        path.relative_to(FOLDER).as_posix(): path.read_text("utf-8")
        for path in (FOLDER / "prometheus" / "rules").iterdir()
    }
    assert committed == rendered


def test_every_rule_file_passes_the_check(promtool: str) -> None:
    files = sorted(map(str, (FOLDER / "prometheus" / "rules").iterdir()))
    check = [promtool, "check", "rules", "--lint=all", "--lint-fatal", *files]
    run = subprocess.run(check, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
