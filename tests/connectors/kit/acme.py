"""A connector of somebody's own, right in everything; tests break one thing of it."""

from __future__ import annotations

import json
from pathlib import Path

from connectors.kit.subject import Subject, load_subject
from connectors.registry import load_registry

SOURCE = """
from connectors.connector import Connector, Push
from connectors.opaque import Opaque
from connectors.reading import EPOCH_S, find_text, parse_object, require_id, require_instant
from connectors.signature import Signature

_TYPES = {"opened": "created", "answered": "replied", "solved": "resolved"}


def decode(payload):
    data = parse_object(payload)
    kind = _TYPES.get(find_text(data, "act"))
    if kind is None:
        return []
    number = require_id(data, "case.number")
    event = {
        "event_id": f"{number}/{require_id(data, 'step')}/{kind}",
        "ticket_id": Opaque(f"acme:{number}"),
        "type": kind,
        "occurred_at": require_instant(data, "at", EPOCH_S),
    }
    if kind == "replied" and find_text(data, "by") == "customer":
        event["actor"] = "customer"
    return [event]


CONNECTOR = Connector(
    name="acme",
    title="Acme Desk",
    decode=decode,
    channel="chat",
    push=Push(Signature("x-acme-signature", "{timestamp}.{body}", timestamp_header="x-acme-time")),
)
"""
BODIES = {
    "opened": {"act": "opened", "step": 1, "at": 1_772_442_000, "case": {"number": 4915112345678}},
    "asked": {
        "act": "answered",
        "by": "customer",
        "step": 2,
        "at": 1_772_442_060,
        "case": {"number": 4915112345678},
    },
    "answered": {
        "act": "answered",
        "by": "agent",
        "step": 3,
        "at": 1_772_442_120,
        "case": {"number": 4915112345678, "email": "ada@example.org"},
    },
    "solved": {"act": "solved", "step": 4, "at": 1_772_442_180, "case": {"number": 4915112345678}},
    "viewed": {"act": "viewed", "step": 5, "at": 1_772_442_200, "case": {"number": 4915112345678}},
}
EVENTS: dict[str, list[dict[str, object]]] = {
    "opened": [{"type": "created", "event_id": "4915112345678/1/created"}],
    "asked": [{"type": "replied", "event_id": "4915112345678/2/replied", "actor": "customer"}],
    "answered": [{"type": "replied", "event_id": "4915112345678/3/replied"}],
    "solved": [{"type": "resolved", "event_id": "4915112345678/4/resolved"}],
    "viewed": [],
}
INSTANTS = {
    "opened": "2026-03-02T09:00:00Z",
    "asked": "2026-03-02T09:01:00Z",
    "answered": "2026-03-02T09:02:00Z",
    "solved": "2026-03-02T09:03:00Z",
}


def write_acme(folder: Path, source: str = SOURCE, *, without: tuple[str, ...] = ()) -> Path:
    """Write the connector with its golden bodies, but for those of some acts."""
    golden = folder / "golden" / "acme"
    golden.mkdir(parents=True)
    (folder / "acme.py").write_text(source, "utf-8")
    (folder / "acme.md").write_text("# Acme Desk\n", "utf-8")
    for act in BODIES.keys() - set(without):
        (golden / f"{act}.json").write_text(json.dumps(BODIES[act]), "utf-8")
        said = {"ticket_id": {"opaque": "acme:4915112345678"}, "occurred_at": INSTANTS.get(act)}
        lines = [json.dumps({**said, **event}) + "\n" for event in EVENTS[act]]
        (golden / f"{act}.events.jsonl").write_text("".join(lines), "utf-8")
    return folder


def load_acme(folder: Path, name: str = "acme") -> Subject:
    """Load it for the kit."""
    return load_subject(load_registry([folder]), name)
