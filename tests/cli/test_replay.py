"""`slawatch replay`: the summary, the files it writes, and how it ends when something is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.state_folder import lock_state_folder
from tests.cli.commands import call, is_told, read_json, write_log, write_policy

ROWS = (
    ("7", "created", 0),
    ("7", "replied", 10),
    ("8", "created", 5),
    ("7", "resolved", 90),
    ("9", "created", 2000),
)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write_policy(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.jsonl", *ROWS)


def test_the_summary_for_machines(log: Path, policy: Path) -> None:
    answer = read_json(call("replay", log, "--policy", policy, "--json"))
    assert answer.pop("seconds") >= 0
    assert answer == {
        "events": {"accepted": 5},
        "quarantined": {},
        "targets": {
            "first_response": {"met": 1, "breached": 1},
            "resolution": {"met": 1, "breached": 1},
        },
        "changes": {
            "created": 3,
            "resolved": 1,
            "reopened": 0,
            "reassigned": 0,
            "priority changed": 0,
        },
        "verdicts": {
            "met": 2,
            "breached": 2,
            "warning": 0,
            "to_met": 0,
            "to_breached": 0,
            "withdrawn": 0,
        },
    }


def test_the_summary_for_people(log: Path, policy: Path) -> None:
    told = call("replay", log, "--policy", policy).stdout
    assert "5 accepted" in told
    assert "3 created, 1 resolved" in told
    assert "50.0%" in told


def test_verdicts_are_written_as_json_lines(log: Path, policy: Path, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    call("replay", log, "--policy", policy, "--verdicts", path)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == [
        "file/7/first_response/1/met/1",
        "file/7/resolution/1/met/1",
        "file/8/first_response/1/breached/1",
        "file/8/resolution/1/breached/1",
    ]


def test_metrics_are_written_as_exposition_text(log: Path, policy: Path, tmp_path: Path) -> None:
    path = tmp_path / "metrics.txt"
    call("replay", log, "--policy", policy, "--metrics", path)
    series = (
        'sla_results_total{channel="email",outcome="met",priority="urgent",target="resolution"}'
    )
    assert f"{series} 1.0" in path.read_text("utf-8").splitlines()


def test_bad_lines_are_quarantined_with_their_reason(
    log: Path, policy: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(log.read_text("utf-8") + '{"event_id"\n[]\n', "utf-8")
    answer = read_json(call("replay", bad, "--policy", policy, "--json"))
    assert answer["quarantined"] == {"malformed": 1, "bad_type": 1}
    assert answer["events"] == {"accepted": 5, "rejected": 2}
    told = call("replay", bad, "--policy", policy).stdout
    assert "quarantined: 1 malformed, 1 bad_type" in told


def test_a_log_may_come_from_standard_input(
    log: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with log.open("r", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdin", file)
        answer = read_json(
            call("replay", "-", "--policy", policy, "--json", stdin=log.read_text("utf-8"))
        )
    assert answer["events"] == {"accepted": 5}


def test_a_log_that_is_out_of_order_is_sorted_first(
    log: Path, policy: Path, tmp_path: Path
) -> None:
    turned = tmp_path / "turned.jsonl"
    lines = log.read_text("utf-8").splitlines()
    turned.write_text("\n".join(reversed(lines)) + "\n", "utf-8")
    answers = [
        read_json(call("replay", path, "--policy", policy, "--json")) for path in (log, turned)
    ]
    assert answers[0]["targets"] == answers[1]["targets"]
    assert answers[0]["events"] == answers[1]["events"]


def test_in_the_order_of_the_file_late_events_are_told_as_late(
    log: Path, policy: Path, tmp_path: Path
) -> None:
    turned = tmp_path / "turned.jsonl"
    lines = log.read_text("utf-8").splitlines()
    turned.write_text("\n".join(reversed(lines)) + "\n", "utf-8")
    answer = read_json(call("replay", turned, "--policy", policy, "--order", "file", "--json"))
    assert answer["events"]["late"] >= 1
    assert answer["targets"]["first_response"] == {"met": 1, "breached": 1}


def test_state_that_is_kept_adds_nothing_in_a_second_replay(
    log: Path, policy: Path, tmp_path: Path
) -> None:
    arguments = ("replay", log, "--policy", policy, "--state", tmp_path / "state", "--json")
    first, second = read_json(call(*arguments)), read_json(call(*arguments))
    assert (second["targets"], second["verdicts"]) == (first["targets"], first["verdicts"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("--order", "size"), "--order must be 'time' or 'file'", id="order"),
        pytest.param(("--disorder", "-1h"), "--disorder: must be a duration", id="disorder"),
        pytest.param(("--disorder", "much"), "--disorder: must be a duration", id="no-duration"),
        pytest.param(("--snapshot-interval", "0s"), "--snapshot-interval", id="interval"),
        pytest.param(("--mapping", "nothing"), "nothing", id="mapping"),
        pytest.param(("--policy", "nothing"), "nothing", id="policy"),
    ],
)
def test_a_wrong_option_is_told(log: Path, arguments: tuple[str, ...], message: str) -> None:
    result = call("replay", log, *arguments)
    assert is_told(result)
    assert message in result.stderr


@pytest.mark.parametrize("speed", ["0", "-1"])
def test_a_speed_must_move(log: Path, speed: str) -> None:
    result = call("replay", log, "--speed", speed)
    assert result.exit_code == 2
    assert "--speed" in result.stderr


def test_a_log_that_is_not_there_is_told(policy: Path) -> None:
    result = call("replay", "missing.jsonl", "--policy", policy)
    assert is_told(result)
    assert "'missing.jsonl' cannot be opened" in result.stderr


def test_a_log_of_another_kind_than_the_mapping_is_told(log: Path) -> None:
    result = call("replay", log, "--mapping", "uci", "--policy", "uci-label")
    assert is_told(result)
    assert "the header" in result.stderr


def test_state_in_use_is_told(log: Path, policy: Path, tmp_path: Path) -> None:
    with lock_state_folder(tmp_path / "state"):
        result = call("replay", log, "--policy", policy, "--state", tmp_path / "state")
    assert is_told(result)
    assert "in use by process" in result.stderr


def test_an_empty_log_comes_to_nothing(policy: Path, tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_bytes(b"")
    assert "events: none" in call("replay", path, "--policy", policy).stdout
