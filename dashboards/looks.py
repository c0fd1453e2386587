"""How values look: blue, amber and red, always with a word; never red against green."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

Json = dict[str, Any]

BLUE: Final = "blue"
AMBER: Final = "orange"
RED: Final = "red"
NEUTRAL: Final = "#4b5160"
"""What is neither good nor bad: on it white text has a contrast of 7.9 to 1."""
TEXT: Final = "text"
BY_NAME: Final = "palette-classic-by-name"
"""In the place of a colour: each line its own, the same on every board."""
LINES: Final = (
    "#56B4E9",
    "#E69F00",
    "#CC79A7",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#B3B3B3",
    "#009E73",
    "#FFFFFF",
    "#8C6BB1",
)
"""Lines that also those can tell apart who see no red or green: Okabe and Ito, 2008, and two."""

NEAR_RATIO: Final = 0.75
"""From this share of what is allowed on, it is said before it is spent."""


class Word(NamedTuple):
    """Be a word in a colour for one value."""

    value: float
    text: str
    color: str


class Look(NamedTuple):
    """Be how a panel's values look. `steps` are (from, colour), the first from minus infinity."""

    unit: str = "none"
    steps: tuple[tuple[float | None, str], ...] = ((None, BLUE),)
    words: tuple[Word, ...] = ()
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    fixed: str = ""


PLAIN: Final = Look()
"""A look for panels that show no value."""


def plain(unit: str = "none", *, decimals: int | None = None, color: str = NEUTRAL) -> Look:
    """Return a look without a judgement."""
    return Look(unit, ((None, color),), decimals=decimals, fixed=color)


def spent(unit: str = "percentunit") -> Look:
    """Return the look of a share of what is allowed: 1 is all of it."""
    return Look(
        unit,
        ((None, BLUE), (NEAR_RATIO, AMBER), (1.0, RED)),
        decimals=0,
        minimum=0,
        maximum=1,
    )


def remaining() -> Look:
    """Return the look of an error budget that is left: 0 is none."""
    return Look(
        "percentunit",
        ((None, RED), (0.0, AMBER), (1 - NEAR_RATIO, BLUE)),
        decimals=0,
        maximum=1,
    )


def rising(amber: float, red: float, unit: str = "none", *, decimals: int | None = None) -> Look:
    """Return a look that is worse the higher the value."""
    return Look(unit, ((None, BLUE), (amber, AMBER), (red, RED)), decimals=decimals)


def render_config(look: Look, no_data: str) -> Json:
    """Return the `defaults` of a field configuration."""
    config: Json = {
        "color": _render_color(look.fixed),
        "mappings": render_mappings(look.words, no_data),
        "noValue": no_data,
        "thresholds": {
            "mode": "absolute",
            "steps": [{"color": color, "value": start} for start, color in look.steps],
        },
        "unit": look.unit,
    }
    for key, value in (("decimals", look.decimals), ("min", look.minimum), ("max", look.maximum)):
        if value is not None:
            config[key] = value
    return config


def _render_color(fixed: str) -> Json:
    if not fixed:
        return {"mode": "thresholds"}
    return {"mode": BY_NAME} if fixed == BY_NAME else paint(fixed)


def render_mappings(words: Sequence[Word], no_data: str) -> list[Json]:
    """Return value mappings: the words, and red for what is not there."""
    found: list[Json] = [
        {
            "type": "value",
            "options": {
                f"{word.value:g}": {"color": word.color, "index": index, "text": word.text}
                for index, word in enumerate(words)
            },
        }
    ] * bool(words)
    for match, text, color in (("null", no_data, RED), ("nan", "-", NEUTRAL)):
        result = {"color": color, "index": len(words), "text": text}
        found.append({"type": "special", "options": {"match": match, "result": result}})
    return found


def rename(names: Mapping[str, str]) -> list[Json]:
    """Return overrides that show each series name as people call it."""
    return [
        override("byName", name, displayName=text)
        for name, text in sorted(names.items())
        if name != text
    ]


def tell_apart(names: Mapping[str, str]) -> list[Json]:
    """Return overrides that give each line its own colour, and the name that people call it by."""
    return [
        override("byName", name, color=paint(LINES[place % len(LINES)]), displayName=text)
        for place, (name, text) in enumerate(names.items())
    ]


def override(matcher: str, options: str, /, **properties: object) -> Json:
    """Return an override of fields; a `__` in a property's name stands for a dot."""
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [
            {"id": key.replace("__", "."), "value": value} for key, value in properties.items()
        ],
    }


def paint(color: str) -> Json:
    """Return the value of a `color` property."""
    return {"mode": "fixed", "fixedColor": color}
