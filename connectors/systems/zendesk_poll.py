"""Zendesk's incremental export of ticket events, with the roles of those who acted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from connectors.connector import Secrets
from connectors.reading import (
    Object,
    find,
    find_flag,
    find_id,
    find_integer,
    find_object,
    find_objects,
    find_text,
    find_us,
)
from connectors.systems.zendesk_audits import ROLES, to_ticket_event
from connectors.systems.zendesk_words import ENDED, read_status
from connectors.transports.compare import UNASKED, Records, State, pick_numbers
from connectors.transports.poll import (
    POLL_OPTIONS,
    Api,
    Page,
    Poll,
    build_poll,
    now_us,
    read_token,
    read_url,
)
from slawatch.errors import ConfigError

OPTIONS: Mapping[str, Any] = {**POLL_OPTIONS, "user": None}
"""`user` is the e-mail address of the API token's owner."""

LEFT_OUT_SECONDS = 60
"""The newest events, which the export leaves out."""
_EVENTS = "/api/v2/incremental/ticket_events.json"
_OPEN = "/api/v2/search/export.json"
_AUDITS = "/api/v2/tickets/{}/audits.json"
_TICKETS = "/api/v2/tickets/show_many.json"
_TICKET = "/api/v2/tickets/{}.json"
_DELETED = "/api/v2/deleted_tickets.json"
_USERS = "/api/v2/users/show_many.json"
_USERS_AT_ONCE = 100
_PAGE_SIZE = 100
_REMEMBERED = 50_000


