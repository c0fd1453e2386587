"""Thirty days of a desk as blocks: each counter grows by a known amount an hour."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from dashboards.rules import records as r
from tests.e2e.monitor import Key, Samples

HOUR = 3600
DAY = 24 * HOUR
Point = tuple[str, Mapping[str, str], float, int]
"""(name, labels, value, instant in seconds)."""
Rates = Mapping[tuple[str, str, str], float]

GROWS: Rates = {
    # (family, label, value): how much more an hour. Every other counter grows by one.
    ("sla_results_total", "outcome", "met"): 9,
    ("sla_results_total", "outcome", "breached"): 1,
    ("sla_result_corrections_total", "change", "to_met"): 2,
    ("sla_result_corrections_total", "change", "to_breached"): 0,
    ("sla_result_corrections_total", "change", "withdrawn"): 0,
    ("sla_csat_ratings_total", "score", "1"): 0,
    ("sla_csat_ratings_total", "score", "2"): 1,
    ("sla_csat_ratings_total", "score", "3"): 0,
    ("sla_csat_ratings_total", "score", "4"): 0,
    ("sla_csat_ratings_total", "score", "5"): 3,
    ("sla_surveys_total", "", ""): 8,
    ("sla_first_replies_total", "actor", "bot"): 3,
    ("sla_hops_sum", "", ""): 5,
    ("sla_hops_count", "", ""): 4,
    ("sla_duration_seconds_sum", "", ""): 60,
    ("sla_duration_seconds_count", "", ""): 4,
}
CONTACTS = {
    ("answered", "true"): 6,
    ("answered", "false"): 2,
    ("abandoned", "true"): 1,
    ("abandoned", "false"): 1,
}
USUAL = {"met": 9, "breached": 3}
"""What each window of an hour held in earlier weeks."""
HOURLY = {
    # Records of an hour, that days and weeks are summed from: 1 of 10 breached, half of it excused.
    r.results(r.Level.PRIORITY, "1h"): ("priority", "target", 10.0),
    r.breaches(r.Level.PRIORITY, "1h"): ("priority", "target", 1.0),
    r.excused("1h"): ("priority", "target", 0.5),
    r.results(r.Level.CHANNEL, "1h"): ("channel", "target", 10.0),
    r.breaches(r.Level.CHANNEL, "1h"): ("channel", "target", 1.0),
    r.EVENTS_HOUR: ("connector", "", 60.0),
}
"""(two labels of `sla_results_total` or one of `slawatch_events_total`, value)."""


def grows(series: Key) -> float:
    """Return by how much a series grows in an hour."""
    name, labels = series
    found = dict(labels)
    if name == "sla_contacts_total":
        return CONTACTS[found["outcome"], found["within"]]
    if name.endswith("_bucket"):
        return 4
    for (family, label, value), rate in GROWS.items():
        if name == family and found.get(label, "") == value:
            return rate
    return 1


def write_history(scrape: Samples, end: int, file: Path) -> None:
    """Write the counters of a scrape over the 31 days to `end` as OpenMetrics text.

    Four samples a day, and one each ten minutes of the last 26 hours.
    """
    instants = [
        *range(end - 31 * DAY, end - 26 * HOUR, 6 * HOUR),
        *range(end - 26 * HOUR, end + 1, 600),
    ]
    with file.open("w") as out:
        for key in scrape:
            if key[0].endswith(("_total", "_bucket", "_sum", "_count")):
                rate = grows(key)
                head = _render(key[0], {**dict(key[1]), "job": "slawatch", "instance": "old"})
                for at in instants:
                    out.write(f"{head} {(at - instants[0]) / HOUR * rate:g} {at}\n")
        points = (*_records(scrape, end), *_weeks(scrape, end), *_happened(happened_at(end)))
        for name, labels, value, at in points:
            out.write(f"{_render(name, labels)} {value:g} {at}\n")
        out.write("# EOF\n")


def happened_at(end: int) -> int:
    """Return the whole minute, half a day before the end, from which on something happened."""
    return (end - 12 * HOUR) // 60 * 60


def _happened(begin: int) -> Iterator[Point]:
    """Yield a spike of ten minutes, catching up for five an hour later, then another policy."""
    spike = {"alertname": "SlaBreachSpike", "alertstate": "firing", "channel": "phone"}
    for at in range(begin, begin + 660, 60):
        yield "ALERTS", spike, 1, at
    for at in range(begin, begin + 3 * HOUR, 60):
        is_behind = HOUR <= at - begin <= HOUR + 300
        yield "slawatch_catching_up", {"job": "slawatch"}, float(is_behind), at
    for digest, start in (("old", begin - 600), ("new", begin + 2 * HOUR)):
        for at in range(start, begin + (2 if digest == "old" else 3) * HOUR, 60):
            yield "slawatch_config_info", {"digest": digest}, 1, at


def _weeks(scrape: Samples, end: int) -> Iterator[Point]:
    """Yield what the windows of an hour held at this hour of the last four weeks."""
    for name, labels in scrape:
        found = dict(labels)
        if name.endswith("_window_results") and found["window"] == "1h":
            for week in (4, 3, 2, 1):
                begin = end - week * 7 * DAY
                for at in range(begin, begin + HOUR, 60):
                    yield name, found, float(USUAL[found["outcome"]]), at


def _records(scrape: Samples, end: int) -> Iterator[Point]:
    """Yield what the rules would have recorded each whole hour."""
    for name, (label, other, value) in HOURLY.items():
        counter = "sla_results_total" if other else "slawatch_events_total"
        found = [dict(labels) for family, labels in scrape if family == counter]
        kept = (label, other) if other else (label,)
        for values in sorted({tuple(labels[key] for key in kept) for labels in found}):
            for at in range((end - 31 * DAY) // HOUR * HOUR, end + 1, HOUR):
                yield name, dict(zip(kept, values, strict=True)), value, at


def _render(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inside}}}"


def build_blocks(promtool: str, file: Path, folder: Path) -> None:
    """Turn OpenMetrics text into blocks of Prometheus."""
    # It reads the whole text for each block: of two hours, as by default, there would be hundreds.
    span = "--max-block-duration=744h"
    command = [promtool, "tsdb", "create-blocks-from", span, "openmetrics", str(file), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
