"""The real incident log: breaches against its own label, in any order of arrival."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.mapping import RowDecoder, load_mapping
from connectors.rows import read_rows
from slawatch.errors import EventError
from tests.cli.commands import call, read_json
from tests.conftest import SHARED_CASES

LOG = SHARED_CASES.parent / "data" / "uci_incident_event_log.csv.gz"
EXPECTED = SHARED_CASES.parent / "data" / "expected-uci.json"
pytestmark = pytest.mark.skipif(
    not LOG.is_file(), reason="needs the incident log beside the project, ../shared/data"
)

HOUR_MS = 3_600_000
REPEATED_RATIO = 0.05
CHANGES = {"created": 24_918, "reopened": 331, "priority changed": 436, "reassigned": 23_321}


class Replayed(NamedTuple):
    """Be what a replay left: its summary, and its verdict export."""

    summary: dict[str, Any]
    verdicts: bytes

    def find_breached(self) -> set[str]:
        """Return the tickets whose last published outcome is a breach."""
        last: dict[str, tuple[int, str]] = {}
        for row in map(json.loads, self.verdicts.splitlines()):
            if row["kind"] != "warning":
                known = last.get(row["ticket"], (0, ""))
                last[row["ticket"]] = max(known, (row["number"], row["kind"]))
        return {ticket for ticket, (_, kind) in last.items() if kind in ("breached", "to_breached")}


def replay(folder: Path, log: Path, *options: object) -> Replayed:
    """Replay a log through the command line."""
    path = folder / "verdicts.jsonl"
    result = call("replay", log, *options, "--verdicts", path, "--json")
    summary: dict[str, Any] = read_json(result)
    return Replayed(summary, path.read_bytes())


@pytest.fixture(scope="module")
def made_sla() -> dict[str, bool]:
    """Return the log's own label: that of an incident's last row in the order of the file."""
    with gzip.open(LOG, "rt", encoding="utf-8", newline="") as file:
        return {f"uci/{row['number']}": row["made_sla"] == "true" for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def label(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Return the log judged by the rules behind its label."""
    folder = tmp_path_factory.mktemp("label")
    return replay(folder, LOG, "--mapping", "uci", "--policy", "uci-label")


