"""All alerts, with their words in one language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.rules.alert import Alert, Owner
from dashboards.rules.pipeline_alerts import build_pipeline_alerts
from dashboards.rules.service_alerts import build_service_alerts
from slawatch.config import Config
from slawatch.texts import load_texts

PARTS = ("summary", "description")


def build_alerts(config: Config, language: str) -> tuple[Alert, ...]:
    """Return every alert of a configuration, those of the desk first."""
    texts = _load(language)
    return (*build_service_alerts(config, texts), *build_pipeline_alerts(texts))


def render_groups(config: Config, language: str) -> list[dict[str, Any]]:
    """Return the rule groups of the alerts, one an owner."""
    texts = _load(language)
    alerts = build_alerts(config, language)
    return [
        {
            "name": f"slawatch-{owner}",
            "rules": [
                _render(alert, texts, config, language) for alert in alerts if alert.owner is owner
            ],
        }
        for owner in Owner
    ]


def _load(language: str) -> Mapping[str, str]:
    """Return the words; in English label values stay as queries and silences name them."""
    values = {} if language == "en" else load_texts("values", language)
    return {**values, **load_texts("alerts", language)}


def _render(
    alert: Alert, texts: Mapping[str, str], config: Config, language: str
) -> dict[str, Any]:
    settings = config.settings
    suffix = "" if language == "en" else f"-{language}"  # as the uids of the boards
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.wait:
        rule["for"] = alert.wait
    if alert.keep:
        rule["keep_firing_for"] = alert.keep
    rule["labels"] = {
        "severity": alert.severity.value,
        "owner": alert.owner.value,
        "topic": alert.topic.value,
        **alert.labels,
    }
    rule["annotations"] = {
        **{part: texts[f"{alert.key}_{part}"].format_map(alert.blanks) for part in PARTS},
        "runbook_url": f"{settings.runbooks_url}/{language}/{alert.runbook}",
        "dashboard_url": f"{settings.grafana_url}/d/{alert.board}{suffix}",
    }
    return rule
