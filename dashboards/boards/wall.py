"""The wall: seen from ten metres, in kiosk mode, without a hand on it."""

from __future__ import annotations

from dashboards import judgements as j
from dashboards import promql as p
from dashboards.builder import Board, Row, split
from dashboards.desk import Desk
from dashboards.looks import AMBER, BLUE, Look, Word, override, paint, plain
from dashboards.panels import Panel, Query, stat, state_timeline, time_series
from dashboards.stack import SCRAPE_SECONDS
from slawatch import conventions as c

STALE_SECONDS = 3 * SCRAPE_SECONDS + 5
"""Three missed scrapes, and the 5 s for which the monitor itself calls its figures fresh."""


def build(desk: Desk) -> Board:
    """Return the board: 24 columns by 27 rows, all of a 1080p screen."""
    w = desk.words
    first = desk.headlines[0]
    attainments = [_attainment(desk, target) for target in desk.headlines[:2]]
    return Board(
        desk.uid("wall"),
        w["board_wall"],
        w["about_wall"],
        desk.no_data,
        (
            split(7, *attainments, _open_breaches(desk)),
            Row(6, (*_counts(desk), (4, data_age(desk)), (4, progress(desk)), (4, _clock(desk)))),
            Row(6, ((24, channel_tiles(desk)),)),
            split(8, _channel_history(desk), attainment_history(desk, first, is_wall=True)),
        ),
        desk.below("wall"),
    )


def headline_overrides(desk: Desk, beside: str) -> tuple[dict[str, object], ...]:
    """Return the words of a headline's states; `beside` names the number beside it."""
    w = desk.words
    over = w["missed"] if beside == "objective" else w["too_many"]
    return j.state_overrides(
        w["fine"], w["at_risk"], over, w["nothing_due"], w["no_data"], w[beside]
    )


def _attainment(desk: Desk, target: str) -> Panel:
    return stat(
        desk.words["headline_attainment"].format(target=desk.target(target)),
        *j.headline("today", target),
        look=plain("percentunit", decimals=1),
        description=desk.words["about_attainment"],
        overrides=headline_overrides(desk, "objective"),
        links=(desk.leads_to("channels"),),
    )


def _open_breaches(desk: Desk) -> Panel:
    return stat(
        desk.words["headline_open"],
        *j.open_breaches(),
        look=plain("short", decimals=0),
        description=desk.words["about_open"],
        overrides=headline_overrides(desk, "allowed"),
        links=(desk.leads_to("urgent"),),
    )


def _counts(desk: Desk) -> tuple[tuple[int, Panel], ...]:
    w = desk.words
    lost = stat(
        w["headline_breaches"],
        *j.window_breaches("1h"),
        look=plain("short", decimals=0),
        description=w["about_breaches"],
        overrides=headline_overrides(desk, "allowed"),
        links=(desk.leads_to("priorities"),),
    )
    if not desk.live_channels:
        return ((12, lost),)
    waiting = stat(
        w["headline_contacts"],
        *j.contacts_past(),
        look=plain("short", decimals=0),
        description=w["about_contacts"],
        overrides=headline_overrides(desk, "of_waiting"),
        links=(desk.leads_to("contact-centre"),),
    )
    return ((6, lost), (6, waiting))


def data_age(desk: Desk) -> Panel:
    """Return how old what is shown is: red when the flow or Prometheus is lost."""
    w = desk.words
    newest = f"last_over_time({p.select(c.LOG_TIME)}[1h])"
    age = f"time() - max({newest})"
    return stat(
        w["data_age"],
        j.judged(age, age, f"vector({STALE_SECONDS})", newest),
        look=plain("s", decimals=0),
        description=w["about_data_age"],
        overrides=j.state_overrides(
            w["current"], w["late"], w["stale"], w["no_data"], w["no_data"], ""
        ),
        links=(desk.leads_to("pipeline"),),
    )


def progress(desk: Desk) -> Panel:
    """Return whether the monitor is live or still reads what was missed."""
    w = desk.words
    look = Look(words=(Word(0, w["live"], BLUE), Word(1, w["catching_up"], AMBER)))
    return stat(
        w["monitor"],
        Query(f"max({p.select(c.CATCHING_UP)})"),
        look=look,
        shows="value",
        description=w["about_monitor"],
        links=(desk.leads_to("pipeline"),),
    )


def _clock(desk: Desk) -> Panel:
    return stat(
        desk.words["clock"],
        Query("vector(time() * 1000)"),
        look=plain("time:HH:mm:ss"),
        shows="value",
        description=desk.words["about_clock"],
    )


def channel_look(desk: Desk) -> Look:
    """Return the look of channels' states."""
    w = desk.words
    words = j.channel_words(w["fine"], w["at_risk"], w["missed"], w["not_measured"], w["no_data"])
    return Look(words=words)


def channel_tiles(desk: Desk) -> Panel:
    """Return a tile a channel, its state in a word."""
    return stat(
        desk.words["channels_now"],
        Query(j.channel_state(), "{{channel}}"),
        look=channel_look(desk),
        description=desk.words["about_channel_state"],
        overrides=desk.renamed("channel"),
        links=(desk.leads_to("channels"),),
    )


def _channel_history(desk: Desk) -> Panel:
    return state_timeline(
        desk.words["channels_before"],
        Query(j.channel_state(), "{{channel}}"),
        look=channel_look(desk),
        description=desk.words["about_channel_state"],
        overrides=desk.renamed("channel"),
    )


def attainment_history(desk: Desk, target: str, *, is_wall: bool = False) -> Panel:
    """Return a target's attainment of the last hour over time, and its objective."""
    w = desk.words
    return time_series(
        w["attainment_history"].format(target=desk.target(target)),
        Query(p.window_share("priority", "1h", target=target), "attainment"),
        Query(j.window_objective("1h", target), j.BESIDE),
        look=Look("percentunit", decimals=0, maximum=1),
        shows_legend=not is_wall,
        description=w["about_attainment"],
        overrides=(
            override("byName", "attainment", color=paint(BLUE), displayName=w["attainment"]),
            override(
                "byName",
                j.BESIDE,
                color=paint(AMBER),
                custom__lineStyle={"dash": [10, 10], "fill": "dash"},
                displayName=w["objective"],
            ),
        ),
    )
