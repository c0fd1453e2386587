"""What a fold counts beside clocks: each effect becomes a counter's increase."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from slawatch import conventions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from slawatch.book import Book
    from slawatch.verdicts import Output


class Effect:
    """Name what is counted; the labels are those of the metric family in conventions."""

    CREATED: Final = 0
    RESOLVED: Final = 1
    REOPENED: Final = 2
    REASSIGNED: Final = 3
    ESCALATED: Final = 4
    HANDOVER: Final = 5
    HELD: Final = 6
    PAUSED: Final = 7
    HOPS: Final = 8
    FIRST_REPLY: Final = 9
    SURVEY: Final = 10
    RATING: Final = 11
    CONTACT: Final = 12
    PRIORITY_CHANGED: Final = 13
    UNMATCHED: Final = 14
    EXCUSED: Final = 15
    RESTORED: Final = 16


FAMILY_OF: Final = [
    family.name
    for family in (
        conventions.CREATED,
        conventions.RESOLVED,
        conventions.REOPENED,
        conventions.REASSIGNED,
        conventions.ESCALATIONS,
        conventions.HANDOVERS,
        conventions.HELD,
        conventions.PAUSED,
        conventions.HOPS,
        conventions.FIRST_REPLIES,
        conventions.SURVEYS,
        conventions.CSAT,
        conventions.CONTACTS,
        conventions.PRIORITY_CHANGES,
        conventions.UNMATCHED,
        conventions.EXCUSED,
        conventions.RESTORED,
    )
]
"""The counter or histogram that an effect adds to, by its number."""

_EXCUSES: Final = (Effect.EXCUSED, Effect.RESTORED)
_Sums = dict[int, Counter[tuple[str, ...]]]
Given = tuple[int, tuple[str, ...], int]
"""(effect, label values, amount): 1, or microseconds, or the observed value of `HOPS`."""


def count_given(effects: list[Given], book: Book, out: Output) -> None:
    """Add what a ticket gave to the counters."""
    counts = out.counts
    for effect, labels, amount in effects:
        if effect == Effect.HELD:
            team = labels[0]
            region, tier = book.team_labels(team)
            counts[FAMILY_OF[effect], (team, region, tier, labels[1])] += amount
        elif effect == Effect.HOPS:
            counts[FAMILY_OF[effect], (str(amount),)] += 1
        else:
            counts[FAMILY_OF[effect], labels] += amount


def find_growth(before: Iterable[Given], after: Iterable[Given]) -> list[Given]:
    """Return what a ticket folded again adds to what it had given.

    Counters never go down, so of each effect at most the growth of its total is given, from the
    label sets that grew. `HOPS` is a histogram: a ticket's observation is made once a resolution.
    Excuses are net of those taken back, so that what shrinks of one is what grows of the other.
    """
    grown: list[Given] = []
    old, new = _sum(before), _sum(after)
    if Effect.EXCUSED in old or Effect.EXCUSED in new:
        grown.extend(_find_excuse_growth(old, new))
    for effect, labels in new.items():
        if effect in _EXCUSES:
            continue
        was = old.get(effect, Counter())
        room = sum(labels.values()) - sum(was.values())
        for key, amount in labels.items():
            more = min(amount - was[key], room)
            if more > 0:
                room -= more
                grown.extend(_given(effect, key, more))
    return grown


def _find_excuse_growth(old: _Sums, new: _Sums) -> Iterator[Given]:
    """Yield what makes the net excuses of each priority and target those of the new fold."""
    was, now = _net_excuses(old), _net_excuses(new)
    reasons = {key[:2]: key for sums in (old, new) for key in sums.get(Effect.EXCUSED, ())}
    for pair, key in sorted(reasons.items()):
        more = now[pair] - was[pair]
        if more > 0:
            yield Effect.EXCUSED, key, more
        elif more < 0:
            yield Effect.RESTORED, pair, -more


def _net_excuses(sums: _Sums) -> Counter[tuple[str, ...]]:
    net: Counter[tuple[str, ...]] = Counter()
    for key, amount in sums.get(Effect.EXCUSED, Counter()).items():
        net[key[:2]] += amount
    net.subtract(sums.get(Effect.RESTORED, Counter()))
    return net


def _sum(given: Iterable[Given]) -> _Sums:
    sums: _Sums = {}
    for effect, labels, amount in given:
        if effect == Effect.HOPS:
            sums.setdefault(effect, Counter())[str(amount),] += 1
        else:
            sums.setdefault(effect, Counter())[labels] += amount
    return sums


def _given(effect: int, key: tuple[str, ...], amount: int) -> list[Given]:
    if effect == Effect.HOPS:
        return [(effect, (), int(key[0]))] * amount
    return [(effect, key, amount)]
