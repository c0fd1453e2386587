"""Deliveries over HTTP, end to end: in one process, and with intake and flow apart."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from pathlib import Path

import orjson

from connectors.payload import Payload
from connectors.signatures import GITHUB
from tests.e2e.desk import created, write_policy
from tests.e2e.monitor import Monitor, Samples, add_up, poll, start_slawatch

SECRET = "a secret of the portal"  # noqa: S105 - written into a file below
CONNECTOR = """
import orjson
from connectors.connector import Connector, Push
from connectors.signatures import GITHUB

def decode(payload):
    return [orjson.loads(payload.body)]

CONNECTOR = Connector("portal", "Our portal", decode, "web", push=Push(signature=GITHUB))
"""
TABLES = """
[intake]
port = 0
[connectors]
folders = ["{folder}/connectors"]
[sources.portal]
auth = {{ secret_file = "{folder}/secret" }}
"""


def write_desk(folder: Path) -> Path:
    """Write a policy with a source of one's own that is received."""
    (folder / "connectors").mkdir()
    (folder / "connectors" / "portal.py").write_text(CONNECTOR)
    (folder / "secret").write_text(SECRET)
    policy = write_policy(folder)
    policy.write_text(policy.read_text() + TABLES.format(folder=folder))
    return policy


def find_address(messages: Path) -> str:
    """Wait until the receiver says where it is."""
    found: list[str] = []

    def look() -> object:
        text = messages.read_text() if messages.exists() else ""
        found[:] = re.findall(r"deliveries: (http://\S+)/in/NAME", text)
        return found

    poll(look, "deliveries: in the messages")
    return found[-1]


def post(address: str, body: bytes, secret: str = SECRET) -> int:
    """Send a signed delivery and return the status."""
    headers = {"X-Hub-Signature-256": GITHUB.sign(Payload(body), secret)}
    request = urllib.request.Request(f"{address}/in/portal", body, headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as ex:
        with ex:
            return ex.code


def counted(samples: Samples, outcome: str) -> float:
    """Return how many requests of the portal ended so."""
    name = "slawatch_intake_requests_total"
    return add_up(samples, name, connector="portal", outcome=outcome)


def test_a_signed_delivery_is_counted_in_the_metrics_once(tmp_path: Path) -> None:
    policy = write_desk(tmp_path)
    with Monitor(tmp_path / "state", "--policy", policy) as monitor:
        monitor.start()
        address = find_address(monitor.messages)
        body = orjson.dumps(created("t1"))
        assert [post(address, body), post(address, body)] == [200, 200]
        assert post(address, body, "another secret") == 401
        samples = monitor.wait_for(
            lambda s: add_up(s, "sla_tickets_created_total") == 1, "the ticket"
        )
        found = [counted(samples, one) for one in ("accepted", "duplicate", "auth_wrong")]
        assert found == [1, 1, 1]
        assert monitor.stop() == 0, monitor.said()
        assert "secret of" not in monitor.said()


def test_what_an_intake_of_its_own_took_in_is_judged_by_the_flow(tmp_path: Path) -> None:
    policy, state = write_desk(tmp_path), tmp_path / "state"
    messages = tmp_path / "intake.messages"
    intake = start_slawatch("intake", "--policy", policy, "--state", state, messages=messages)
    try:
        address = find_address(messages)
        assert post(address, orjson.dumps(created("t1"))) == 200
        with Monitor(state, "--policy", policy, "--no-intake") as monitor:
            monitor.start()
            monitor.wait_for(
                lambda s: add_up(s, "slawatch_events_total", outcome="accepted") == 1, "the event"
            )
        with urllib.request.urlopen(f"{address}/metrics", timeout=20) as answer:  # noqa: S310 - loopback
            assert b'{connector="portal",outcome="accepted"} 1.0' in answer.read()
    finally:
        intake.terminate()
        assert intake.wait(20) == 0, messages.read_text()
