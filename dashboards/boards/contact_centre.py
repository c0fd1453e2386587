"""Contact centre: service level in its formulas, speed of answer, abandonment, longest wait."""

from __future__ import annotations

from dashboards import promql as p
from dashboards.builder import Board, Row, split
from dashboards.desk import Desk
from dashboards.looks import AMBER, BLUE, Look, override, plain
from dashboards.panels import Panel, Query, bar_gauge, stat, text, time_series
from slawatch import conventions as c
from slawatch import labels as v

_ANSWER_TARGETS = ("acknowledge", "first_response")
"""The targets whose clock stops when a contact is answered, the closest first."""


def build(desk: Desk) -> Board:
    """Return the board."""
    w = desk.words
    said = "" if desk.live_channels else f"\n\n{w['no_live_channels']}"
    return Board(
        desk.uid("contact-centre"),
        w["board_contact-centre"],
        w["about_contact_centre"],
        desk.no_data,
        (
            split(6, _waiting(desk), _longest(desk), _speed(desk), _abandoned(desk)),
            Row(5, ((24, text(w["how_to_read"], w["contact_formulas"] + said)),)),
            split(8, *(_level(desk, name, "1h") for name in ("F1", "F2", "F3", "F4"))),
            split(8, *(_level(desk, name, "1h") for name in ("ignored", "negative", "positive"))),
            split(8, *(_level(desk, name, "1d") for name in ("F1", "F2", "F3", "F4"))),
            split(9, _history(desk), _contacts(desk)),
        ),
        desk.below("contact-centre"),
    )


def service_level(formula: str, span: str, *by: str) -> str:
    """Return a service level over a span, by the names of `slawatch.contact_centre`.

    Those of Cisco also hold who waits past the threshold now. F5 needs a second threshold, for
    short calls, which is not measured.
    """
    sums = {
        key: p.total(p.increase(p.select(c.CONTACTS, **labels), span), *by)
        for key, labels in (
            ("answered", {"outcome": "answered"}),
            ("in_time", {"outcome": "answered", "within": "true"}),
            ("left_in_time", {"outcome": "abandoned", "within": "true"}),
            ("left_late", {"outcome": "abandoned", "within": "false"}),
            ("all", {}),
        )
    }
    events = f"{sums['all']} + {p.total(p.select(c.WAITING_PAST), *by)}"
    served = f"({sums['in_time']} + {sums['left_in_time']})"
    part, whole = {
        "F1": (served, sums["all"]),
        "F2": (sums["in_time"], sums["answered"]),
        "F3": (sums["in_time"], sums["all"]),
        "F4": (sums["in_time"], f"{sums['answered']} + {sums['left_late']}"),
        "ignored": (sums["in_time"], f"{events} - {sums['left_in_time']}"),
        "negative": (sums["in_time"], events),
        "positive": (served, events),
    }[formula]
    return f"{part} / ({whole})"


def _level(desk: Desk, formula: str, span: str) -> Panel:
    title = desk.words[f"level_{formula}"]
    return bar_gauge(
        desk.words["level"].format(name=title, window=desk.words[f"window_{span}"]),
        Query(service_level(formula, span, "channel"), "{{channel}}"),
        look=Look("percentunit", plain().steps, decimals=1, minimum=0, maximum=1),
        description=desk.words[f"about_{formula}"],
        overrides=desk.renamed("channel"),
    )


def _waiting(desk: Desk) -> Panel:
    return stat(
        desk.words["headline_contacts"],
        Query(p.total(p.select(c.WAITING_PAST)), "past"),
        Query(p.total(p.select(c.WAITING)), "beside"),
        look=Look("short", ((None, BLUE), (1, AMBER)), decimals=0),
        description=desk.words["about_contacts"],
        overrides=tuple(
            override("byName", key, displayName=desk.words[word])
            for key, word in (("past", "past_threshold"), ("beside", "waiting"))
        ),
    )


def _answer_target(desk: Desk) -> str:
    found = [name for name in _ANSWER_TARGETS if name in desk.targets]
    return (found or list(desk.headlines))[0]


def _longest(desk: Desk) -> Panel:
    oldest = p.select(c.OLDEST, channel=desk.live_channels, target=_answer_target(desk))
    none = f"max({p.select(c.WAITING)}) * 0"
    return stat(
        desk.words["longest_wait"],
        Query(f"(time() - min({oldest})) or {none}", desk.words["longest_wait"]),
        look=plain("s"),
        shows="value",
        description=desk.words["about_longest_wait"],
    )


def _speed(desk: Desk) -> Panel:
    live, target = desk.live_channels, _answer_target(desk)
    total, count = (
        p.total(
            p.increase(
                p.select(c.DURATION, suffix, clock=v.WALL, channel=live, target=target), "1h"
            )
        )
        for suffix in ("_sum", "_count")
    )
    return stat(
        desk.words["speed_of_answer"],
        Query(f"{total} / {count}", desk.words["speed_of_answer"]),
        look=plain("s", decimals=1),
        shows="value",
        description=desk.words["about_speed_of_answer"],
    )


def _abandoned(desk: Desk) -> Panel:
    left = p.total(p.increase(p.select(c.CONTACTS, outcome="abandoned"), "1h"))
    everyone = p.total(p.increase(p.select(c.CONTACTS), "1h"))
    return stat(
        desk.words["abandonment"],
        Query(f"{left} / {everyone}", desk.words["abandonment"]),
        look=plain("percentunit", decimals=1),
        shows="value",
        description=desk.words["about_abandonment"],
    )


def _history(desk: Desk) -> Panel:
    return time_series(
        desk.words["level_history"],
        Query(service_level("F3", "1h"), desk.words["level_F3"]),
        Query(service_level("F1", "1h"), desk.words["level_F1"]),
        look=plain("percentunit", decimals=0),
        description=desk.words["about_F3"],
    )


def _contacts(desk: Desk) -> Panel:
    grown = p.total(p.increase(p.select(c.CONTACTS), "1h"), "outcome", "within")
    return time_series(
        desk.words["contacts_hourly"],
        Query(grown, "{{outcome}} {{within}}"),
        look=plain("short", decimals=0),
        stacks=True,
        transformations=desk.reworded("outcome", "within"),
    )
