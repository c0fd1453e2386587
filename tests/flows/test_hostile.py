"""A sender that misbehaves gets the verdicts of its calm twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from connectors.decoding import Reject
from connectors.hostile import HOSTILE, Sent, misbehave
from connectors.replay import read_log
from flows.monitor import ReplayOptions
from flows.store import Contents
from slawatch.events import Actor, Event, Kind
from slawatch.parsing import Vocabulary
from slawatch.verdicts import Verdict
from tests.flows.replays import run, tell_desk

YEAR_US = 365 * 86_400_000_000


def write(event: Event) -> Sent:
    """Return an event as its sender writes it."""
    at_ms = event.occurred_at // 1000
    said = {key: value for key, value in event.attrs._asdict().items() if value is not None}
    row = {
        "event_id": f"{event.key}/{event.id_hash.hex()}",
        "source": event.key.partition("/")[0],
        "ticket_id": event.key.partition("/")[2],
        "type": Kind(event.kind).name.lower(),
        "actor": Actor(event.actor).name.lower(),
        "occurred_at": at_ms,
        **said,
    }
    return Sent(at_ms * 1000, orjson.dumps(row))


CALM = sorted(write(event) for event in tell_desk(5, 120))
NOW = CALM[-1].at + HOSTILE.delay_us


def read(folder: Path, sent: Sequence[Sent]) -> list[Event | Reject]:
    """Write what arrives into a log, a line each, and read it back."""
    folder.mkdir()
    path = folder / "log.jsonl"
    path.write_bytes(b"".join(one.body + b"\n" for one in sent))
    return list(read_log(str(path), None, Vocabulary(), now=NOW))


def judge(folder: Path, sent: Sequence[Sent]) -> tuple[list[Verdict], Contents]:
    options = ReplayOptions(shards=3, batch_size=50, disorder_us=HOSTILE.delay_us)
    return run(folder / "state", read(folder, sent), options)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_hostile_sender_gets_the_verdicts_of_its_calm_twin(tmp_path: Path, seed: int) -> None:
    expected, _ = judge(tmp_path / "calm", CALM)
    verdicts, _ = judge(tmp_path / "hostile", misbehave(CALM, seed))
    assert len(verdicts) > 300
    assert verdicts == expected


def test_what_it_adds_is_refused_with_its_reason(tmp_path: Path) -> None:
    items = read(tmp_path / "hostile", misbehave(CALM, 1))
    reasons = Counter(item.reason for item in items if isinstance(item, Reject))
    assert reasons.keys() == {"malformed", "bad_encoding", "future"}
    assert min(reasons.values()) > 5
