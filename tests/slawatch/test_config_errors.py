from __future__ import annotations

from pathlib import Path

import pytest

from slawatch.config import load_config
from slawatch.config_errors import delete_keys, render_key
from slawatch.errors import ConfigError
from tests.configs import complain, load, write

POLICY = '[[policies]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        pytest.param("[deskk]", "deskk", "did you mean 'desk'?", id="unknown table"),
        pytest.param("[desk]\nzoen = 1", "desk.zoen", "did you mean 'zone'?", id="unknown key"),
        pytest.param(
            POLICY + "match = { chanel = 'x' }",
            "policies[0].match.chanel",
            "did you mean 'channel'?",
            id="unknown key in a list",
        ),
        pytest.param(
            '[channels."live chat"]\nbto = true',
            'channels."live chat".bto',
            "did you mean 'bot'?",
            id="name in quotes",
        ),
        pytest.param(
            "[server]\nport = '9464'",
            "server.port",
            "must be a whole number, got '9464'",
            id="type",
        ),
        pytest.param("[state]\nshards = 0", "state.shards", "at least 1, got 0", id="too little"),
        pytest.param(
            "[desk]\nblame = 'me'",
            "desk.blame",
            "must be 'at_breach', 'longest' or 'last', got 'me'",
            id="choice",
        ),
        pytest.param(
            "[channels.fax]\nlive = 1", "channels.fax.live", "must be true or false", id="boolean"
        ),
        pytest.param("calendars = 5", "calendars", "must be a table, got 5", id="no table"),
        pytest.param("[desk]\nzone = 'Mars/One'", "desk.zone", "got 'Mars/One'", id="zone"),
        pytest.param(
            POLICY + "goals.first_response.urgent = '15 min'",
            "policies[0].goals.first_response.urgent",
            "must be a duration",
            id="duration by priority",
        ),
        pytest.param(
            POLICY + "goals.first_response = { goal = { urgent = 15 } }",
            "policies[0].goals.first_response.goal.urgent",
            "got 15",
            id="duration in a goal's table",
        ),
        pytest.param(
            POLICY + "goals.first_response = 'x'",
            "policies[0].goals.first_response",
            "got 'x'",
            id="duration of all priorities",
        ),
        pytest.param(
            POLICY + "goals.first_response = { urgnt = '1h' }",
            "policies[0].goals.first_response.urgnt",
            "did you mean 'urgent'?",
            id="priority",
        ),
        pytest.param(
            POLICY + "goals.first_respons = '1h'",
            "policies[0].goals.first_respons",
            "did you mean 'first_response'?",
            id="target of a goal",
        ),
        pytest.param(
            POLICY + "calendar = 'busines'",
            "policies[0].calendar",
            "did you mean 'business'?",
            id="calendar of a policy",
        ),
        pytest.param(
            POLICY + "goals.resolution = { goal = '1h', calendar = { urgent = 'x' } }",
            "policies[0].goals.resolution.calendar",
            "no calendar has the name 'x'",
            id="calendar of a goal",
        ),
        pytest.param(
            POLICY + "match.channel = 'fone'",
            "policies[0].match.channel",
            "did you mean 'phone'?",
            id="channel",
        ),
        pytest.param(
            POLICY + "match.team = 'l9'", "policies[0].match.team", "(there are none)", id="team"
        ),
        pytest.param(
            POLICY + "chain = 'stage'", "policies[0].chain", "did you mean 'stages'?", id="chain"
        ),
        pytest.param(
            POLICY + "extends = 'live-bto'",
            "policies[0].extends",
            "did you mean 'live-bot'?",
            id="base",
        ),
        pytest.param(POLICY * 2, "policies[1].name", "'a' is there twice", id="policy twice"),
        pytest.param(
            "[[policies]]\nmatch = {}", "policies[0].name", "is required", id="missing key"
        ),
        pytest.param(
            "[desk]\nchannels = ['phone', 'fax']",
            "desk.channels[1]",
            "no channel has the name 'fax'",
            id="channel of the desk",
        ),
        pytest.param(
            "[channels.fax]\naliases = ['mail']",
            "channels.fax.aliases",
            "'mail' is a name of 'email' already",
            id="alias twice",
        ),
        pytest.param("[priorities.p0]", "priorities.p0", "make it an alias", id="another priority"),
        pytest.param("[channels.other]", "channels.other", "use another name", id="reserved"),
        pytest.param(
            "[sources.x]\nshows = { fax = ['created'] }",
            "sources.x.shows.fax",
            "no channel has this name",
            id="channel of a source",
        ),
        pytest.param(
            "[sources.x]\nshows = ['craeted']",
            "sources.x.shows[0]",
            "did you mean 'created'?",
            id="type of event",
        ),
        pytest.param(
            "[sources.x]\nticket_url = 'https://desk'",
            "sources.x.ticket_url",
            "must hold {ticket_id}",
            id="template",
        ),
        pytest.param(
            "[links]\ngrafana = 'boards'", "links.grafana", "must be an address such as", id="link"
        ),
        pytest.param(
            "include = ['nowhere']", "include", "neither a file nor a policy", id="include"
        ),
        pytest.param("include = ['desk.toml']", "include", "includes itself", id="circle"),
    ],
)
def test_a_wrong_key_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, key: str, message: str
) -> None:
    found = complain(tmp_path, text)
    assert list(found) == [key]
    assert message in found[key]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    found = complain(
        tmp_path,
        """
        [desk]
        zone = "Nowhere"
        [calendars.office]
        hours = { mon-fri = "9-18" }
        [targets.call]
        start = "create"
        [[policies]]
        match = { tags = 5 }
        [[policies]]
        name = "a"
        calendar = "offce"
        goals.call = "x"
        """,
    )
    assert list(found) == [
        "desk.zone",
        "calendars.office.hours.mon-fri",
        "targets.call.start",
        "policies[0].name",
        "policies[0].match.tags",
        "policies[1].goals.call",
        "policies[1].calendar",
    ]


