"""Measure how long an acknowledged event takes until its effect stands in the body of /metrics.

    uv run python -m benchmarks.latency [--rate 2000] [--batch 1] [--seconds 30]

`slawatch intake` and `slawatch run --no-intake` run over one new state folder with the policy that
ships. Signed webhooks are posted at a fixed rate of events over 32 connections; with `--batch 10`
each holds ten events, as those of busy senders do. The k-th event acknowledged is visible once a
scrape says that k events were counted, and is measured to the end of that scrape: so the figures
hold the wait for the next scrape, and the scrape itself.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_left
from collections import deque
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from connectors.payload import Payload
from connectors.signatures import GITHUB

SECRET = "It's a Secret to Everybody"  # noqa: S105 - published
CONNECTIONS = 32
PACE_SECONDS = 0.001
"""How long the sender may oversleep a request that is due."""
WARM_UP_SECONDS = 3.0
KINDS = (("created", "customer"), ("replied", "agent"), ("resolved", "agent"))

_CONNECTOR = """
from connectors.connector import Connector, Push
from connectors.reading import parse_json
from connectors.signatures import GITHUB

CONNECTOR = Connector(
    "shop", "A shop", parse_json, "email",
    push=Push(signature=GITHUB), is_native=True,
)
"""
_COUNT = re.compile(rb'slawatch_events_total\{connector="shop",outcome="\w+"\} ([\d.e+]+)')


class Scrape(NamedTuple):
    """Be when a scrape was answered, how long that took, and how many events it counted."""

    at: float
    seconds: float
    count: int


def find_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def write_policy(folder: Path) -> Path:
    """Write a policy that receives the shop's webhooks."""
    (folder / "own").mkdir()
    (folder / "own" / "shop.py").write_text(_CONNECTOR)
    (folder / "secret").write_text(SECRET)
    path = folder / "desk.toml"
    path.write_text(
        f"[connectors]\nfolders = [{str(folder / 'own')!r}]\n"
        f"[sources.shop]\nauth = {{ secret_file = {str(folder / 'secret')!r} }}\n"
    )
    return path


def build_event(number: int, at: float) -> dict[str, object]:
    """Return the event of that number, of an instant in seconds."""
    kind, actor = KINDS[number % len(KINDS)]
    ticket = number // len(KINDS)
    return {
        "event_id": f"e{number}",
        "ticket_id": f"t{ticket}",
        "type": kind,
        "occurred_at": round(at * 1000),
        "actor": actor,
        "channel": "email",
        "priority": ("low", "normal", "high", "urgent")[ticket % 4],
    }


def build_requests(count: int, rate: float, batch: int, start_at: float) -> list[bytes]:
    """Return signed requests of several events, each of which happens when it is due."""
    requests = []
    for first in range(0, count, batch):
        numbers = range(first, min(count, first + batch))
        events = [build_event(number, start_at + number / rate) for number in numbers]
        body = json.dumps(events).encode()
        head = (
            f"POST /in/shop HTTP/1.1\r\nHost: desk\r\nContent-Length: {len(body)}\r\n"
            f"{GITHUB.header}: {GITHUB.sign(Payload(body), SECRET)}\r\n\r\n"
        )
        requests.append(head.encode() + body)
    return requests


class Client:
    """Be one connection with one request under way."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._answer = b""

    def send(self, request: bytes) -> None:
        """Post."""
        self.sent_at = time.monotonic()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what came of the answer: head and body may come apart."""
        self._answer += self.socket.recv(4_096)
        if not self._answer.startswith(b"HTTP/1.1 200"):
            # An event that is never acknowledged would be waited for for ever.
            raise SystemExit(f"refused or ended: {self._answer[:200]!r}")
        if not self._answer.endswith(b"\r\n\r\nsuccess"):
            return False
        self._answer = b""
        return True


class Load:
    """Post requests at a fixed rate, later where all connections wait for their answers."""

    def __init__(self, port: int) -> None:
        """Connect, with nothing sent."""
        self.acknowledged: list[float] = []
        self.answer_seconds: list[float] = []
        self._idle = deque(Client(port) for _ in range(CONNECTIONS))
        self._busy = select.epoll()
        self._clients = {client.socket.fileno(): client for client in self._idle}
        for number in self._clients:
            self._busy.register(number, select.EPOLLIN)

    def run(self, requests: list[bytes], rate: float) -> None:
        """Post all, and wait for the last answer."""
        began = time.monotonic()
        sent = 0
        while len(self.acknowledged) < len(requests):
            due = min(len(requests), int((time.monotonic() - began) * rate))
            while sent < due and self._idle:
                self._idle.popleft().send(requests[sent])
                sent += 1
            for number, _ in self._busy.poll(PACE_SECONDS):
                self._take(self._clients[number])

    def _take(self, client: Client) -> None:
        if client.is_answered():
            now = time.monotonic()
            self.acknowledged.append(now)
            self.answer_seconds.append(now - client.sent_at)
            self._idle.append(client)


