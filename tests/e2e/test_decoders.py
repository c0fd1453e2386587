"""A decoder that was wrong and is mended, and a source in the shadow: end to end."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from connectors.payload import Payload
from connectors.signatures import GITHUB
from tests.cli.commands import call
from tests.e2e.desk import POLICY, render_instant, wall_us
from tests.e2e.monitor import Key, Monitor, Samples, add_up, poll, read_verdicts
from tests.e2e.test_receive import find_address

SECOND = 1_000_000
SECRET = "a secret of the shop"  # noqa: S105 - written into a file below
WRONG, RIGHT = "note", "replied"
GHOST = "replied"
"""An act that the wrong decoder tells of each question, and the right one never."""
_DECODER = """
from connectors.connector import Connector, Push
from connectors.reading import parse_object, require_id, require_text
from connectors.signatures import GITHUB

TYPES = {"asked": "created", "answered": "{answer}"}

def decode(payload):
    data = parse_object(payload)
    kind = TYPES[require_text(data, "act")]
    yield {
        "event_id": require_id(data, "id"), "ticket_id": require_id(data, "ticket"),
        "type": kind, "occurred_at": require_text(data, "at"), "channel": "email",
        "actor": "customer" if kind == "created" else "agent", "priority": "{priority}",
    }
    if "{ghost}" and kind == "created":
        yield {
            "event_id": require_id(data, "id") + "/ghost", "ticket_id": require_id(data, "ticket"),
            "type": "{ghost}", "occurred_at": require_text(data, "at"), "actor": "agent",
        }

CONNECTOR = Connector("acme", "Acme", decode, "email", push=Push(signature=GITHUB))
"""
_SOURCES = """
[intake]
port = 0
[connectors]
folders = ["{folder}/own"]
"""
_SOURCE = """
[sources.{name}]
connector = "acme"
shadow = {shadow}
shows = ["created", "replied", "note", "resolved"]
auth = {{ secret_file = "{folder}/secret" }}
"""
EXPECTED = {
    ("normal", "first_response", "met"): 2,
    ("normal", "first_response", "breached"): 2,
    ("normal", "resolution", "breached"): 4,
}
"""Of four questions two are answered after 1 s, one after 4 s, one never; the goal is 3 s.

