"""A server that keeps what Grafana's HTTP API keeps of folders, boards, playlists and notes.

It stands in for Grafana because none can be installed where these tests run: neither Debian nor
PyPI nor npm carries its server. Paths, bodies and answers follow Grafana's API reference.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
Answer = tuple[int, Any]
NEW_PLAYLISTS = "/apis/playlist.grafana.app/v1/namespaces/default/playlists"
NOT_FOUND: Answer = (404, {"message": "not found"})


class StandIn:
    """Be the state, and what was written, in order."""

    def __init__(self, token: str = "", *, is_new: bool = False) -> None:
        """Start empty. A new one has playlists below /apis alone, as Grafana 13."""
        self.token = token
        self.is_new = is_new
        self.folders: dict[str, Json] = {}
        self.boards: dict[str, Json] = {}
        self.playlists: dict[str, Json] = {}
        self.preferences: Json = {"theme": "dark", "homeDashboardUID": ""}
        self.notes: list[Json] = []
        self.writes: list[tuple[str, str]] = []
        self.url = ""

    def answer(self, method: str, target: str, body: Json, token: str) -> Answer:
        """Answer one request."""
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if path == "/api/health":
            return 200, {"database": "ok", "version": "12.2.0"}
        if token != self.token:
            return 401, {"message": "Invalid API key"}
        if method != "GET":
            self.writes.append((method, path))
        if path.startswith(NEW_PLAYLISTS):
            return self._new_playlist(method, path.removeprefix(NEW_PLAYLISTS).strip("/"), body)
        place, _, name = path.removeprefix("/api/").partition("/")
        if place == "annotations":
            return self._note(method, name, body, query)
        handle = {
            "folders": self._folder,
            "dashboards": self._board,
            "playlists": self._playlist,
            "org": self._preferences,
        }.get(place)
        return handle(method, name, body) if handle else NOT_FOUND

    def _folder(self, method: str, uid: str, body: Json) -> Answer:
        if method == "POST":
            self.folders[body["uid"]] = body
            return 200, body
        return (200, self.folders[uid]) if uid in self.folders else NOT_FOUND

    def _board(self, method: str, name: str, body: Json) -> Answer:
        uid = name.removeprefix("uid/")
        if method == "GET":
            return (200, self.boards[uid]) if uid in self.boards else NOT_FOUND
        board = body["dashboard"]
        known = self.boards.get(board["uid"])
        if known is not None and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else"}
        if body["folderUid"] not in self.folders:
            return 400, {"message": "folder not found"}
        version = known["dashboard"]["version"] + 1 if known else 1
        self.boards[board["uid"]] = {
            "dashboard": {**board, "id": len(self.boards) + 1, "version": version},
            "meta": {"folderUid": body["folderUid"], "provisioned": False, "slug": "x"},
        }
        return 200, {"uid": board["uid"], "status": "success", "version": version}

    def _playlist(self, method: str, uid: str, body: Json) -> Answer:
        if self.is_new:
            return NOT_FOUND
        if method == "POST":
            uid = f"p{len(self.playlists) + 1}"
        if method != "GET":
            self.playlists[uid] = {**body, "uid": uid, "id": 7}
            return 200, self.playlists[uid]
        if uid:
            return 200, self.playlists[uid]
        kept = ("uid", "name", "interval")
        return 200, [{key: one[key] for key in kept} for one in self.playlists.values()]

    def _new_playlist(self, method: str, name: str, body: Json) -> Answer:
        if method == "GET":
            return (200, self.playlists[name]) if name in self.playlists else NOT_FOUND
        name = body["metadata"]["name"]
        known = self.playlists.get(name)
        version = known["metadata"]["resourceVersion"] if known else None
        if body["metadata"].get("resourceVersion") != version:
            return 409, {"message": "the object has been modified"}
        stamp = str(int(version or 0) + 1)
        self.playlists[name] = {**body, "metadata": {"name": name, "resourceVersion": stamp}}
        return 200, self.playlists[name]

    def _preferences(self, method: str, _: str, body: Json) -> Answer:
        if method == "PATCH":
            self.preferences |= body
            return 200, {"message": "Preferences updated"}
        return 200, self.preferences

    def _note(self, method: str, name: str, body: Json, query: dict[str, list[str]]) -> Answer:
        if method == "POST":
            self.notes.append({**body, "id": len(self.notes) + 1})
            return 200, {"id": len(self.notes), "message": "Annotation added"}
        if method == "PATCH":
            self.notes[int(name) - 1] |= body
            return 200, {"message": "Annotation patched"}
        start, end = int(query["from"][0]), int(query["to"][0])
        return 200, [
            note
            for note in self.notes
            if set(query["tags"]) <= set(note["tags"])
            and start <= note["timeEnd"]
            and note["time"] <= end
        ]


@contextmanager
def serve(state: StandIn) -> Iterator[StandIn]:
    """Serve a state on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, said = state.answer(self.command, self.path, body, token)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815 - names of http.server

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
