"""The end of a decoding anew: what the mended decoder did not tell was never so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slawatch.arrival import uncount
from slawatch.events import EXPIRED
from slawatch.repetition import get_revision

if TYPE_CHECKING:
    from slawatch.events import Event
    from slawatch.shard import Shard
    from slawatch.verdicts import Output


def end_revision(shard: Shard, said: Event, log_at: int, out: Output) -> None:
    """Take the acts back that a source's tickets have and its revision did not tell.

    Older ones than `said` names stay: their records may be gone from the log. So does a ticket's
    closed past.
    """
    uncount(said, out)
    revision, since = get_revision(said), said.occurred_at
    for key in [key for key in shard.tickets if key.startswith(said.key)]:
        ticket = shard.peek(key)
        if ticket is None:
            continue
        told = [act for act in ticket.acts if not _is_untold(act, revision, since)]
        if len(told) == len(ticket.acts):
            continue
        ticket = shard.get(key) or ticket
        # That it fell silent followed from the acts; it will again.
        told = [act for act in told if act.kind != EXPIRED]
        shard.replace_acts(ticket, told, log_at, out, is_anew=True)
        shard.touch(ticket)
        if ticket.base is None and all(act.kind < 0 for act in told):
            shard.forget(key)


def _is_untold(act: Event, revision: int, since: int) -> bool:
    return act.kind >= 0 and act.occurred_at >= since and get_revision(act) < revision