None is resolved within 5 s."""

WRONG_NET = {
    ("low", "first_response", "met"): 4,
    ("low", "resolution", "breached"): 4,
}
"""By a decoder that takes each answer for a note, and hears one at once that nobody gave."""


def write_decoder(folder: Path, answer: str, priority: str) -> None:
    ghost = GHOST if answer == WRONG else ""
    text = _DECODER.replace("{answer}", answer).replace("{priority}", priority)
    text = text.replace("{ghost}", ghost)
    (folder / "own" / "acme.py").write_text(text)


def write_policy(folder: Path, *, answer: str, priority: str) -> Path:
    (folder / "own").mkdir(parents=True)
    (folder / "secret").write_text(SECRET)
    write_decoder(folder, answer, priority)
    sources = (("acme", "false"), ("trial", "true"))
    tables = [_SOURCE.format(name=n, shadow=s, folder=folder) for n, s in sources]
    (folder / "desk.toml").write_text(POLICY + _SOURCES.format(folder=folder) + "".join(tables))
    return folder / "desk.toml"


def post(monitor: Monitor, source: str, act: str, ticket: str, at: int) -> None:
    said = {"id": f"{ticket}/{act}", "ticket": ticket, "act": act, "at": render_instant(at)}
    body = orjson.dumps(said)
    headers = {GITHUB.header: GITHUB.sign(Payload(body), SECRET)}
    url = f"{find_address(monitor.messages)}/in/{source}"
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def net(samples: Samples) -> Counter[tuple[str, str, str]]:
    """Return net results by priority, target and outcome, from the counters alone."""
    found: Counter[tuple[str, str, str]] = Counter()
    adds = {
        "to_met": {"met": 1, "breached": -1},
        "to_breached": {"met": -1, "breached": 1},
        "withdrawn": {"breached": -1},
    }
    for (name, labels), value in samples.items():
        said = dict(labels)
        if name == "sla_results_total":
            found[said["priority"], said["target"], said["outcome"]] += int(value)
        elif name == "sla_result_corrections_total":
            for outcome, by in adds[said["change"]].items():
                found[said["priority"], said["target"], outcome] += by * int(value)
    return Counter({key: count for key, count in found.items() if count})


def pick(samples: Samples, prefix: str) -> dict[Key, float]:
    return {key: value for key, value in samples.items() if key[0].startswith(prefix) and value}


def windows(samples: Samples) -> dict[Key, float]:
    return {key: n for key, n in pick(samples, "sla_").items() if "window_results" in key[0]}


def last_outcomes(state: Path) -> dict[tuple[str, str, int], str]:
    """Return how each cycle stands after its corrections."""
    rows = [row for row in read_verdicts(state) if row[3] != "warning"]
    found = {}
    for row in sorted(rows, key=lambda row: row[4]):
        found[row[0], row[1], row[2]] = row[3].removeprefix("to_")
    return {key: kind for key, kind in found.items() if not key[0].startswith("trial/")}


@dataclass
class Told:
    """Be what was seen: around what the shadow said, and at the end of both runs."""

    before: Samples
    after: Samples
    shadow: list[str]
    mended: Samples
    right: Samples
    mended_state: Path
    right_state: Path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Run a desk whose decoder is wrong and mended beside one that is right from the start."""
    folder = tmp_path_factory.mktemp("decoders")
    wrong = write_policy(folder / "wrong", answer=WRONG, priority="low")
    right = write_policy(folder / "right", answer=RIGHT, priority="normal")
    states = folder / "wrong-state", folder / "right-state"
    with (
        Monitor(states[0], "--policy", wrong) as one,
        Monitor(states[1], "--policy", right) as two,
    ):
        for monitor in (one, two):
            monitor.start().wait_until_ready()
        before, after, shadow = tell_the_shadow(two)
        at = wall_us()
        for monitor in (one, two):
            for ticket, after_us in (("t1", 1), ("t2", 1), ("t3", 4), ("t4", 0)):
                post(monitor, "acme", "asked", ticket, at)
                if after_us:
                    post(monitor, "acme", "answered", ticket, at + after_us * SECOND)
        one.wait_for(lambda s: net(s) == WRONG_NET, "the wrong decoder's results")
        two.wait_for(lambda s: net(s) == EXPECTED, "the breaches")
        assert one.stop() == 0, one.said()
        write_decoder(folder / "wrong", RIGHT, "normal")
        said = call("connectors", "redecode", "acme", "--state", states[0])
        assert said.exit_code == 0, said.stderr
        one.start()
        mended = one.wait_for(lambda s: net(s) == EXPECTED and windows(s), "what is right")
        yield Told(before, after, shadow, mended, two.scrape(), *states)


def tell_the_shadow(monitor: Monitor) -> tuple[Samples, Samples, list[str]]:
    """Let a shadow source's ticket breach; return the scrapes around it, and its verdicts."""
    before = monitor.scrape()
    post(monitor, "trial", "asked", "s1", wall_us())

    def verdicts() -> list[str]:
        return [row[1] for row in read_verdicts(monitor.state) if row[3] == "breached"]

    poll(lambda: len(verdicts()) == 2, "the shadow's verdicts")
    after = monitor.wait_for(
        lambda s: add_up(s, "slawatch_events_total", connector="trial", outcome="accepted") == 1,
        "the shadow's event",
    )
    return before, after, sorted(verdicts())


def test_a_shadow_source_is_judged_and_moves_no_sla_series(told: Told) -> None:
    assert told.shadow == ["first_response", "resolution"]
    moved = {key for key in told.after if key[0].startswith("sla_")} ^ {
        key for key in told.before if key[0].startswith("sla_")
    }
    assert moved == set()
    assert pick(told.after, "sla_") == pick(told.before, "sla_")


def test_after_decoding_anew_the_net_counters_are_the_right_ones(told: Told) -> None:
    assert net(told.mended) == net(told.right) == EXPECTED


def test_after_decoding_anew_the_windows_are_the_right_ones(told: Told) -> None:
    assert windows(told.mended) == windows(told.right)


def test_after_decoding_anew_the_verdicts_are_the_right_ones(told: Told) -> None:
    assert last_outcomes(told.mended_state) == last_outcomes(told.right_state)


def test_what_was_decoded_anew_pages_nobody(told: Told) -> None:
    assert add_up(told.mended, "slawatch_catching_up") == 1
    assert add_up(told.right, "slawatch_catching_up") == 0
