"""Abuse a receiver in six ways at once, and tell when each ended and what it cost.

    .venv/bin/python benchmarks/abuse.py [--connections 20]

A receiver with its default limits runs in a process of its own. Meanwhile an honest sender posts,
one delivery after another; its slowest answer is printed.
"""

from __future__ import annotations

import argparse
import http.client
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

SLAWATCH = Path(sys.executable).with_name("slawatch")
GIVE_UP_SECONDS = 30.0
LINE = b"POST /in/http HTTP/1.1\r\nHost: a\r\n"
POLICY = """
include = ["default"]
[intake]
port = 0
[sources.http]
auth = { scheme = "none" }
"""

Abuse = tuple[bytes, bytes, float]
"""What is sent first, what then again and again, and the seconds between."""

ABUSES: dict[str, Abuse] = {
    "slow headers": (LINE, b"X-Slow: 1\r\n", 0.5),
    "slow body": (LINE + b"Content-Length: 900000\r\n\r\n", b"x", 0.5),
    "5,000 headers": (LINE + b"X: y\r\n" * 5_000 + b"\r\n", b"", 0.5),
    "1 GB Content-Length": (LINE + b"Content-Length: 1000000000\r\n\r\n", b"x" * 65_536, 0.0),
    "chunks without end": (
        LINE + b"Transfer-Encoding: chunked\r\n\r\n",
        b"1000\r\n" + b"x" * 4_096 + b"\r\n",
        0.1,
    ),
    "smuggling": (
        LINE + b"Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + LINE,
        b"",
        0.5,
    ),
}


def abuse(address: tuple[str, int], how: Abuse) -> tuple[float, bytes]:
    """Abuse one connection until it is ended; return the seconds and the status line."""
    first, piece, pause = how
    began = time.monotonic()
    with socket.create_connection(address, timeout=GIVE_UP_SECONDS) as client:
        stop = threading.Event()

        def send() -> None:
            try:
                client.sendall(first)
                while not stop.wait(pause):
                    client.sendall(piece)
            except OSError:
                pass

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        said = b""
        try:
            while chunk := client.recv(65_536):
                said += chunk
        except OSError as ex:
            said = said or repr(ex).encode()
        stop.set()
        return time.monotonic() - began, said.split(b"\r\n")[0]


def post(address: tuple[str, int], number: int) -> tuple[float, int]:
    """Post one honest delivery and return the seconds and the status."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=GIVE_UP_SECONDS)
    body = b'{"event_id": "%d"}' % number
    connection.request("POST", "/in/http", body)
    status = connection.getresponse().status
    connection.close()
    return time.monotonic() - began, status


def read_memory(process: int) -> int:
    """Return the resident memory of a process in KiB."""
    text = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) if found else 0


def start(folder: Path) -> tuple[subprocess.Popen[str], tuple[str, int]]:
    """Start a receiver and return it with its address."""
    (folder / "desk.toml").write_text(POLICY)
    process = subprocess.Popen(  # noqa: S603 - our own program
        [SLAWATCH, "intake", "--policy", folder / "desk.toml", "--state", folder / "state"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None  # noqa: S101 - it was asked for
    for line in process.stderr:
        if found := re.search(r"deliveries: http://([\d.]+):(\d+)/", line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return process, (found[1], int(found[2]))
    raise SystemExit("the receiver did not start")


def watch(is_over: Callable[[], bool], process: int) -> Iterator[int]:
    """Yield the memory of a process until all is over."""
    while not is_over():
        yield read_memory(process)
        time.sleep(0.05)


def main() -> None:
    """Print a line for each abuse, then what the honest sender and the memory saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=20, help="of each abuse")
    connections = parser.parse_args().connections
    results: dict[str, list[tuple[float, bytes]]] = {name: [] for name in ABUSES}
    honest: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        process, address = start(Path(folder))
        try:
            post(address, -1)
            before = read_memory(process.pid)
            threads = [
                threading.Thread(
                    target=lambda name=name, how=how: results[name].append(abuse(address, how))
                )
                for name, how in ABUSES.items()
                for _ in repeat(None, connections)
            ]
            for thread in threads:
                thread.start()
            memory = []
            for found in watch(lambda: not any(t.is_alive() for t in threads), process.pid):
                memory.append(found)
                honest.append(post(address, len(honest)))
            after = read_memory(process.pid)
        finally:
            process.terminate()
            process.wait(20)
    for name, ended in results.items():
        slowest = max(seconds for seconds, _ in ended)
        answers = sorted({said.decode() for _, said in ended})
        print(f"{name:20} {len(ended)} ended, the last after {slowest:5.2f} s: {answers}")
    slow = max(seconds for seconds, _ in honest)
    good = sum(status == http.client.OK for _, status in honest)  # a status is an int
    print(f"honest sender: {good} of {len(honest)} stored, slowest answer {slow:.3f} s")
    print(f"memory: {before} KiB before, {max(memory)} KiB at most, {after} KiB after")


if __name__ == "__main__":
    main()
