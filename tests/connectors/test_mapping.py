from pathlib import Path

import pytest

from connectors.mapping import load_mapping, shipped_mappings
from slawatch.errors import ConfigError
from slawatch.events import Kind
from tests.connectors.mapped import EVENT, UPDATE, WIDE, write_mapping


def complain(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        write_mapping(folder, text)
    return {problem.key: problem.message for problem in caught.value.problems}


@pytest.mark.parametrize("name", shipped_mappings())
def test_what_ships_loads(name: str) -> None:
    assert load_mapping(name).name == name


def test_the_promised_mappings_ship() -> None:
    assert {"uci", "servicenow", "zendesk-tickets", "zendesk-field-history"} <= set(
        shipped_mappings()
    )


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = """
kind = "event"
encoding = "latin-0"
colour = "red"
[times]
zone = "Mars/Olympus"
formats = ["%Y-%m", "%Q"]
[fields]
prioritty = "p"
event_id = "{a!r}"
[types]
x = { type = "exploded", actor = "cat" }
[values.mood]
"""
    assert set(complain(tmp_path, text)) == {
        *("source", "encoding", "colour", "times.zone", "times.formats.0", "times.formats.1"),
        *("fields.prioritty", "fields.event_id", "fields.ticket_id", "fields.occurred_at"),
        *("types.x.type", "types.x.actor", "type_column", "values.mood"),
    }


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        pytest.param('kind = "update"', 'kind = "rows"', "kind", "got 'rows'", id="kind"),
        pytest.param("[created]", "[creatd]", "creatd", "'created'", id="unknown table"),
        pytest.param('at = "opened"', 'on = "opened"', "created.at", "is required", id="at"),
        pytest.param('"open"', '"opn"', "values.state.Active", "mean 'open'", id="status"),
        pytest.param('"{number}/{count}"', '"a{}"', "fields.event_id", "braces", id="template"),
        pytest.param('"{number}/{count}"', '"{"', "fields.event_id", "Single", id="half a brace"),
        pytest.param("event_id = ", "case = ", "fields.event_id", "is required", id="no id"),
        pytest.param("[created]", 'rows = "r"\n[created]', "fields.rows", "no key", id="rows"),
        pytest.param("[times]", 'rows = "r"\n[times]', "rows", "format 'json'", id="rows of csv"),
        pytest.param("[times]", "type_column = 'x'\n[times]", "type_column", "kind", id="alien"),
        pytest.param("[times]", 'encoding = "utf-16"\n[times]', "encoding", "ASCII", id="wide"),
        pytest.param("[times]", 'shows = ["solved"]\n[times]', "shows.0", "event", id="shows"),
        pytest.param(
            "[created]",
            '[constants]\nteam = "a"\n[created]',
            "constants.team",
            "fields.team",
            id="constant beside a field",
        ),
    ],
)
def test_a_problem_names_its_key(tmp_path: Path, old: str, new: str, key: str, said: str) -> None:
    assert said in complain(tmp_path, UPDATE.replace(old, new, 1))[key]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(WIDE.replace("[columns]", "[types]"), "columns", id="wide without columns"),
        pytest.param(
            WIDE.replace("team =", "occurred_at ="), "fields.occurred_at", id="wide with an instant"
        ),
        pytest.param(EVENT.split("[types]")[0], "types", id="event without types"),
    ],
)
def test_each_kind_needs_its_own_keys(tmp_path: Path, text: str, key: str) -> None:
    assert key in complain(tmp_path, text)


def test_what_is_no_toml_is_told(tmp_path: Path) -> None:
    assert "not TOML" in complain(tmp_path, "source = ")[""]


def test_an_unknown_name_lists_what_ships() -> None:
    with pytest.raises(ConfigError, match=r"shipped mappings: .*uci"):
        load_mapping("ucy")


SEEN_IN_UPDATES = {Kind.CREATED, Kind.ASSIGNED, Kind.PRIORITY_CHANGED, Kind.PAUSED, Kind.RESUMED}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(UPDATE, {"": SEEN_IN_UPDATES}, id="update: as far as states are mapped"),
        pytest.param(
            UPDATE.split("[values.state]")[0],
            {"": SEEN_IN_UPDATES | {Kind.RESOLVED, Kind.CLOSED, Kind.REOPENED}},
            id="update: native states",
        ),
        pytest.param(
            EVENT, {"": {Kind.CREATED, Kind.REPLIED, Kind.PRIORITY_CHANGED}}, id="event: its types"
        ),
        pytest.param(
            WIDE,
            {"": {Kind.CREATED, Kind.REPLIED, Kind.RESOLVED, Kind.CLOSED}},
            id="wide: its columns, and ends by the status",
        ),
        pytest.param(
            f'shows = ["created", "closed"]\n{WIDE}',
            {"": {Kind.CREATED, Kind.CLOSED}},
            id="declared",
        ),
        pytest.param(
            f'shows = {{ phone = ["created"], "" = [] }}\n{WIDE}',
            {"phone": {Kind.CREATED}, "": set()},
            id="declared by channel",
        ),
    ],
)
def test_a_mapping_knows_what_it_can_show(
    tmp_path: Path, text: str, expected: dict[str, set[Kind]]
) -> None:
    assert write_mapping(tmp_path, text).shows == expected
