"""Buses: brokers that keep their messages until we say that they are stored."""

from __future__ import annotations

import logging
import threading
from typing import NamedTuple, Protocol

from connectors.intake import LogWriter, Pending
from connectors.payload import Payload, pack_payload
from connectors.pump import store
from slawatch.errors import ConnectorError

LOGGER = logging.getLogger(__name__)

BATCH = 1_000
_WAIT_SECONDS = 0.25
_RETRY_SECONDS = (1.0, 5.0, 30.0)


class Message(NamedTuple):
    """Be one message; `key` is the same whenever the broker sends it again."""

    key: str
    payload: Payload


class Bus(Protocol):
    """Take messages from a broker. Not for several threads at once."""

    def fetch(self, limit: int, seconds: float) -> list[Message]:
        """Return what is there, waiting so long for the first. Raises `ConnectorError`."""

    def confirm(self) -> None:
        """Tell the broker that all that was fetched is stored. Raises `ConnectorError`."""

    def close(self) -> None:
        """Let go; what was not confirmed comes again."""


def pump_bus(bus: Bus, writer: LogWriter, source: str, stop: threading.Event) -> None:
    """Store a bus' messages until told to stop, and only then tell the broker.

    A crash between the two stores nothing twice: the message comes again under its old key.
    """
    failures = 0
    try:
        while not stop.is_set():
            try:
                messages = bus.fetch(BATCH, _WAIT_SECONDS)
                pending = [Pending(source, key, pack_payload(load)) for key, load in messages]
                if not store(pending, writer, stop):
                    return
                if messages:
                    bus.confirm()
            except ConnectorError as ex:
                wait = _RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)]
                LOGGER.warning("bus failed source=%s retry_seconds=%s error=%s", source, wait, ex)
                failures += 1
                stop.wait(wait)
            else:
                failures = 0
    finally:
        bus.close()
