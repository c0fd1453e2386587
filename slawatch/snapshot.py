"""A shard as bytes: what the recovery store keeps.

Version 1: the byte 1, the length of a JSON head, the head (targets, attribute tables, times),
then (key, row) pairs. The head holds what polled sources have told (`complete`) only where there
is any, so that older states of this version are read as they are. Older versions are migrated by
one function each in `_MIGRATIONS`; a newer one is refused by name.
"""

from __future__ import annotations

import json
from struct import Struct
from typing import TYPE_CHECKING, Any

from slawatch.errors import ConfigError
from slawatch.events import POLICY_CHANGED, Attrs, build_pseudo
from slawatch.record import pack_ticket, unpack_ticket
from slawatch.retell import freeze
from slawatch.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slawatch.book import Book
    from slawatch.ticket import Ticket
    from slawatch.verdicts import Output

VERSION = 1
_HEAD = Struct("<BI")
_ROW = Struct("<II")
_COMPACT_OVER = 20_000
_MIGRATIONS: Mapping[int, Callable[[bytes], bytes]] = {}


def pack_shard(shard: Shard) -> bytes:
    """Pack a shard; the bytes share nothing with it."""
    shard.park()
    if len(shard.interner.asserted) > _COMPACT_OVER + 4 * len(shard.tickets):
        compact(shard)
    interner = shard.interner
    rows: list[bytes] = []
    for key, kept in shard.tickets.items():
        name = key.encode("utf-8", "surrogatepass")
        row = kept if isinstance(kept, bytes) else pack_ticket(kept, interner)
        rows += (_ROW.pack(len(name), len(row)), name, row)
    said = {
        "targets": shard.book.names,
        "digest": shard.digest,
        "began_at": shard.began_at,
        "log_at": shard.log_at,
        "first_at": shard.first_at,
        "asserted": interner.asserted,
        "profiles": [(p.facts.source, p.attrs) for p in interner.profiles],
    }
    if complete := shard.settler.complete.pack():
        said["complete"] = complete
    head = json.dumps(said, ensure_ascii=True, separators=(",", ":")).encode()
    return b"".join((_HEAD.pack(VERSION, len(head)), head, *rows))


def compact(shard: Shard) -> None:
    """Renumber attributes, those that tickets still use: the tables only grow otherwise."""
    old = shard.interner
    fresh = Shard(shard.book, first_at=shard.first_at)
    moved: dict[int, int] = {-1: -1}

    def move(index: int) -> int:
        if index not in moved:
            profile = old.profiles[index]
            moved[index] = fresh.interner.profile_index(profile.facts.source, profile.attrs)
        return moved[index]

    for key in shard.tickets:
        ticket = shard.peek(key)
        if ticket is None:
            continue
        if ticket.base is not None:
            base = unpack_ticket(key, ticket.base, shard.fold)
            move_profiles(base, move)
            ticket.base = pack_ticket(base, fresh.interner)
        move_profiles(ticket, move)
        fresh.tickets[key] = pack_ticket(ticket, fresh.interner)
    shard.adopt(fresh)


def move_profiles(ticket: Ticket, move: Callable[[int], int]) -> None:
    """Give a ticket and its clocks the numbers of another interner."""
    ticket.profile = move(ticket.profile)
    for clock in ticket.clocks:
        clock.profile, clock.labels = move(clock.profile), move(clock.labels)
        clock.booked = move(clock.booked)


def restore_shard(data: bytes, book: Book, *, hot: int = 512) -> Shard:
    """Unpack a shard under `book`, which may be another version of the rules.

    Raises `ConfigError` for a state written by a newer slawatch.
    """
    data = migrate(data)
    _, size = _HEAD.unpack_from(data)
    at = _HEAD.size + size
    head: dict[str, Any] = json.loads(data[_HEAD.size : at])
    shard = Shard(book, first_at=head["first_at"], hot=hot)
    shard.began_at, shard.log_at = head["began_at"], head["log_at"]
    shard.digest = head["digest"]
    shard.settler.complete.restore(head.get("complete", {}), shard.log_at)
    for row in head["asserted"]:
        shard.interner.assert_index(_attrs(row[0]), row[1])
    for source, row in head["profiles"]:
        shard.interner.profile_index(source, _attrs(row))
    same = tuple(head["targets"]) == book.names
    targets = None if same else [book.index.get(name) for name in head["targets"]]
    while at < len(data):
        n_key, n_row = _ROW.unpack_from(data, at)
        at += _ROW.size
        key = data[at : at + n_key].decode("utf-8", "surrogatepass")
        row = data[at + n_key : at + n_key + n_row]
        at += n_key + n_row
        if targets is not None:
            row = _renumber(key, row, shard, targets)
        shard.tickets[key] = row
    shard.work.touched.update(shard.tickets)
    shard.rebuild()
    return shard


def _renumber(key: str, row: bytes, shard: Shard, targets: Sequence[int | None]) -> bytes:
    """Give a ticket's clocks, and those of its base, the targets' new numbers."""
    ticket = unpack_ticket(key, row, shard.fold, targets)
    if ticket.base is not None:
        base = unpack_ticket(key, ticket.base, shard.fold, targets)
        ticket.base = pack_ticket(base, shard.interner)
    return pack_ticket(ticket, shard.interner)


def migrate(data: bytes) -> bytes:
    """Bring older state to this version; refuse newer."""
    version = data[0]
    if version > VERSION:
        msg = (
            f"the state was written by a newer slawatch (format {version}, this one reads up to"
            f" {VERSION}): start that version, or begin with an empty state folder"
        )
        raise ConfigError(msg)
    while version < VERSION:
        data = _MIGRATIONS[version](data)
        version = data[0]
    return data


def _attrs(row: list[Any]) -> Attrs:
    attrs = Attrs(*row)
    return attrs if attrs.tags is None else attrs._replace(tags=tuple(attrs.tags))


def change_rules(shard: Shard, at: int, out: Output) -> None:
    """Judge a shard restored under new rules by them, as of log time `at`.

    What was judged stays: every ticket's past becomes its base. Open clocks take their new goals
    by the change mode of their targets; the stretch that runs counts by the new calendar.
    """
    for key in list(shard.tickets):
        ticket = shard.get(key)
        if ticket is None:
            continue
        if ticket.folded:
            freeze(shard.fold, ticket)
        if ticket.live or ticket.is_open():
            shard.take_act(ticket, build_pseudo(POLICY_CHANGED, at, key), out)
        shard.cool()
