"""A Zendesk on loopback: its API as documented, its webhooks, and what of them gets lost."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

from connectors.payload import Payload
from connectors.signatures import ZENDESK
from connectors.signing import sign_payload
from tests.connectors.transports.desks import Answer, Asked
from tests.e2e.desk import POLICY

SECRET = "a secret of the webhook"  # noqa: S105 - written into a file below
CUSTOMER, AGENT = 7001, 9001
_ROLES = [{"id": CUSTOMER, "role": "end-user"}, {"id": AGENT, "role": "agent"}]
_SOURCE = """
[intake]
port = 0
[sources.zendesk]
{more}
[sources.zendesk.auth]
secret_file = "{folder}/secret"
[sources.zendesk.options]
url = "{url}"
user = "sla@acme.example"
token_file = "{folder}/token"
since_days = 1
"""


def write_zendesk(folder: Path, url: str, more: str = "") -> Path:
    """Write a policy that hears a Zendesk, with its secret and its token."""
    (folder / "secret").write_text(SECRET)
    (folder / "token").write_text("t")
    path = folder / "desk.toml"
    path.write_text(POLICY + _SOURCE.format(folder=folder, url=url, more=more))
    return path


class Zendesk:
    """Hold audits by ticket and answer for them. `open_ids` are the tickets under solved.

    `statuses` are those of single tickets, open unless said; `deleted` ones have their second, or
    0 where nothing tells of them any more. `exported` are the tickets of the export, if not all.
    """

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.audits: list[dict[str, Any]] = []
        self.open_ids: list[int] = []
        self.statuses: dict[int, str] = {}
        self.deleted: dict[int, int] = {}
        self.exported: set[int] | None = None

    def tell(self, ticket: int, seconds: int, person: int, *events: dict[str, Any]) -> None:
        """Add an audit, as a ticket's own list has it, of a second."""
        self.audits.append(
            {
                "id": 500 + len(self.audits),
                "ticket_id": ticket,
                "created_at": render(seconds),
                "author_id": person,
                "via": {"channel": "email"},
                "events": [
                    {"id": 10 * (500 + len(self.audits)) + number, **event}
                    for number, event in enumerate(events)
                ],
            }
        )

    def answer(self, asked: Asked) -> Answer:
        """Answer one question."""
        name = asked.path.removeprefix("/api/v2/").removesuffix(".json")
        match name.split("/"):
            case ["users", "show_many"]:
                return Answer({"users": _ROLES})
            case ["incremental", "ticket_events"]:
                return Answer(self._tell_since(int(asked.query["start_time"])))
            case ["tickets", "show_many"]:
                ids = map(int, asked.query["ids"].split(","))
                found = [self._tell_ticket(one) for one in ids if one not in self.deleted]
                return Answer({"tickets": found})
            case ["tickets", _]:
                return Answer({"error": "RecordNotFound"}, 404)
        return Answer({**self._tell_list(name.split("/")), "meta": {"has_more": False}})

    def _tell_list(self, path: list[str]) -> dict[str, Any]:
        match path:
            case ["search", "export"]:
                return {"results": [{"id": one, "status": "open"} for one in self.open_ids]}
            case ["deleted_tickets"]:
                gone = [(number, at) for number, at in self.deleted.items() if at]
                return {"deleted_tickets": [{"id": n, "deleted_at": render(at)} for n, at in gone]}
        return {"audits": [one for one in self.audits if one["ticket_id"] == int(path[1])]}

    def _tell_ticket(self, number: int) -> dict[str, Any]:
        told = [audit["created_at"] for audit in self.audits if audit["ticket_id"] == number]
        changed_at = max(told, default="2026-01-01T00:00:00Z")
        status = self.statuses.get(number, "open")
        return {"id": number, "status": status, "updated_at": changed_at}

    def _tell_since(self, seconds: int) -> dict[str, Any]:
        found = [
            audit
            for audit in self.audits
            if audit["created_at"] >= render(seconds)
            and (self.exported is None or audit["ticket_id"] in self.exported)
        ]
        exported = [_export(audit) for audit in found]
        last = max([seconds, *(audit["timestamp"] for audit in exported)])
        return {"ticket_events": exported, "end_time": last, "end_of_stream": True}


def _export(audit: dict[str, Any]) -> dict[str, Any]:
    """Write an audit as the incremental export has it: the fields of an event are its keys."""
    at = time.strptime(audit["created_at"], "%Y-%m-%dT%H:%M:%SZ")
    children = []
    for event in audit["events"]:
        child = {key: value for key, value in event.items() if key not in ("type", "field_name")}
        if "field_name" in event:
            child[event["field_name"]] = child.pop("value")
        children.append({**child, "event_type": event["type"]})
    return {
        "id": audit["id"],
        "ticket_id": audit["ticket_id"],
        "timestamp": int(time.mktime(at) - time.timezone),
        "created_at": audit["created_at"],
        "updater_id": audit["author_id"],
        "via": "Mail",
        "event_type": "Audit",
        "child_events": children,
    }


def set_field(name: str, value: str, old: str | None = None) -> dict[str, Any]:
    """Return an event that sets a field, or changes it from what it was."""
    if old is None:
        return {"type": "Create", "field_name": name, "value": value}
    return {"type": "Change", "field_name": name, "value": value, "previous_value": old}


def comment(person: int) -> dict[str, Any]:
    """Return a public comment."""
    return {"type": "Comment", "public": True, "author_id": person}


def render(seconds: int) -> str:
    """Write a second as Zendesk does."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def post_created(address: str, ticket: int, seconds: int, **more: object) -> int:
    """Send the webhook of a new ticket and return the status."""
    said = {
        "type": "zen:event-type:ticket.created",
        "time": render(seconds),
        "subject": f"zen:ticket:{ticket}",
        "event": {},
        "detail": {
            "id": str(ticket),
            "actor_id": str(CUSTOMER),
            "requester_id": str(CUSTOMER),
            "submitter_id": str(CUSTOMER),
            "created_at": render(seconds),
            "updated_at": render(seconds),
            "priority": "NORMAL",
            "status": "NEW",
            "via": {"channel": "mail"},
            **more,
        },
    }
    signed = sign_payload(ZENDESK, Payload(json.dumps(said).encode()), SECRET, time.time())
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{address}/in/zendesk", signed.body, dict(signed.headers)
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - loopback
        return int(answer.status)
