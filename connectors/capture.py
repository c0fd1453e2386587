"""Capture live bodies: a small receiver for a first look, and files without persons."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from connectors.payload import Payload
from connectors.scrub import Scrubber

MAX_BODY_BYTES = 4 * 1024 * 1024
_KEPT = ("content-type", "x-", "ce-", "webhook-")


class Recorder:
    """Write deliveries as golden bodies, scrubbed, without what they decode to."""

    def __init__(self, folder: Path) -> None:
        """Take the folder and make it."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._scrubber = Scrubber()

    def write(self, payload: Payload) -> Path:
        """Write one delivery and return its body's path; nothing there is overwritten."""
        scrubbed = self._scrubber.scrub(payload)
        number = 1
        while list(self._folder.glob(f"body{number:03}.*")):
            number += 1
        path = self._folder / f"body{number:03}{_suffix(scrubbed.body)}"
        path.write_bytes(scrubbed.body)
        if scrubbed.headers or scrubbed.query:
            said = {"headers": dict(scrubbed.headers), "query": dict(scrubbed.query)}
            text = json.dumps(said, indent=2, ensure_ascii=False) + "\n"
            path.with_name(f"{path.stem}.headers.json").write_text(text, "utf-8")
        return path


def _suffix(body: bytes) -> str:
    head = body.lstrip()[:1]
    if head in (b"{", b"["):
        return ".json"
    return ".xml" if head == b"<" else ".txt"


def capture(port: int, count: int, tell: Callable[[str], None]) -> Iterator[Payload]:
    """Answer 200 to whatever is posted to this machine and yield it, until there are enough.

    It stores nothing and believes everybody: for a first look at a system, never for a desk.
    """
    found: queue.Queue[Payload] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > MAX_BODY_BYTES:
                self.send_error(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept = {name: value for name, value in headers.items() if name.startswith(_KEPT)}
            query = dict(parse_qsl(urlsplit(self.path).query))
            found.put(Payload(self.rfile.read(length), kept, query))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: what came is printed by its file."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        tell(f"http://127.0.0.1:{server.server_address[1]}/")
        try:
            for _ in range(count):
                yield found.get()
        finally:
            server.shutdown()
            thread.join()
