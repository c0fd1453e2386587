"""What a metric family is: type, labels, help, and when it is exposed."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Type(StrEnum):
    """Say what a family is, in Prometheus' words."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Shown(StrEnum):
    """Say when a family is exposed.

    ALWAYS: on every scrape, its label sets created at 0. FRESH: counts of open work and windows,
    created at 0 and absent while log time is behind. FRESH_IF_ANY: the same, and absent for each
    label set that has none. IF_ANY: absent for each label set that has none.
    """

    ALWAYS = "always"
    FRESH = "fresh"
    FRESH_IF_ANY = "fresh_if_any"
    IF_ANY = "if_any"


class Family(NamedTuple):
    """Be one metric family. `name` is the name that queries use."""

    name: str
    type: Type
    labels: tuple[str, ...]
    help: str
    shown: Shown = Shown.ALWAYS

    @property
    def base(self) -> str:
        """Return the name without the suffix that the type adds."""
        return self.name.removesuffix("_total").removesuffix("_info")

    @property
    def unit(self) -> str:
        """Return the base unit that the name ends in, if any."""
        end = self.base.rpartition("_")[2]
        return end if end in ("seconds", "bytes", "ratio") else ""

    @property
    def divisor(self) -> int:
        """Return what a total is divided by at export: seconds are kept as microseconds."""
        return 1_000_000 if self.unit == "seconds" else 1


def counter(name: str, labels: str, text: str) -> Family:
    """Return a counter; the labels stand in one text."""
    return Family(name, Type.COUNTER, tuple(labels.split()), text)


def gauge(name: str, labels: str, text: str, shown: Shown = Shown.ALWAYS) -> Family:
    """Return a gauge; the labels stand in one text."""
    return Family(name, Type.GAUGE, tuple(labels.split()), text, shown)


def histogram(name: str, labels: str, text: str) -> Family:
    """Return a histogram; the labels stand in one text."""
    return Family(name, Type.HISTOGRAM, tuple(labels.split()), text)


def info(name: str, labels: str, text: str) -> Family:
    """Return an info family; the labels stand in one text."""
    return Family(name, Type.INFO, tuple(labels.split()), text)
