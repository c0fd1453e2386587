"""A small HTTP server that speaks WeCom's documented API: tokens, cursors, pages, errcodes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "corp-secret"  # noqa: S105 - of this server alone


@dataclass
class Desk:
    """Be the messages of the accounts, and what was asked."""

    messages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    page: int = 2
    access: int = 0
    ended: set[str] = field(default_factory=set)
    errcodes: list[int] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    def add(self, account: str, *ids: str) -> None:
        for one in ids:
            said = {"msgid": one, "open_kfid": account, "external_userid": "wm1", "origin": 3}
            self.messages.setdefault(account, []).append(
                {**said, "send_time": 1, "msgtype": "text"}
            )

    def give_token(self, secret: str) -> dict[str, Any]:
        if secret != SECRET:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        self.access += 1
        return {"errcode": 0, "access_token": f"access-{self.access}", "expires_in": 7200}

    def sync(self, access: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        if access in self.ended:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        if asked.get("token") == "ended":
            return {"errcode": 95007, "errmsg": "invalid msg token"}
        if self.errcodes:
            return {"errcode": self.errcodes.pop(0), "errmsg": "told to fail"}
        start = int(asked.get("cursor") or 0)
        found = self.messages.get(asked["open_kfid"], [])
        end = min(start + self.page, len(found))
        more = int(end < len(found))
        return {
            "errcode": 0,
            "errmsg": "ok",
            "next_cursor": str(end),
            "has_more": more,
            "msg_list": found[start:end],
        }


@contextmanager
def serve_wecom() -> Iterator[Desk]:
    desk = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self._answer(desk.give_token(query["corpsecret"][0]))

        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(desk.sync(query["access_token"][0], json.loads(body)))

        def _answer(self, data: dict[str, Any]) -> None:
            body = json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        desk.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield desk
        finally:
            server.shutdown()
            thread.join()
