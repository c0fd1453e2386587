from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette

from dashboards.rules.alert import Alert
from dashboards.rules.alerts import build_alerts
from flows.runbooks import list_runbooks, runbook_routes
from slawatch.config import load_config
from tests.serving import serve

CONFIG = load_config(["demo"])
ALERTS = [
    (language, alert) for language in ("en", "zh") for alert in build_alerts(CONFIG, language)
]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serve(Starlette(routes=runbook_routes())) as url, httpx.Client(base_url=url) as asking:
        yield asking


@pytest.mark.parametrize(
    ("language", "alert"), ALERTS, ids=lambda value: getattr(value, "name", value)
)
def test_an_alerts_link_leads_to_its_heading(
    client: httpx.Client, language: str, alert: Alert
) -> None:
    path, _, anchor = alert.runbook.partition("#")
    page = client.get(f"/runbooks/{language}/{path}")
    assert page.status_code == 200
    assert f'<h2 id="{anchor}">' in page.text


def test_a_runbook_is_a_page_in_its_language(client: httpx.Client) -> None:
    page = client.get("/runbooks/zh/support.md")
    assert page.text.startswith('<!doctype html><html lang="zh">')
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert client.get("/runbooks/style.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("path", ["en/none.md", "fr/support.md", "en/..%2fsupport.md"])
def test_an_unknown_runbook_is_told_with_those_there_are(client: httpx.Client, path: str) -> None:
    answer = client.get(f"/runbooks/{path}")
    assert answer.status_code == 404


def test_both_languages_have_the_same_runbooks() -> None:
    names = [name.partition("/") for name in list_runbooks()]
    assert {n for lang, _, n in names if lang == "en"} == {
        n for lang, _, n in names if lang == "zh"
    }
