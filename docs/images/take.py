"""Take the pictures of the wall that the documentation shows; run by hand, from the checkout.

    .venv/bin/python docs/images/take.py [FOLDER]

The demo support centre's log of fixed days is replayed, so that the same pictures come out again,
calm and in its carrier outage. Needs Chromium (`/usr/bin/chromium` or CHROMIUM) and Playwright.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import orjson
from playwright.sync_api import Browser, sync_playwright

from connectors.decoding import RecordParser
from connectors.demo import DemoDesk
from connectors.intake import Record
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from flows.export import Exporter
from flows.http import start_server
from flows.monitor import ReplayOptions, run_replay
from flows.store import Store
from flows.verdict_table import VerdictTable
from flows.wall.app import Wall, WallOptions
from slawatch.config import Config, load_config

MINUTE_US = 60_000_000
SEED = 12  # its outage of the third day begins at 14:48, while people work
STARTED_AT = int(datetime(2026, 3, 9, 6, tzinfo=UTC).timestamp()) * 1_000_000
SIZES = {"wall": (1920, 1080), "phone": (390, 844)}
LANGUAGES = ("en", "zh")
LINK = "https://desk.example/tickets/{ticket_id}"


def choose_instants() -> dict[str, int]:
    """Return when to look: in the morning of the third day, and at the end of its outage."""
    outage = DemoDesk(seed=SEED, started_at=STARTED_AT).get_outage(1)
    return {"calm": outage.start_at - 200 * MINUTE_US, "spike": outage.end_at - 4 * MINUTE_US}


def fill_store(config: Config, until_at: int, folder: Path) -> Store:
    """Replay the demo up to an instant."""
    desk = DemoDesk(seed=SEED, started_at=STARTED_AT)
    parser = RecordParser(config.vocabulary, {})
    records = [
        Record(number, at, "demo", orjson.dumps(event), None)
        for number, (at, event) in enumerate(desk.timed_events_until(until_at), 1)
    ]
    events, rejects = parser.parse(records)
    table = VerdictTable(folder / "verdicts.sqlite3", is_durable=False)
    with SqliteLog(folder / "intake.sqlite3", WallClock()) as quarantine:
        store = run_replay(
            config.rules,
            lambda: [*events, *rejects],
            ReplayOptions(),
            table=table,
            quarantine=quarantine,
            state=None,
            stop=threading.Event(),
        )
    table.close()
    return store


@contextmanager
def served(config: Config, until_at: int) -> Iterator[str]:
    """Serve the wall as it stands at an instant."""
    with tempfile.TemporaryDirectory() as folder:
        store = fill_store(config, until_at, Path(folder))
    now = store.read().log_at or until_at
    exporter = Exporter(config.rules, store, lambda: now)
    options = WallOptions({"demo": LINK})
    wall = Wall(config.rules, store, lambda: now, lambda: True, options)
    wall.scrapes.note(now - 8_000_000)
    server = start_server(exporter, lambda: True, wall, port=0)
    try:
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        server.stop()


def take(browser: Browser, url: str, size: str, language: str, path: Path) -> None:
    """Take one picture: of the kiosk its screen, of the phone what it shows without scrolling."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    # The replay's clock stands still; a page that notices would say that the flow is lost.
    page.add_init_script("performance.now = () => 0")
    page.goto(f"{url}?lang={language}&theme=dark")
    page.wait_for_selector(".tile")
    page.wait_for_selector(".plot canvas")
    page.wait_for_timeout(300)
    page.screenshot(path=path)
    page.close()
    # A picture of few colours: a third of the size, and nobody sees a difference.
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext", ".png", "128", path], check=True)


def main(folder: Path) -> None:
    """Take all of them."""
    config = load_config(["demo"])
    browser_path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for scene, at in choose_instants().items():
            with served(config, at) as url:
                for size in SIZES:
                    for language in LANGUAGES:
                        path = folder / f"{size}-{scene}-{language}.png"
                        take(browser, url, size, language, path)
                        print(path, path.stat().st_size)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
