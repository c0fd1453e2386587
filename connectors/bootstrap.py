"""Bring in what a running desk did before anybody watched: its open tickets and its recent past.

The records are marked: what they tell is old news. They have the keys by which the poll asks for
them again, so that each counts once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from connectors.intake import IntakeLog, Pending, complete
from connectors.marks import OF_OPEN, OF_PAST, mark
from connectors.transports.poll import BusyError, Page, Poller
from slawatch.errors import ConnectorError

LOGGER = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
"""How often a page is asked for that fails: the past does not run away."""
_WAIT_SECONDS = 5.0


class Brought(NamedTuple):
    """Be what was brought in: new records of open tickets and of the past, those known before.

    `cursor` is where the poll goes on.
    """

    opened: int
    past: int
    known: int
    cursor: str


def bring_in(
    log: IntakeLog,
    poller: Poller,
    source: str,
    since: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Brought:
    """Append a system's open tickets, if it tells them, and what was since an instant (µs).

    Only while nothing else writes. What a failure leaves undone is done by the next call. Raises
    `ConnectorError`.
    """
    opened = past = known = 0
    fetch_open = getattr(poller, "fetch_open", None)
    cursor, is_last = "", fetch_open is None
    while fetch_open is not None and not is_last:
        page = _fetch(fetch_open, cursor, sleep)
        count = _append(log, source, page, OF_OPEN)
        opened, known = opened + count, known + len(page.records) - count
        cursor, is_last = page.cursor, page.is_last
    cursor, is_last = poller.start(since), False
    while not is_last:
        page = _fetch(poller.fetch, cursor, sleep)
        count = _append(log, source, page, OF_PAST)
        past, known = past + count, known + len(page.records) - count
        cursor, is_last = page.cursor, page.is_last
        if is_last and page.complete_to is not None:
            log.append([complete(source, page.complete_to)])
    return Brought(opened, past, known, cursor)


def _append(log: IntakeLog, source: str, page: Page, came: str) -> int:
    records = [Pending(source, key, mark(body, came=came)) for key, body in page.records]
    return log.append(records).accepted if records else 0


def _fetch(fetch: Callable[[str], Page], cursor: str, sleep: Callable[[float], None]) -> Page:
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return fetch(cursor)
        except ConnectorError as ex:
            if attempt == MAX_ATTEMPTS:
                raise
            asked = ex.seconds if isinstance(ex, BusyError) else None
            seconds = _WAIT_SECONDS * attempt if asked is None else asked
            LOGGER.warning("history cannot be asked for retry_seconds=%s error=%s", seconds, ex)
            sleep(seconds)
    raise AssertionError  # unreachable: the last attempt returns or raises
