"""The rule files of Prometheus, from the policy and the conventions."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from dashboards.rules.alerts import render_groups
from dashboards.rules.records import RecordGroup, build_groups
from dashboards.rules.yaml_text import render_yaml
from slawatch.config import Config

FOLDER = PurePosixPath("prometheus/rules")
"""Where the files lie below `dashboards/`."""


def render_rules(config: Config, language: str = "en") -> dict[PurePosixPath, str]:
    """Return the text of each rule file by its path below `dashboards/`."""
    return {
        FOLDER / "records.yml": render_yaml({"groups": [_group(g) for g in build_groups()]}),
        FOLDER / "alerts.yml": render_yaml({"groups": render_groups(config, language)}),
    }


def _group(group: RecordGroup) -> dict[str, Any]:
    head = {"name": group.name}
    if group.interval:
        head["interval"] = group.interval
    rules = [{"record": record.name, "expr": record.expr} for record in group.records]
    return {**head, "rules": rules}