class ZendeskPoller:
    """Ask for audits by time; the cursor is the second from which the next page begins."""

    def __init__(self, api: Api, clock: Callable[[], int] = now_us) -> None:
        """Take the API and the clock."""
        self._api = api
        self._clock = clock
        self._roles: dict[str, str] = {}

    def start(self, at: int) -> str:
        """Return the cursor of an instant."""
        return str(at // 1_000_000)

    def fetch(self, cursor: str) -> Page:
        """Return the audits from the cursor's second on: those of that second come again."""
        asked_at = self._clock()
        answer = self._api.get(_EVENTS, {"start_time": cursor, "include": "comment_events"})
        audits = find_objects(answer, "ticket_events")
        roles = self._find_roles(audits)
        records = [_record(audit, roles) for audit in audits if find_id(audit, "id")]
        end = find_integer(answer, "end_time")
        next_cursor = cursor if end is None else str(end)
        # A page that leads nowhere is the last: asking on at once would bring it again.
        is_last = find(answer, "end_of_stream") is not False or next_cursor == cursor
        to = (end or int(cursor)) * 1_000_000
        if find(answer, "end_of_stream") is not False:  # a quiet desk has told everything, too
            to = max(to, asked_at - LEFT_OUT_SECONDS * 1_000_000)
        return Page(records, next_cursor, is_last, complete_to=to)

    def fetch_open(self, cursor: str) -> Page:
        """Return every audit of tickets that are not solved: a page of tickets at a time."""
        wanted = {"query": "status<solved", "filter[type]": "ticket"}
        answer, following = self._fetch_page(_OPEN, wanted, cursor)
        records: list[tuple[str, bytes]] = []
        for ticket in find_objects(answer, "results"):
            if (number := find_id(ticket, "id")) is not None:
                records += self._fetch_audits(number)
        return Page(records, following, is_last=not following)

    def fetch_states(self, ids: Sequence[str]) -> Mapping[str, State]:
        """Return how tickets stand; when a deleted one was, if it is among the last deleted."""
        numbers = pick_numbers(ids)
        unasked = dict.fromkeys(set(ids).difference(numbers), UNASKED)
        if not numbers:
            return unasked
        answer = self._api.get(_TICKETS, {"ids": ",".join(numbers)})
        found = {find_id(one, "id") or "": one for one in find_objects(answer, "tickets")}
        for number in numbers:
            if number not in found:  # a list leaves out what is archived, too
                alone = find_object(self._api.find(_TICKET.format(number), {}), "ticket")
                found |= {number: alone} if alone else {}
        states = {number: _read_state(one) for number, one in found.items()}
        if any(number not in states for number in numbers):
            states = {**self._find_deleted(), **states}
        return unasked | {number: states[number] for number in numbers if number in states}

    def _find_deleted(self) -> dict[str, State]:
        """Return the tickets deleted last: the list may be asked for ten times a minute."""
        newest: dict[str, str | int] = {
            "sort_by": "deleted_at",
            "sort_order": "desc",
            "per_page": _PAGE_SIZE,
        }
        deleted = find_objects(self._api.find(_DELETED, newest), "deleted_tickets")
        times = {find_id(one, "id") or "": find_us(one, "deleted_at") for one in deleted}
        return {key: State(at, is_over=True, gone_at=at) for key, at in times.items() if at}

    def fetch_tickets(self, ids: Sequence[str]) -> Records:
        """Return every audit of some tickets."""
        return [record for number in ids for record in self._fetch_audits(number)]

    def tell_gone(self, ticket_id: str, at: int) -> tuple[str, bytes]:
        """Tell that a ticket was deleted, as the event webhook of that second does."""
        time = datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "type": "zen:event-type:ticket.soft_deleted",
            "time": time,
            "subject": f"zen:ticket:{ticket_id}",
            "detail": {"id": ticket_id, "updated_at": time},
            "event": {},
        }
        return f"gone/{ticket_id}/{time}", orjson.dumps(body)

    def _fetch_audits(self, ticket_id: str) -> Iterator[tuple[str, bytes]]:
        cursor, has_more = "", True
        while has_more:
            answer, cursor = self._fetch_page(_AUDITS.format(ticket_id), {}, cursor)
            audits = [to_ticket_event(audit) for audit in find_objects(answer, "audits")]
            roles = self._find_roles(audits)
            yield from (_record(audit, roles) for audit in audits if find_id(audit, "id"))
            has_more = bool(cursor)

    def _fetch_page(
        self, path: str, params: Mapping[str, str | int], cursor: str
    ) -> tuple[object, str]:
        """Return a page of a list, and the cursor that follows: "" after the last."""
        after = {"page[after]": cursor} if cursor else {}
        answer = self._api.get(path, {**params, "page[size]": _PAGE_SIZE, **after})
        has_more = find_flag(answer, "meta.has_more") or False
        following = (find_text(answer, "meta.after_cursor") or "") if has_more else ""
        return answer, following if following != cursor else ""

    def _find_roles(self, audits: Iterable[Object]) -> Mapping[str, str]:
        wanted = {person for audit in audits for person in _persons(audit)}
        unknown = sorted(wanted - self._roles.keys())
        if len(self._roles) + len(unknown) > _REMEMBERED:
            self._roles.clear()
            unknown = sorted(wanted)
        for first in range(0, len(unknown), _USERS_AT_ONCE):
            ids = unknown[first : first + _USERS_AT_ONCE]
            answer = self._api.get(_USERS, {"ids": ",".join(ids)})
            self._roles |= dict.fromkeys(ids, "")  # who is gone is not asked for again
            for user in find_objects(answer, "users"):
                self._roles[find_id(user, "id") or ""] = find_text(user, "role") or ""
        return self._roles


def _read_state(ticket: Object) -> State:
    word = find_text(ticket, "status")
    is_over = read_status(word).get("status") in ("resolved", "closed") or word in ENDED
    return State(find_us(ticket, "updated_at") or 0, is_over)


def _persons(audit: Object) -> set[str]:
    authors = {find_id(child, "author_id") for child in find_objects(audit, "child_events")}
    return {
        person
        for person in (find_id(audit, "updater_id"), *authors)
        if person is not None and person.isdigit() and person != "0"
    }


def _record(audit: Object, roles: Mapping[str, str]) -> tuple[str, bytes]:
    known = {person: roles[person] for person in sorted(_persons(audit)) if roles.get(person)}
    return f"audit/{find_id(audit, 'id')}", orjson.dumps({**audit, ROLES: known})


def build_pull(options: Mapping[str, Any], _: Secrets) -> Poll:
    """Return what asks by the source's options. Raises `ConfigError`."""
    url, user = read_url(options), options["user"]
    if not isinstance(user, str):
        raise ConfigError("option 'user' must be the e-mail address of the API token's owner")
    auth = httpx.BasicAuth(f"{user}/token", read_token(options))
    return build_poll(ZendeskPoller(Api(url, auth=auth)), options)