@pytest.fixture(scope="module")
def defaults(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Return the log judged with the product's answers to reopening and relaxing."""
    folder = tmp_path_factory.mktemp("defaults")
    return replay(folder, LOG, "--mapping", "uci", "--policy", "uci-label-defaults")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Return the log as native events, in the order of time."""
    mapping = load_mapping("uci")
    decoder = RowDecoder(mapping)
    native: list[dict[str, Any]] = []
    for row in read_rows(str(LOG), mapping):
        assert not isinstance(row, EventError)
        native += decoder.decode(row)
    return sorted(native, key=lambda event: event["occurred_at"])


def compare(made_sla: dict[str, bool], replayed: Replayed) -> dict[str, int]:
    """Count the incidents breached by both, neither, only ours and only the log's."""
    ours = replayed.find_breached()
    theirs = {ticket for ticket, made in made_sla.items() if not made}
    return {
        "both": len(ours & theirs),
        "neither": len(made_sla.keys() - ours - theirs),
        "ours": len(ours - theirs),
        "theirs": len(theirs - ours),
    }


def test_the_policy_of_the_label_agrees_with_it_but_for_172(
    made_sla: dict[str, bool], label: Replayed
) -> None:
    assert compare(made_sla, label) == {
        "both": 9_105,
        "neither": 15_641,
        "ours": 162,
        "theirs": 10,
    }


def test_the_products_defaults_keep_twenty_more_breaches(
    made_sla: dict[str, bool], defaults: Replayed
) -> None:
    found = compare(made_sla, defaults)
    assert (found["neither"], found["ours"]) == (15_621, 182)


def test_every_incident_is_judged_once(made_sla: dict[str, bool], label: Replayed) -> None:
    (counts,) = label.summary["targets"].values()
    breached = len(label.find_breached())
    assert (counts["breached"], counts["met"]) == (breached, len(made_sla) - breached)


def test_what_happened_is_counted_as_the_log_has_it(label: Replayed, defaults: Replayed) -> None:
    expected = json.loads(EXPECTED.read_text("utf-8"))["uci"]
    changes = label.summary["changes"]
    assert {name: changes[name] for name in CHANGES} == CHANGES
    assert defaults.summary["changes"] == changes
    assert changes["reopened"] == expected["reopen_increments"]
    assert changes["reassigned"] == expected["assignment_group_changes"]
    assert changes["priority changed"] == expected["priority_changes"]


def test_every_row_is_accepted(label: Replayed) -> None:
    assert label.summary["quarantined"] == {}
    assert sum(label.summary["events"].values()) == 141_712 + 24_918


def write_jumbled(path: Path, rows: Iterable[dict[str, Any]], seed: int) -> Path:
    """Write native lines, each displaced by less than an hour, some of them repeated."""
    dice = random.Random(seed)
    rows = list(rows)
    again = [row for row in rows if dice.random() < REPEATED_RATIO]
    jumbled = sorted([*rows, *again], key=lambda row: row["occurred_at"] + dice.randrange(HOUR_MS))
    path.write_text("".join(json.dumps(row) + "\n" for row in jumbled), "utf-8")
    return path


def pick(rows: list[dict[str, Any]], incidents: int) -> list[dict[str, Any]]:
    """Return the rows of about so many incidents, spread evenly over their numbers."""
    known = sorted({row["ticket_id"] for row in rows})
    chosen = set(known[:: max(1, len(known) // incidents)])
    return [row for row in rows if row["ticket_id"] in chosen]


def check_jumbled(
    folder: Path, log: Path, expected: Replayed, batch: int, shards: int, workers: int
) -> None:
    """Replay a jumbled log and compare it with the log in order, byte by byte."""
    sizes = ("--batch", batch, "--shards", shards, "--workers", workers)
    order = ("--disorder", "1h", "--order", "file")
    found = replay(folder, log, "--policy", "uci-label", *order, *sizes)
    assert sorted(found.verdicts.splitlines()) == sorted(expected.verdicts.splitlines())
    assert found.summary["changes"] == expected.summary["changes"]
    assert found.summary["events"]["duplicate"] > 0


@pytest.mark.parametrize(
    ("batch", "shards", "workers"),
    [
        pytest.param(37, 16, 2, id="37-a-batch-16-shards-2-workers"),
        pytest.param(5_000, 1, 1, id="5000-a-batch-1-shard-1-worker"),
    ],
)
def test_the_whole_log_displaced_and_repeated_gives_the_same_verdicts(
    tmp_path: Path,
    rows: list[dict[str, Any]],
    label: Replayed,
    batch: int,
    shards: int,
    workers: int,
) -> None:
    log = write_jumbled(tmp_path / "log.jsonl", rows, batch)
    check_jumbled(tmp_path, log, label, batch, shards, workers)


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> dict[int, tuple[Path, Replayed]]:
    """Return logs of some incidents, jumbled, with what they come to in order."""
    found: dict[int, tuple[Path, Replayed]] = {}
    for incidents in (700, 1_500):
        folder = tmp_path_factory.mktemp(f"part-{incidents}")
        part = pick(rows, incidents)
        plain = folder / "plain.jsonl"
        plain.write_text("".join(json.dumps(row) + "\n" for row in part), "utf-8")
        expected = replay(folder, plain, "--policy", "uci-label")
        found[incidents] = write_jumbled(folder / "jumbled.jsonl", part, incidents), expected
    return found


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("shards", [1, 16])
@pytest.mark.parametrize(
    ("batch", "incidents"),
    [
        pytest.param(1, 700, id="1-a-batch"),
        pytest.param(37, 1_500, id="37-a-batch"),
        pytest.param(5_000, 1_500, id="5000-a-batch"),
    ],
)
def test_a_part_of_the_log_displaced_and_repeated_gives_the_same_verdicts(
    tmp_path: Path,
    parts: dict[int, tuple[Path, Replayed]],
    batch: int,
    incidents: int,
    shards: int,
    workers: int,
) -> None:
    log, expected = parts[incidents]
    check_jumbled(tmp_path, log, expected, batch, shards, workers)
