from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.rules.alerts import build_alerts
from slawatch.config import load_config
from tests.dashboards.rules.cases import CASES, HELD, OBJECTIVE, Case, clocks, results, window
from tests.dashboards.rules.promtool import Asked, Verdicts, run_case, run_cases, write_case

ALERTS = build_alerts(load_config(["demo"]), "en")
SILENT = [case for case in CASES if case.silent]
TOLD_ALL_THE_SAME = {"SlaCaughtUp", "SlaBreachSpikeDrill"}
PAGES = [
    case
    for case in CASES
    if case.labels["owner"] == "support" and case.alert not in TOLD_ALL_THE_SAME
]


def firing(alert: str) -> str:
    return f'ALERTS{{alertname="{alert}",alertstate="firing"}}'


def expected(case: Case) -> str:
    labels = {"alertname": case.alert, "alertstate": "firing", **case.labels}
    pins = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"ALERTS{{{pins}}}"


def test_every_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == {alert.name for alert in ALERTS}


@pytest.fixture(scope="module")
def verdicts(promtool: str, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """Judge each case firing, silent, and while catching up."""
    folder = tmp_path_factory.mktemp("cases")
    written = [
        *((f"{case.alert}-fires", case, case.firing, {expected(case): 1.0}) for case in CASES),
        *((f"{case.alert}-rests", case, case.silent, {}) for case in SILENT),
        *((f"{case.alert}-held", case, {**case.firing, **HELD}, {}) for case in PAGES),
    ]
    for name, case, series, samples in written:
        asked = [Asked(firing(case.alert), case.at, samples)]
        write_case(folder, name, series, asked, case.step, case.step)
    return run_cases(promtool, folder, [name for name, *_ in written])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_with_its_labels(verdicts: Verdicts, case: Case) -> None:
    verdicts.require(f"{case.alert}-fires")


@pytest.mark.parametrize("case", SILENT, ids=lambda case: case.alert)
def test_an_alert_is_silent_when_all_is_well(verdicts: Verdicts, case: Case) -> None:
    verdicts.require(f"{case.alert}-rests")


@pytest.mark.parametrize("case", PAGES, ids=lambda case: case.alert)
def test_alerts_of_the_desk_stand_still_while_catching_up(verdicts: Verdicts, case: Case) -> None:
    verdicts.require(f"{case.alert}-held")


CHAT = window("channel", channel="chat")
WEEK = 168


@pytest.mark.parametrize(
    ("hours", "at", "fires"),
    [
        pytest.param("0x9 3x3", "12h", True, id="no history, at the floor"),
        pytest.param("0x9 2x3", "12h", False, id="no history, below the floor"),
        # A week ago 4 at this hour: 12 is three times that.
        pytest.param("4x167 12x3", "169h", True, id="one week, three times the usual"),
        pytest.param("4x167 11x3", "169h", False, id="one week, nearly"),
        # 2, 4, 6 and 8 are 5 on average.
        pytest.param("2x167 4x167 6x167 8x167 15x3", "673h", True, id="four weeks"),
        pytest.param("2x167 4x167 6x167 8x167 14x3", "673h", False, id="four weeks, nearly"),
        pytest.param("0x671 3x3", "673h", True, id="four weeks without a breach"),
    ],
)
def test_a_spike_is_three_times_the_usual_with_a_floor(
    promtool: str, tmp_path: Path, hours: str, at: str, *, fires: bool
) -> None:
    case = next(case for case in CASES if case.alert == "SlaBreachSpike")
    asked = [Asked(firing("SlaBreachSpike"), at, {expected(case): 1} if fires else {})]
    run_case(promtool, tmp_path, {CHAT: hours}, asked, "1h", "1h")


@pytest.mark.parametrize(
    ("objective", "breached", "fires"),
    [
        # 14.4 times 10 % would be 144 %: the factor is capped, and a flood still pages.
        pytest.param("0.9", 9, True, id="capped"),
        pytest.param("0.9", 7, False, id="capped, below"),
        # Nothing may breach: any breach burns, five of them page.
        pytest.param("1", 1, True, id="no budget at all"),
    ],
)
def test_the_fast_burn_can_fire_at_any_objective(
    promtool: str, tmp_path: Path, objective: str, breached: int, *, fires: bool
) -> None:
    case = next(case for case in CASES if case.alert == "SlaBudgetBurnFast")
    series = {
        **case.firing,
        OBJECTIVE: f"{objective}x6000",
        results("breached"): f"0+{breached}x6000",
        results("met"): f"0+{10 - breached}x6000",
    }
    asked = [Asked(firing(case.alert), "2h", {expected(case): 1} if fires else {})]
    run_case(promtool, tmp_path, series, asked)


def test_four_breaches_in_an_hour_burn_no_budget(promtool: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.alert == "SlaBudgetBurnFast")
    series = {**case.firing, results("met"): "0x200", results("breached"): "0x55 1 2 3 4x200"}
    run_case(promtool, tmp_path, series, [Asked(firing(case.alert), "60m", {})])


def test_a_page_waits_for_its_window_after_catching_up(promtool: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.alert == "SlaBudgetBurn")
    # The metric stays for an hour after the end, so six hours count what is old until 400 min.
    series = {**case.firing, "slawatch_catching_up": "1x20 0x6000"}
    asked = [
        Asked(firing(case.alert), "395m", {}),
        Asked(firing(case.alert), "9h", {expected(case): 1}),
    ]
    run_case(promtool, tmp_path, series, asked, case.step, case.step)


@pytest.mark.parametrize(
    "catching_up",
    [
        pytest.param("0x80 1 0x6000", id="of the monitor"),
        # The first scrape that there is comes before log time is known.
        pytest.param("1 0x6000", id="of a monitor and a Prometheus that begin together"),
    ],
)
def test_a_short_restart_blinds_nobody(promtool: str, tmp_path: Path, catching_up: str) -> None:
    case = next(case for case in CASES if case.alert == "SlaBudgetBurn")
    series = {**case.firing, "slawatch_catching_up": catching_up}
    asked = [Asked(firing(case.alert), case.at, {expected(case): 1})]
    run_case(promtool, tmp_path, series, asked, case.step, case.step)


def test_a_ticket_that_is_taken_up_stops_the_page(promtool: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.alert == "SlaUrgentUnacknowledged")
    series = {**case.firing, clocks("breached"): "1x5 0x20"}
    asked = [
        Asked(firing(case.alert), "5m", {expected(case): 1}),
        Asked(firing(case.alert), "7m", {}),
    ]
    run_case(promtool, tmp_path, series, asked)


def test_an_acknowledged_emergency_without_a_reply_is_taken_up(
    promtool: str, tmp_path: Path
) -> None:
    case = next(case for case in CASES if case.alert == "SlaUrgentUnacknowledged")
    series = {**case.firing, clocks("breached", target="acknowledge"): "0x20"}
    run_case(promtool, tmp_path, series, [Asked(firing(case.alert), case.at, {})])
