"""Prometheus Alertmanager and Grafana: an alert as a ticket that no customer opened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import orjson

from connectors.connector import Connector, NativeEvent, Push
from connectors.payload import Payload
from connectors.reading import (
    Object,
    as_object,
    find_object,
    find_text,
    instant,
    parse_object,
    require_instant,
    require_list,
    require_text,
)
from slawatch.errors import EventError
from slawatch.events import Kind
from slawatch.parsing import parse_instant

_PRIORITIES = {
    "critical": "urgent",
    "page": "urgent",
    "emergency": "urgent",
    "disaster": "urgent",
    "error": "high",
    "major": "high",
    "warning": "normal",
    "warn": "normal",
    "average": "normal",
    "info": "low",
    "information": "low",
    "notice": "low",
    "minor": "low",
    "none": "low",
}


def decode(payload: Payload) -> Iterator[NativeEvent | EventError]:
    """Decode a notification: each of its alerts, one that cannot be read by itself."""
    for item in require_list(parse_object(payload), "alerts"):
        try:
            yield from _read(as_object(item, "an alert"))
        except EventError as ex:
            yield ex


def _read(alert: Object) -> Iterator[NativeEvent]:
    labels = find_object(alert, "labels")
    started_at = require_instant(alert, "startsAt")
    # An alert that fires again is another ticket: what tells them apart is when it began.
    number = parse_instant(started_at, "startsAt") // 1_000_000
    ticket_id = f"{_fingerprint(alert, labels)}-{number}"
    severity = (find_text(labels, "severity") or "").lower()
    base = {
        "ticket_id": ticket_id,
        "actor": "system",
        "origin": "monitor",
        "priority": _PRIORITIES.get(severity, severity) or None,
        "team": find_text(labels, "team"),
        "category": find_text(labels, "alertname"),
    }
    said = {key: value for key, value in base.items() if value is not None}
    yield {
        **said,
        "event_id": f"{ticket_id}/firing",
        "type": "created",
        "occurred_at": started_at,
    }
    if require_text(alert, "status") == "resolved":
        # What it was opened with stands there: said again here, it would look like an assignment.
        yield {
            "ticket_id": ticket_id,
            "actor": "system",
            "event_id": f"{ticket_id}/resolved",
            "type": "resolved",
            "status": "resolved",
            "occurred_at": _end(alert),
        }


def _end(alert: Object) -> int | str:
    ended_at = require_text(alert, "endsAt")
    if ended_at.startswith("0001-"):
        raise EventError("bad_time", "'endsAt' of a resolved alert must say when it ended")
    return instant(ended_at, key="endsAt")


def _fingerprint(alert: Object, labels: Object) -> str:
    found = find_text(alert, "fingerprint")
    if found is None and not labels:
        raise EventError("missing_key", "'fingerprint' is required, or labels")
    text = orjson.dumps(labels, option=orjson.OPT_SORT_KEYS)
    return found or hashlib.blake2b(text, digest_size=8).hexdigest()


CONNECTOR = Connector(
    name="alertmanager",
    title="Prometheus Alertmanager",
    decode=decode,
    channel="app",
    push=Push(),
    unseen={Kind.REPLIED: "nobody answers an alert in Alertmanager"},
)
