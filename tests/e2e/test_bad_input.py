"""What cannot be an event is counted and kept once with its reason, and changes nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from slawatch.config import load_config
from tests.e2e.desk import (
    Judged,
    act,
    created,
    flatten,
    pick_counters,
    read_first_at,
    read_records,
    render_instant,
    replied,
    wall_us,
    write_policy,
)
from tests.e2e.monitor import Monitor, add_up, read_rows, read_verdicts, run_slawatch

SECOND = 1_000_000
YEARS = 10 * 365 * 86_400 * SECOND


def tell_bad_lines(at: int) -> list[tuple[bytes, str]]:
    """Return wrong lines and the reasons they must get."""
    whole = json.dumps(created("b1", at)).encode()
    local = render_instant(at).removesuffix("Z")
    return [
        (whole[: len(whole) // 2], "malformed"),
        (json.dumps(created("b2", at) | {"ticket_id": 5}).encode(), "bad_type"),
        (json.dumps(created("b3", at) | {"occurred_at": local}).encode(), "bad_time"),
        (json.dumps(created("b4", at, note="x" * 10_000_000)).encode(), "oversize"),
        (json.dumps(created("", at)).encode(), "bad_type"),
        (json.dumps(created("b5", at + YEARS)).encode(), "future"),
        (whole.replace(b"email", b"em\xffil"), "bad_encoding"),
    ]


REASONS = {"malformed": 1, "bad_type": 2, "bad_time": 1, "oversize": 1, "future": 1,
           "bad_encoding": 1}  # fmt: skip


def tell_good_lines(at: int) -> list[bytes]:
    """Return right lines, of which one has values that nobody knows."""
    events = []
    for number in range(20):
        name = f"t{number}"
        events.append(created(name, at + number))
        if number % 3:
            events.append(replied(name, 1, at + SECOND))
            events.append(act(name, "resolved", 2, at + 2 * SECOND, actor="agent"))
    events.append(created("odd", at, priority="P0", channel="fax"))
    return [json.dumps(event).encode() for event in events]


def mix(good: list[bytes], bad: list[bytes]) -> bytes:
    """Return the lines with the bad ones spread among the good ones."""
    lines = list(good)
    for index, line in enumerate(bad):
        lines.insert(1 + index * 5, line)
    return b"".join(line + b"\n" for line in lines)


def test_bad_lines_are_set_aside_live(tmp_path: Path) -> None:
    log, state, policy = tmp_path / "desk.jsonl", tmp_path / "state", write_policy(tmp_path)
    with Monitor(state, "--policy", policy, "--tail", log, "--snapshot-interval", "1s") as monitor:
        monitor.start().wait_until_ready()
        at = wall_us()
        good, bad = tell_good_lines(at), tell_bad_lines(at)
        log.write_bytes(mix(good, [line for line, _ in bad]))
        monitor.wait_for(
            lambda s: (
                add_up(s, "slawatch_events_total", outcome="accepted") == len(good)
                and add_up(s, "slawatch_events_total", outcome="rejected") == len(bad)
                and add_up(s, "sla_results_total", outcome="breached") >= 8
            ),
            "all lines were read and what was not answered has breached",
        )
        monitor.kill()
        monitor.start().wait_until_ready()
        until = at + 8 * SECOND  # the longest goal, its last warning, grace
        samples = monitor.wait_for(
            lambda s: add_up(s, "slawatch_log_time_timestamp_seconds") * SECOND > until,
            "all deadlines passed",
        )
        assert monitor.stop() == 0, monitor.said()

    for reason, count in REASONS.items():
        assert add_up(samples, "slawatch_quarantined_total", reason=reason) == count, reason
    assert add_up(samples, "slawatch_quarantined_total") == len(bad)
    kept = read_rows(state / "intake.sqlite3", "SELECT reason, count(*) FROM quarantine GROUP BY 1")
    assert dict(kept) == REASONS

    clean = [record for record in read_records(state) if record.body in good]
    assert len(clean) == len(good)
    expected = Judged(clean, load_config([policy]), read_first_at(state), until)
    assert flatten(expected.verdicts()) == [row[:-1] for row in read_verdicts(state)]
    results = {k: v for k, v in pick_counters(samples).items() if k[0] == "sla_results_total"}
    assert results.items() <= expected.counters().items()

    assert add_up(samples, "slawatch_unknown_values_total") == 2
    assert add_up(samples, "slawatch_unknown_values_total", key="priority") == 1
    assert add_up(samples, "slawatch_unknown_values_total", key="channel") == 1
    made = {"channel": "other", "priority": "other"}
    assert add_up(samples, "sla_tickets_created_total", **made) == 1


def test_bad_lines_are_set_aside_in_a_replay(tmp_path: Path) -> None:
    at = wall_us() - 3600 * SECOND
    good, bad = tell_good_lines(at), tell_bad_lines(at)
    policy = write_policy(tmp_path)
    said = {}
    for name, lines in (("clean", []), ("mixed", [line for line, _ in bad])):
        log = tmp_path / f"{name}.jsonl"
        log.write_bytes(mix(good, lines))
        code, output, messages = run_slawatch(
            *("replay", log, "--policy", policy, "--state", tmp_path / name, "--json"),
            *("--verdicts", tmp_path / f"{name}.verdicts"),
        )
        assert code == 0, messages
        said[name] = json.loads(output)
    assert said["mixed"]["quarantined"] == REASONS
    assert said["mixed"]["targets"] == said["clean"]["targets"]
    assert said["clean"]["quarantined"] == {}
    verdicts = (tmp_path / "clean.verdicts").read_bytes()
    assert (tmp_path / "mixed.verdicts").read_bytes() == verdicts
    assert verdicts
    query = "SELECT reason, count(*) FROM quarantine GROUP BY 1"
    assert dict(read_rows(tmp_path / "mixed" / "intake.sqlite3", query)) == REASONS
