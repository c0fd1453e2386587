"""The wall over time: midnight, changes of the clocks, restarts, lost scrapes, a chime."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import Page

from tests.browser.checks import find_differences
from tests.browser.conftest import OpenPage
from tests.browser.scene import SECOND, Scene, instant
from tests.desks import SMALL_DESK
from tests.e2e.monitor import parse_samples, poll
from tests.flows.wall.contents import urgent

DESK = replace(SMALL_DESK, zone="Europe/Berlin")
CHART = ".chart[data-target=first_response]"


def read(page: Page) -> tuple[str, str, str]:
    """Return today's first response, yesterday's up to now, and the clock."""
    return (
        page.text_content(".tile.attainment .value") or "",
        page.text_content(f"{CHART} .key.before") or "",
        page.text_content("#clock") or "",
    )


def agree(page: Page, scene: Scene) -> bool:
    return not find_differences(page, parse_samples(page.request.get(f"{scene.url}metrics").text()))


def test_at_midnight_today_begins_anew(open_page: OpenPage) -> None:
    with Scene(DESK, "2026-10-25T23:50:00+01:00") as scene:
        scene.book("2026-10-25T22:00:00+01:00", "met", 3)
        scene.book("2026-10-25T22:00:00+01:00", "breached", 1)
        page = open_page(scene.url, shows=CHART)
        assert read(page)[0] == "75.0%"
        poll(lambda: agree(page, scene), "page and metrics agree before midnight")
        scene.offset_us += instant("2026-10-25T23:59:59+01:00") - scene.now()
        page.wait_for_selector(".tile.attainment .value[data-value='']")
        today, _, clock = read(page)
        assert today == "\N{EN DASH}"
        assert clock.startswith("00:00:")
        assert page.text_content(".tile.attainment .state") == "none ended yet"
        poll(lambda: agree(page, scene), "page and metrics agree after midnight")


@pytest.mark.parametrize(
    ("now", "before", "after"),
    [
        # Berlin: 25 October 2026 has 25 hours, 29 March 2026 has 23.
        pytest.param(
            "2026-10-25T10:00:30+01:00",
            "2026-10-24T09:50:00+02:00",
            "2026-10-24T10:05:00+02:00",
            id="back-yesterday-is-25-hours-ago",
        ),
        pytest.param(
            "2026-10-26T10:00:30+01:00",
            "2026-10-25T09:50:00+01:00",
            "2026-10-25T10:05:00+01:00",
            id="back-the-day-after",
        ),
        pytest.param(
            "2026-03-29T10:00:30+02:00",
            "2026-03-28T09:50:00+01:00",
            "2026-03-28T10:05:00+01:00",
            id="forward-yesterday-is-23-hours-ago",
        ),
        pytest.param(
            "2026-03-30T10:00:30+02:00",
            "2026-03-29T09:50:00+02:00",
            "2026-03-29T10:05:00+02:00",
            id="forward-the-day-after",
        ),
    ],
)
def test_yesterday_ends_at_the_same_local_time(
    open_page: OpenPage, now: str, before: str, after: str
) -> None:
    with Scene(DESK, now) as scene:
        scene.book(before, "met", 1)
        scene.book(before, "breached", 1)
        scene.book(after, "breached", 50)
        scene.book(now, "met", 4)
        page = open_page(scene.url, shows=CHART)
        today, yesterday, clock = read(page)
        assert (today, yesterday) == ("100%", "yesterday by 10:00 50.0%")
        assert clock.startswith("10:00:")
        poll(lambda: agree(page, scene), "page and metrics agree")


def test_prometheus_is_missed_after_three_scrapes(open_page: OpenPage) -> None:
    with Scene(DESK, "2026-03-10T14:05:00+00:00") as scene:
        page = open_page(scene.url)
        page.wait_for_selector("text=Prometheus: not scraped yet")
        for ago in (30, 15, 0):
            scene.wall.scrapes.note(scene.now() - ago * SECOND)
        page.wait_for_selector(".scrape-fine")
        scene.offset_us += 46 * SECOND
        page.wait_for_selector(".scrape-lost")
        assert "Prometheus has not come since 15:05" in (page.text_content("#scrape") or "")
        scene.wall.scrapes.note(scene.now())
        page.wait_for_selector(".scrape-fine")


def test_the_page_comes_back_after_a_restart_and_loads_a_newer_one(open_page: OpenPage) -> None:
    with Scene(DESK, "2026-03-10T14:05:00+00:00") as first:
        page = open_page(first.url)
        page.evaluate("document.body.dataset.first = 1")
        first.server.stop()
        page.wait_for_selector("body[data-flow=lost]")
    port = first.server.port
    with Scene(DESK, "2026-03-10T14:06:00+00:00", port):
        page.wait_for_selector("body[data-flow=live]")
        assert page.query_selector("body[data-first]")
    with Scene(replace(DESK, digest="another"), "2026-03-10T14:07:00+00:00", port):
        page.wait_for_selector("body[data-flow=live]:not([data-first])")


def test_the_chime_rings_for_a_new_breach_once_somebody_turned_it_on(open_page: OpenPage) -> None:
    with Scene(DESK, "2026-03-10T14:05:00+00:00") as scene:
        page = open_page(scene.url)
        assert page.is_hidden("#chime")
        page = open_page(f"{scene.url}?chime=1", shows="#chime")
        assert page.text_content("#chime") == "Turn the chime on"
        page.click("#chime")
        assert page.text_content("#chime") == "Chime on"
        page.wait_for_selector("body[data-rang='1']")
        scene.view = scene.view._replace(urgent=(urgent("desk/1", scene.now() - SECOND),))
        page.wait_for_selector("body[data-rang='2']")
