from __future__ import annotations

from flows.wall.numbers import Fold, differs, equals, number, one_of, select
from slawatch.conventions import CLOCKS, OBJECTIVE


def test_a_selector_names_the_family_and_its_matchers() -> None:
    chosen = select(CLOCKS, channel=equals("phone"), state=differs("paused"), target="fix")
    assert chosen == 'sla_clocks{channel="phone",state!="paused",target="fix"}'
    assert select(CLOCKS) == "sla_clocks{}"


def test_values_are_quoted_for_promql() -> None:
    assert select(OBJECTIVE, target='a"b\\c') == 'sla_objective_ratio{target="a\\"b\\\\c"}'
    assert one_of(("l1", "l2.x (new)")) == r'=~"l1|l2\\.x \\(new\\)"'


def test_a_number_says_where_it_comes_from() -> None:
    assert number(0.95, OBJECTIVE, Fold.MAX, target="fix") == {
        "value": 0.95,
        "metric": 'sla_objective_ratio{target="fix"}',
        "fold": "max",
    }
