"""Verdicts on their way to the table: as the text in which they are stored."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

import orjson

from slawatch.verdicts import BREACHED, FIELDS, IDENTITY, Row

_EXEMPLARS_OF = 20
_KIND = itemgetter(FIELDS.index("kind"))
_IDENTITY = itemgetter(slice(len(IDENTITY)))


class Told(NamedTuple):
    """Be the verdicts that one part of the flow says at once.

    `text` is a JSON array of `size` rows. `breaches` are those among the last. `kinds` counts them,
    and `hashes` tell in this process whether two are the same; `None` where nobody asks for it.
    """

    size: int
    text: bytes
    breaches: Sequence[Row]
    kinds: Mapping[str, int]
    hashes: array[int] | None


NOTHING = Told(0, b"[]", (), {}, None)


class Telling:
    """Write verdicts down, best some hundred at once: what was just made is near at hand."""

    def __init__(self, *, is_tallied: bool = False) -> None:
        """Begin; `is_tallied` makes ready what a tally asks for."""
        self._texts: list[bytes] = []
        self._size = 0
        self._last: list[Row] = []
        self._kinds: Counter[str] = Counter()
        self._hashes = array("q") if is_tallied else None

    def add(self, verdicts: Sequence[Row]) -> None:
        """Write some more."""
        if not verdicts:
            return
        self._texts.append(orjson.dumps(verdicts, default=tuple))
        self._size += len(verdicts)
        self._last = [*self._last, *verdicts[-_EXEMPLARS_OF:]][-_EXEMPLARS_OF:]
        if self._hashes is not None:
            self._kinds.update(map(_KIND, verdicts))
            self._hashes.extend(map(hash, map(_IDENTITY, verdicts)))

    def end(self) -> Told:
        """Return all that was written."""
        if not self._size:
            return NOTHING
        breaches = [row for row in self._last if row[3] == BREACHED]
        return Told(self._size, join_texts(self._texts), breaches, self._kinds, self._hashes)


def tell(verdicts: Sequence[Row], *, is_tallied: bool = False) -> Told:
    """Write verdicts down at once."""
    telling = Telling(is_tallied=is_tallied)
    telling.add(verdicts)
    return telling.end()


def join_texts(texts: Sequence[bytes]) -> bytes:
    """Make one JSON array of several."""
    return texts[0] if len(texts) == 1 else b"[" + b",".join([text[1:-1] for text in texts]) + b"]"
