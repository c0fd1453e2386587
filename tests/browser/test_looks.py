"""What the wall looks like: it fits, nothing overlaps, everybody can read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slawatch.views import View
from tests.browser.checks import (
    contrast,
    distance_for_deuteranopes,
    find_cut,
    find_faint,
    find_overlaps,
)
from tests.browser.conftest import OpenPage
from tests.browser.scene import Scene
from tests.desks import build_desk
from tests.flows.wall.contents import urgent

CHANNELS = ("phone", "chat", "email", "portal", "app", "web", "social", "remote", "onsite")
DESK = build_desk(CHANNELS, 6)
MINUTE = 60_000_000
HOUR = 60 * MINUTE


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """Return a wall with something in every state."""
    with Scene(DESK, "2026-03-10T14:05:00+00:00") as scene:
        for channel in CHANNELS:
            scene.book("2026-03-10T13:50:00+00:00", "met", 1234, channel)
        scene.book("2026-03-10T13:50:00+00:00", "breached", 321, "phone")
        scene.book("2026-03-10T09:50:00+00:00", "breached", 9, "email")
        at = scene.now()
        scene.view = View(
            clocks={
                ("chat", "urgent", "first_response", "at_risk"): 12,
                ("email", "urgent", "first_response", "breached"): 3,
                ("email", "normal", "resolution", "running"): 12345,
                ("phone", "normal", "resolution", "breached"): 12345,
            },
            oldest={("email", "urgent", "first_response"): at - 456 * MINUTE},
            urgent=tuple(urgent(f"desk/N-{n:08}", at + n * HOUR - HOUR) for n in range(10)),
        )
        yield scene


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("part", ["", "&channel=phone", "&team=l1-north", "&region=south"])
def test_it_fits_a_kiosk_without_scroll_or_overlap(
    scene: Scene, open_page: OpenPage, lang: str, part: str
) -> None:
    page = open_page(f"{scene.url}?lang={lang}{part}", shows=".plot canvas")
    height = page.evaluate("document.documentElement.scrollHeight")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert (width, height) == (1920, 1080)
    assert find_overlaps(page) == []
    assert find_cut(page) == []


SPANS = "[5, 99, 100, 3540, 5999, 6000, 27360, 35640, 172740, 8600000, 86400000]"
EVERY_WAIT = f"""() => {{
  const value = document.querySelector(".tile.longest .value");
  return {SPANS}.map((wait) => {{
    value.dataset.since = 0;
    draw.fillTimes(wait);
    const isWhole = value.scrollWidth <= value.clientWidth;
    const digits = value.querySelector(".digits");
    return [value.textContent, isWhole, parseFloat(getComputedStyle(digits).fontSize)];
  }});
}}"""


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_longest_wait_is_told_whole_however_long(
    scene: Scene, open_page: OpenPage, lang: str
) -> None:
    told = open_page(f"{scene.url}?lang={lang}").evaluate(EVERY_WAIT)
    assert [text for text, is_whole, _ in told if not is_whole] == []
    assert min(size for *_, size in told) >= 76
    ends = {"en": ("7.6 h", "1000 d"), "zh": ("7.6 小时", "1000 天")}[lang]
    assert (told[6][0], told[-1][0]) == ends


def test_the_big_digits_are_legible_from_ten_metres(scene: Scene, open_page: OpenPage) -> None:
    page = open_page(scene.url)
    sizes = page.eval_on_selector_all(
        ".tile .digits", "els => els.map((el) => parseFloat(getComputedStyle(el).fontSize))"
    )
    # Grafana's stat panels have 76 to 138 px; only what is long may be as small as that.
    assert min(sizes) >= 76
    assert sorted(sizes)[1] >= 100


def test_a_phone_shows_one_column_as_wide_as_it_is(scene: Scene, open_page: OpenPage) -> None:
    page = open_page(scene.url, (390, 844))
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert find_overlaps(page) == []
    assert find_cut(page) == []
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("window.scrollY") > 0


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_text_has_the_contrast_of_wcag_aa(
    scene: Scene, open_page: OpenPage, theme: str
) -> None:
    page = open_page(f"{scene.url}?theme={theme}")
    states = ("is-fine", "is-at_risk", "is-breached")
    assert all(page.query_selector(f".{state}") for state in states)
    assert find_faint(page) == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_states_differ_for_who_cannot_tell_red_from_green(
    scene: Scene, open_page: OpenPage, theme: str
) -> None:
    page = open_page(f"{scene.url}?theme={theme}")
    back = "el => getComputedStyle(el).backgroundColor.match(/[\\d.]+/g).map(Number)"
    fine = page.eval_on_selector(".is-fine .lamp .on", back)
    risk, breached = (page.eval_on_selector(f".is-{s}", back) for s in ("at_risk", "breached"))
    for one, other in ((fine, risk), (fine, breached), (risk, breached)):
        assert distance_for_deuteranopes(one, other) > 40
    assert contrast(risk, breached) > 3


def test_each_state_has_its_word_and_its_place(scene: Scene, open_page: OpenPage) -> None:
    page = open_page(scene.url)
    for state, word, place in (
        ("fine", "On target", 0),
        ("at_risk", "Urgent at risk", 1),
        ("breached", "Breached", 2),
    ):
        cell = f".cell.is-{state}"
        assert page.text_content(f"{cell} .word") == word
        lit = page.eval_on_selector(
            f"{cell} .lamp", "el => [...el.children].map((each) => each.className)"
        )
        assert [index for index, name in enumerate(lit) if name == "on"] == [place]


def test_the_banner_lies_over_nothing(scene: Scene, open_page: OpenPage) -> None:
    page = open_page(scene.url)
    page.evaluate("document.getElementById('banner').hidden = false")
    assert find_overlaps(page) == []
    assert page.evaluate("document.documentElement.scrollHeight") == 1080
