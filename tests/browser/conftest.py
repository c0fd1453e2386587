"""A real browser for the tests of the wall: Debian's Chromium, without a window."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import require_program

OpenPage = Callable[..., Page]
KIOSK = (1920, 1080)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Be a browser of one module: while it is there no other test of the process can run a loop."""
    path = os.environ.get("CHROMIUM") or require_program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return what opens a wall and waits until it shows; a script error fails the test."""
    errors: list[str] = []
    context = browser.new_context(locale="en-GB", color_scheme="dark")

    def open_page(url: str, size: tuple[int, int] = KIOSK, shows: str = ".tile") -> Page:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.wait_for_selector(shows)
        return page

    yield open_page
    context.close()
    assert errors == []
