"""Numbers of the wall: each says which series it was made from, so that anybody can check it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import TypedDict

from slawatch.conventions import Family

_META = re.compile(r"[.^$*+?{}\[\]\\|()]")
_ESCAPE = r"\\\g<0>"
_MATCHER = re.compile(r'(=~?|!=)"')


class Fold(StrEnum):
    """Say how the series that a number names become the number.

    SHARE divides those with outcome "met" by all.
    """

    SUM = "sum"
    MIN = "min"
    MAX = "max"
    SHARE = "share"


class Number(TypedDict):
    """Be a number with the selector of its series; `None` where there is none."""

    value: float | None
    metric: str
    fold: str


def equals(value: str) -> str:
    """Return the matcher of one value."""
    return f"={_quote(value)}"


def differs(value: str) -> str:
    """Return the matcher of every value but one."""
    return f"!={_quote(value)}"


def one_of(values: Iterable[str]) -> str:
    """Return the matcher of any of some values."""
    return f"=~{_quote('|'.join(_META.sub(_ESCAPE, value) for value in values))}"


def _quote(text: str) -> str:
    return '"{}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))


def select(family: Family, **matchers: str) -> str:
    """Return the selector of a family's series; a matcher is one of the above, or a value."""
    parts = (
        f"{label}{matcher if _MATCHER.match(matcher) else equals(matcher)}"
        for label, matcher in matchers.items()
    )
    return f"{family.name}{{{','.join(parts)}}}"


def number(value: float | None, family: Family, fold: Fold = Fold.SUM, **matchers: str) -> Number:
    """Return a number of a family."""
    return {"value": value, "metric": select(family, **matchers), "fold": fold.value}
