from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.capture import capture
from connectors.intake import Pending
from connectors.log_sqlite import FILE_NAME, SqliteLog
from connectors.payload import Payload, pack_payload
from connectors.registry import load_registry
from connectors.signature import Signature
from connectors.wall import WallClock
from tests.cli.commands import call, errors, is_told, read_json
from tests.connectors.kit.acme import BODIES, SOURCE, write_acme

SECRET = "shared"  # noqa: S105 - of this test alone
CONFIG = '[connectors]\nfolders = "{folder}"\n[sources.acme]\nauth.scheme = "none"\n'


def store(state: Path, *bodies: dict[str, object]) -> Path:
    """Store deliveries as the receiver does."""
    state.mkdir()
    with SqliteLog(state / FILE_NAME, WallClock()) as log:
        rows = [
            Pending("acme", str(n), pack_payload(Payload(json.dumps(body).encode())))
            for n, body in enumerate(bodies)
        ]
        log.append([*rows, Pending("other", "x", b"{}")])
    return state


@contextmanager
def captured() -> Iterator[tuple[str, list[Payload]]]:
    """Take one delivery in another thread: its address, and what came once it has."""
    addresses: queue.Queue[str] = queue.Queue()
    found: list[Payload] = []
    taker = threading.Thread(target=lambda: found.extend(capture(0, 1, addresses.put)), daemon=True)
    taker.start()
    yield addresses.get(timeout=30), found
    taker.join(10)


def configure(folder: Path) -> Path:
    own = write_acme(folder / "own")
    path = folder / "desk.toml"
    path.write_text(CONFIG.format(folder=own), "utf-8")
    return path


def test_the_list_has_those_built_in_and_those_of_a_folder(tmp_path: Path) -> None:
    rows = read_json(call("connectors", "list", "--folder", write_acme(tmp_path), "--json"))
    found = {row["name"]: row for row in rows}
    assert found["acme"] == {
        "name": "acme",
        "origin": str(tmp_path),
        "title": "Acme Desk",
        "heard_by": ["push"],
        "acts": ["created", "replied", "resolved"],
        "tier": "gold",
        "error": "",
    }
    assert set(load_registry().names()) <= found.keys()


def test_a_connector_that_cannot_be_loaded_hides_nobody(tmp_path: Path) -> None:
    write_acme(tmp_path)
    (tmp_path / "bad.py").write_text("CONNECTOR = 1 / 0\n", "utf-8")
    rows = read_json(call("connectors", "list", "--folder", tmp_path, "--json"))
    found = {row["name"]: row for row in rows}
    assert "ZeroDivisionError" in found["bad"]["error"]
    assert found["acme"]["tier"] == "gold"


def test_a_right_connector_is_checked_green(tmp_path: Path) -> None:
    result = call("connectors", "check", "acme", "--folder", write_acme(tmp_path))
    assert result.exit_code == 0
    assert "ok no-dead-clocks" in result.stdout
    assert result.stderr == "acme: gold\n"


def test_a_wrong_one_is_told_with_reason_and_cure(tmp_path: Path) -> None:
    folder = write_acme(tmp_path, SOURCE.replace('"solved": "resolved"', '"solved": "closed"'))
    result = call("connectors", "check", "acme", "--folder", folder)
    assert result.exit_code == 1
    assert "no golden-events (bronze)" in result.stdout
    assert "solved: event 1: type: gave 'closed', expected 'resolved'" in result.stdout
    assert "cure: read the body beside" in result.stdout


def test_less_may_be_asked_for(tmp_path: Path) -> None:
    folder = write_acme(tmp_path, without=("viewed",))
    arguments = ("connectors", "check", "acme", "--folder", folder, "--tier")
    assert call(*arguments, "bronze").exit_code == 0
    assert call(*arguments, "silver").exit_code == 1
    assert is_told(call(*arguments, "platinum"))


def test_any_bodies_get_a_line_each(tmp_path: Path) -> None:
    folder = write_acme(tmp_path / "own")
    bodies = tmp_path / "bodies" / "inner"
    bodies.mkdir(parents=True)
    (bodies / "a.json").write_text(json.dumps(BODIES["solved"]), "utf-8")
    (bodies / "b.json").write_text("[]", "utf-8")
    (bodies / "c.json").write_text(json.dumps(BODIES["viewed"]), "utf-8")
    result = call(
        "connectors", "check", "acme", "--folder", folder, "--bodies", tmp_path / "bodies"
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "inner/a.json: 1 resolved",
        "inner/b.json: rejected bad_type: the body must be an object, got []",
        "inner/c.json: no events",
    ]


def test_a_file_of_several_bodies_gets_a_line_for_each(tmp_path: Path) -> None:
    folder = write_acme(tmp_path / "own")
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    said = {"end": BODIES["solved"], "look": BODIES["viewed"], "odd": {"act": "solved"}}
    (bodies / "all.json").write_text(json.dumps(said), "utf-8")
    (bodies / "parts.json").write_text('{"a": {"act": "solved"}}', "utf-8")
    result = call("connectors", "check", "acme", "--folder", folder, "--bodies", bodies)
    assert result.exit_code == 0
    missing = "rejected missing_key: 'case.number' is required: an id (text or integer)"
    assert result.stdout.splitlines() == [
        "all.json#end: 1 resolved",
        "all.json#look: no events",
        f"all.json#odd: {missing}",
        "parts.json: no events; in no golden body: a (object), a.act (text)",
    ]


