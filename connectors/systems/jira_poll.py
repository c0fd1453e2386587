"""Jira asked by JQL: for a Data Center that does not send again what was lost, and the past."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx
import orjson

from connectors.connector import Secrets
from connectors.reading import (
    Object,
    find,
    find_id,
    find_instant,
    find_objects,
    find_text,
    find_us,
)
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

CATEGORIES = "statusCategories"
"""The key under which the poll stores the categories of the statuses that an issue had."""

ASKED: Mapping[str, Any] = {**POLL_OPTIONS, "user": None, "jql": "project is not EMPTY"}
"""`user` owns the token (Cloud; unset: a Data Center's bearer token), `jql` narrows the issues."""

PAGE_SIZE = 100
_FIELDS = (
    "created,updated,status,priority,assignee,reporter,creator,issuetype,labels,comment,project"
)
_MINUTE_MS = 60_000


class JiraPoller:
    """Ask for issues by when they were updated.

    The cursor is an instant in milliseconds, and where one minute fills a page, how many issues
    are skipped. JQL knows whole minutes in the asker's own zone, so the question is relative.
    """

    def __init__(
        self, api: Api, jql: str, *, is_cloud: bool, clock: Callable[[], int] = now_us
    ) -> None:
        """Take the API, a condition that narrows the issues, and the clock."""
        self._api = api
        self._jql = jql
        self._is_cloud = is_cloud
        self._clock = clock
        self._categories: dict[str, str] = {}

    def start(self, at: int) -> str:
        """Return the cursor of an instant."""
        return str(at // 1000)

    def fetch(self, cursor: str) -> Page:
        """Return the issues updated since the cursor, oldest first; some come again."""
        asked_at = self._clock()
        since, _, skip = cursor.partition(":")
        answer = self._search(int(since), asked_at // 1000, skip)
        issues = find_objects(answer, "issues")
        records = [self._record(issue) for issue in issues]
        last = find_instant(issues[-1], "fields.updated") if issues else None
        is_full = len(issues) >= PAGE_SIZE
        after = max(int(since), last) if isinstance(last, int) else int(since)
        if is_full and after - int(since) < 2 * _MINUTE_MS:
            following = self._find_following(answer, skip, len(issues))
            if following is not None:
                return Page(records, f"{since}:{following}", is_last=False, complete_to=asked_at)
        return Page(records, str(after), is_last=not is_full, complete_to=asked_at)

    def fetch_open(self, cursor: str) -> Page:
        """Return issues that are not done, oldest first, whole as all issues are."""
        answer = self._ask(f"({self._jql}) AND statusCategory != Done ORDER BY created ASC", cursor)
        issues = find_objects(answer, "issues")
        following = self._find_following(answer, cursor, len(issues))
        is_last = len(issues) < PAGE_SIZE or following is None
        return Page([self._record(issue) for issue in issues], following or "", is_last)

    def fetch_states(self, ids: Sequence[str]) -> Mapping[str, State]:
        """Return how issues stand, those that are there and that the token's owner may see."""
        numbers = pick_numbers(ids)
        unasked = dict.fromkeys(set(ids).difference(numbers), UNASKED)
        if not numbers:
            return unasked
        if self._is_cloud:
            question = {"issueIdsOrKeys": numbers, "fields": ["status", "updated"]}
            answer = self._api.post("/rest/api/2/issue/bulkfetch", question)
        else:  # told not to validate, it leaves out what there is no more
            answer = self._api.get("/rest/api/2/search", _by_id(numbers, "status,updated"))
        return unasked | {
            find_id(issue, "id") or "": State(
                find_us(issue, "fields.updated") or 0,
                find_text(issue, "fields.status.statusCategory.key") == "done",
            )
            for issue in find_objects(answer, "issues")
        }

    def fetch_tickets(self, ids: Sequence[str]) -> Records:
        """Return issues, whole as all issues are."""
        answer = self._ask(f"id in ({', '.join(pick_numbers(ids))})", "")
        return [self._record(issue) for issue in find_objects(answer, "issues")]

    def tell_gone(self, ticket_id: str, at: int) -> tuple[str, bytes]:
        """Tell that an issue was deleted, as the webhook does."""
        at_ms = at // 1000
        issue = {"id": ticket_id}
        body = {"webhookEvent": "jira:issue_deleted", "timestamp": at_ms, "issue": issue}
        return f"gone/{ticket_id}/{at_ms}", orjson.dumps(body)

    def _find_following(self, answer: object, skip: str, count: int) -> str | None:
        if self._is_cloud:
            return find_text(answer, "nextPageToken")
        return str(int(skip or 0) + count)

    def _search(self, since: int, now: int, skip: str) -> Any:  # noqa: ANN401 - JSON enters
        minutes = max(1, (now - since) // _MINUTE_MS + 2)
        return self._ask(f'({self._jql}) AND updated >= "-{minutes}m" ORDER BY updated ASC', skip)

    def _ask(self, jql: str, skip: str) -> Any:  # noqa: ANN401 - JSON enters
        params: dict[str, str | int] = {
            "jql": jql,
            "maxResults": PAGE_SIZE,
            "fields": _FIELDS,
            "expand": "changelog",
        }
        if self._is_cloud:
            return self._api.get(
                "/rest/api/2/search/jql", params | ({"nextPageToken": skip} if skip else {})
            )
        return self._api.get("/rest/api/2/search", params | {"startAt": skip or 0})

    def _record(self, issue: Object) -> tuple[str, bytes]:
        number, fields = find_id(issue, "id"), issue.get("fields")
        if not self._is_cloud and isinstance(fields, dict):
            # Only here does a Data Center say which comments are internal.
            path = f"/rest/api/2/issue/{number}/comment"
            fields["comment"] = self._api.get(path, {"expand": "properties"})
        body = {**issue, CATEGORIES: self._find_categories(issue)}
        return f"issue/{number}/{find(issue, 'fields.updated')}", orjson.dumps(body)

    def _find_categories(self, issue: Object) -> dict[str, str]:
        wanted = set(_statuses(issue))
        if not wanted <= self._categories.keys():
            for status in _as_objects(self._api.get("/rest/api/2/status", {})):
                category = find_text(status, "statusCategory.key")
                if category is not None:
                    self._categories[find_id(status, "id") or ""] = category
            for unknown in wanted - self._categories.keys():
                self._categories[unknown] = ""  # deleted since: not asked for again
        return {key: self._categories[key] for key in sorted(wanted) if self._categories[key]}


def _by_id(numbers: Sequence[str], fields: str) -> dict[str, str | int]:
    jql = f"id in ({', '.join(numbers)})"
    return {"jql": jql, "maxResults": PAGE_SIZE, "fields": fields, "validateQuery": "false"}


def _as_objects(answer: object) -> list[Object]:
    return find_objects({"list": answer}, "list")


def _statuses(issue: Object) -> Iterable[str]:
    for change in find_objects(issue, "changelog.histories"):
        for item in find_objects(change, "items"):
            if find_text(item, "field") == "status":
                yield from (found for end in ("from", "to") if (found := find_id(item, end)))


def build_pull(options: Mapping[str, Any], _: Secrets) -> Poll:
    """Return what asks by the source's options. Raises `ConfigError`."""
    url, user, jql = read_url(options), options["user"], options["jql"]
    token = read_token(options)
    if not isinstance(jql, str):
        raise ConfigError(f"option 'jql' must be a condition as text, got {jql!r:.80}")
    if user is None:
        api = Api(url, headers={"Authorization": f"Bearer {token}"})
    else:
        api = Api(url, auth=httpx.BasicAuth(str(user), token))
    is_cloud = httpx.URL(url).host.endswith(".atlassian.net")
    return build_poll(JiraPoller(api, jql, is_cloud=is_cloud), options)
