"""Each check finds what it is for: the right connector passes, and breaking it is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.kit.checks import CHECKS, Tier, compute_tier, run_checks
from tests.connectors.kit.acme import SOURCE, load_acme, write_acme


def problems(folder: Path, check: str) -> str:
    (outcome,) = run_checks(load_acme(folder), [check])
    return "; ".join(outcome.problems or ())


def broken(folder: Path, old: str, new: str) -> Path:
    assert SOURCE.count(old) == 1
    return write_acme(folder, SOURCE.replace(old, new))


def test_a_right_connector_is_gold(tmp_path: Path) -> None:
    outcomes = run_checks(load_acme(write_acme(tmp_path)))
    assert [(o.check.name, o.problems) for o in outcomes if o.problems != ()] == []
    assert compute_tier(outcomes) is Tier.GOLD


@pytest.mark.parametrize(
    ("check", "old", "new", "told"),
    [
        pytest.param(
            "golden-events",
            '"solved": "resolved"',
            '"solved": "closed"',
            "solved: event 1: type: gave 'closed', expected 'resolved'",
            id="another-type",
        ),
        pytest.param(
            "golden-events", "return [event]", "return []", "gave 0 events, expected 1", id="none"
        ),
        pytest.param(
            "golden-events", "return []", "return [{}]", "viewed: gave 1 events", id="one-too-many"
        ),
        pytest.param(
            "deterministic",
            "    return [event]",
            "    _TYPES[number] = kind\n    event['sequence'] = len(_TYPES)\n"
            "    _TYPES[kind] = kind\n    return [event]",
            "gave other events the second time",
            id="it-remembers",
        ),
        pytest.param(
            "parses", '"type": kind,', '"type": "done",', "refused as unknown_type", id="no-type"
        ),
        pytest.param("parses", 'Opaque(f"acme:{number}")', '""', "bad_type", id="no-ticket"),
        pytest.param(
            "aware-times",
            'require_instant(data, "at", EPOCH_S)',
            'data["at"]',
            "occurred_at must lie in this century, got 1772442",
            id="seconds-as-milliseconds",
        ),
        pytest.param(
            "aware-times",
            'require_instant(data, "at", EPOCH_S)',
            '"2026-03-02T09:00:00"',
            "must carry an offset",
            id="local",
        ),
        pytest.param(
            "unique-ids",
            "{require_id(data, 'step')}/{kind}",
            "{kind}",
            "'4915112345678/replied' is another act in answered",
            id="one-id-for-two",
        ),
        pytest.param(
            "no-escape",
            'require_id(data, "case.number")',
            'str(data["case"]["number"])',
            "acme.py:15",
            id="an-exception",
        ),
        pytest.param(
            "no-escape",
            "        return []",
            '        from slawatch.errors import EventError; raise EventError("odd", "")',
            "'odd' is no reason of the closed set",
            id="a-reason-of-its-own",
        ),
        pytest.param(
            "same-ids-again",
            "{require_id(data, 'step')}",
            "{payload.headers.get('x-acme-time')}",
            "a retry has other ids",
            id="id-of-the-delivery",
        ),
        pytest.param(
            "pure",
            "    data = parse_object(payload)",
            "    open('/dev/null').close()\n    data = parse_object(payload)",
            "asks for open /dev/null",
            id="a-file",
        ),
        pytest.param(
            "pure",
            "    data = parse_object(payload)",
            "    import socket; socket.socket().close()\n    data = parse_object(payload)",
            "asks for socket.__new__",
            id="a-socket",
        ),
        pytest.param(
            "pure",
            "    data = parse_object(payload)",
            "    import time; time.time()\n    data = parse_object(payload)",
            "acme.py:11: time.time",
            id="a-clock",
        ),
        pytest.param(
            "cheap",
            "    data = parse_object(payload)",
            "    sum(range(2_000_000))\n    data = parse_object(payload)",
            "ms of processor, may take 5",
            id="slow",
        ),
        pytest.param(
            "no-personal-data",
            'event["actor"] = "customer"\n',
            'event["actor"] = "customer"\n    event["assignee"] = find_text(data, "case.email")\n',
            "answered: assignee holds an address",
            id="an-address",
        ),
        pytest.param(
            "no-dead-clocks",
            "    return [event]",
            '    if kind == "replied": event["actor"] = "customer"\n    return [event]',
            "first_response starts, and no golden act is replied by agent",
            id="never-answered-by-an-agent",
        ),
    ],
)
def test_what_is_broken_is_found(tmp_path: Path, check: str, old: str, new: str, told: str) -> None:
    assert told in problems(broken(tmp_path, old, new), check)


@pytest.mark.parametrize(
    ("check", "without", "told"),
    [
        pytest.param("unknown-types", "viewed", "no golden body is of a type", id="no-silent-body"),
        pytest.param("whole-story", "solved", "no ticket is ended", id="no-end"),
        pytest.param("whole-story", "opened", "no ticket is opened", id="no-beginning"),
    ],
)
def test_what_is_missing_is_asked_for(tmp_path: Path, check: str, without: str, told: str) -> None:
    assert told in problems(write_acme(tmp_path, without=(without,)), check)


def test_a_body_without_expected_events_is_told(tmp_path: Path) -> None:
    (write_acme(tmp_path) / "golden/acme/viewed.events.jsonl").unlink()
    assert "viewed: there is no viewed.events.jsonl" in problems(tmp_path, "golden-events")


def test_a_connector_without_a_page_is_told(tmp_path: Path) -> None:
    (write_acme(tmp_path) / "acme.md").unlink()
    assert problems(tmp_path, "page") == "there is no acme.md"


def test_a_check_that_has_nothing_to_look_at_does_not_apply(tmp_path: Path) -> None:
    source = SOURCE.replace("push=Push(", "push=None and (")
    (outcome,) = run_checks(load_acme(write_acme(tmp_path, source)), ["signature"])
    assert outcome.problems is None


@pytest.mark.parametrize(
    ("check", "tier"),
    [
        pytest.param("golden-events", Tier.NONE, id="below-bronze"),
        pytest.param("pure", Tier.BRONZE, id="bronze"),
        pytest.param("page", Tier.SILVER, id="silver"),
    ],
)
def test_the_tier_is_the_one_below_what_is_wrong(tmp_path: Path, check: str, tier: Tier) -> None:
    outcomes = run_checks(load_acme(write_acme(tmp_path)), [check])
    (outcome,) = outcomes
    failed = type(outcome)(outcome.check, ("wrong",))
    assert compute_tier([failed]) is tier


def test_no_two_checks_have_one_name() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