def test_a_captured_http_message_is_its_body_with_its_headers(tmp_path: Path) -> None:
    kind = "Content-Type: multipart/form-data; boundary=b\r\n"
    field = "--b\r\nContent-Disposition: form-data; name="
    mail = f'{field}"From"\r\n\r\nj@client.example\r\n{field}"Date"\r\n\r\n'
    text = f"{mail}Tue, 3 Mar 2026 10:00:00 +0100\r\n--b--\r\n"
    for name, first in (("a", "POST /in/email HTTP/1.1"), ("b", "HTTP/1.1 200 OK")):
        capture = f"{first}\r\nHost: desk.example\r\n{kind}\r\n{text}"
        (tmp_path / f"{name}.txt").write_bytes(capture.encode())
    result = call("connectors", "check", "email", "--bodies", tmp_path, "--fuzz", 0)
    assert [line.partition(";")[0] for line in result.stdout.splitlines()] == [
        "a.txt: 1 created",
        "b.txt: 1 created",
    ]


def test_a_body_that_breaks_the_decoder_is_told_and_the_others_too(tmp_path: Path) -> None:
    folder = write_acme(tmp_path, SOURCE.replace('require_id(data, "case.number")', 'data["no"]'))
    golden = folder / "golden" / "acme"
    result = call(
        "connectors", "check", "acme", "--folder", folder, "--bodies", golden, "--fuzz", 0
    )
    assert result.exit_code == 1
    assert "solved.json: BROKEN KeyError: 'no' at acme.py:15" in result.stdout
    assert "viewed.json: no events" in result.stdout


def test_a_folder_without_bodies_is_told(tmp_path: Path) -> None:
    folder = write_acme(tmp_path / "own")
    (tmp_path / "empty").mkdir()
    result = call("connectors", "check", "acme", "--folder", folder, "--bodies", tmp_path / "empty")
    assert is_told(result)
    assert errors(result) == [f"there are no bodies in '{tmp_path / 'empty'}'"]


def test_bodies_of_the_log_are_recorded_without_persons(tmp_path: Path) -> None:
    state = store(tmp_path / "state", BODIES["opened"], BODIES["answered"])
    into = tmp_path / "bodies"
    result = call("connectors", "record", "acme", "--into", into, "--state", state, "--count", 1)
    assert result.stdout.split() == [str(into / "body001.json")]
    assert json.loads((into / "body001.json").read_text("utf-8"))["step"] == 3
    assert "ada@" not in (into / "body001.json").read_text("utf-8")


def test_a_source_that_the_log_does_not_have_is_told(tmp_path: Path) -> None:
    state = store(tmp_path / "state")
    result = call("connectors", "record", "acme", "--into", tmp_path / "b", "--state", state)
    assert is_told(result)


def test_a_delivery_is_watched_with_its_events_and_clocks(tmp_path: Path) -> None:
    policy = configure(tmp_path)
    state = store(tmp_path / "state", BODIES["opened"], BODIES["answered"])
    result = call(
        *("connectors", "watch", "acme", "--policy", policy, "--state", state),
        *("--last", 2, "--count", 2, "--json"),
    )
    first, second = map(json.loads, result.stdout.splitlines())
    assert [event["type"] for event in (*first["events"], *second["events"])] == [
        "created",
        "replied",
    ]
    clocks = {clock["target"]: clock["state"] for clock in second["clocks"]}
    assert clocks["first_response"] == "met"
    assert "ada@" not in result.stdout
    assert "4915112345678" not in first["events"][0]["ticket"]


def test_what_is_refused_is_watched_with_its_reason(tmp_path: Path) -> None:
    policy = configure(tmp_path)
    state = store(tmp_path / "state", {"act": "opened"})
    result = call(
        *("connectors", "watch", "acme", "--policy", policy, "--state", state),
        *("--last", 1, "--count", 1),
    )
    assert "reject missing_key: 'case.number' is required" in result.stdout


def test_a_body_is_signed_and_sent(tmp_path: Path) -> None:
    folder = write_acme(tmp_path)
    secret = tmp_path / "secret"
    secret.write_text(SECRET, "utf-8")
    body = folder / "golden" / "acme" / "solved.json"
    with captured() as (address, found):
        arguments = ("--url", address, "--secret-file", secret, "--folder", folder)
        result = call("connectors", "send", "acme", body, *arguments)
    (payload,) = found
    signature = Signature("x-acme-signature", "{timestamp}.{body}", timestamp_header="x-acme-time")
    now = float(payload.headers["x-acme-time"])
    assert signature.find_fault(payload, [SECRET], now) == ""
    assert (payload.body, result.stdout) == (body.read_bytes(), "200 OK\n")


def test_a_receiver_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = write_acme(tmp_path)
    body = folder / "golden" / "acme" / "solved.json"
    url = "http://127.0.0.1:9/in/acme"
    result = call("connectors", "send", "acme", body, "--url", url, "--folder", folder)
    assert is_told(result, 1)
    assert "does not answer" in result.stderr


def test_bodies_are_told_what_no_golden_body_has(tmp_path: Path) -> None:
    golden = Path("connectors/systems/golden/zendesk/created.json")
    body = json.loads(golden.read_bytes())
    body["detail"]["mood"] = "a secret"
    (tmp_path / "one.json").write_text(json.dumps(body))
    result = call("connectors", "check", "zendesk", "--bodies", tmp_path, "--fuzz", 0)
    assert result.stdout == "one.json: 1 created; in no golden body: detail.mood (text)\n"
