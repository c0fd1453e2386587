"""A ticket's acts as the rows they are stored as: taken apart only where somebody asks for them.

The layout is part of a ticket's record (`slawatch.record`), little-endian: a row an act; where any
has one, the sequences of all; then the rare keys of those that have any.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from librt.strings import read_i64_be, read_i64_le, write_i64_le

from slawatch.clocks import FOREVER
from slawatch.events import Event, Extras, Kind, rank_of
from slawatch.writing import write_u16, write_u32

if TYPE_CHECKING:
    from mypy_extensions import i64

    from slawatch.interning import Asserted, Interner

# occurred_at; kind, actor, public; attributes and assignee; id hash, its last byte first
_ROW: Final = Struct("<qHI8s")
ROW_BYTES: Final = 22
_HASH_AT: Final = 14
_AT: Final = Struct("<q")
_EXTRA: Final = Struct("<HB")  # index of the act, a bit for each value that follows
_EXTRA_BYTES: Final = 3
_MASK_AT: Final = 2
_VALUES_BYTES: Final = bytes(8 * mask.bit_count() for mask in range(1 << len(Extras._fields)))
_VALUES: Final = tuple(Struct(f"<{count}q") for count in range(len(Extras._fields) + 1))
_ONE: Final[i64] = 1
_SEEN: Final = 31
_ALL: Final = (1 << 32) - 1
_LAST_KIND: Final = int(max(Kind))


class Told:
    """Hold the acts of a ticket: as rows, until `acts` is asked for, and then as a list.

    `folded` of them are applied, the rest wait for log time. `rows`, `sequences` (empty while
    all are 0), `extras` and `told_at`, the instant of the last row, are stale once there is a
    list. `asserted` is what the rows' numbers mean.
    """

    key: str
    folded: i64 = 0
    rows: bytes = b""
    sequences: bytes = b""
    extras: bytes = b""
    n_extras: int = 0
    told_at: i64 = 0
    _seen: i64 = 0
    asserted: list[Asserted] | None = None
    _listed: list[Event] | None = None

    @property
    def acts(self) -> list[Event]:
        """Return the acts in their order; what is done to the list is done to the ticket."""
        listed = self._listed
        if listed is None:
            listed = self._listed = _unpack_acts(self)
        return listed

    @acts.setter
    def acts(self, acts: list[Event]) -> None:
        self._listed = acts

    def count(self) -> i64:
        """Return how many acts there are."""
        listed = self._listed
        return len(self.rows) // ROW_BYTES if listed is None else len(listed)

    def waits_until(self) -> i64:
        """Return the instant of the first act that is not folded."""
        listed = self._listed
        if listed is None:
            at = self.folded * ROW_BYTES
            return FOREVER if at >= len(self.rows) else read_instant(self.rows, at)
        return listed[self.folded].occurred_at if self.folded < len(listed) else FOREVER

    def find(self, id_hash: bytes) -> int:
        """Return the place of an act among the others by the hash of its id, -1 if it is new."""
        if self._listed is None:
            return _find_row(self.rows, id_hash[::-1])
        for index, known in enumerate(self._listed):
            if known.id_hash == id_hash:
                return index
        return -1

    def is_next(self, at: i64) -> bool:
        """Tell whether an act of this instant certainly goes after all others, all folded."""
        return (
            self._listed is None and at > self.told_at and self.folded * ROW_BYTES == len(self.rows)
        )

    def is_new(self, row: bytes) -> bool:
        """Tell whether the id hash of a row is certainly not among the other rows."""
        # A bit for five of the hash's: most new acts are known as such by it.
        if not self._seen >> (row[_HASH_AT] & _SEEN) & 1:
            return True
        return self.rows.find(row[_HASH_AT:]) < 0

    def is_before(self, act: Event) -> bool:
        """Tell whether an act is later than all others."""
        listed = self._listed
        if listed is None:
            if act.occurred_at > self.told_at or not self.rows:
                return True
            if act.occurred_at < self.told_at:
                return False
            listed = self.acts
        return not listed or act.is_after(listed[-1])

    def take_rows(self, rows: bytes, asserted: list[Asserted]) -> None:
        """Take the rows of a record, and what their numbers mean."""
        self.rows, self.asserted = rows, asserted
        self.told_at = read_instant(rows, len(rows) - ROW_BYTES)
        self._seen = _ALL

    def add(self, act: Event, interner: Interner) -> None:
        """Keep an act that is later than all others."""
        if self._listed is not None:
            self._listed.append(act)
        else:
            self.add_row(pack_row(act, interner), act, interner)

    def add_row(self, row: bytes, act: Event, interner: Interner) -> None:
        """Keep an act by its row, where all others are kept so and it is later."""
        count = len(self.rows) // ROW_BYTES
        self.asserted = interner.asserted
        self.rows += row
        self.told_at = act.occurred_at
        self._seen |= _ONE << (row[_HASH_AT] & _SEEN)
        if act.sequence or self.sequences:
            self.sequences = self.sequences or bytes(count * _AT.size)
            self.sequences += _AT.pack(act.sequence)
        if act.extras is not None:
            self.extras += _pack_extras(count, act.extras)
            self.n_extras += 1

    def become_rows(self, interner: Interner) -> None:
        """Bring the rows up to date, with the numbers of this interner."""
        asserted = interner.asserted
        if self._listed is None and (self.asserted is asserted or not self.rows):
            return
        acts = self.acts
        self.asserted = asserted
        self.rows = b"".join([pack_row(act, interner) for act in acts])
        sequences = [act.sequence for act in acts]
        packed = [_AT.pack(sequence) for sequence in sequences] if any(sequences) else []
        self.sequences = b"".join(packed)
        rare = [(index, act.extras) for index, act in enumerate(acts) if act.extras is not None]
        self.extras = b"".join([_pack_extras(index, extras) for index, extras in rare])
        self.n_extras = len(rare)
        self.told_at = acts[-1].occurred_at if acts else 0
        self._seen = _ALL


def pack_row(act: Event, interner: Interner) -> bytes:
    """Pack an act but for its sequence and its rare keys."""
    index = interner.assert_index(act.attrs, act.assignee)
    writer = interner.writer
    writer.truncate(0)
    write_i64_le(writer, act.occurred_at)
    write_u16(writer, (act.kind & 0xFF) << 3 | act.actor << 1 | act.public)
    write_u32(writer, index)
    write_i64_le(writer, read_i64_be(act.id_hash, 0))
    return writer.getvalue()


def _find_row(rows: bytes, id_hash: bytes) -> int:
    at = rows.find(id_hash)
    while at >= 0:
        if at % ROW_BYTES == _HASH_AT:
            return at // ROW_BYTES
        at = rows.find(id_hash, at + 1)
    return -1


def read_instant(row: bytes, at: int) -> i64:
    """Return the instant that stands at a place of a row."""
    return read_i64_le(row, at)


def _pack_extras(index: int, extras: Extras) -> bytes:
    mask, bit = 0, 1
    values: list[int] = []
    for value in extras:
        if value is not None:
            mask |= bit
            values.append(value)
        bit <<= 1
    return _EXTRA.pack(index, mask) + _VALUES[len(values)].pack(*values)


def measure_extras(row: bytes, at: int, count: int) -> int:
    """Return how many bytes the rare keys of so many acts take."""
    start = at
    for _ in range(count):
        at += _EXTRA_BYTES + _VALUES_BYTES[row[at + _MASK_AT]]
    return at - start


def _unpack_extras(told: Told) -> dict[int, Extras]:
    found: dict[int, Extras] = {}
    row, at = told.extras, 0
    for _ in range(told.n_extras):
        index, mask = _EXTRA.unpack_from(row, at)
        at += _EXTRA_BYTES
        values: list[int | None] = []
        for i in range(len(Extras._fields)):
            if mask >> i & 1:
                values.append(_AT.unpack_from(row, at)[0])
                at += _AT.size
            else:
                values.append(None)
        found[index] = Extras(*values)
    return found


def _unpack_acts(told: Told) -> list[Event]:
    asserted = told.asserted
    if asserted is None:
        return []
    key = told.key
    extras = _unpack_extras(told)
    sequences = list(_AT.iter_unpack(told.sequences))
    acts: list[Event] = []
    for n, (at, bits, index, id_hash) in enumerate(_ROW.iter_unpack(told.rows)):
        kind = bits >> 3
        if kind > _LAST_KIND:
            kind -= 256  # a pseudo-act
        attrs, assignee = asserted[index]
        act = Event(
            at,
            sequences[n][0] if sequences else 0,
            rank_of(kind, attrs.status),
            id_hash[::-1],
            kind,
            bits >> 1 & 3,
            bool(bits & 1),
            attrs,
            extras.get(n),
            assignee,
            key,
            key,
            at,
            0,
            "",
        )
        acts.append(act)
    return acts
