"""Zendesk's acts as native events: one act has one id, whether a webhook or an audit tells it.

`stamp` is the whole second of the update, which both of them say.
"""

from __future__ import annotations

from connectors.reading import Object
from connectors.systems.zendesk_words import ENDED, read_priority, read_status

Stamp = int | str

_INTO = {"resolved": "resolved", "closed": "closed", "pending": "paused"}
_OUT_OF = {"resolved": "reopened", "closed": "reopened", "pending": "resumed"}


def finish(event: Object) -> Object:
    """Leave out what is not said, and let the act's id name its ticket."""
    said = {key: value for key, value in event.items() if value is not None}
    return {**said, "event_id": f"{event['ticket_id']}/{event['event_id']}"}


def tell_created(status: str | None, *, is_own: bool) -> Object:
    """Tell that the ticket was opened, by the customer or by an agent."""
    said: Object = {"event_id": "created", "type": "created", **read_status(status)}
    return said | ({"actor": "customer"} if is_own else {"actor": "agent", "origin": "agent"})


def tell_comment(number: str, actor: str, *, is_public: bool) -> Object:
    """Tell a comment. Its id is that of the audit's event, too."""
    kind = "replied" if is_public else "note"
    return {"event_id": f"comment/{number}", "type": kind, "actor": actor}


def tell_status(old: str | None, new: str | None, stamp: Stamp) -> Object | None:
    """Tell a change of the status, `None` for a word that is no status."""
    if (new or "").lower() in ENDED:
        return tell_end("deleted", stamp)
    said = read_status(new)
    if not said:
        return None
    was = read_status(old).get("status", "")
    kind = _INTO.get(said["status"]) or _OUT_OF.get(was, "attribute_changed")
    return {"event_id": f"status/{said['status']}/{stamp}", "type": kind, **said}


def tell_priority(word: str | None, stamp: Stamp) -> Object | None:
    """Tell a change of the priority; that it was taken away changes no goal."""
    priority = read_priority(word)
    if priority is None:
        return None
    key = f"priority/{priority}/{stamp}"
    return {"event_id": key, "type": "priority_changed", "priority": priority}


def tell_holder(what: str, number: str | None, stamp: Stamp) -> Object:
    """Tell that a group or an assignee has the ticket, or has it no more."""
    kind = "assigned" if number else "attribute_changed"
    name = "team" if what == "group" else "assignee"
    return {"event_id": f"{what}/{number or ''}/{stamp}", "type": kind, name: number}


def tell_tags(tags: list[str], stamp: Stamp) -> Object:
    """Tell the tags after a change."""
    return {"event_id": f"tags/{stamp}", "type": "attribute_changed", "tags": tags}


def tell_end(reason: str, stamp: Stamp) -> Object:
    """Tell that the ticket was deleted or was spam."""
    return {"event_id": f"{reason}/{stamp}", "type": "deleted", "reason": reason}


def tell_survey(stamp: Stamp) -> Object:
    """Tell that the customer was asked."""
    return {"event_id": f"survey/{stamp}", "type": "survey_sent", "actor": "system"}


def tell_rating(score: float | None, stamp: Stamp) -> Object:
    """Tell that the customer answered."""
    return {"event_id": f"rated/{stamp}", "type": "rated", "actor": "customer", "score": score}


def tell_merge(survivor: str | None) -> Object:
    """Tell that the ticket went into another."""
    into = {"ticket_id": survivor} if survivor else None
    return {"event_id": "merged", "type": "merged", "reason": "merged", "into": into}
