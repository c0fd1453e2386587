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


def tell(verdicts: Sequence[Row], *, is_tallied: bool = False) -> Told:
    """Write verdicts down, best at once: what was just made is near at hand."""
    if not verdicts:
        return NOTHING
    return Told(
        len(verdicts),
        orjson.dumps(verdicts, default=tuple),
        [row for row in verdicts[-_EXEMPLARS_OF:] if row[3] == BREACHED],
        Counter(map(_KIND, verdicts)) if is_tallied else {},
        array("q", map(hash, map(_IDENTITY, verdicts))) if is_tallied else None,
    )
