"""Run every contact-centre case: service levels, averages, histograms and hours."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slawatch.contact_centre import (
    SERVICE_LEVELS,
    WAZO_DEFINITIONS,
    Bin,
    ContactCounts,
    asterisk_average,
    asterisk_perf,
    asterisk_perf2,
    hourly_histograms,
    wait_histogram,
)
from tests.conformance.cases import Case, parametrize, parse_at

ZONE = "America/New_York"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    parametrize(metafunc, "contact-centre")


def test_contacts_are_counted_as_other_systems_count_them(case: Case) -> None:
    answers = ANSWERS[_shape(case)](case)
    assert answers == case["expect"]


def _shape(case: Case) -> str:
    given, expect = case["input"], case["expect"]
    shapes = {
        "definitions": not given,
        "histogram": "calls" in given,
        "hours": "hours" in given,
        "average": "samples" in given,
        "asterisk": "ServicelevelPerf" in expect,
        "cisco": "answered_after" in given,
        "service level": "service_level" in expect,
    }
    return next(shape for shape, fits in shapes.items() if fits)


def _service_level(case: Case) -> Case:
    given = case["input"]
    counts = ContactCounts(
        answered=given["answered"],
        answered_within=given["answered_within_20s"],
        abandoned=given["abandoned"],
        abandoned_within=given["abandoned_within_20s"],
        abandoned_short=given["abandoned_within_5s"],
    )
    return {"service_level": _six_decimals(SERVICE_LEVELS[case["name"].split()[0]](counts))}


def _cisco(case: Case) -> Case:
    within, after = case["input"]["answered_within"], case["input"]["answered_after"]
    counts = ContactCounts(answered=within + after, answered_within=within)
    levels = {name: SERVICE_LEVELS[name](counts) for name in case["variants"] if name != "sl_event"}
    # Nobody abandoned in these cases, so that the three types agree.
    assert len(set(levels.values())) == 1
    return {"service_level": _six_decimals(levels["ignored"])}


def _asterisk(case: Case) -> Case:
    given = case["input"]
    counts = ContactCounts(
        answered=given["completed"],
        answered_within=given["completed_in_sl"],
        abandoned=given["abandoned"],
        abandoned_within=given["abandoned_in_sl"],
    )
    return {"ServicelevelPerf": asterisk_perf(counts), "ServicelevelPerf2": asterisk_perf2(counts)}


def _average(case: Case) -> Case:
    return {next(iter(case["expect"])): asterisk_average(case["input"]["samples"])}


def _histogram(case: Case) -> Case:
    calls = [(call["wait_s"], call["outcome"]) for call in case["input"]["calls"]]
    return {"bins": _rows(wait_histogram(calls, case["input"]["thresholds"]))}


def _hours(case: Case) -> Case:
    thresholds = case["input"]["thresholds"]
    hours = {parse_at(hour["start"]): hour["calls"] for hour in case["input"]["hours"]}
    # Each call falls in the middle of its hour, so that its hour has to be found.
    contacts = [
        (start + 1_800_000_000, wait, outcome)
        for start, calls in hours.items()
        for wait, outcome in calls
    ]
    found = hourly_histograms(contacts, thresholds, ZONE)
    assert list(found) == list(hours)
    total = wait_histogram([(wait, outcome) for _, wait, outcome in contacts], thresholds)
    return {"hour_bins": [_rows(bins) for bins in found.values()], "total_bins": _rows(total)}


def _definitions(case: Case) -> Case:
    """Have a function for each figure that a case only defines: there is nothing to compare."""
    names = {part.partition("=")[0].strip() for part in case["formula"].split(";")}
    assert names <= WAZO_DEFINITIONS.keys()
    return {}


def _six_decimals(ratio: float | None) -> float | None:
    # The cases are written with six decimals.
    return None if ratio is None else round(ratio, 6)


def _rows(bins: list[Bin]) -> list[dict[str, float | None]]:
    return [bin_._asdict() for bin_ in bins]


ANSWERS: dict[str, Callable[[Case], Case]] = {
    "definitions": _definitions,
    "histogram": _histogram,
    "hours": _hours,
    "average": _average,
    "asterisk": _asterisk,
    "cisco": _cisco,
    "service level": _service_level,
}