def test_the_problems_of_several_files_are_said_together(tmp_path: Path) -> None:
    one = write(tmp_path, "[desk]\nzone = 5", "one.toml")
    two = write(tmp_path, "[desk", "two.toml")
    three = tmp_path / "three.toml"
    with pytest.raises(ConfigError) as raised:
        load_config([one, two, three])
    assert [Path(problem.file).name for problem in raised.value.problems] == [
        "one.toml",
        "two.toml",
        "three.toml",
    ]


def test_what_follows_from_a_problem_is_not_said(tmp_path: Path) -> None:
    found = complain(
        tmp_path,
        """
        [calendars.office]
        hours = 5
        [targets.call]
        stop = "replyed"
        start = "created"
        [[policies]]
        name = "a"
        calendar = "office"
        goals.call = "1h"
        """,
    )
    assert list(found) == ["calendars.office.hours", "targets.call.stop"]


def test_a_problem_names_the_file_that_said_it_last(tmp_path: Path) -> None:
    low = write(tmp_path, '[calendars.c]\nhours = { mon = "09:00-18:00" }', "low.toml")
    high = write(tmp_path, '[calendars.c]\ncountry = "XX"', "high.toml")
    with pytest.raises(ConfigError) as raised:
        load_config([low, high])
    (problem,) = raised.value.problems
    assert (Path(problem.file).name, problem.key) == ("high.toml", "calendars.c.country")


def test_a_file_that_is_not_toml_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"desk\.toml: is not TOML: .*line 2"):
        load(tmp_path, "[desk]\nzone = x\n[server]\n")


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "desk.toml"
    path.write_bytes(b"# \xff")
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(byte 2\)"):
        load_config([path])


def test_a_name_that_does_not_ship_gets_a_hint() -> None:
    with pytest.raises(ConfigError, match="did you mean 'uci-label'"):
        load_config(["uci-labl"])


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("policies", 2, "goals", "x"), "policies[2].goals.x"),
        (("calendars", "24x7", "hours"), "calendars.24x7.hours"),
        (("channels", "live chat"), 'channels."live chat"'),
    ],
)
def test_a_key_is_written_as_in_toml(path: tuple[str | int, ...], key: str) -> None:
    assert render_key(path) == key


def test_keys_are_taken_away_without_moving_each_other() -> None:
    data = {"a": [0, 1, 2, {"b": 1}], "c": {"d": 1, "e": {"f": 1}}}
    delete_keys(data, [("a", 0), ("a", 2), ("a", 3, "missing"), ("c", "e"), ("c", "e", "f")])
    assert data == {"a": [1], "c": {"d": 1}}