def scrape_for_ever(url: str, every_seconds: float, out: Connection) -> None:
    """Scrape, in a process of its own, and tell what was counted when."""
    while True:
        began = time.monotonic()
        with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - loopback
            body = answer.read()
        now = time.monotonic()
        out.send(Scrape(now, now - began, sum(int(float(n)) for n in _COUNT.findall(body))))
        time.sleep(max(0.0, every_seconds - (time.monotonic() - began)))


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(url: str) -> None:
    """Wait until somebody answers with 200."""
    give_up_at = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - loopback
        except OSError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.1)
        else:
            return


def quantiles(values: list[float]) -> str:
    """Render median, 99th percentile and maximum."""
    values = sorted(values)
    at = (len(values) // 2, len(values) * 99 // 100, len(values) - 1)
    p50, p99, top = (values[one] for one in at)
    return f"p50 {p50:.3f} s, p99 {p99:.3f} s, max {top:.3f} s"


def measure(folder: Path, rate: float, batch: int, seconds: float, every_seconds: float) -> None:
    """Run it once and print the figures."""
    policy, state = write_policy(folder), folder / "state"
    intake_port, port = find_port(), find_port()
    slawatch = Path(sys.executable).with_name("slawatch")
    common = ("--policy", policy, "--state", state, "--log-format", "json")
    with (folder / "messages.txt").open("wb") as said:
        intake = subprocess.Popen(  # noqa: S603 - our own
            [slawatch, "intake", *common, "--port", str(intake_port)], stdout=said, stderr=said
        )
        flow = subprocess.Popen(  # noqa: S603 - our own
            [slawatch, "run", "--no-intake", *common, "--port", str(port)],
            stdout=said,
            stderr=said,
        )
    url = f"http://127.0.0.1:{port}"
    scrapes: list[Scrape] = []
    inner, outer = multiprocessing.Pipe()
    scraper = multiprocessing.Process(
        target=scrape_for_ever, args=(f"{url}/metrics", every_seconds, outer), daemon=True
    )
    try:
        wait_for(f"http://127.0.0.1:{intake_port}/healthz")
        wait_for(f"{url}/readyz")
        requests = build_requests(round(rate * seconds), rate, batch, time.time())
        scraper.start()
        before = cpu_seconds(intake.pid), cpu_seconds(flow.pid)
        load, used = Load(intake_port), time.process_time()
        began = time.monotonic()
        load.run(requests, rate / batch)
        took = time.monotonic() - began
        sender = time.process_time() - used
        after = cpu_seconds(intake.pid), cpu_seconds(flow.pid)
        while not scrapes or scrapes[-1].count < round(rate * seconds):
            scrapes.append(inner.recv())
        report(load, batch, scrapes, began, took)
        spent = [b - a for a, b in zip(before, after, strict=True)]
        print(
            f"cores used: intake {spent[0] / took:.2f}, flow with scrapes {spent[1] / took:.2f}, "
            f"sender {sender / took:.2f}; load of the machine {os.getloadavg()[0]:.1f}"
        )
    finally:
        if scraper.is_alive():
            scraper.kill()
        for process in (intake, flow):
            process.send_signal(signal.SIGTERM)
        for process in (intake, flow):
            process.wait(60)


def report(load: Load, batch: int, scrapes: list[Scrape], began: float, took: float) -> None:
    """Print how long it took to be acknowledged and to be visible."""
    acknowledged = sorted(at for at in load.acknowledged for _ in range(batch))
    counts = [scrape.count for scrape in scrapes]
    visible = [
        scrapes[bisect_left(counts, number)].at - at
        for number, at in enumerate(acknowledged, 1)
        if at > began + WARM_UP_SECONDS
    ]
    print(f"{len(acknowledged)} events in {took:.1f} s: {len(acknowledged) / took:.0f} a second")
    print(f"posted to acknowledged: {quantiles(load.answer_seconds)}")
    print(f"acknowledged to visible: {quantiles(visible)} (without the first seconds)")
    print(f"scrapes: {len(scrapes)}, {quantiles([scrape.seconds for scrape in scrapes])}")


def main() -> None:
    """Measure by the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2000)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--scrape-seconds", type=float, default=0.2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slawatch-latency-") as folder:
        measure(Path(folder), options.rate, options.batch, options.seconds, options.scrape_seconds)


if __name__ == "__main__":
    main()
