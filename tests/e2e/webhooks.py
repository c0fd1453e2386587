"""A desk that posts signed webhooks, as vendors do: until they are acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from connectors.payload import Payload
from connectors.signatures import GITHUB
from tests.e2e.desk import POLICY, created, replied, wall_us
from tests.e2e.monitor import TIMEOUT_SECONDS, Samples, get, parse_samples, poll, start_slawatch

SECRET = "It's a Secret to Everybody"  # noqa: S105 - published

# A connector of one's own, so that this measures the way, not a vendor's decoder.
_CONNECTOR = """
from connectors.connector import Connector, Push
from connectors.reading import parse_object
from connectors.signatures import GITHUB

CONNECTOR = Connector(
    "shop", "A shop", lambda payload: [parse_object(payload)], "email",
    push=Push(signature=GITHUB), is_native=True,
)
"""


def write_shop(folder: Path, more: str = "", policy: str = POLICY) -> Path:
    """Write the connector `shop`, its secret and a policy that receives it; return the policy."""
    own = folder / "own"
    own.mkdir()
    (own / "shop.py").write_text(_CONNECTOR)
    (folder / "secret").write_text(SECRET)
    path = folder / "desk.toml"
    path.write_text(
        f"{policy}\n[connectors]\nfolders = [{str(own)!r}]\n"
        f"[sources.shop]\nauth = {{ secret_file = {str(folder / 'secret')!r} }}\n{more}"
    )
    return path


def sign(body: bytes) -> dict[str, str]:
    """Return the header by which a body proves who sent it."""
    return {GITHUB.header: GITHUB.sign(Payload(body), SECRET)}


class Intake:
    """Be `slawatch intake` on a fixed port; every `start` is another process."""

    def __init__(self, state: Path, port: int, *arguments: object) -> None:
        """Take the state folder and the other arguments; start nothing yet."""
        self.messages = state.with_name("intake.messages")
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None
        self._arguments = ("intake", *arguments, "--state", state, "--port", port)

    def start(self) -> None:
        """Start it; clients find out when it is there."""
        self.process = start_slawatch(*self._arguments, messages=self.messages)

    def scrape(self) -> Samples | None:
        """Return one scrape of its own metrics, if it answers."""
        status, body = get(f"{self.url}/metrics")
        return parse_samples(body) if status == 200 else None

    def wait_until_ready(self) -> None:
        """Wait until it listens."""
        poll(lambda: get(f"{self.url}/healthz")[0] == 200, "an intake that listens")

    def kill(self) -> None:
        """End it as a power cut or an out-of-memory killer would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(TIMEOUT_SECONDS)


class Clients:
    """Post a seeded desk's events from many connections at once, each until it is acknowledged.

    An event whose answer is lost is sent again: the receiver must know it.
    """

    def __init__(self, port: int, count: int) -> None:
        """Start the clients."""
        self.acknowledged: list[str] = []
        self.retried = 0
        self.answers: Counter[str] = Counter()
        self._port = port
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing new; what was begun is acknowledged first."""
        self._stop.set()
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS)
            assert not thread.is_alive(), "a client whose event is never acknowledged"

    def _run(self, client: int) -> None:
        dice = random.Random(client)
        number = 0
        connection = self._connect()
        while not self._stop.wait(dice.uniform(0, 0.08)):
            number += 1
            for event in self._tell(f"t{client}-{number}", dice):
                connection = self._send(event, connection)
        connection.close()

    def _tell(self, ticket: str, dice: random.Random) -> list[dict[str, Any]]:
        events = [created(ticket, priority=dice.choice(("urgent", "normal")))]
        if dice.random() < 0.7:
            events.append(replied(ticket, at=wall_us() + dice.choice((0, 1_000_000))))
        return events

    def _send(
        self, event: dict[str, Any], connection: http.client.HTTPConnection
    ) -> http.client.HTTPConnection:
        body = json.dumps(event).encode()
        pause = 0.05
        while True:
            try:
                connection.request("POST", "/in/shop", body, sign(body))
                answer = connection.getresponse()
                answer.read()
                said = str(answer.status)
            except (OSError, http.client.HTTPException) as ex:
                said = type(ex).__name__
                connection.close()
                connection = self._connect()
            self.answers[said] += 1
            if said == "200":
                self.acknowledged.append(event["event_id"])
                return connection
            self.retried += 1
            threading.Event().wait(pause)
            pause = min(1.0, pause * 2)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
