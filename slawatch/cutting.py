"""Lines of native JSON, cut: their form, which many lines share, and the values that vary.

Cut out are ids, the instant, the person, the sequence and the duration; the rest of a line is its
form. Two lines of one form say the same but for these values. Only plain lines are cut: flat
objects without an escape, whose ids and instants are what they mostly are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from librt.strings import read_i32_le, read_i64_le

from slawatch.errors import EventError
from slawatch.parsing import MAX_ID_CHARS, parse_instant

if TYPE_CHECKING:
    from mypy_extensions import i32, i64

_SPACE: Final = 0x20
_QUOTE: Final = 0x22
_COMMA: Final = 0x2C
_DOT: Final = 0x2E
_ZERO: Final = 0x30
_COLON: Final = 0x3A
_ZULU: Final = 0x5A
_BACKSLASH: Final = 0x5C
_BRACE: Final = 0x7B
_END: Final = 0x7D
_ASCII: Final = 0x7F

# Parts of the keys of what varies, as read from a line.
_EVEN: Final = 0x6E657665
_T_ID: Final = 0x64695F74
_TICK: Final = 0x6B636974
_ET_I: Final = 0x695F7465
_OCCU: Final = 0x7563636F
_RRED: Final = 0x64657272
_D_AT: Final = 0x74615F64
_ASSI: Final = 0x69737361
_GNEE: Final = 0x65656E67
_SEQU: Final = 0x75716573
_ENCE: Final = 0x65636E65
_HAND: Final = 0x646E6168
_LE_S: Final = 0x735F656C
_ECON: Final = 0x6E6F6365
_ONDS: Final = 0x73646E6F
_SHORTEST: Final = 8

_ID: Final = 1
_TICKET: Final = 2
_INSTANT: Final = 4
_PERSON: Final = 8
_PLACE: Final = 16
_DURATION: Final = 32
_REQUIRED: Final = 7
_INSTANT_BYTES: Final = 24
_DAY_US: Final = 86_400_000_000
_HOURS: Final = 24
_SIXTY: Final = 60
_NINE: Final = 9
_MAX_DIGITS: Final = 15
_MAX_DURATION_DIGITS: Final = 9
_RESTS: Final = 4_096


class Cutter:
    """Cut one line after another. The values are those of the last.

    `assignee` is `None`, `sequence` 0 and `handle_us` -1 where the line has none to cut out.
    """

    def __init__(self) -> None:
        """Have cut nothing yet."""
        self.form = b""
        self.event_id = b""
        self.ticket_id = b""
        self.occurred_at: i64 = 0
        self.assignee: bytes | None = None
        self.sequence: i64 = 0
        self.handle_us: i64 = -1
        self._rests: set[bytes] = set()
        self._seen: i64 = 0
        self._month: i64 = 0
        self._day: i32 = 0
        self._day_at: i64 = 0

    def cut(self, line: bytes) -> bool:
        """Cut a line; tell whether it could be."""
        if _BACKSLASH in line:
            return False
        try:
            return self._cut(line)
        except (IndexError, ValueError, EventError):  # cut off, no UTF-8, no instant
            return False

    def _cut(self, line: bytes) -> bool:
        last: i64 = len(line) - 1
        if line[0] != _BRACE or line[last] != _END:
            return False
        self.assignee = None
        self.sequence = 0
        self.handle_us = -1
        self._seen = 0
        parts: list[bytes] = []
        start: i64 = 0  # of the form's next part
        at: i64 = 1
        while True:
            if line[at] != _QUOTE:
                return False
            key: i64 = at + 1
            end: i64 = key
            while line[end] != _QUOTE:
                end += 1
            size: i64 = end - key
            if line[end + 1] != _COLON:
                return False
            begin: i64 = end + 2
            if line[begin] == _SPACE:
                begin += 1
            is_text = line[begin] == _QUOTE
            high: i64 = 0
            if is_text:
                begin += 1
                end = begin
                byte: i64 = line[end]
                while byte != _QUOTE:
                    if byte < _SPACE:
                        return False
                    high |= byte
                    end += 1
                    byte = line[end]
                at = end + 1
            else:
                end = begin
                byte = line[end]
                while byte not in (_COMMA, _END):
                    if byte == _QUOTE:  # nested: what has no text in it is of the form
                        return False
                    end += 1
                    byte = line[end]
                if begin == end:  # a form has nothing where a number was cut out
                    return False
                at = end
            if size >= _SHORTEST:
                varies: i64 = self._take(line, key, size, begin, end, is_text)
                if varies < 0:
                    return False
                if varies:
                    if high > _ASCII:
                        line[begin:end].decode()
                    parts.append(line[start:begin])
                    start = end
            if at == last:
                break
            if self._seen == _REQUIRED and start == end:
                rest = line[start:]
                if rest in self._rests:
                    parts.append(rest)
                    self.form = b"".join(parts)
                    return True
            if line[at] != _COMMA:
                return False
            at += 1
            if line[at] == _SPACE:
                at += 1
        rest = line[start:]
        if self._seen == _REQUIRED:
            if len(self._rests) >= _RESTS:
                self._rests.clear()
            self._rests.add(rest)
        parts.append(rest)
        self.form = b"".join(parts)
        return self._seen & _REQUIRED == _REQUIRED

    def _take(self, line: bytes, key: i64, size: i64, begin: i64, end: i64, is_text: bool) -> i64:
        """Take a value if it varies: 1. Return 0 for one of the form, -1 where none can be cut."""
        head: i32 = read_i32_le(line, key)
        tail: i32 = read_i32_le(line, key + size - 4)
        bit: i64 = 0
        varies = True
        if head == _EVEN:
            if size == 8 and tail == _T_ID:
                bit = _ID
                if not is_text or begin == end:
                    return -1
                self.event_id = line[begin:end]
        elif head == _TICK:
            if size == 9 and tail == _T_ID and read_i32_le(line, key + 4) == _ET_I:
                bit = _TICKET
                if not is_text or begin == end or end - begin > MAX_ID_CHARS:
                    return -1
                self.ticket_id = line[begin:end]
        elif head == _OCCU:
            if size == 11 and tail == _D_AT and read_i32_le(line, key + 4) == _RRED:
                bit = _INSTANT
                if not is_text or end - begin != _INSTANT_BYTES:
                    return -1
                self.occurred_at = self._read_instant(line, begin)
        elif head == _ASSI:
            if size == 8 and tail == _GNEE:
                bit = _PERSON
                varies = is_text
                if is_text:
                    self.assignee = line[begin:end]
        elif head == _SEQU:
            if size == 8 and tail == _ENCE:
                bit = _PLACE
                varies = not is_text and is_number(line, begin, end, _MAX_DIGITS, dotted=False)
                if varies:
                    self.sequence = int(line[begin:end]) + 1
        elif (
            head == _HAND
            and size == 14
            and tail == _ONDS
            and read_i32_le(line, key + 4) == _LE_S
            and read_i32_le(line, key + 8) == _ECON
        ):
            bit = _DURATION
            varies = not is_text and is_number(line, begin, end, _MAX_DURATION_DIGITS, dotted=True)
            if varies:
                self.handle_us = read_duration(line[begin:end])
        if self._seen & bit:
            return -1  # the last of them would count
        self._seen |= bit
        return 1 if bit and varies else 0

    def _read_instant(self, line: bytes, begin: i64) -> i64:
        """Return an instant in microseconds. Raises `EventError` for what is none."""
        month: i64 = read_i64_le(line, begin)
        day: i32 = read_i32_le(line, begin + 7)
        is_plain = (
            line[begin + 13] == _COLON
            and line[begin + 16] == _COLON
            and line[begin + 19] == _DOT
            and line[begin + 23] == _ZULU
        )
        if is_plain and month == self._month and day == self._day:
            hour: i64 = read_digits(line, begin + 11, begin + 13)
            minute: i64 = read_digits(line, begin + 14, begin + 16)
            second: i64 = read_digits(line, begin + 17, begin + 19)
            millisecond: i64 = read_digits(line, begin + 20, begin + 23)
            is_clock = 0 <= hour < _HOURS and 0 <= minute < _SIXTY and 0 <= second < _SIXTY
            if is_clock and millisecond >= 0:
                seconds = (hour * _SIXTY + minute) * _SIXTY + second
                return self._day_at + (seconds * 1_000 + millisecond) * 1_000
        at: i64 = parse_instant(line[begin : begin + _INSTANT_BYTES].decode(), "occurred_at")
        if is_plain:
            self._month = month
            self._day = day
            self._day_at = at - at % _DAY_US
        return at


def read_digits(line: bytes, begin: i64, end: i64) -> i64:
    """Return a number written in digits alone, -1 where it is not."""
    number: i64 = 0
    while begin < end:
        digit: i64 = line[begin] - _ZERO
        if not 0 <= digit <= _NINE:
            return -1
        number = 10 * number + digit
        begin += 1
    return number


def is_number(line: bytes, begin: i64, end: i64, digits: i64, *, dotted: bool) -> bool:
    """Tell whether a number of JSON is one of few whole digits, and of decimals if `dotted`."""
    dot: i64 = begin
    while dot < end and line[dot] != _DOT:
        dot += 1
    if dot == begin or dot - begin > digits or read_digits(line, begin, dot) < 0:
        return False
    if line[begin] == _ZERO and dot - begin > 1:
        return False
    if dot == end:
        return True
    return dotted and dot + 1 < end <= dot + _MAX_DIGITS and read_digits(line, dot + 1, end) >= 0


def read_duration(text: bytes) -> int:
    """Return a number of seconds in microseconds."""
    return round((float(text) if b"." in text else int(text)) * 1_000_000)
