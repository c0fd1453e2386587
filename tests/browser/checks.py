"""What is measured on a page: numbers against metrics, boxes, contrast, colours as others see."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from playwright.sync_api import Page

from tests.e2e.monitor import Samples

BOXES = ".head, .banner:not([hidden]), .tile, .cell, .chart, .tickets"
_LEAVES = """(root) => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const found = [];
  for (const el of document.querySelectorAll("body *")) {
    const own = [...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !el.checkVisibility()) continue;
    let back = el;
    while (back && (parse(getComputedStyle(back).backgroundColor)[3] ?? 1) === 0) {
      back = back.parentElement;
    }
    const style = getComputedStyle(el);
    const size = parseFloat(style.fontSize);
    found.push({
      text: el.textContent.trim(),
      size,
      isLarge: size >= 24 || (size >= 18.66 && style.fontWeight >= 700),
      color: parse(style.color).slice(0, 3),
      back: parse(getComputedStyle(back ?? document.body).backgroundColor).slice(0, 3),
    });
  }
  return found;
}"""
_RECTS = """(boxes) => [...document.querySelectorAll(boxes)].map((el) => {
  const { left, top, right, bottom } = el.getBoundingClientRect();
  return { name: el.className + " " + el.textContent.slice(0, 30), left, top, right, bottom };
})"""
_CUT = """() => [
  ...document.querySelectorAll("h1, h2, .value, .state, .goal, .more, .word, .due, .id, li"),
].filter((el) => el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).display !== "inline")
  .map((el) => el.textContent)"""
# Machado, Oliveira and Fernandes (2009), deuteranopia, for linear RGB.
_DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)


def read_numbers(page: Page) -> list[dict[str, str]]:
    """Return what every number of a page says of itself."""
    script = "els => els.map((el) => ({ ...el.dataset }))"
    found: list[dict[str, str]] = page.eval_on_selector_all("[data-metric]", script)
    return found


def fold(samples: Samples, number: dict[str, str]) -> str:
    """Return a number as the metrics have it, in the form of a page's attribute."""
    name, _, inner = number["metric"].partition("{")
    matchers = re.findall(r'(\w+)(=~|!=|=)"((?:[^"\\]|\\.)*)"', inner)
    chosen = [
        (dict(labels), value)
        for (found, labels), value in samples.items()
        if found == name and all(_matches(dict(labels), *matcher) for matcher in matchers)
    ]
    values = [value for _, value in chosen]
    match number["fold"]:
        case "share":
            met = sum(value for labels, value in chosen if labels["outcome"] == "met")
            return _write(met / sum(values) if sum(values) else None)
        case "sum":
            return _write(sum(values))
        case "min":
            return _write(min(values, default=None))
        case _:
            return _write(max(values, default=None))


def _matches(labels: dict[str, str], label: str, operator: str, value: str) -> bool:
    has = labels.get(label, "")
    if operator == "=~":
        return re.fullmatch(value.replace("\\\\", "\\"), has) is not None
    return (has == value) is (operator == "=")


def _write(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def find_differences(page: Page, samples: Samples) -> list[tuple[str, str, str]]:
    """Return (metric, page, scrape) of the numbers that are not those of a scrape."""
    pairs = [
        (number["metric"], _write(float(number["value"])) if number["value"] else "", number)
        for number in read_numbers(page)
    ]
    found = [(metric, shown, fold(samples, number)) for metric, shown, number in pairs]
    return [row for row in found if row[1] != row[2]]


def find_overlaps(page: Page) -> list[tuple[str, str]]:
    """Return the pairs of boxes that lie over one another, or outside the screen."""
    size = page.viewport_size
    assert size is not None
    rects: list[dict[str, Any]] = page.evaluate(_RECTS, BOXES)
    pairs = [(a["name"], b["name"]) for a, b in combinations(rects, 2) if _overlap(a, b)]
    outside = [(r["name"], "screen") for r in rects if r["right"] > size["width"] + 0.5]
    return pairs + outside


def _overlap(a: dict[str, Any], b: dict[str, Any]) -> bool:
    wide = min(a["right"], b["right"]) - max(a["left"], b["left"])
    high = min(a["bottom"], b["bottom"]) - max(a["top"], b["top"])
    return bool(wide > 0.5 and high > 0.5)


def find_cut(page: Page) -> list[str]:
    """Return the texts that do not fit where they stand."""
    found: list[str] = page.evaluate(_CUT)
    return found


def find_faint(page: Page) -> list[tuple[str, float]]:
    """Return the texts below the contrast that WCAG AA asks for."""
    leaves: list[dict[str, Any]] = page.evaluate(_LEAVES)
    rated = [(leaf, contrast(leaf["color"], leaf["back"])) for leaf in leaves]
    assert len(rated) > 20
    return [(leaf["text"], c) for leaf, c in rated if c < (3 if leaf["isLarge"] else 4.5)]


def _linear(color: list[float]) -> tuple[float, ...]:
    parts = (part / 255 for part in color)
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def _luminance(linear: tuple[float, ...]) -> float:
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ratio(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def contrast(one: list[float], other: list[float]) -> float:
    """Return the contrast of two colours, as WCAG defines it."""
    return _ratio(_luminance(_linear(one)), _luminance(_linear(other)))


def _dull(color: list[float]) -> tuple[float, ...]:
    linear = _linear(color)
    mixed = (
        sum(weight * part for weight, part in zip(row, linear, strict=True))
        for row in _DEUTERANOPIA
    )
    return tuple(min(1.0, max(0.0, part)) for part in mixed)


def _lab(linear: tuple[float, ...]) -> tuple[float, float, float]:
    red, green, blue = linear
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance_for_deuteranopes(one: list[float], other: list[float]) -> float:
    """Return how far apart (CIE76) two colours are for who cannot tell red from green."""
    a, b = _lab(_dull(one)), _lab(_dull(other))
    return float(sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) ** 0.5)
