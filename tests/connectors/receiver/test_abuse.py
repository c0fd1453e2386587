"""What strangers do to a server: each ends by itself while others are served."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.receiver.limits import Limits
from tests.connectors.receiver.desk import QUICK, Running, receiving

LINE = b"POST /in/plain HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with receiving(tmp_path_factory.mktemp("desk"), limits=QUICK) as running:
        yield running


def read_all(client: socket.socket) -> bytes:
    """Read until the server ends the connection."""
    found = b""
    try:
        while chunk := client.recv(65_536):
            found += chunk
    except ConnectionResetError:
        pass
    return found


def drip(client: socket.socket, piece: bytes) -> None:
    """Send a piece again and again until the server ends the connection."""
    stop = threading.Event()

    def send() -> None:
        try:
            while not stop.wait(0.02):
                client.sendall(piece)
        except OSError:
            pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        read_all(client)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        pytest.param(b"", b"P", id="no request line"),
        pytest.param(LINE, b"X-Slow: 1\r\n", id="headers that do not end"),
        pytest.param(LINE + b"Content-Length: 900000\r\n\r\n", b"x", id="a slow body"),
        pytest.param(LINE + b"Content-Length: 1000000000\r\n\r\n", b"x", id="a gigabyte"),
        pytest.param(
            LINE + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", id="endless chunks"
        ),
        pytest.param(
            LINE + b"Transfer-Encoding: chunked\r\n\r\n", b"0", id="a chunk's endless size"
        ),
        pytest.param(
            LINE + b"Content-Length: 2\r\n\r\n{}", b"P", id="a second request that is slow"
        ),
    ],
)
def test_a_sender_who_does_not_end_is_ended(running: Running, first: bytes, piece: bytes) -> None:
    with running.connect() as client:
        client.sendall(first)
        drip(client, piece)
    assert running.send().status == 200


def test_a_client_that_says_nothing_is_ended(running: Running) -> None:
    with running.connect() as client:
        assert read_all(client).startswith(b"HTTP/1.1 408")


def test_a_connection_that_is_kept_is_ended_when_idle(running: Running) -> None:
    with running.connect() as client:
        client.sendall(LINE + b"Content-Length: 2\r\n\r\n{}")
        assert read_all(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(
            LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="length and chunks",
        ),
        pytest.param(
            LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            400,
            id="chunks and length",
        ),
        pytest.param(
            LINE + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, id="the length twice"
        ),
        pytest.param(
            LINE + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, id="two lengths"
        ),
        pytest.param(LINE + b"Content-Length: 2, 2\r\n\r\n{}", 400, id="two lengths in a line"),
        pytest.param(LINE + b"Content-Length: +2\r\n\r\n{}", 400, id="a sign"),
        pytest.param(LINE + b"Content-Length: -2\r\n\r\n{}", 400, id="a length below 0"),
        pytest.param(LINE + b"Content-Length: 0x2\r\n\r\n{}", 400, id="hexadecimal"),
        pytest.param(
            LINE + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n", 400, id="an endless number"
        ),
        pytest.param(
            LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501, id="a coding nobody knows"
        ),
        pytest.param(
            LINE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            501,
            id="chunks twice",
        ),
        pytest.param(
            b"POST /in/plain HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            id="chunks in HTTP/1.0",
        ),
        pytest.param(LINE + b"X: a\r\n Content-Length: 5\r\n\r\n", 400, id="a folded line"),
        pytest.param(
            b"POST /in/plain HTTP/1.1\nHost: a\nContent-Length: 2\n\n{}", 400, id="bare LF"
        ),
        pytest.param(LINE + b"Content-Length : 2\r\n\r\n{}", 400, id="a space before the colon"),
        pytest.param(LINE + b"Host: b\r\n\r\n", 400, id="two hosts"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", 400, id="TLS where none is"),
        pytest.param(LINE + b"X: y\r\n" * 5_000 + b"\r\n", 431, id="5,000 headers"),
        pytest.param(LINE + b"X: y\r\n" * 120 + b"\r\n", 431, id="120 headers"),
        pytest.param(LINE + b"X: " + b"y" * 100_000 + b"\r\n\r\n", 431, id="a long header"),
        pytest.param(LINE + b"Content-Length: 1000000000\r\n\r\n", 413, id="a gigabyte"),
    ],
)
def test_a_request_that_could_be_read_in_two_ways_or_is_a_flood_is_refused(
    running: Running, request_bytes: bytes, status: int
) -> None:
    before = len(running.records())
    with running.connect() as client:
        client.sendall(request_bytes)
        assert read_all(client).startswith(b"HTTP/1.1 %d" % status)
    assert len(running.records()) == before


def test_what_is_smuggled_behind_a_request_is_not_read(running: Running) -> None:
    inner = b"POST /in/plain HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nsmuggled"
    outer = LINE + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    with running.connect() as client:
        client.sendall(outer % (len(inner) + 5) + inner)
        assert read_all(client).count(b"HTTP/1.1") == 1
    assert all(record.body != b"smuggled" for record in running.records())


def test_a_chunk_that_is_broken_ends_the_connection(running: Running) -> None:
    with running.connect() as client:
        client.sendall(LINE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert read_all(client).startswith(b"HTTP/1.1 400")


def test_requests_behind_one_another_on_one_connection_are_answered(running: Running) -> None:
    with running.connect() as client:
        client.sendall((LINE + b"Content-Length: 2\r\n\r\n{}") * 3)
        assert read_all(client).count(b"HTTP/1.1 200") == 3


def test_a_request_that_comes_before_the_answer_to_another_is_answered_after_it(
    tmp_path: Path,
) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go.wait(10)

    with receiving(tmp_path, before_commit=hold) as running, running.connect() as client:
        client.sendall(LINE + b"Content-Length: 1\r\n\r\n1")
        assert begun.wait(10)
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        go.set()
        answers = read_all(client)
    assert answers.count(b"HTTP/1.1 200") == 2
    assert answers.index(b"success") < answers.index(b"ok\n")


def test_what_is_under_way_when_the_receiver_stops_is_answered(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go.wait(10)

    def go_once_closed(address: tuple[str, int]) -> None:
        with suppress(OSError):
            while True:
                socket.create_connection(address, 10).close()
        go.set()

    with ExitStack() as stack:
        running = stack.enter_context(receiving(tmp_path, before_commit=hold))
        client = running.connect()
        client.sendall(LINE + b"Content-Length: 2\r\n\r\n{}")
        assert begun.wait(10)
        waiting = threading.Thread(target=go_once_closed, args=(running.address,))
        waiting.start()
    waiting.join()
    with client:
        assert read_all(client).startswith(b"HTTP/1.1 200")


def test_a_sender_who_leaves_is_counted(running: Running) -> None:
    before = running.count("incomplete")
    with running.connect() as client:
        client.sendall(LINE + b"Content-Length: 9\r\n\r\n{")
    running.wait_for(lambda: running.count("incomplete") == before + 1)


BIG = b"x" * 2_000_000


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(LINE + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n", 400, id="refused"),
        pytest.param(LINE + b"Content-Length: 2000000\r\nConnection: close\r\n\r\n", 413, id="big"),
    ],
)
def test_a_sender_who_still_writes_sees_the_early_answer_and_no_reset(
    running: Running, head: bytes, status: int
) -> None:
    with running.connect() as client:
        client.sendall(head)
        answer = client.recv(100)
        client.sendall(BIG)
        client.shutdown(socket.SHUT_WR)
        while chunk := client.recv(65_536):  # a reset would be raised
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 %d" % status)


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Running]:
    limits = Limits(connections=5, header_seconds=60, idle_seconds=60, body_seconds=60)
    with receiving(tmp_path, limits=replace(limits, linger_seconds=60)) as running:
        yield running


@contextmanager
def held(running: Running, first: bytes) -> Iterator[list[socket.socket]]:
    """Open as many connections as there may be."""
    with ExitStack() as stack:
        clients = [stack.enter_context(running.connect()) for _ in range(5)]
        for client in clients:
            client.sendall(first)
        yield clients


def test_a_crowd_that_asks_for_nothing_makes_room_for_who_does(crowded: Running) -> None:
    with held(crowded, b"POST"):
        assert crowded.send().status == 200


SLOW = LINE + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"


@contextmanager
def full(running: Running) -> Iterator[list[socket.socket]]:
    """Let as many requests be under way as there may be."""
    with held(running, SLOW) as clients:
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 100")
        yield clients


def test_more_requests_than_may_be_under_way_are_503(crowded: Running) -> None:
    with full(crowded) as clients:
        assert crowded.send().status == 503
        clients[0].sendall(b"{}")
        assert clients[0].recv(100).startswith(b"HTTP/1.1 200")
        assert crowded.send().status == 200


def test_who_is_told_that_there_is_no_room_takes_none_and_is_bounded_too(crowded: Running) -> None:
    with full(crowded) as clients, held(crowded, b"") as refused:
        for client in refused:
            assert client.recv(100).startswith(b"HTTP/1.1 503")
        with crowded.connect() as more:
            assert read_all(more) == b""
        clients[0].sendall(b"{}")
        assert clients[0].recv(100).startswith(b"HTTP/1.1 200")
        refused[0].close()
        crowded.wait_for(lambda: crowded.send().status == 200)
