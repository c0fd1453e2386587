from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.library import render_files
from dashboards.paging.receivers import read_receivers
from slawatch.config import load_config
from slawatch.errors import ConfigError


def test_receivers_reach_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "receivers.yml"
    path.write_text("watchdog: { webhook_configs: [{ url: 'https://dead.example' }] }", "utf-8")
    files = render_files(load_config(["demo"]), receivers=read_receivers(path))
    assert "https://dead.example" in files["alertmanager/alertmanager.yml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("- watchdog", "must be a table of receivers", id="list"),
        pytest.param("watchdog: url", "must be a table of receivers", id="text"),
        pytest.param("{", "are no YAML", id="broken"),
    ],
)
def test_what_is_no_table_of_receivers_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "receivers.yml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words):
        read_receivers(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.yml.*cannot be read"):
        read_receivers(tmp_path / "nowhere.yml")


def test_alerts_are_built_in_a_language() -> None:
    files = render_files(load_config(["demo"]), "zh")
    assert "处理手册" in files["alertmanager/slawatch.tmpl"]
    assert "告警链路正常" in files["prometheus/rules/alerts.yml"]
