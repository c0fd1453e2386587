"""The wall of a running monitor says what its metrics say, on every screen, in both languages."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.checks import find_differences, read_numbers
from tests.browser.conftest import OpenPage
from tests.e2e.desk import SECOND, act, created, replied, wall_us
from tests.e2e.monitor import Monitor, add_up, poll, write_lines

MINUTE = 60 * SECOND
POLICY = """
include = ["targets"]
[desk]
channels = ["email", "phone"]
[teams.l1]
tier = 1
region = "north"
[teams.l2]
tier = 2
region = "north"
[sources.desk]
grace = "1s"
ticket_url = "https://desk.example/t/{ticket_id}"
[[policies]]
name = "quick"
warnings = ["50%"]
goals.first_response = { urgent = "5m", other = "30m" }
goals.resolution = "4h"
"""


def tell_stories() -> list[dict[str, Any]]:
    """Return tickets that are answered in time or late, wait, are at risk, and are breached.

    By channel and target what has ended: e-mail 5 met and 1 breached, phone 2 met.
    """
    now = wall_us()
    events = []
    for number in range(5):
        events += [
            created(f"e{number}", now - 50 * MINUTE),
            replied(f"e{number}", at=now - (50 - number) * MINUTE),
        ]
    events += [created("late", now - 50 * MINUTE), replied("late", at=now - 15 * MINUTE)]
    for number in range(2):
        name = f"p{number}"
        events += [
            created(name, now - 40 * MINUTE, channel="phone"),
            act(name, "assigned", 1, now - 39 * MINUTE, team="l2"),
            act(name, "replied", 2, now - 38 * MINUTE, actor="agent", team="l2"),
        ]
    return [
        *events,
        created("waits", now - MINUTE, channel="phone"),
        created("risky", now - 20 * MINUTE),
        created("fire", now - 20 * MINUTE, priority="urgent", channel="phone"),
    ]


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitor]:
    folder = tmp_path_factory.mktemp("wall")
    policy, log = Path(folder / "desk.toml"), folder / "desk.jsonl"
    policy.write_text(POLICY)
    write_lines(log, tell_stories())
    with Monitor(folder / "state", "--policy", policy, "--tail", log) as monitor:
        monitor.start().wait_until_ready()
        monitor.wait_for(
            lambda s: (
                add_up(s, "sla_clocks", target="first_response", state="breached") == 1
                and add_up(s, "sla_channel_window_results", window="1h", outcome="met") == 7
            ),
            "everything is judged",
        )
        yield monitor


SCREENS = (
    "",
    "?lang=zh",
    "?channel=phone",
    "?channel=email&lang=zh",
    "?team=l1",
    "?region=north",
    "?tier=2&theme=light",
)


@pytest.mark.parametrize("query", SCREENS)
def test_every_number_is_that_of_the_metrics(
    monitor: Monitor, open_page: OpenPage, query: str
) -> None:
    page = open_page(f"{monitor.url}/{query}")
    assert len(read_numbers(page)) >= 10
    last: list[object] = []

    def agree() -> bool:
        last[:] = find_differences(page, monitor.scrape())
        return not last

    poll(agree, f"page and metrics agree: {last}", every_seconds=0.2)


def test_the_headlines_are_those_worked_out_by_hand(monitor: Monitor, open_page: OpenPage) -> None:
    page = open_page(f"{monitor.url}/")
    hour = [text(page, f".cell[data-name={name}] .value") for name in ("email", "phone")]
    assert hour == ["83.3%", "66.6%"]
    assert text(page, ".tile.breached .value") == "1"
    assert text(page, ".tile.urgent .value") == "1"
    assert "is-breached" in (page.get_attribute(".tile.urgent", "class") or "")
    assert text(page, ".tile.urgent .goal") == "goal 5 min"


def test_the_monitor_says_where_its_wall_is(monitor: Monitor) -> None:
    assert f"wall: {monitor.url}/\n" in monitor.said()


def text(page: Page, selector: str) -> str:
    return (page.text_content(selector) or "").strip()


def test_tickets_lead_into_the_desk(monitor: Monitor, open_page: OpenPage) -> None:
    page = open_page(f"{monitor.url}/", shows="#tickets a")
    links = page.eval_on_selector_all("#tickets a", "els => els.map((el) => el.href)")
    assert links[0] == "https://desk.example/t/fire"
    assert "https://desk.example/t/risky" in links


def test_an_unknown_team_is_said_and_those_there_are_are_a_click_away(
    monitor: Monitor, open_page: OpenPage
) -> None:
    page = open_page(f"{monitor.url}/?team=l9&lang=zh", shows="#problem-choices a")
    assert "l9" in text(page, "#problem-what")
    page.click("text=l2")
    page.wait_for_selector(".tile")
    assert page.url.endswith("/?team=l2&lang=zh") or page.url.endswith("/?lang=zh&team=l2")
    assert text(page, "#title") == "团队 l2"


def test_the_loss_of_the_flow_is_shown_until_it_is_back(
    monitor: Monitor, open_page: OpenPage
) -> None:
    page = open_page(f"{monitor.url}/?theme=dark")
    page.wait_for_selector("body[data-flow=live]")
    assert page.is_hidden("#banner")
    process = monitor.process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        page.wait_for_selector("body[data-flow=lost]")
        assert text(page, "#banner-what").startswith("NO DATA since ")
        assert page.is_visible("#banner")
        assert "grayscale" in page.eval_on_selector("#wall", "el => getComputedStyle(el).filter")
    finally:
        os.kill(process.pid, signal.SIGCONT)
    page.wait_for_selector("body[data-flow=live]")
    assert page.is_hidden("#banner")
