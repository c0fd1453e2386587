"""What a fold counts beside clocks: each effect is a counter's increase."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from slawatch import conventions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slawatch.verdicts import Output

_EXCUSED: Final = conventions.EXCUSED.name
_RESTORED: Final = conventions.RESTORED.name
_EXCUSES: Final = (_EXCUSED, _RESTORED)

Key = Any
"""(family, label values): of the counter or histogram that is added to.

A type of its own would have it taken apart and put together at each look-up where it is compiled.
"""
Given = tuple[Key, int]
"""What is added: 1, or microseconds; of a histogram one observation of the value in its label."""
_Sums = dict[str, Counter[Key]]


def count_given(effects: list[Given], out: Output) -> None:
    """Add what a ticket gave to the counters."""
    for key, amount in effects:
        out.add(key, amount)


def find_growth(before: Iterable[Given], after: Iterable[Given]) -> list[Given]:
    """Return what a ticket folded again adds to what it had given.

    Counters never go down, so of each family at most the growth of its total is given, from the
    label sets that grew. The histogram of hops gets an observation a resolution. Excuses are net
    of those taken back, so that what shrinks of one is what grows of the other.
    """
    grown: list[Given] = []
    old, new = _sum(before), _sum(after)
    if _EXCUSED in old or _EXCUSED in new:
        grown.extend(_find_excuse_growth(old, new))
    for family, amounts in new.items():
        if family in _EXCUSES:
            continue
        was = old.get(family, Counter())
        room = sum(amounts.values()) - sum(was.values())
        for key, amount in amounts.items():
            more = min(amount - was[key], room)
            if more > 0:
                room -= more
                grown.append((key, more))
    return grown


def _find_excuse_growth(old: _Sums, new: _Sums) -> Iterator[Given]:
    """Yield what makes the net excuses of each priority and target those of the new fold."""
    was, now = _net_excuses(old), _net_excuses(new)
    excused = (key for sums in (old, new) for key in sums.get(_EXCUSED, ()))
    keys = {key[1][:2]: key for key in excused}
    for pair, key in sorted(keys.items()):
        more = now[pair] - was[pair]
        if more > 0:
            yield key, more
        elif more < 0:
            yield (_RESTORED, pair), -more


def _net_excuses(sums: _Sums) -> Counter[tuple[str, ...]]:
    net: Counter[tuple[str, ...]] = Counter()
    for (_, labels), amount in sums.get(_EXCUSED, Counter()).items():
        net[labels[:2]] += amount
    for (_, labels), amount in sums.get(_RESTORED, Counter()).items():
        net[labels] -= amount
    return net


def _sum(given: Iterable[Given]) -> _Sums:
    sums: _Sums = {}
    for key, amount in given:
        sums.setdefault(key[0], Counter())[key] += amount
    return sums
