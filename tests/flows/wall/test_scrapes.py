from __future__ import annotations

from flows.wall.scrapes import ScrapeWatch

SECOND = 1_000_000
START = 1_000_000 * SECOND


def watch(*seconds: int) -> ScrapeWatch:
    scrapes = ScrapeWatch()
    for second in seconds:
        scrapes.note(START + second * SECOND)
    return scrapes


def state(scrapes: ScrapeWatch, second: int) -> str:
    return scrapes.judge(START + second * SECOND)["state"]


def test_before_the_first_scrape_nothing_is_lost() -> None:
    assert watch().judge(START) == {"state": "never", "at": None}


def test_prometheus_is_lost_after_three_missed_scrapes() -> None:
    scrapes = watch(0, 15, 30)
    assert state(scrapes, 75) == "fine"
    assert state(scrapes, 76) == "lost"
    assert scrapes.judge(START + 76 * SECOND)["at"] == (START + 30 * SECOND) / 1e6


def test_it_is_back_with_the_next_scrape() -> None:
    scrapes = watch(0, 15)
    assert state(scrapes, 100) == "lost"
    scrapes.note(START + 101 * SECOND)
    assert state(scrapes, 102) == "fine"


def test_a_single_scrape_is_taken_for_one_a_minute() -> None:
    assert state(watch(0), 180) == "fine"
    assert state(watch(0), 181) == "lost"


def test_of_two_prometheus_one_is_enough() -> None:
    assert state(watch(0, 1, 15, 16), 16 + 42) == "fine"
    assert state(watch(0, 1, 15, 16), 16 + 43) == "lost"


def test_an_outage_is_no_interval() -> None:
    assert state(watch(0, 15, 4000, 4015), 4061) == "lost"
