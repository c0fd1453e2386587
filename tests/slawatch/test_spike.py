from __future__ import annotations

import pytest

from slawatch.spike import HOUR_US, WEEK_US, Breach, find_windows, take_apart

AT = 10 * WEEK_US
DAY_US = 24 * HOUR_US


def breach(at: int = AT, ticket: str = "crm/1", channel: str = "chat", team: str = "l1") -> Breach:
    return Breach(at, ticket, "resolution", 1, channel, "high", team, "north", "1", "", "default")


@pytest.mark.parametrize(
    ("history_us", "weeks"),
    [
        pytest.param(5 * WEEK_US, 4, id="all four weeks"),
        pytest.param(WEEK_US + HOUR_US, 1, id="just one"),
        pytest.param(2 * WEEK_US + HOUR_US - 1, 1, id="not quite two"),
    ],
)
def test_the_usual_is_the_same_hour_of_the_weeks_that_history_covers(
    history_us: int, weeks: int
) -> None:
    windows = find_windows(AT, AT - history_us)
    ends = [AT - week * WEEK_US for week in range(1, weeks + 1)]
    assert windows.before == tuple((end - HOUR_US, end) for end in ends)
    assert windows.weeks


def test_without_a_week_of_history_the_hours_of_the_day_stand_in() -> None:
    windows = find_windows(AT, AT - 3 * HOUR_US)
    assert not windows.weeks
    assert windows.before == (
        (AT - 2 * HOUR_US, AT - HOUR_US),
        (AT - 3 * HOUR_US, AT - 2 * HOUR_US),
    )


def test_without_any_history_there_is_no_usual() -> None:
    spike = take_apart(find_windows(AT, AT), [breach()], [])
    assert (spike.count, spike.usual, spike.windows.before) == (1, 0.0, ())


def test_a_part_says_how_many_more_than_usual() -> None:
    windows = find_windows(AT, AT - 2 * DAY_US)
    hour = [breach(ticket=f"crm/{n}", channel="chat") for n in range(3)]
    hour.append(breach(ticket="crm/9", channel="phone"))
    before = [breach(channel="chat")] * 12 + [breach(channel="email")] * 24
    spike = take_apart(windows, hour, before)
    found = [(p.value, p.count, p.usual, p.growth) for p in spike.parts["channel"]]
    assert found == [("chat", 3, 0.5, 2.5), ("phone", 1, 0.0, 1.0)]
    assert spike.usual == 1.5


def test_the_label_that_explains_most_comes_first() -> None:
    hour = [breach(ticket=f"crm/{n}", channel=f"c{n}", team="l2") for n in range(4)]
    spike = take_apart(find_windows(AT, AT - DAY_US), hour, [breach(team="l1")] * 24)
    assert next(iter(spike.parts)) == "team"


def test_a_label_with_one_value_tells_nothing() -> None:
    spike = take_apart(find_windows(AT, AT - DAY_US), [breach()], [breach(AT - HOUR_US)])
    assert spike.parts == {}
