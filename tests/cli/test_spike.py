"""`slawatch spike`: an hour of breaches taken apart."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.desk_file import Desk, keep_desk
from flows.verdict_table import FILE_NAME, VerdictTable
from slawatch.verdicts import Verdict
from tests.cli.commands import call, is_told, read_json
from tests.rules import DAY, HOUR, created, judge

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT_US = int(AT.timestamp()) * 1_000_000


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return the state of a desk with three breaches in the hour and two before."""
    policy = tmp_path / "desk.toml"
    policy.write_text('[sources.crm]\nticket_url = "https://crm.example/{ticket_id}"\n')
    keep_desk(tmp_path, Desk(0, 16, (str(policy),)))
    table = VerdictTable(tmp_path / FILE_NAME)
    _, out = judge([created()], DAY)
    one = next(verdict for verdict in out.verdicts if verdict.kind == "breached")
    table.add([_breach(one, number, "phone", AT_US - number) for number in range(3)])
    table.add([_breach(one, 8, "email", AT_US - 5 * HOUR), _breach(one, 9, "email", AT_US - DAY)])
    table.close()
    return tmp_path


def _breach(one: Verdict, number: int, channel: str, at: int) -> Verdict:
    return one._replace(ticket=f"crm/{number}", channel=channel, at=at)


def test_a_spike_for_machines(state: Path) -> None:
    found = read_json(call("spike", "--state", state, "--at", AT.isoformat(), "--json"))
    assert (found["count"], found["at"]) == (3, "2026-03-02 12:00:00.000")
    assert found["compared_with"].startswith("mean of the 23 hours before")
    assert [part["value"] for part in found["parts"] if part["label"] == "channel"] == ["phone"]
    assert found["breaches"][0]["url"] == "https://crm.example/2"


def test_a_spike_for_people(state: Path) -> None:
    told = call("spike", "--state", state, "--at", AT.isoformat()).stdout
    assert "3 breaches in the hour up to 2026-03-02 12:00:00.000 UTC; usual: 0.0" in told
    assert "https://crm.example/0" in told


def test_a_calm_hour_is_told_in_a_line(state: Path) -> None:
    told = call("spike", "--state", state, "--at", "2026-03-02T15:00:00Z").stdout
    assert told.startswith("0 breaches in the hour")
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("at", ["yesterday", "2026-03-02T12:00:00"])
def test_a_wrong_instant_is_told(state: Path, at: str) -> None:
    result = call("spike", "--state", state, "--at", at)
    assert is_told(result)
    assert "--at: must" in result.stderr


def test_a_folder_without_a_monitor_is_told(tmp_path: Path) -> None:
    result = call("spike", "--state", tmp_path / "none")
    assert is_told(result)
    assert "no monitor has run" in result.stderr
