from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.rules import records
from dashboards.rules.records import Level
from tests.dashboards.rules.promtool import Asked, run_case

HOUR = 'sla_channel_window_results{channel="chat",target="fix",window="1h",outcome="breached"}'


def labels(**values: str) -> str:
    return ", ".join(f'{name}="{value}"' for name, value in values.items())


def results(outcome: str, channel: str = "chat") -> str:
    pins = labels(channel=channel, priority="high", target="fix", outcome=outcome)
    return f"sla_results_total{{{pins}}}"


def corrections(change: str) -> str:
    pins = labels(channel="chat", priority="high", target="fix", change=change)
    return f"sla_result_corrections_total{{{pins}}}"


HIGH_FIX = '{priority="high", target="fix"}'
NET = {
    # Steps of 1 a minute over 2 h, so that increase() in an hour is 60 without extrapolation.
    results("breached"): "0+4x120",
    results("breached", "phone"): "0+1x120",
    results("met"): "0+5x120",
    corrections("to_breached"): "0+2x120",
    corrections("to_met"): "0+3x120",
    corrections("withdrawn"): "0+1x120",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 4 + 1 found, 2 became breaches, 3 were met after all, 1 was withdrawn: 3 a minute.
        pytest.param(records.breaches(Level.PRIORITY, "1h"), 180, id="breaches"),
        # 10 published, 1 withdrawn: 9 a minute.
        pytest.param(records.results(Level.PRIORITY, "1h"), 540, id="results"),
        pytest.param(records.error_ratio(Level.PRIORITY, "1h"), 1 / 3, id="ratio"),
    ],
)
def test_corrections_are_taken_into_each_count_once(
    promtool: str, tmp_path: Path, name: str, expected: float
) -> None:
    asked = [Asked(f"round({name}, 0.0001)", "110m", {HIGH_FIX: round(expected, 4)})]
    run_case(promtool, tmp_path, NET, asked, every="10m")


def test_channels_are_counted_apart(promtool: str, tmp_path: Path) -> None:
    name = records.breaches(Level.CHANNEL, "1h")
    asked = [Asked(f'{name}{{channel="phone"}}', "110m", {_named(name, "phone"): 60})]
    run_case(promtool, tmp_path, NET, asked, every="10m")


def test_a_breach_taken_back_hours_later_leaves_the_day(promtool: str, tmp_path: Path) -> None:
    series = {
        results("breached"): "0x30 10x600",
        results("met"): "0x700",
        corrections("to_met"): "0x310 10x400",
        corrections("to_breached"): "0x700",
        corrections("withdrawn"): "0x700",
    }
    name = records.breaches(Level.PRIORITY, "1d")
    asked = [
        Asked(f"round({name})", "130m", {HIGH_FIX: 10}),
        Asked(f"round({name})", "490m", {HIGH_FIX: 0}),
    ]
    run_case(promtool, tmp_path, series, asked, every="10m")


def test_no_hour_of_a_day_counts_twice(promtool: str, tmp_path: Path) -> None:
    series = {results("breached"): "0+1x3000", results("met"): "0x3000"}
    name = records.breaches(Level.PRIORITY, "1d")
    # 48 h in: a window that held both its edges would count 25 hours.
    asked = [Asked(f"round({name})", "2880m", {HIGH_FIX: 1440})]
    run_case(promtool, tmp_path, series, asked, every="20m")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param("_x504 8x200", 8, id="one week"),
        pytest.param("2x167 4x167 6x167 8x167 99x10", 5, id="four weeks"),
        pytest.param("2x600", 2, id="steady"),
    ],
)
def test_the_usual_is_the_mean_of_the_weeks_there_are(
    promtool: str, tmp_path: Path, values: str, expected: float
) -> None:
    name = records.usual_breaches(Level.CHANNEL)
    asked = [Asked(name, "673h", {_named(name, "chat"): expected})]
    run_case(promtool, tmp_path, {HOUR: values}, asked, interval="1h", every="1h")


def test_without_history_nothing_is_usual(promtool: str, tmp_path: Path) -> None:
    name = records.usual_breaches(Level.CHANNEL)
    run_case(promtool, tmp_path, {HOUR: "5x200"}, [Asked(name, "100h", {})], "1h", "1h")


def test_an_unknown_window_is_refused() -> None:
    with pytest.raises(ValueError, match="'4h'"):
        records.breaches(Level.PRIORITY, "4h")


def _named(name: str, channel: str) -> str:
    return f'{name}{{channel="{channel}", target="fix"}}'
