"""Run every business-time case: what other systems' suites say about calendars."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.conformance.business_time import (
    OTHER_SIDE,
    OUR_SIDE,
    ask,
    boundary_answers,
    is_optional,
    our_side,
    shown,
    wanted,
)
from tests.conformance.cases import Case, Note, parametrize


def _marks(case: Case) -> Iterable[pytest.MarkDecorator]:
    if is_optional(case):
        reason = f"optional: {case.get('convention')} steps from or to closed time"
        yield pytest.mark.skip(reason=reason)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, "business-time", _marks)


def test_the_calendar_answers_as_other_systems_do(case: Case, differs: Note) -> None:
    convention, expect = case.get("convention"), case["expect"]
    answer, theirs = ask(case), wanted(expect)
    ours = shown(case, answer, expect)
    if convention in OTHER_SIDE:
        differs(convention)
        assert ours != theirs
        assert ours == our_side(case)
    elif convention is None or convention in OUR_SIDE or convention.startswith("days:"):
        assert ours == theirs
    elif ours != theirs:
        differs(convention)
        assert theirs in boundary_answers(case)
