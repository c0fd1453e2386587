from __future__ import annotations

import promql_parser
import pytest

from dashboards import promql as p
from slawatch import conventions as c


def test_a_selector_sorts_its_labels() -> None:
    found = p.select(c.RESULTS, target="first_response", outcome="met")
    assert found == 'sla_results_total{outcome="met",target="first_response"}'


def test_several_values_of_a_label_are_one_expression() -> None:
    assert p.select(c.CLOCKS, state=("breached", "at.risk")) == (
        'sla_clocks{state=~"breached|at\\\\.risk"}'
    )


def test_quotes_in_a_value_do_not_end_it() -> None:
    assert p.select(c.RESULTS, channel='a"b\\') == 'sla_results_total{channel="a\\"b\\\\"}'


def test_a_label_that_the_family_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has no label \['team'\]"):
        p.select(c.RESULTS, team="l1")


@pytest.mark.parametrize("window", [{}, {"window": ("1h", "8h")}, {"window": ""}])
def test_a_window_that_is_left_open_is_refused(window: dict[str, p.Matches]) -> None:
    with pytest.raises(ValueError, match=r"must pin \['window'\]"):
        p.select(c.WINDOW_RESULTS["team"], **window)


def test_a_quantile_that_is_left_open_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must pin \['q'\]"):
        p.select(c.WINDOW_DURATIONS["team"], window="1h")


def test_results_that_met_are_net_of_corrections() -> None:
    assert p.net_met("1d", "target") == (
        'sum by (target) (increase(sla_results_total{outcome="met"}[1d])'
        ' or increase(sla_result_corrections_total{change="to_met"}[1d])'
        ' or -increase(sla_result_corrections_total{change="to_breached"}[1d]))'
    )


def test_results_that_breached_are_net_of_corrections() -> None:
    assert p.net_breached("1h", offset="1w") == (
        'sum(increase(sla_results_total{outcome="breached"}[1h] offset 1w)'
        ' or increase(sla_result_corrections_total{change="to_breached"}[1h] offset 1w)'
        ' or -increase(sla_result_corrections_total{change=~"to_met|withdrawn"}[1h] offset 1w))'
    )


def test_results_withdrawn_do_not_count() -> None:
    assert p.net_results("1h", channel="email") == (
        'sum(increase(sla_results_total{channel="email"}[1h])'
        ' or -increase(sla_result_corrections_total{change="withdrawn",channel="email"}[1h]))'
    )


@pytest.mark.parametrize(
    "query",
    [
        p.attainment("30d", "target", "priority"),
        p.agreed_breached("7d", "target", "priority", offset="1d"),
        p.window_attainment("channel", "1h", "channel", target="resolution"),
        p.window_quantile("team", "8h", 0.9, tier="2"),
        p.allowed_breaches(p.window_results("priority", "today", "target", "priority")),
    ],
)
def test_what_is_put_together_is_promql(query: str) -> None:
    promql_parser.parse(query)
