from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.golden import load_golden
from connectors.kit.checks import Tier, compute_tier, run_checks
from connectors.kit.subject import load_subject
from connectors.registry import load_registry
from connectors.sample import guess, guess_kind, guess_status
from connectors.scaffold import scaffold
from slawatch.errors import ConfigError

EVENT = {
    "event": "case.reply_added",
    "id": "e-9",
    "at": 1_772_442_000,
    "case": {"ref": "C-7", "severity": "low"},
    "by": {"email": "ada@example.org"},
}
WHOLE = {
    "number": 12,
    "status": "Waiting for customer",
    "updated_at": "2026-03-02T09:00:00+01:00",
    "via": "email",
    "group": {"name": "l2"},
}
MILLIS = {"topic": "opened", "conversation_id": "k1", "timestamp": 1_772_442_000_123}


def make(folder: Path, sample: object, name: str = "acme") -> list[Path]:
    path = folder / "body.json"
    path.write_text(json.dumps(sample), "utf-8")
    return scaffold(name, path, folder / "own")


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        pytest.param(EVENT, ("case.ref", "id", "event", "at", "epoch_s"), id="an-act"),
        pytest.param(WHOLE, ("number", "", "", "updated_at", "rfc3339"), id="a-whole-ticket"),
        pytest.param(
            MILLIS, ("conversation_id", "", "topic", "timestamp", "epoch_ms"), id="milliseconds"
        ),
    ],
)
def test_what_keys_mean_is_guessed(sample: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert guess(sample)[:5] == expected


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        pytest.param("ticket.reopened", "reopened", id="reopened-is-not-opened"),
        pytest.param("conversation.user.replied", "replied", id="replied"),
        pytest.param("ISSUE_CREATED", "created", id="capitals"),
        pytest.param("ticket.solved", "resolved", id="solved"),
        pytest.param("quux", "note", id="nothing-known"),
    ],
)
def test_a_words_type_is_guessed(word: str, kind: str) -> None:
    assert guess_kind(word) == kind


def test_a_words_status_is_guessed() -> None:
    assert [guess_status(word) for word in ("New", "On hold", "Solved")] == [
        "new",
        "pending",
        "resolved",
    ]
    assert [guess_status(word) for word in ("Closed", "In progress")] == ["closed", "open"]


@pytest.mark.parametrize("sample", [EVENT, WHOLE, MILLIS], ids=["act", "whole", "milliseconds"])
def test_a_new_connector_is_right_for_its_sample(tmp_path: Path, sample: object) -> None:
    make(tmp_path, sample)
    outcomes = run_checks(load_subject(load_registry([tmp_path / "own"]), "acme"))
    failed = {o.check.name for o in outcomes if o.problems}
    assert compute_tier(outcomes) >= Tier.BRONZE
    assert failed <= {"whole-story", "page", "unknown-types", "no-dead-clocks"}


def test_the_expected_event_is_the_samples(tmp_path: Path) -> None:
    make(tmp_path, EVENT)
    golden = {one.act: one for one in load_golden(tmp_path / "own/golden/acme")}
    assert golden["replied"].expected == (
        {
            "event_id": "e-9",
            "ticket_id": "C-7",
            "type": "replied",
            "occurred_at": 1_772_442_000_000,
            "priority": "low",
        },
    )
    assert golden["ignored"].expected == ()


def test_a_whole_ticket_is_observed(tmp_path: Path) -> None:
    make(tmp_path, WHOLE)
    (golden,) = load_golden(tmp_path / "own/golden/acme")
    assert golden.expected is not None
    assert golden.expected[0]["type"] == "observed"
    assert golden.expected[0]["status"] == "pending"
    assert golden.expected[0]["team"] == "l2"


def test_persons_of_the_sample_are_replaced(tmp_path: Path) -> None:
    texts = [path.read_text("utf-8") for path in make(tmp_path, EVENT)]
    assert [text for text in texts if "ada@" in text] == []


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        pytest.param({"at": 1_772_442_000}, "no key looks like the ticket's id", id="no-ticket"),
        pytest.param({"ticket_id": "7"}, "no key looks like the instant", id="no-instant"),
        pytest.param(7, "must be one JSON object", id="no-object"),
        pytest.param([{"ticket_id": "7"}], "is a list: give one of its objects", id="a-list"),
    ],
)
def test_a_sample_that_tells_too_little_is_refused(
    tmp_path: Path, sample: object, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        make(tmp_path, sample)


def test_a_name_that_is_no_modules_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be as a module's"):
        make(tmp_path, EVENT, "my desk")


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    make(tmp_path, EVENT)
    with pytest.raises(ConfigError, match="is there already"):
        make(tmp_path, EVENT)


@pytest.mark.parametrize(
    ("sample", "ticket", "at"),
    [
        pytest.param(
            {"data": {"case": {"uuid": "a-1"}, "what": "case.opened", "ts": 1_772_442_000_123}},
            "data.case.uuid",
            "data.ts",
            id="nested",
        ),
        pytest.param({"ticket": 7, "act": "opened", "when": 1_772_442_000}, "ticket", "when"),
        pytest.param(
            {"caseNo": "C7", "status": "new", "opened": "2026-03-02T09:00:00Z"},
            "caseNo",
            "opened",
            id="without-a-type",
        ),
    ],
)
def test_uncommon_keys_are_found(sample: dict[str, object], ticket: str, at: str) -> None:
    found = guess(sample)
    assert (found.ticket, found.at) == (ticket, at)


def test_a_body_that_is_no_json_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "body.xml").write_text("<xml/>")
    with pytest.raises(ConfigError, match="for XML, forms or lines of text write the decoder"):
        scaffold("acme", tmp_path / "body.xml", tmp_path / "own")
