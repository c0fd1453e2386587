"""Scrapes as Prometheus makes them, and what it would say that a counter grew."""

from __future__ import annotations

import threading

from tests.e2e.monitor import Monitor, Samples, parse_samples


class Scraper:
    """Scrape all the time, also while nobody answers, and keep what was seen."""

    def __init__(self, monitor: Monitor) -> None:
        """Start scraping."""
        self.scrapes: list[Samples] = []
        self._monitor = monitor
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.25):
            status, body = self._monitor.get("/metrics")
            if status == 200:
                self.scrapes.append(parse_samples(body))

    def stop(self) -> None:
        """Scrape no more."""
        self._stop.set()
        self._thread.join()


def increase(scrapes: list[Samples]) -> Samples:
    """Return how much each counter grew as Prometheus sees it: a lower value is a reset to 0."""
    grown: Samples = {}
    last: Samples = {}
    for scrape in scrapes:
        for key, value in scrape.items():
            before = last.get(key, 0.0)
            grown[key] = grown.get(key, 0.0) + (value - before if value >= before else value)
            last[key] = value
    return grown
