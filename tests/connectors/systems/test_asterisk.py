"""Asterisk's queue_log, line by line and as the calls of a desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.intake import LogWriter
from connectors.log_sqlite import SqliteLog
from connectors.opaque import TEST_KEY, hide_persons
from connectors.payload import Payload, unpack_payload
from connectors.pump import Pump
from connectors.systems.asterisk import CONNECTOR
from connectors.transports.lines import build_line_file
from connectors.wall import WallClock
from flows.monitor import ReplayOptions
from slawatch.config import load_config
from slawatch.errors import ConfigError, EventError
from slawatch.events import Event
from slawatch.parsing import Vocabulary, parse_event
from tests.connectors.systems.channels import BODIES, needs_bodies, tell, tell_one
from tests.e2e.monitor import poll
from tests.flows.replays import run

CALLS = """\
1789718400|c.1|support|NONE|ENTERQUEUE||5550100|1
1789718410|c.1|support|PJSIP/201|CONNECT|10|c.2|3
1789718500|c.1|support|PJSIP/201|COMPLETEAGENT|10|90|1
1789718400|c.3|support|NONE|ENTERQUEUE||5550101|1
1789718425|c.3|support|NONE|ABANDON|1|1|25
1789718400|c.5|support|NONE|ENTERQUEUE||5550102|1
1789718460|c.5|support|NONE|EXITWITHTIMEOUT|1|1|60
1789718460|c.5|sales|NONE|ENTERQUEUE||5550102|1
1789718475|c.5|sales|PJSIP/301|CONNECT|15|c.6|3
1789718575|c.5|sales|PJSIP/301|COMPLETECALLER|15|100|1
"""
"""One call answered after 10 s, one hung up after 25 s, one passed on to another queue."""


def read_calls() -> list[Event]:
    payload = Payload(CALLS.encode())
    told = hide_persons(CONNECTOR.decode(payload), TEST_KEY)
    return sorted(parse_event(one, None, "asterisk", Vocabulary()) for one in told)


def test_a_connected_call_is_answered_by_its_agent() -> None:
    event = tell_one(CONNECTOR, "1789718410|c.1|support|PJSIP/201|CONNECT|10|c.2|3")
    assert (event["type"], event["actor"], event["assignee"]) == ("replied", "agent", "PJSIP/201")


def test_the_talk_is_the_handle_time() -> None:
    event = tell_one(CONNECTOR, "1789718500|c.1|support|PJSIP/201|COMPLETEAGENT|10|90|1")
    assert event["handle_seconds"] == 90


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param("COMPLETECALLER|10|90", id="completed, without origposition"),
        pytest.param("TRANSFER|302|from-internal|10|90", id="transfer, without origposition"),
        pytest.param("BLINDTRANSFER|302|from-internal|10|90|1", id="blind transfer"),
        pytest.param("ATTENDEDTRANSFER|BRIDGE|5f2a|10|90|1", id="attended, bridges merged"),
        pytest.param("ATTENDEDTRANSFER|LINK|a;1|a;2|10|90|1", id="attended, linked"),
    ],
)
def test_every_version_tells_the_talk(arguments: str) -> None:
    event = tell_one(CONNECTOR, f"1789718500|c.1|support|SIP/201|{arguments}")
    assert (event["type"], event["handle_seconds"]) == ("closed", 90)


def test_a_talk_that_is_no_number_costs_only_itself() -> None:
    event = tell_one(CONNECTOR, "1789718500|c.1|support|SIP/201|COMPLETEAGENT|10|x|1")
    assert "handle_seconds" not in event


@pytest.mark.parametrize("act", ["QUEUESTART|", "CONFIGRELOAD|", "ADDMEMBER", "PAUSEALL|"])
def test_what_is_no_call_is_no_ticket(act: str) -> None:
    assert tell(CONNECTOR, f"1789718400|NONE|NONE|NONE|{act}") == []


def test_ringing_in_vain_and_acts_not_known_concern_no_clock() -> None:
    acts = ("RINGNOANSWER|5000", "RINGCANCELED|500", "AGENTDUMP|", "DID|5550100", "INVENTED|1")
    assert [tell(CONNECTOR, f"1789718400|c.1|support|SIP/201|{act}") for act in acts] == [[]] * 5


def test_an_agent_called_none_is_nobody() -> None:
    event = tell_one(CONNECTOR, "1789718410|c.1|support|NONE|CONNECT|10|c.2|3")
    assert "assignee" not in event


def test_the_caller_s_number_stands_in_no_event() -> None:
    event = tell_one(CONNECTOR, "1789718400|c.1|support|NONE|ENTERQUEUE||01773597776|1|Jane")
    assert not any("01773597776" in str(value) or "Jane" in str(value) for value in event.values())


def test_an_agent_reached_by_an_outside_number_is_a_person() -> None:
    line = b"1789718410|c.1|support|Local/15555550123@out/n|CONNECT|10|c.2|3"
    (event,) = hide_persons(CONNECTOR.decode(Payload(line)), TEST_KEY)
    assert "15555550123" not in str(event)


def test_the_exchange_s_name_tells_equal_call_ids_apart() -> None:
    line = "1789718400|c.1|support|NONE|ENTERQUEUE||1|1"
    assert tell_one(CONNECTOR, line, pbx="north")["ticket_id"] == "north:c.1:support"
    assert tell_one(CONNECTOR, line, pbx="south")["ticket_id"] == "south:c.1:support"


def test_one_call_is_a_ticket_in_each_queue_and_one_case() -> None:
    tickets = {(event["ticket_id"], event["case"]) for event in tell(CONNECTOR, CALLS)}
    assert {("c.5:support", "c.5"), ("c.5:sales", "c.5")} <= tickets


def test_acts_of_one_second_keep_the_order_of_the_file() -> None:
    line = "1789718400|c.1|support|NONE|ENTERQUEUE||1|1"
    assert tell_one(CONNECTOR, line, {"x-line": "4096"})["sequence"] == 4096
    assert "sequence" not in tell_one(CONNECTOR, line, {"x-line": "no number"})


def test_a_fraction_of_a_second_is_kept() -> None:
    event = tell_one(CONNECTOR, "1789718400.250000|c.1|support|NONE|ABANDON|1|1|25")
    assert event["occurred_at"] == 1_789_718_400_250


def test_a_cut_line_is_refused_and_its_neighbours_live() -> None:
    body = b"1789718400|c.1|supp\n1789718425|c.3|support|NONE|ABANDON|1|1|25\n"
    first, second = CONNECTOR.decode(Payload(body))
    assert isinstance(first, EventError)
    assert first.reason == "malformed"
    assert second["type"] == "abandoned"  # type: ignore[index]  # an event


def test_an_old_encoding_of_a_queue_s_name_is_read() -> None:
    event = tell_one(CONNECTOR, "1789718400|c.1|verträge|NONE|ABANDON|1|1|9".encode("latin-1"))
    assert event["team"] == "verträge"


def test_contacts_are_answered_and_abandoned_as_the_log_says(tmp_path: Path) -> None:
    rules = load_config(["default"]).rules
    _, told = run(tmp_path, read_calls(), ReplayOptions(shards=1), rules)
    (partition,) = told.totals.values()
    assert partition.totals["sla_contacts_total"] == {
        ("phone", "answered", "true"): 2,
        ("phone", "abandoned", "false"): 1,
    }


def test_a_call_that_nobody_took_counts_as_no_resolution(tmp_path: Path) -> None:
    rules = load_config(["default"]).rules
    verdicts, _ = run(tmp_path, read_calls(), ReplayOptions(shards=1), rules)
    resolved = {one.ticket for one in verdicts if one.target == "resolution" and one.kind == "met"}
    assert resolved == {"asterisk/c.1:support", "asterisk/c.5:sales"}


def test_a_followed_file_keeps_its_order_over_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    lines = CALLS.splitlines(keepends=True)
    path.write_text("".join(lines[:4]))
    puller = build_line_file({"path": str(path)}, ())
    with SqliteLog(tmp_path / "intake.sqlite3", WallClock()) as log, LogWriter(log) as writer:
        pump = Pump("q", lambda stop: puller.pump(writer, "q", stop, tmp_path / "position"))
        poll(lambda: log.last()[0] == 4, "the first lines")
        path.rename(tmp_path / "queue_log.1")
        path.write_text("".join(lines[4:]))
        poll(lambda: log.last()[0] == len(lines), "all lines")
        pump.stop()
        payloads = [unpack_payload(record.body) for record in log.read_after(0, 100)]
    told = [event for one in payloads for event in tell(CONNECTOR, one.body, one.headers)]
    assert [event["type"] for event in told] == [event["type"] for event in tell(CONNECTOR, CALLS)]
    assert [event["sequence"] for event in told[:3]] == [0, 50, 100]


def test_a_file_to_follow_must_be_named() -> None:
    with pytest.raises(ConfigError, match=r"options\.path must name"):
        build_line_file({"path": ""}, ())


@needs_bodies
def test_the_real_lines_are_read() -> None:
    events = tell(CONNECTOR, (BODIES / "asterisk" / "queue_log.sample").read_bytes())
    assert [(event["team"], event["type"]) for event in events] == [
        ("support", "created"),
        ("support", "abandoned"),
        ("sales", "created"),
        ("8000", "created"),
        ("8000", "replied"),
        ("8000", "closed"),
        ("9000", "created"),
        ("9000", "replied"),
        ("9000", "closed"),
    ]
