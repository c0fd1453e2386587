"""Say by name which cases a convention puts on the other side, and which did not run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conformance.cases import Note

_OTHER_SIDE = "other_side"


@pytest.fixture
def differs(record_property: Callable[[str, object], None]) -> Note:
    """Note, for the summary, the convention by which a case expects another value than ours."""

    def note(convention: str) -> None:
        record_property(_OTHER_SIDE, convention)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List both kinds of case after the run."""
    passed = _of_this_folder(terminalreporter, "passed")
    lines = [
        f"{_case_id(report)}: {value}"
        for report in passed
        for name, value in report.user_properties
        if name == _OTHER_SIDE
    ]
    _section(terminalreporter, "cases on the other side of a named convention", lines)
    optional = [
        f"{_case_id(report)}: {_reason(report)}"
        for report in _of_this_folder(terminalreporter, "skipped")
    ]
    _section(terminalreporter, "cases not run", optional)


def _section(reporter: pytest.TerminalReporter, title: str, lines: list[str]) -> None:
    if lines:
        reporter.section(f"{title}: {len(lines)}", sep="-")
        for line in sorted(lines):
            reporter.line(line)


def _of_this_folder(reporter: pytest.TerminalReporter, outcome: str) -> list[pytest.TestReport]:
    reports = reporter.stats.get(outcome, [])
    return [report for report in reports if report.nodeid.startswith("tests/conformance/")]


def _case_id(report: pytest.TestReport) -> str:
    return report.nodeid.partition("[")[2].rstrip("]") or report.nodeid


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""
