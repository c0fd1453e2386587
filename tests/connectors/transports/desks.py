"""A desk's HTTP API on a free port: answers that the test lays down, requests that it can see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True)
class Answer:
    """Be one answer."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """Be what was asked."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: object = None


Respond = Callable[[Asked], Answer]


@contextmanager
def serve(respond: Respond) -> Iterator[tuple[str, list[Asked]]]:
    """Serve until the block ends; give the address and the growing list of what was asked."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.do_GET(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self, said: object = None) -> None:
            parts = urlsplit(self.path)
            headers = {key.lower(): value for key, value in self.headers.items()}
            one = Asked(parts.path, dict(parse_qsl(parts.query)), headers, said)
            asked.append(one)
            answer = respond(one)
            body = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
