from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import dashboards
from dashboards.paging.render import render_alertmanager
from dashboards.paging.routing import BLIND, URGENT, build_routing
from dashboards.rules.alerts import build_alerts
from slawatch.config import load_config
from slawatch.errors import ConfigError
from tests.docs.pages import PROJECT, fences
from tests.servers import require_newer, require_program

LINES: dict[str, Callable[[str], str]] = {"0.25": require_program, "newer": require_newer}
DEMO = load_config(["demo"])
EXAMPLES = next(
    yaml.safe_load(fence.text)
    for fence in fences(PROJECT / "docs/how-to/page-people.md")
    if fence.marks == "receivers"
)


@pytest.fixture(params=LINES)
def amtool(request: pytest.FixtureRequest) -> str:
    """Be amtool of one line of Alertmanager, then of the next."""
    return LINES[request.param]("amtool")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def write(folder: Path, **options: object) -> Path:
    for name, text in render_alertmanager(DEMO, **options).items():  # type: ignore[arg-type]  # as the tests say
        (folder / name).write_text(text, "utf-8")
    return folder / "alertmanager.yml"


def test_the_committed_files_pass_the_check(amtool: str) -> None:
    folder = Path(dashboards.__file__).parent / "alertmanager"
    run(amtool, "check-config", str(folder / "alertmanager.yml"))


def test_the_example_receivers_pass_the_check(amtool: str, tmp_path: Path) -> None:
    run(amtool, "check-config", str(write(tmp_path, receivers=EXAMPLES)))


def test_the_examples_are_of_five_kinds() -> None:
    kinds = {kind for receiver in EXAMPLES.values() for kind in receiver}
    assert kinds == {f"{k}_configs" for k in ("webhook", "email", "pagerduty", "slack", "wechat")}


def test_a_receiver_that_no_route_leads_to_is_refused() -> None:
    with pytest.raises(ConfigError, match="'suport-page'"):
        build_routing(DEMO, {"suport-page": {}})


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ("alertname=Watchdog severity=info owner=platform", "watchdog"),
        ("alertname=SlaCaughtUp severity=info owner=support", "digest"),
        ("alertname=SlaBreachSpike severity=page owner=support", "support-managers,support-page"),
        (f"alertname={URGENT} severity=page owner=support", "support-managers,support-page"),
        ("severity=page owner=platform", "platform-managers,platform-page"),
        ("severity=ticket owner=platform", "platform-ticket"),
        ("severity=ticket owner=support channel=chat", "support-ticket"),
        ("severity=ticket owner=support region=south team=l1-south", "team-l1-south"),
        ("severity=ticket owner=support region=north team=l3-north", "team-l3-north"),
        ("severity=ticket owner=support region=south team=new", "region-south"),
        ("severity=page owner=support region=south drill=true", "support-managers,support-page"),
        ("severity=warning owner=somebody", "platform-ticket"),
    ],
)
def test_an_alert_reaches_its_people(
    amtool: str, tmp_path: Path, labels: str, receivers: str
) -> None:
    test = (amtool, "config", "routes", "test", f"--config.file={write(tmp_path)}")
    run(*test, f"--verify.receivers={receivers}", *labels.split())


def test_every_alert_that_the_routes_name_is_one() -> None:
    assert {URGENT, *BLIND, "SlaBreachSpike", "SlaBudgetBurnFast", "SlaBudgetBurn", "Watchdog"} <= {
        alert.name for alert in build_alerts(DEMO, "en")
    }


def test_an_emergency_is_heard_again_and_goes_up(tmp_path: Path) -> None:
    policy = tmp_path / "desk.toml"
    policy.write_text('include = ["demo"]\n[paging]\nremind = "10m"\nescalate = "20m"', "utf-8")
    routes = build_routing(load_config([policy]))["route"]["routes"]
    urgent = next(route for route in routes if URGENT in str(route["matchers"]))
    managers = next(route for route in routes if route["receiver"] == "support-managers")
    assert urgent["repeat_interval"] == "600s"
    assert managers["group_wait"] == "1200s"
    assert managers["continue"] is True


def test_a_spike_comes_before_the_burns_that_it_silences() -> None:
    waits = {alert.name: alert.wait for alert in build_alerts(DEMO, "en")}
    rules = build_routing(DEMO)["inhibit_rules"]
    rule = next(r for r in rules if 'alertname="SlaBreachSpike"' in r["source_matchers"])
    assert rule["target_matchers"][0] == 'alertname=~"SlaBudgetBurnFast|SlaBudgetBurn"'
    assert rule["equal"] == ["target"]
    assert (waits["SlaBreachSpike"], waits["SlaBudgetBurnFast"]) == ("1m", "2m")


def test_nothing_is_silenced_by_a_drill() -> None:
    for rule in build_routing(DEMO)["inhibit_rules"]:
        assert 'drill=""' in rule["source_matchers"]
        assert 'drill=""' in rule["target_matchers"]
