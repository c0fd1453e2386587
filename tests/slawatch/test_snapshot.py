"""A shard as bytes: the format is a promise, and new rules meet old state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch import snapshot
from slawatch.book import Book
from slawatch.errors import ConfigError
from slawatch.events import Actor, Event, Extras, Kind
from slawatch.shard import Shard
from slawatch.snapshot import VERSION, compact, migrate, pack_shard, restore_shard
from slawatch.verdicts import Output
from tests.rules import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    act,
    build_rules,
    created,
    judge,
    outcomes,
)
from tests.strategies import told_tickets

GOLDEN = Path(__file__).parent / "golden" / f"shard-v{VERSION}.bin"
BY_TICKET = GOLDEN.with_stem(f"{GOLDEN.stem}-by-ticket")
"""The same, with attributes numbered when tickets were packed and not when acts came."""
AGENT, CUSTOMER = Actor.AGENT, Actor.CUSTOMER


def tell_golden() -> list[Event]:
    """Return the events from which the golden snapshot was written."""
    busy, done, long = "desk/busy", "desk/done", "désk/long"
    assigned = act(3, Kind.ASSIGNED, 40 * MINUTE, AGENT, key=busy, team="l2", tags=("a", "b"))
    events = [
        act(0, Kind.CREATED, 0, CUSTOMER, key=busy, priority="normal", channel="email", team="l1"),
        act(1, Kind.PAUSED, 10 * MINUTE, AGENT, key=busy, reason="customer"),
        act(2, Kind.REPLIED, 30 * MINUTE, CUSTOMER, key=busy),
        assigned.replace(assignee="ann"),
        act(0, Kind.CREATED, MINUTE, CUSTOMER, key=done, priority="urgent", channel="phone"),
        act(1, Kind.REPLIED, 15 * MINUTE, AGENT, key=done),
        act(2, Kind.RESOLVED, 16 * MINUTE, AGENT, key=done),
        act(3, Kind.RATED, 17 * MINUTE, CUSTOMER, key=done, extras=Extras(score=5)),
        *(act(n, Kind.NOTE, n * SECOND, AGENT, key=long, priority="low") for n in range(300)),
    ]
    return sorted(events)


def finish(shard: Shard) -> Output:
    """Let a reply and three hours come."""
    out = Output()
    reply = act(9, Kind.REPLIED, 65 * MINUTE, AGENT, key="desk/busy")
    shard.advance([reply], START + 3 * HOUR, out)
    return out


@pytest.mark.parametrize("golden", [GOLDEN, BY_TICKET], ids=lambda path: path.stem)
def test_a_golden_snapshot_still_opens_and_goes_on_as_if_never_packed(golden: Path) -> None:
    shard = restore_shard(golden.read_bytes(), Book(build_rules()))
    expected, _ = judge(tell_golden(), 50 * MINUTE)
    assert {t.key: [a.id_hash for a in t.acts] for t in shard.scan()} == {
        t.key: [a.id_hash for a in t.acts] for t in expected.scan()
    }
    assert finish(shard).verdicts == finish(expected).verdicts


def test_the_golden_snapshot_is_what_every_build_writes() -> None:
    shard, _ = judge(tell_golden(), 50 * MINUTE, batch=1)  # attributes numbered as acts come
    assert pack_shard(shard) == GOLDEN.read_bytes()


def test_the_golden_snapshot_holds_every_part_of_a_ticket() -> None:
    shard = restore_shard(GOLDEN.read_bytes(), Book(build_rules()))
    busy, done, long = (shard.get(k) for k in ("desk/busy", "desk/done", "désk/long"))
    assert busy is not None
    assert done is not None
    assert long is not None
    assert (busy.assignee, busy.held, [c.pauses for c in busy.clocks if c.pauses]) == (
        "ann",
        {
            ("l1", 0): [10 * MINUTE, 10 * MINUTE],
            ("l1", 2): [20 * MINUTE, 20 * MINUTE],
            ("l1", 1): [10 * MINUTE, 10 * MINUTE],
        },
        [[(START + 10 * MINUTE, START + 30 * MINUTE)]],
    )
    assert done.acts[-1].extras == Extras(score=5)
    assert long.base is not None


def test_a_snapshot_starts_with_its_version() -> None:
    assert pack_shard(Shard(Book(build_rules())))[0] == VERSION == GOLDEN.read_bytes()[0]


def test_a_newer_snapshot_is_refused_by_name() -> None:
    newer = bytes((VERSION + 1,)) + GOLDEN.read_bytes()[1:]
    with pytest.raises(ConfigError, match=rf"newer slawatch \(format {VERSION + 1}, .*{VERSION}\)"):
        restore_shard(newer, Book(build_rules()))


def test_an_older_snapshot_is_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {VERSION - 1: lambda data: bytes((VERSION,)) + data[1:] + b"!"}
    monkeypatch.setattr(snapshot, "_MIGRATIONS", steps)
    assert migrate(bytes((VERSION - 1,)) + b"x") == bytes((VERSION,)) + b"x!"


def test_times_and_rules_are_in_the_head() -> None:
    data = GOLDEN.read_bytes()
    size = int.from_bytes(data[1:5], "little")
    head = json.loads(data[5 : 5 + size])
    assert head["log_at"] == START + 50 * MINUTE
    assert head["began_at"] == START
    assert head["targets"] == list(Book(build_rules()).names)
    assert head["digest"] == "test"


def test_a_restored_shard_knows_its_times() -> None:
    shard = Shard(Book(build_rules()), first_at=START - HOUR)
    shard.advance([created()], START + MINUTE, Output())
    again = restore_shard(pack_shard(shard), shard.book)
    assert (again.first_at, again.began_at, again.log_at, again.digest) == (
        START - HOUR,
        START,
        START + MINUTE,
        "test",
    )


def test_a_snapshot_shares_nothing_with_the_shard() -> None:
    shard, _ = judge([created()], MINUTE)
    packed = pack_shard(shard)
    again = restore_shard(packed, shard.book)
    shard.advance([act(1, Kind.REPLIED, 2 * MINUTE, AGENT)], START + HOUR, Output())
    out = Output()
    again.advance([], START + 2 * HOUR, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_an_act_whose_instant_has_not_passed_is_not_lost() -> None:
    shard = Shard(Book(build_rules()))
    shard.advance([created()], START - 1, Output())
    again, out = restore_shard(pack_shard(shard), shard.book), Output()
    again.advance([], START + 2 * HOUR, out)
    assert outcomes(out, "first_response") == ["breached"]


def test_a_ticket_id_of_any_text_comes_back() -> None:
    keys = ["desk/ü", "desk/\ud800", "desk/a/b", "desk/ "]
    events = [act(0, Kind.CREATED, 0, CUSTOMER, key=key, priority="low") for key in keys]
    shard, _ = judge(events, MINUTE)
    assert list(restore_shard(pack_shard(shard), shard.book).tickets) == keys


@given(told_tickets(), st.integers(0, 30))
def test_a_shard_that_is_compacted_goes_on_as_before(events: list[Event], cut: int) -> None:
    ordered, out = sorted(events), Output()
    _, expected = judge(ordered, DAY)
    shard = Shard(Book(build_rules()), hot=1)
    shard.advance(ordered[:cut], max((e.received_at for e in ordered[:cut]), default=1) - 1, out)
    shard.park()
    compact(shard)
    shard.advance(ordered[cut:], START + DAY, out)
    assert sorted(out.verdicts) == sorted(expected.verdicts)
    assert out.counts == expected.counts


def test_compacting_keeps_every_part_of_every_ticket() -> None:
    shard, _ = judge(tell_golden(), 50 * MINUTE)
    other, _ = judge(tell_golden(), 50 * MINUTE)
    compact(shard)
    assert finish(shard).verdicts == finish(other).verdicts
    again = [e.replace(received_at=START + 3 * HOUR) for e in tell_golden()]
    out = Output()
    shard.advance(again, START + 3 * HOUR, out)
    assert out.counts["slawatch_events_total", ("desk", "duplicate")] == len(again)


def test_what_no_ticket_says_any_more_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = [
        act(n, Kind.CLOSED, n, AGENT, key=f"desk/{n}", team=f"team-{n}", priority="low")
        for n in range(50)
    ]
    shard, out = judge([*ended, created(DAY).replace(key="desk/open")], 2 * DAY)
    pack_shard(shard)
    before = len(shard.interner.asserted)
    shard.advance([], START + 9 * DAY, out)
    monkeypatch.setattr(snapshot, "_COMPACT_OVER", 10)
    pack_shard(shard)
    assert (before, len(shard.interner.asserted)) == (51, 1)
