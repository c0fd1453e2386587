from __future__ import annotations

import re

import pytest

from dashboards.rules.alert import Alert
from dashboards.rules.alerts import build_alerts
from dashboards.rules.records import build_groups
from slawatch.config import load_config
from slawatch.texts import LANGUAGES
from tests.docs.pages import PROJECT, anchors, read, rows

REFERENCE = read("docs/reference/alerts.md")
ALERTS = build_alerts(load_config(["demo"]), "en")
LISTED = rows(REFERENCE)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_its_line(alert: Alert) -> None:
    assert f"| {alert.severity} |" in LISTED[alert.name]


def test_no_line_is_of_an_alert_that_is_none() -> None:
    named = {name for name in LISTED if re.fullmatch(r"[A-Z]\w+[a-z]", name)}
    assert named == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_leads_to_a_heading_of_its_runbook(alert: Alert, language: str) -> None:
    page, _, anchor = alert.runbook.partition("#")
    assert anchor in anchors(PROJECT / "docs" / "runbooks" / language / page)


RECORDS = [record.name for group in build_groups() for record in group.records]


def forms(record: str) -> set[str]:
    """Return the names under which the reference may have a record: levels and windows in one."""
    whole = re.sub(r"(increase|ratio)\d+[mhd]$", r"\1WINDOW", record)
    return {
        form
        for name in (record, whole)
        for form in (name, re.sub(r"^[a-z]+_target:", "LEVEL:", name))
    }


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_has_its_line(record: str) -> None:
    assert forms(record) & LISTED.keys()
