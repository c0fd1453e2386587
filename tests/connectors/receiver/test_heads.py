from __future__ import annotations

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.receiver.heads import PlainRequest, StrictConnection, parse_plain
from connectors.receiver.limits import Limits

LIMITS = Limits(max_header_bytes=400, max_headers=8)
LINE = b"POST /in/plain HTTP/1.1\r\nHost: a\r\n"


def read_by_h11(data: bytes) -> PlainRequest:
    """Read one whole request, on a connection that is kept, with nothing behind it, or raise."""
    connection = StrictConnection(LIMITS)
    connection.receive_data(data)
    request = connection.next_event()
    assert isinstance(request, h11.Request)
    assert request.method == b"POST"
    assert not connection.they_are_waiting_for_100_continue
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert connection.their_state is h11.DONE
    assert connection.trailing_data == (b"", False)
    path, _, query = request.target.decode().partition("?")
    headers = {name.decode(): value.decode() for name, value in request.headers}
    assert len(headers) == len(list(request.headers))
    return PlainRequest(path, query, headers, body)


LINES = st.sampled_from(
    [
        b"X-A: b",
        b"x-a: c",
        b"X_b: c  d",
        b"X-Tab: a\tb",
        b"X-Empty:",
        b"X-Empty: ",
        b"X-Tight:y",
        b"X-Late : y",
        b"X y: z",
        b"X-Cr: a\rb",
        b"X-Lf: a\nb: c",
        b"X-Nul: \x00",
        b"X-Text: \xe4",
        b"X-End: y ",
        b" folded: line",
        b"",
        b"X-Long: " + b"y" * 330,
        b"X-1: y\r\nX-2: y\r\nX-3: y\r\nX-4: y\r\nX-5: y\r\nX-6: y",
        b"Host: b",
        b"host: a",
        b"Content-Length: 2",
        b"content-length: 2, 2",
        b"Content-Length : 3",
        b"Content_Length: 3",
        b"Transfer-Encoding: chunked",
        b"transfer-encoding: gzip",
        b"Transfer_Encoding: chunked",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: Keep-Alive, close",
        b"Connection: keep-alive close",
        b"Connection: Upgrade",
        b"Upgrade: h2c",
        b"Expect: 100-continue",
        b"Expect: other",
    ]
)
FIRST = st.sampled_from(
    [
        *[b"POST /in/plain HTTP/1.1"] * 9,
        b"POST /in/plain?a=%20b HTTP/1.1",
        b"POST  /in/plain HTTP/1.1",
        b"POST http://a/in/plain HTTP/1.1",
        b"POST /in/pl%61in HTTP/1.1",
        b"POST /in/pl\xe4in HTTP/1.1",
        b"POST * HTTP/1.1",
        b"POST /in/plain HTTP/1.0",
        b"POST /in/plain HTTP/2.0",
        b"POST /in/plain",
        b"PUT /in/plain HTTP/1.1",
        b"CONNECT a:1 HTTP/1.1",
    ]
)
BODIES = st.sampled_from([b"", b"{}", b"{}\r\n\r\n", b"\xff" * 300, b"0\r\n\r\n"])
LENGTHS = st.sampled_from([b"%d"] * 9 + [b"0%d", b"+%d", b"%d ", b"%d, 1", b"0x%d", b"%d0"])
BYTES = st.integers(0, 255).map(lambda one: bytes((one,)))


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Draw requests that are plain but for a line or two, and a byte or two."""
    body = draw(BODIES)
    lines = [b"Host: a", b"Content-Length: " + draw(LENGTHS) % len(body)]
    lines = draw(st.permutations([*lines, *draw(st.lists(LINES, max_size=3))]))
    head = b"\r\n".join((draw(FIRST), *lines))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        at = draw(st.integers(0, len(head)))
        head = head[:at] + draw(BYTES) + head[at + draw(st.integers(0, 2)) :]
    return head + b"\r\n\r\n" + body + draw(st.sampled_from((b"", b"", b"", b"\r\n", b"P")))


WHOLE = (
    LINE + b"Content-Length: 2\r\n\r\n{}",
    LINE + b"content-length: 0\r\nX-A: b\r\n\r\n",
    (
        b"POST /in/plain?a=%20b HTTP/1.1\r\nContent-Length: 12\r\nX_b: c  d\r\n"
        b'Connection: keep-alive\r\nHost: desk:80\r\n\r\n{"id": "\xc3\xa4"}'
    ),
)


@settings(max_examples=2_000)
@given(requests())
@example(LINE + b"Content-Length: 2\r\n\r\n{}\r\n")
@example(LINE + b"Content-Length: 02\r\n\r\n{}")
def test_what_is_read_without_h11_is_read_the_same_by_it(data: bytes) -> None:
    request = parse_plain(data, LIMITS)
    assert request is None or request == read_by_h11(data)


@pytest.mark.parametrize("data", WHOLE)
def test_what_senders_send_is_plain(data: bytes) -> None:
    assert parse_plain(data, LIMITS) == read_by_h11(data)


def test_a_plain_request_has_its_parts() -> None:
    data = b"POST /in/a?b=c HTTP/1.1\r\nHOST: d\r\nContent-Length: 2\r\nX-E: f  g\r\n\r\n{}"
    headers = {"host": "d", "content-length": "2", "x-e": "f  g"}
    assert parse_plain(data, LIMITS) == ("/in/a", "b=c", headers, b"{}")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LINE + b"Content-Length: 2\r\n\r\n{", id="a body that is not whole"),
        pytest.param(LINE + b"Content-Length: 2\r\n\r\n{}P", id="something behind it"),
        pytest.param(LINE + b"Content-Length: 2\r\n\r\n{}\r\n", id="an empty line behind it"),
        pytest.param(LINE + b"\r\n", id="no length"),
        pytest.param(LINE + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}", id="expect"),
        pytest.param(LINE + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}", id="close"),
        pytest.param(LINE + b"Content-Length: 2\r\nUpgrade: h2c\r\n\r\n{}", id="upgrade"),
        pytest.param(LINE + b"Content-Length: 2\r\nA: b\r\na: c\r\n\r\n{}", id="a header twice"),
        pytest.param(LINE + b"Content-Length: 2\r\nA: \xe4\r\n\r\n{}", id="no ASCII"),
        pytest.param(LINE + b"Content-Length: 2\r\nA:\r\n\r\n{}", id="an empty value"),
        pytest.param(LINE.replace(b"POST", b"PUT") + b"Content-Length: 0\r\n\r\n", id="no POST"),
        pytest.param(LINE.replace(b"plain", b"pl%61in") + b"Content-Length: 0\r\n\r\n", id="%"),
        pytest.param(LINE + b"A: b\r\nC: d\r\n" * 4 + b"Content-Length: 0\r\n\r\n", id="many"),
        pytest.param(LINE + b"A: " + b"b" * 400 + b"\r\nContent-Length: 0\r\n\r\n", id="long"),
    ],
)
def test_anything_else_is_left_to_h11(data: bytes) -> None:
    assert parse_plain(data, LIMITS) is None
