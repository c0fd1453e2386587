"""The number of series that `check` says is the number that a scrape has."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.desk import write_policy
from tests.e2e.monitor import Monitor, run_slawatch

CHANNELS = (
    *("phone", "chat", "email", "remote", "onsite", "portal", "app", "web", "social"),
    *("kiosk", "sms", "fax"),
)
POLICY = "\n".join(
    (
        "[desk]",
        f"channels = {json.dumps(CHANNELS)}",
        *(f"[channels.{name}]" for name in CHANNELS[9:]),
        *(f"[regions.{region}]" for region in ("north", "south")),
        *(
            f'[teams.l{tier}-{region}]\nregion = "{region}"\ntier = {tier}'
            for region in ("north", "south")
            for tier in (1, 2, 3)
        ),
    )
)


def test_a_large_desk_has_as_many_series_as_check_says(tmp_path: Path) -> None:
    policy = write_policy(tmp_path, POLICY)
    code, output, messages = run_slawatch("check", "--policy", policy, "--json")
    assert code == 0, messages
    series = json.loads(output)["series"]
    assert series["start"] <= series["ceiling"] < 10_000

    options = ("--policy", policy, "--tail", tmp_path / "desk.jsonl")
    with Monitor(tmp_path / "state", *options) as monitor:
        monitor.start().wait_until_ready()
        monitor.wait_for(lambda s: ("sla_contacts_waiting", (("channel", "phone"),)) in s, "gauges")
        _, body = monitor.get("/metrics")
    lines = [line for line in body.splitlines() if not line.startswith("#")]
    assert len(lines) == series["start"]
    assert len(set(lines)) == len(lines)
