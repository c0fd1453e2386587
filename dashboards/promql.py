"""PromQL over the exported families: net results, attainment, error budget, as text.

Every name and label comes from `slawatch.conventions`; a selector of a windowed family that does
not pin `window` (and `q`) cannot be written. An attainment is net of corrections, never a ratio of
buckets, and a windowed gauge is never put under `rate()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from slawatch import conventions as c
from slawatch import labels as v

PINNED: Final = ("window", "q")
"""Labels over which nothing may be added up."""

Matches = str | tuple[str, ...]
"""A label's value, or those of which any will do."""


def select(family: c.Family, suffix: str = "", /, **labels: Matches) -> str:
    """Return a selector of a family; `suffix` is that of a histogram's series.

    Raises `ValueError` for a label that the family lacks, and where `window` or `q` is left open.
    """
    return select_named(family.name + suffix, family.labels, labels)


def select_named(name: str, known: Iterable[str], labels: Mapping[str, Matches]) -> str:
    """Return a selector of a series name whose labels are known, as a recorded one's are."""
    if unknown := sorted(set(labels) - set(known)):
        raise ValueError(f"{name} has no label {unknown}, only {sorted(known)}")
    if open_ones := [key for key in PINNED if key in known and not _is_pinned(labels.get(key))]:
        raise ValueError(f"{name} must pin {open_ones}: their values do not add up")
    matchers = ",".join(_match(key, value) for key, value in sorted(labels.items()))
    return f"{name}{{{matchers}}}" if matchers else name


def _is_pinned(value: Matches | None) -> bool:
    return isinstance(value, str) and bool(value)


def _match(key: str, value: Matches) -> str:
    if isinstance(value, str):
        return f"{key}={quote(value)}"
    return f"{key}=~{quote('|'.join(map(escape, value)))}"


def quote(text: str) -> str:
    """Return a PromQL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def escape(text: str) -> str:
    """Return a text as a regular expression of RE2 that matches nothing else."""
    return re.sub(r"([.+*?^$()\[\]{}|\\])", r"\\\1", text)


def total(expr: str, *by: str) -> str:
    """Return the sum of an expression by labels, of everything without any."""
    return f"sum by ({', '.join(by)}) ({expr})" if by else f"sum({expr})"


def increase(selector: str, span: str, offset: str = "") -> str:
    """Return by how much counters grew in a span, as "30d", that ended `offset` ago."""
    return f"increase({selector}[{span}]{f' offset {offset}' if offset else ''})"


def net_met(span: str, *by: str, offset: str = "", **labels: Matches) -> str:
    """Return the cycles that met their goal, as they stand after corrections."""
    return _net(
        span,
        by,
        offset,
        labels,
        [
            ("", c.RESULTS, {"outcome": v.MET}),
            ("", c.CORRECTIONS, {"change": "to_met"}),
            ("-", c.CORRECTIONS, {"change": "to_breached"}),
        ],
    )


_BREACHED: tuple[tuple[str, c.Family, Mapping[str, Matches]], ...] = (
    ("", c.RESULTS, {"outcome": v.BREACHED}),
    ("", c.CORRECTIONS, {"change": "to_breached"}),
    ("-", c.CORRECTIONS, {"change": ("to_met", "withdrawn")}),
)


def net_breached(span: str, *by: str, offset: str = "", **labels: Matches) -> str:
    """Return the cycles that breached, as they stand after corrections."""
    return _net(span, by, offset, labels, _BREACHED)


def all_breached(*by: str) -> str:
    """Return the same since counting began."""
    terms = (f"{sign}{select(family, **more)}" for sign, family, more in _BREACHED)
    return total(" or ".join(terms), *by)


def net_results(span: str, *by: str, offset: str = "", **labels: Matches) -> str:
    """Return the cycles that count at all: those withdrawn do not."""
    return _net(
        span,
        by,
        offset,
        labels,
        [("", c.RESULTS, {}), ("-", c.CORRECTIONS, {"change": "withdrawn"})],
    )


def _net(
    span: str,
    by: tuple[str, ...],
    offset: str,
    labels: Mapping[str, Matches],
    parts: Iterable[tuple[str, c.Family, Mapping[str, Matches]]],
) -> str:
    # Results differ in `outcome` and corrections in `change`, so `or` keeps every series. Adding up
    # sums would lose a value outside the policy: it has results before it has corrections.
    terms = " or ".join(
        sign + increase(select(family, **labels, **more), span, offset)
        for sign, family, more in parts
    )
    return total(terms, *by)


def excused(span: str, *by: str, offset: str = "", **labels: Matches) -> str:
    """Return the breaches that people agreed to excuse, less those taken back.

    By priority and target at most.
    """
    given = increase(select(c.EXCUSED, **labels), span, offset)
    # `or` keeps every series: what was taken back has no reason.
    return total(f"{given} or -{increase(select(c.RESTORED, **labels), span, offset)}", *by)


def excuses(span: str, **labels: Matches) -> str:
    """Return the excuses given, by reason; those taken back since are among them."""
    return total(increase(select(c.EXCUSED, **labels), span), "reason")


def restored(span: str, **labels: Matches) -> str:
    """Return the excuses taken back."""
    return total(increase(select(c.RESTORED, **labels), span))


def attainment(span: str, *by: str, offset: str = "", **labels: Matches) -> str:
    """Return the share that met the goal; absent where nothing was due."""
    met = net_met(span, *by, offset=offset, **labels)
    return f"{met} / ({net_results(span, *by, offset=offset, **labels)} > 0)"


def agreed_breached(span: str, *by: str, offset: str = "", **labels: Matches) -> str:
    """Return the breaches without those excused; by priority and target at most."""
    breached = net_breached(span, *by, offset=offset, **labels)
    return f"clamp_min({breached} - {excused(span, *by, offset=offset, **labels)}, 0)"


def window_results(dimension: str, window: str, *by: str, **labels: Matches) -> str:
    """Return the results of an event-time window by `dimension`: channel, priority or team.

    `outcome` may be among the labels; without it all results are meant.
    """
    return total(select(c.WINDOW_RESULTS[dimension], window=window, **labels), *by)


def window_attainment(dimension: str, window: str, *by: str, **labels: Matches) -> str:
    """Return the share of an event-time window that met the goal; absent where nothing was due."""
    met = window_results(dimension, window, *by, outcome=v.MET, **labels)
    return f"{met} / ({window_results(dimension, window, *by, **labels)} > 0)"


def window_share(dimension: str, window: str, *by: str, **labels: Matches) -> str:
    """Return the same share, but NaN where nothing was due: a board keeps its place."""
    met = window_results(dimension, window, *by, outcome=v.MET, **labels)
    return f"{met} / {window_results(dimension, window, *by, **labels)}"


def window_quantile(dimension: str, window: str, q: float, **labels: Matches) -> str:
    """Return the quantile q of business durations in a window; it must not be added up."""
    return select(c.WINDOW_DURATIONS[dimension], window=window, q=v.render_quantile(q), **labels)


def objective(*by: str, **labels: Matches) -> str:
    """Return the strictest objective by labels among target and priority."""
    return f"max by ({', '.join(by)}) ({select(c.OBJECTIVE, **labels)})"


def allowed_breaches(results: str, **labels: Matches) -> str:
    """Return how many of `results`, by target and priority, the objectives let breach."""
    share = f"(1 - {objective('target', 'priority', **labels)})"
    return f"{results} * on (target, priority) {share}"
