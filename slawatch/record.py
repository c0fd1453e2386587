"""The packed form of a ticket: what a shard keeps of it and what a snapshot holds.

One record is a header, the acts, the clocks and the holders, little-endian. Layouts are a
promise: a change takes a new VERSION and a migration in `slawatch.snapshot`.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from librt.strings import BytesWriter, read_i64_le, write_i64_le

from slawatch.book import NO_GOAL_US, TargetGoal
from slawatch.calendars import Calendar
from slawatch.clocks import FOREVER, Clock, State
from slawatch.events import NO_ATTRS
from slawatch.rows import ROW_BYTES, measure_extras
from slawatch.ticket import CLOSED, Ticket
from slawatch.writing import write_u16, write_u32, write_u64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slawatch.interning import Interner
    from slawatch.lifecycle import Fold

VERSION: Final = 1

# queued_at, created_at, last_at, holder_since; profile; assignee; folded, acts, hops; clocks,
# cycles, holders, extras; status, pauses, contact, replied; over, flags; base
_HEADER: Final = Struct("<4qII7H4B2BI")
_OVER_AT: Final = Struct("<4qII7H4B").size
_STATUS: Final = Struct("<4qII7H").size
_LAST_AT: Final = 2 * 8
_TIMES: Final = Struct("<3q")  # adopted_at, crossed_at, pause_since: where any is set
_HAS_TIMES: Final = 1
_HAS_SEQUENCES: Final = 2
# target, cycle; flags, with the tier in the high half; fired; profile; started_at, breach_at: a
# clock that only runs. The rest is of those that were paused, have breached or have ended.
_CLOCK: Final = Struct("<BHBHIqq")
_MORE: Final = Struct("<BB9qIIIqBB")
_PAUSE: Final = Struct("<qq")
_HELD: Final = Struct("<BBQQ")
_REASONS: Final = ("", "policy_change", "cancelled", "superseded", "expired")
_REASON_NUMBERS: Final = {reason: number for number, reason in enumerate(_REASONS)}
_NONE: Final = 0xFFFFFFFF
_HAS_MORE: Final = 1
_OBSERVED: Final = 2
_GONE: Final = -1
"""The target of a clock whose definition the rules no longer have."""


def read_last_at(row: bytes) -> int:
    """Return the instant of the last act folded into a packed ticket."""
    return read_i64_le(row, _LAST_AT)


def is_over(row: bytes) -> bool:
    """Tell whether a packed ticket only waits for the end of its retention."""
    return row[_OVER_AT] == 1


def is_done(row: bytes) -> bool:
    """Tell whether a packed ticket is over and closed: no open work at all."""
    return row[_OVER_AT] == 1 and row[_STATUS] == CLOSED


def read_next_at(row: bytes) -> int:
    """Return the instant at which a packed ticket wants to be looked at."""
    return read_i64_le(row, 0)


def pack_ticket(ticket: Ticket, interner: Interner) -> bytes:
    """Pack everything but the key; attributes become numbers of the interner."""
    base = ticket.base or b""
    ticket.become_rows(interner)
    assignee = ticket.assignee
    index = _NONE if assignee is None else interner.assert_index(NO_ATTRS, assignee)
    has_times = ticket.adopted_at or ticket.crossed_at or ticket.pause_since
    has_sequences = bool(ticket.sequences)
    writer = interner.writer
    writer.truncate(0)
    write_i64_le(writer, ticket.queued_at)
    write_i64_le(writer, ticket.created_at)
    write_i64_le(writer, ticket.last_at)
    write_i64_le(writer, ticket.holder_since)
    write_u32(writer, ticket.profile)
    write_u32(writer, index)
    write_u16(writer, ticket.folded)
    write_u16(writer, len(ticket.rows) // ROW_BYTES)
    write_u16(writer, min(ticket.hops, 0xFFFF))
    write_u16(writer, len(ticket.clocks))
    write_u16(writer, len(ticket.cycles))
    write_u16(writer, len(ticket.held))
    write_u16(writer, ticket.n_extras)
    writer.append(ticket.status)
    writer.append(ticket.pauses)
    writer.append(ticket.contact)
    writer.append(ticket.replied)
    writer.append(ticket.is_over())
    writer.append((_HAS_TIMES if has_times else 0) | (_HAS_SEQUENCES if has_sequences else 0))
    write_u32(writer, len(base))
    writer.write(ticket.rows)
    if has_times:
        write_i64_le(writer, ticket.adopted_at)
        write_i64_le(writer, ticket.crossed_at)
        write_i64_le(writer, ticket.pause_since)
    writer.write(ticket.sequences)
    writer.write(ticket.extras)
    for clock in ticket.clocks:
        _write_clock(writer, clock)
    for index, n in ticket.cycles.items():
        writer.append(index)
        write_u16(writer, n)
    for (team, status), (wall, business) in ticket.held.items():
        name = team.encode()[:255]
        writer.append(len(name))
        writer.append(status)
        write_u64(writer, wall)
        write_u64(writer, business)
        writer.write(name)
    writer.write(base)
    return writer.getvalue()


_CYCLE: Final = Struct("<BH")


def _write_clock(writer: BytesWriter, clock: Clock) -> None:
    flags = clock.tier << 4 | (_OBSERVED if clock.observed else 0)
    pauses = clock.pauses
    only_runs = (
        clock.state == State.RUNNING
        and clock.run_from == clock.started_at
        and not (clock.breached_at or clock.published or pauses or clock.due)
    )
    writer.append(clock.target)
    write_u16(writer, clock.cycle)
    writer.append(flags if only_runs else flags | _HAS_MORE)
    write_u16(writer, clock.fired)
    write_u32(writer, clock.profile)
    write_i64_le(writer, clock.started_at)
    write_i64_le(writer, clock.breach_at)
    if only_runs:
        return
    writer.append(clock.state)
    writer.append(clock.published)
    write_i64_le(writer, clock.run_from)
    write_i64_le(writer, clock.next_at)
    write_i64_le(writer, clock.elapsed_us)
    write_i64_le(writer, clock.wall_us)
    write_i64_le(writer, clock.breached_at)
    write_i64_le(writer, clock.stopped_at)
    write_i64_le(writer, clock.due)
    write_i64_le(writer, clock.breach_elapsed_us)
    write_i64_le(writer, clock.breach_wall_us)
    write_u32(writer, clock.labels if clock.labels >= 0 else _NONE)
    write_u32(writer, clock.booked if clock.booked >= 0 else _NONE)
    write_u32(writer, len(pauses) if pauses else 0)
    write_i64_le(writer, clock.booked_at)
    writer.append(min(clock.revisions, 255))
    writer.append(_REASON_NUMBERS[clock.reason])
    for pause_from, pause_to in pauses or ():
        write_i64_le(writer, pause_from)
        write_i64_le(writer, pause_to)


def unpack_ticket(
    key: str, row: bytes, fold: Fold, targets: Sequence[int | None] | None = None
) -> Ticket:
    """Unpack a ticket; goals come from the fold's rules by the profile that each clock keeps.

    `targets`, where the rules have changed since, gives each old target its new index.
    """
    head = _HEADER.unpack_from(row)
    ticket = Ticket(key, head[4])
    ticket.queued_at, ticket.created_at, ticket.last_at, ticket.holder_since = head[:4]
    ticket.folded, n_acts, ticket.hops, n_clocks, n_cycles, n_held, n_extras = head[6:13]
    ticket.status, ticket.pauses, ticket.contact, ticket.replied, over, flags, n_base = head[13:20]
    at = _HEADER.size
    asserted = fold.interner.asserted
    if n_acts:
        end = at + n_acts * ROW_BYTES
        ticket.take_rows(row[at:end], asserted)
        at = end
    if flags & _HAS_TIMES:
        ticket.adopted_at, ticket.crossed_at, ticket.pause_since = _TIMES.unpack_from(row, at)
        at += _TIMES.size
    if flags & _HAS_SEQUENCES:
        ticket.sequences = row[at : at + 8 * n_acts]
        at += 8 * n_acts
    if n_extras:
        size = measure_extras(row, at, n_extras)
        ticket.extras, ticket.n_extras = row[at : at + size], n_extras
        at += size
    ticket.assignee = None if head[5] == _NONE else asserted[head[5]][1]
    ticket.grace_us = fold.book.grace_of(key)
    trigger = FOREVER
    for _ in range(n_clocks):
        clock, at = _unpack_clock(row, at, fold, targets)
        if clock.target == _GONE:
            continue
        ticket.clocks.append(clock)
        if clock.is_watched():
            ticket.watched.append(clock)
        if clock.state <= State.PAUSED:
            ticket.live[clock.target] = clock
            if not clock.breached_at and clock.breach_at < trigger:
                trigger = clock.breach_at
    ticket.triggers_at = trigger
    for _ in range(n_cycles):
        index, n = _CYCLE.unpack_from(row, at)
        at += _CYCLE.size
        index = index if targets is None else targets[index]
        if index is not None:
            ticket.cycles[index] = n
    for _ in range(n_held):
        length, status, wall, business = _HELD.unpack_from(row, at)
        at += _HELD.size
        ticket.held[row[at : at + length].decode(errors="replace"), status] = [wall, business]
        at += length
    ticket.base = row[at : at + n_base] if n_base else None
    # Only of a ticket that is over is it known that nothing but its end is queued.
    ticket.next_at = ticket.queued_at if over else 0
    return ticket


def _unpack_clock(
    row: bytes, at: int, fold: Fold, targets: Sequence[int | None] | None
) -> tuple[Clock, int]:
    target, cycle, flags, fired, profile, started_at, breach_at = _CLOCK.unpack_from(row, at)
    at += _CLOCK.size
    if targets is not None:
        new = targets[target]
        target = _GONE if new is None else new
    goal = None if target == _GONE else fold.goals(profile)[target]
    clock = Clock(target, cycle, started_at, goal or MEASURE_ONLY, profile, breach_at)
    clock.fired = fired
    clock.tier = flags >> 4
    clock.observed = bool(flags & _OBSERVED)
    clock.has_stopped = bool(flags & _HAS_MORE)
    if not flags & _HAS_MORE:
        return clock, at
    (
        clock.state,
        clock.published,
        clock.run_from,
        clock.next_at,
        clock.elapsed_us,
        clock.wall_us,
        clock.breached_at,
        clock.stopped_at,
        clock.due,
        clock.breach_elapsed_us,
        clock.breach_wall_us,
        labels,
        booked,
        n_pauses,
        clock.booked_at,
        clock.revisions,
        reason,
    ) = _MORE.unpack_from(row, at)
    at += _MORE.size
    clock.labels = -1 if labels == _NONE else labels
    clock.booked = -1 if booked == _NONE else booked
    clock.reason = _REASONS[reason]
    if n_pauses:
        clock.pauses = [_PAUSE.unpack_from(row, at + i * 16) for i in range(n_pauses)]
        at += 16 * n_pauses
    return clock, at


MEASURE_ONLY: Final = TargetGoal(NO_GOAL_US, Calendar.always_open(), (), (), (), "", 0.0)
"""The goal of a clock whose promise the rules no longer know."""
