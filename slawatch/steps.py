"""What an act is and what its ticket becomes, from few values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from slawatch.book import PAUSE_BITS
from slawatch.events import Actor, Kind
from slawatch.ticket import CLOSED, NEW, OPEN, PENDING, RESOLVED, STATUS_NAMES

if TYPE_CHECKING:
    from slawatch.clockwork import Reaction
    from slawatch.events import Event

HUMAN_BIT: Final = 1
BOT_BIT: Final = 2
LEAVES: Final = sum(1 << kind for kind in (Kind.RESOLVED, Kind.CLOSED, Kind.DELETED, Kind.MERGED))
"""The kinds after which nobody waits on a ticket any more."""
_STATUS_OF: Final = {name: number for number, name in enumerate(STATUS_NAMES)}
_REPLIED: Final = int(Kind.REPLIED)  # an enum's members cost several times a number's time
_REPLY_BITS: Final[dict[int, int]] = {Actor.AGENT: HUMAN_BIT, Actor.BOT: BOT_BIT}
_NO_WORK: Final = (Kind.CREATED, Kind.OBSERVED, Kind.EXCUSED, Kind.RESTORED, Kind.REASON_GIVEN)
_COUNTED: Final = (
    1 << Kind.CREATED
    | 1 << Kind.RESOLVED
    | 1 << Kind.REOPENED
    | 1 << Kind.ESCALATED
    | 1 << Kind.SURVEY_SENT
    | 1 << Kind.EXCUSED
    | 1 << Kind.RESTORED
    | 1 << Kind.RATED
    | 1 << Kind.ABANDONED
    | 1 << Kind.ACKNOWLEDGED
    | 1 << Kind.PLANNED
    | 1 << Kind.EXPERT_ENGAGED
    | 1 << Kind.FIXED
)


class Step:
    """Be what an act is, as far as few values decide it; remembered, not worked out again.

    `kinds` has the bits of the act's kind and of those derived; `status` and `pauses` are the
    ticket's afterwards; `restops` are targets whose stop moves if it had stopped already.
    """

    __slots__ = (
        "is_counted",
        "is_reopened",
        "kinds",
        "pauses",
        "reactions",
        "reply",
        "restops",
        "status",
    )

    def __init__(
        self,
        kinds: int,
        status: int,
        pauses: int,
        reactions: list[Reaction],
        reply: int,
        restops: tuple[int, ...],
    ) -> None:
        """Take what was worked out once for an act of its kind on a ticket in its state."""
        self.kinds = kinds
        self.status = status
        self.pauses = pauses
        self.reactions = reactions
        self.is_reopened = bool(kinds & 1 << Kind.REOPENED)
        self.is_counted = bool(kinds & (_COUNTED | LEAVES))
        self.reply = reply
        self.restops = restops


def next_status(  # noqa: PLR0911 - one return a case
    old: int, pauses: int, act: Event
) -> tuple[int, int]:
    """Return status and pause reasons after an act."""
    kind, said = act.kind, act.attrs
    if said.status is not None:
        status = _STATUS_OF[said.status]
        if status == NEW and old >= RESOLVED:
            status = old  # a ticket is new once: no reopen, but an update told out of order
        return status, pause_bit(said.reason) if status == PENDING else 0
    match kind:
        case Kind.RESOLVED:
            return max(old, RESOLVED), 0
        case Kind.CLOSED | Kind.ABANDONED | Kind.DELETED | Kind.MERGED:
            return CLOSED, 0
        case Kind.REOPENED:
            return (OPEN if old >= RESOLVED else old), pauses
        case Kind.PAUSED:
            return (PENDING if old < RESOLVED else old), pauses | pause_bit(said.reason)
        case Kind.RESUMED:
            pauses = pauses & ~pause_bit(said.reason) if said.reason else 0
        case Kind.REPLIED if act.actor == Actor.CUSTOMER:
            pauses &= ~PAUSE_BITS["customer"]
        case _:
            is_work = act.actor == Actor.AGENT and kind not in _NO_WORK
            return (OPEN if old == NEW and is_work else old), pauses
    return (OPEN if old == PENDING and not pauses else old), pauses


def reply_bit(act: Event) -> int:
    """Return whose first reply an act may be: `HUMAN_BIT`, `BOT_BIT` or none."""
    if act.kind != _REPLIED or not act.public:
        return 0
    return _REPLY_BITS.get(act.actor, 0)


def pause_bit(reason: str | None) -> int:
    """Return the bit of a pause reason; what is not known pauses as a status does."""
    return PAUSE_BITS.get(reason or "status", PAUSE_BITS["status"])


def derive_kinds(old: int, new: int) -> int:
    """Return the bits of the kinds that a change of status is."""
    kinds = 0
    if new == CLOSED:
        kinds |= 1 << Kind.CLOSED
    elif new == RESOLVED:
        kinds |= 1 << Kind.RESOLVED
    elif old >= RESOLVED:
        kinds |= 1 << Kind.REOPENED
    if new == PENDING:
        kinds |= 1 << Kind.PAUSED
    elif old == PENDING:
        kinds |= 1 << Kind.RESUMED
    return kinds
