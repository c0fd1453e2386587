from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from connectors.connector import Push
from connectors.payload import Payload, unpack_payload
from connectors.rate import RateLimit
from connectors.receiver.limits import Limits
from tests.connectors.receiver.desk import (
    HELLO,
    HELLO_SIGNED,
    ODD,
    PLAIN,
    SEALED,
    SECRET,
    SIGNED,
    Running,
    build_inlet,
    receiving,
)


@pytest.fixture
def secret(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    return {"secret_file": str(path)}


@pytest.fixture(params=[{}, ODD], ids=["plain", "odd"])
def headers(request: pytest.FixtureRequest) -> dict[str, str]:
    """Let a delivery be read on either way: each is judged the same."""
    return dict(request.param)


@pytest.fixture
def running(tmp_path: Path, headers: dict[str, str]) -> Iterator[Running]:
    with receiving(tmp_path) as running:
        running.more_headers = headers
        yield running


@pytest.fixture
def signed(tmp_path: Path, secret: dict[str, str], headers: dict[str, str]) -> Iterator[Running]:
    with receiving(tmp_path, build_inlet(SIGNED, secret)) as running:
        running.more_headers = headers
        yield running


def test_a_delivery_is_stored_and_then_acknowledged(running: Running) -> None:
    answer = running.send(body=b'{"event_id": "1"}')
    assert (answer.status, answer.body) == (200, b"success")
    assert [(r.source, r.body) for r in running.records()] == [("plain", b'{"event_id": "1"}')]
    assert running.count("accepted") == 1


def test_an_acknowledgement_waits_for_the_commit(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go.wait(10)

    with receiving(tmp_path, before_commit=hold) as running, running.connect() as client:
        client.sendall(b"POST /in/plain HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        assert begun.wait(10)
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        go.set()
        client.settimeout(10)
        assert client.recv(100).startswith(b"HTTP/1.1 200")


def test_a_delivery_that_comes_again_is_acknowledged_and_stored_once(running: Running) -> None:
    for _ in range(2):
        assert running.send(headers={"X-Delivery": "d1"}).status == 200
    assert len(running.records()) == 1
    assert (running.count("accepted"), running.count("duplicate")) == (1, 1)


def test_two_deliveries_with_one_body_and_two_keys_are_two(running: Running) -> None:
    for key in ("d1", "d2"):
        running.send(headers={"X-Delivery": key})
    assert len(running.records()) == 2


def test_what_no_decoder_could_read_is_acknowledged(running: Running) -> None:
    assert running.send(body=b"\xff not json").status == 200
    assert [record.body for record in running.records()] == [b"\xff not json"]


def test_headers_and_query_that_the_decoder_needs_are_kept_and_no_others(running: Running) -> None:
    running.send("/in/plain?part=a&other=b", b"{}", {"X-Kind": "k", "Authorization": "Bearer t"})
    kept = unpack_payload(running.records()[0].body)
    assert kept == Payload(b"{}", {"x-kind": "k"}, {"part": "a"})


def test_an_unknown_source_is_404_with_a_sentence(running: Running) -> None:
    answer = running.send("/in/nobody")
    assert answer.status == 404
    assert answer.body == b"no source of this name is received here: see [sources.NAME.auth]\n"


@pytest.mark.parametrize("path", ["/", "/in", "/in/", "/in/plain/more", "/metrics"])
def test_other_addresses_are_404_and_lead_nowhere(running: Running, path: str) -> None:
    assert running.send(path, None, method="GET").status == 404


def test_a_slash_at_the_end_is_no_redirection(running: Running) -> None:
    assert running.send("/in/plain/").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD"])
def test_a_method_that_a_source_does_not_use_is_405(running: Running, method: str) -> None:
    answer = running.send(method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


def test_a_real_signature_is_believed(signed: Running) -> None:
    assert signed.send("/in/signed", HELLO, HELLO_SIGNED).status == 200
    assert signed.count("accepted", "signed") == 1


@pytest.mark.parametrize(
    ("body", "proof", "outcome"),
    [
        pytest.param(HELLO + b"!", HELLO_SIGNED, "auth_wrong", id="another body"),
        pytest.param(HELLO, {}, "auth_missing", id="no signature"),
    ],
)
def test_a_bad_signature_is_401_counted_and_not_stored(
    signed: Running, body: bytes, proof: dict[str, str], outcome: str
) -> None:
    assert signed.send("/in/signed", body, proof).status == 401
    assert signed.records() == []
    assert signed.count(outcome, "signed") == 1


def test_a_wrong_token_is_refused_before_the_body_is_read(
    tmp_path: Path, secret: dict[str, str]
) -> None:
    inlet = build_inlet(PLAIN, {"scheme": "bearer", **secret})
    with receiving(tmp_path, inlet) as running, running.connect() as client:
        client.sendall(
            b"POST /in/plain HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
            b"Authorization: Bearer wrong\r\n\r\n"
        )
        assert client.recv(100).startswith(b"HTTP/1.1 401")


def test_a_right_token_is_believed(tmp_path: Path, secret: dict[str, str]) -> None:
    inlet = build_inlet(PLAIN, {"scheme": "bearer", **secret})
    with receiving(tmp_path, inlet) as running:
        assert running.send(headers={"Authorization": f"Bearer {SECRET}"}).status == 200


def test_a_secret_is_rotated_while_the_receiver_runs(
    signed: Running, secret: dict[str, str]
) -> None:
    path = Path(secret["secret_file"])
    path.write_text("another one\n")
    signed.wait_for(lambda: signed.send("/in/signed", HELLO, HELLO_SIGNED).status == 401)
    path.write_text(f"another one\n{SECRET}\n")
    signed.wait_for(lambda: signed.send("/in/signed", HELLO, HELLO_SIGNED).status == 200)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["by its length", "in chunks"])
def test_a_body_that_is_too_large_is_413(tmp_path: Path, *, is_chunked: bool) -> None:
    body = b"x" * 1_001
    with receiving(tmp_path, limits=Limits(max_body=1_000)) as running:
        assert running.send(body=iter([body]) if is_chunked else body).status == 413
        assert running.send(body=body[:1_000]).status == 200
        assert running.count("too_large") == 1


def test_deliveries_over_the_rate_are_429_and_say_when(tmp_path: Path) -> None:
    clock = [0.0]
    inlet = build_inlet(rate=RateLimit(2, 60, lambda: clock[0]))
    with receiving(tmp_path, inlet) as running:
        answers = [running.send(body=b"%d" % number) for number in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["retry-after"] == "30"
        clock[0] = 30.0
        assert running.send(body=b"3").status == 200
        assert running.count("rate_limited") == 1


def test_a_store_that_fails_is_503_until_it_works_again(tmp_path: Path) -> None:
    failures = [sqlite3.OperationalError("disk I/O error")]

    def fail() -> None:
        if failures:
            raise failures.pop()

    with receiving(tmp_path, before_commit=fail) as running:
        answer = running.send()
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
        assert running.send().status == 200
        assert (running.count("unavailable"), running.count("accepted")) == (1, 1)


def test_a_full_disk_is_503_until_there_is_room(tmp_path: Path) -> None:
    with receiving(tmp_path) as running:
        writer = running.log._writer
        size = writer.execute("PRAGMA page_count").fetchone()[0]
        writer.execute(f"PRAGMA max_page_count = {size}")
        assert running.send(body=b"x" * 50_000).status == 503
        writer.execute(f"PRAGMA max_page_count = {size + 1_000}")
        assert running.send(body=b"x" * 50_000).status == 200
        assert len(running.records()) == 1


def test_a_flow_that_stands_still_is_503_until_it_reads_again(tmp_path: Path) -> None:
    with receiving(tmp_path, max_backlog=2) as running:
        answers = [running.send(body=b"%d" % number) for number in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 503]
        assert answers[-1].headers["retry-after"] == "10"
        running.log.note_read(2)
        running.wait_for(lambda: running.send(body=b"2").status == 200)


def test_a_commit_that_takes_too_long_is_503_and_comes_again_harmlessly(tmp_path: Path) -> None:
    go = threading.Event()
    limits = Limits(append_seconds=0.05)
    with receiving(tmp_path, limits=limits, before_commit=lambda: go.wait(10)) as running:
        assert running.send().status == 503
        go.set()
        running.wait_for(lambda: running.send().status == 200)
        assert len(running.records()) == 1


def test_bodies_that_are_sent_at_once_share_a_limit(tmp_path: Path) -> None:
    limits = replace(Limits(), held_bytes=1_000)
    with receiving(tmp_path, limits=limits) as running, running.connect() as client:
        client.sendall(b"POST /in/plain HTTP/1.1\r\nHost: a\r\nContent-Length: 901\r\n\r\n")
        client.sendall(b"x" * 900)
        running.wait_for(lambda: running.send(body=b"y" * 200).status == 503)
        client.sendall(b"x")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        assert running.send(body=b"y" * 200).status == 200


def test_a_handshake_is_answered_and_not_stored(running: Running) -> None:
    answer = running.send("/in/plain?challenge=abc", None, method="GET")
    assert (answer.status, answer.body) == (200, b"abc")
    assert (running.records(), running.count("handshake")) == ([], 1)


@pytest.mark.parametrize("query", ["", "?broken=1"])
def test_a_question_that_is_no_handshake_is_400(running: Running, query: str) -> None:
    assert running.send(f"/in/plain{query}", None, method="GET").status == 400
    assert running.count("malformed") == 1


def test_a_handshake_needs_no_token(tmp_path: Path, secret: dict[str, str]) -> None:
    inlet = build_inlet(PLAIN, {"scheme": "bearer", **secret})
    with receiving(tmp_path, inlet) as running:
        assert running.send("/in/plain?challenge=abc", None, method="GET").body == b"abc"
        assert running.send("/in/plain?challenge=abc").status == 401


def test_who_fetches_is_poked_by_what_is_stored(tmp_path: Path) -> None:
    pokes: list[Payload] = []
    with receiving(tmp_path, build_inlet(SEALED)) as running:
        running.receiver.pokes["sealed"] = pokes.append
        running.send("/in/sealed", b"sealed:{}")
    assert pokes == [Payload(b"{}")]


def test_a_mistake_of_ours_is_500_and_the_next_is_served(running: Running) -> None:
    def fail(_: Payload) -> NoReturn:
        raise ValueError("private")

    running.receiver.pokes["plain"] = fail
    answer = running.send()
    assert (answer.status, answer.body) == (500, b"Internal Server Error")
    running.receiver.pokes.clear()
    assert running.send(body=b"2").status == 200


def test_what_is_enciphered_is_opened_before_it_is_stored(tmp_path: Path) -> None:
    with receiving(tmp_path, build_inlet(SEALED)) as running:
        assert running.send("/in/sealed", b"sealed:{}").status == 200
        assert [record.body for record in running.records()] == [b"{}"]


def test_what_cannot_be_opened_is_stored_as_it_came_and_acknowledged(tmp_path: Path) -> None:
    with receiving(tmp_path, build_inlet(SEALED)) as running:
        assert running.send("/in/sealed", b"open").status == 200
        assert [record.body for record in running.records()] == [b"open"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connector_that_breaks_loses_nothing_and_tells_no_body(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    def fail(*arguments: object) -> NoReturn:
        raise ValueError(f"private: {arguments}")

    shake = fail if method == "GET" else None
    push = Push(handshake=shake, unwrap=fail, methods=(method,))
    broken = replace(PLAIN, dedup_key=fail, push=push)
    with receiving(tmp_path, build_inlet(broken)) as running:
        assert running.send(method=method).status == (400 if method == "GET" else 200)
    assert "error=ValueError" in caplog.text
    assert "private" not in caplog.text


def test_a_compressed_body_is_415(running: Running) -> None:
    assert running.send(headers={"Content-Encoding": "gzip"}).status == 415


def test_it_answers_under_the_path_of_its_public_address(tmp_path: Path) -> None:
    with receiving(tmp_path, public_url="https://desk.example/hooks/") as running:
        assert running.send("/hooks/in/plain", b"1").status == 200
        assert running.send("/in/plain", b"2").status == 200


def test_a_signature_over_the_address_is_over_the_public_one(
    tmp_path: Path, secret: dict[str, str]
) -> None:
    table = {
        "scheme": "signature",
        "header": "X-Signature",
        "template": "{url}",
        "prefix": "sha256=",
        **secret,
    }
    url = "https://desk.example/hooks/in/plain?a=1"

    said = "sha256=" + hmac.new(SECRET.encode(), url.encode(), hashlib.sha256).hexdigest()
    with receiving(
        tmp_path, build_inlet(PLAIN, table), public_url="https://desk.example/hooks"
    ) as running:
        assert running.send("/in/plain?a=1", b"{}", {"X-Signature": said}).status == 200
        assert running.send("/in/plain?a=2", b"{}", {"X-Signature": said}).status == 401


def test_health_is_told_to_anybody(running: Running) -> None:
    assert running.send("/healthz", None, method="GET").status == 200


def test_alone_it_serves_its_own_metrics(tmp_path: Path) -> None:
    with receiving(tmp_path, is_alone=True) as running:
        running.send()
        body = running.send("/metrics", None, method="GET").body.decode()
    name = "slawatch_intake_requests_total"
    assert f'{name}{{connector="plain",outcome="accepted"}} 1.0' in body
    assert f'{name}{{connector="plain",outcome="auth_wrong"}} 0.0' in body
