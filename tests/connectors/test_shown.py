from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.registry import load_registry
from connectors.shown import find_actors, find_shown, shown_by, with_connectors
from slawatch.book import Book
from slawatch.config import Config, load_config
from slawatch.errors import ConfigError
from slawatch.events import Actor, Attrs, Kind
from slawatch.interning import Interner

CONNECTOR = """
from connectors.connector import Connector, Push
from slawatch.events import Kind

def decode(payload):
    return []

CONNECTOR = Connector("acme", "Acme", decode, "phone", grace_seconds=31.0{more})
"""
CONFIG = """
[sources.desk]
connector = "acme"
{source}
[connectors]
folders = ["{folder}"]
"""
STORY = (
    {"type": "created", "ticket_id": "1", "priority": "high"},
    {"type": "replied", "ticket_id": "1"},
    {"type": "observed", "ticket_id": "1", "status": "resolved"},
)


def write_connector(folder: Path, *events: dict[str, str], more: str = "") -> Path:
    golden = folder / "golden" / "acme"
    golden.mkdir(parents=True)
    (folder / "acme.py").write_text(CONNECTOR.format(more=more), "utf-8")
    (golden / "story.json").write_text("{}", "utf-8")
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (golden / "story.events.jsonl").write_text(lines, "utf-8")
    return folder


def configure(folder: Path, source: str = "") -> Config:
    path = folder / "desk.toml"
    path.write_text(CONFIG.format(folder=folder, source=source), "utf-8")
    config = load_config([path])
    return with_connectors(config, load_registry(config.settings.connector_folders))


def test_a_connector_shows_the_acts_of_its_golden_events(tmp_path: Path) -> None:
    shown = shown_by(load_registry([write_connector(tmp_path, *STORY)]), "acme")
    assert shown == {"": {Kind.CREATED, Kind.REPLIED, Kind.RESOLVED}}


def test_what_a_ticket_begins_with_shows_no_change() -> None:
    assert find_shown([{"type": "created", "priority": "high", "team": "l1"}]) == {Kind.CREATED}


def test_a_changed_attribute_shows_its_change() -> None:
    events = [{"type": "observed", "priority": "high", "team": "l1"}]
    assert find_shown(events) == {Kind.PRIORITY_CHANGED, Kind.ASSIGNED}


def test_a_status_that_waits_shows_pauses_and_a_way_back_shows_reopening() -> None:
    events = [{"type": "observed", "status": status} for status in ("pending", "closed")]
    assert find_shown(events) == {Kind.PAUSED, Kind.RESUMED, Kind.CLOSED, Kind.REOPENED}


def test_a_channel_on_which_it_is_blind_shows_less(tmp_path: Path) -> None:
    more = ', blind={"phone": frozenset({Kind.REPLIED})}'
    shown = shown_by(load_registry([write_connector(tmp_path, *STORY, more=more)]), "acme")
    assert shown["phone"] == {Kind.CREATED, Kind.RESOLVED}
    assert Kind.REPLIED in shown[""]


def test_a_native_connector_shows_whatever_its_senders_send(tmp_path: Path) -> None:
    registry = load_registry([write_connector(tmp_path, *STORY, more=", is_native=True")])
    assert shown_by(registry, "acme") == {}


def test_a_target_that_a_connector_cannot_end_does_not_start(tmp_path: Path) -> None:
    book = Book(configure(write_connector(tmp_path, STORY[0], STORY[1])).rules)
    targets = {target.spec.name: target.spec for target in book.targets}
    assert book.is_observable(targets["first_response"], "desk", "phone")
    assert not book.is_observable(targets["resolution"], "desk", "phone")


def test_what_the_configuration_says_goes_before(tmp_path: Path) -> None:
    folder = write_connector(tmp_path, *STORY)
    source = configure(folder, 'shows = "closed"\ngrace = "2s"').rules.sources["desk"]
    assert source.shows == {"": {Kind.CLOSED}}
    assert source.grace_us == 2_000_000


def test_a_sources_grace_is_its_connectors(tmp_path: Path) -> None:
    assert configure(write_connector(tmp_path)).rules.sources["desk"].grace_us == 31_000_000


def test_a_ticket_without_a_channel_came_by_its_connectors(tmp_path: Path) -> None:
    interner = Interner(configure(write_connector(tmp_path)).rules)
    known = interner.profiles[interner.profile_index("desk", Attrs())]
    named = interner.profiles[interner.profile_index("desk", Attrs(channel="chat"))]
    assert (known.labels[0], named.labels[0]) == ("phone", "chat")


def test_other_golden_events_are_other_rules(tmp_path: Path) -> None:
    few = configure(write_connector(tmp_path / "a", STORY[0])).rules.digest
    more = configure(write_connector(tmp_path / "b", *STORY)).rules.digest
    assert few != more


def test_a_source_without_a_connector_stays_as_it_is() -> None:
    config = load_config(["uci-normal"])
    assert with_connectors(config, load_registry()) is config


def test_what_nobody_asserts_is_shown_by_those_who_did_it() -> None:
    events = [{"type": "created"}, {"type": "replied"}, {"type": "replied", "actor": "bot"}]
    assert find_actors(events) == {
        Kind.CREATED: {Actor.CUSTOMER},
        Kind.REPLIED: {Actor.AGENT, Actor.BOT},
    }


def test_what_is_asserted_as_well_is_shown_by_anybody() -> None:
    assert find_actors([{"type": "resolved", "status": "resolved"}]) == {}


def test_a_target_that_a_bot_must_end_does_not_start_where_none_answers(tmp_path: Path) -> None:
    book = Book(configure(write_connector(tmp_path, *STORY)).rules)
    targets = {target.spec.name: target.spec for target in book.targets}
    assert book.is_observable(targets["first_response"], "desk", "chat")
    assert not book.is_observable(targets["bot_first_response"], "desk", "chat")


FETCHED = ', pull=print, options={"url": None, "interval_seconds": 60}'
MAILBOX = ', push=Push(), follow=print, options={"interval_seconds": 60}'


@pytest.mark.parametrize(
    ("more", "source", "grace_seconds"),
    [
        pytest.param(FETCHED, "", 31, id="not-asked"),
        pytest.param(FETCHED, 'options.url = "https://d.example"', 61, id="asked-alone"),
        pytest.param(
            FETCHED,
            'options = { url = "https://d.example", interval_seconds = 300 }',
            301,
            id="asked-rarely",
        ),
        pytest.param(
            FETCHED,
            'options = { url = "https://d.example", interval_seconds = 2 }',
            31,
            id="never-shorter-than-its-connectors",
        ),
        pytest.param(
            f"{FETCHED}, push=Push(), lag_seconds=61.0",
            'options.url = "https://d.example"',
            121,
            id="told-late",
        ),
        pytest.param(
            f"{FETCHED}, push=Push()",
            'options.url = "https://d.example"\nauth.scheme = "none"',
            31,
            id="pushed-as-well",
        ),
        pytest.param(MAILBOX, "options.interval_seconds = 120", 121, id="followed"),
        pytest.param(
            MAILBOX,
            'options.interval_seconds = 120\nauth.secret_file = "p"',
            121,
            id="followed-with-a-password",
        ),
        pytest.param(MAILBOX, 'auth.scheme = "none"', 31, id="posted"),
    ],
)
def test_what_is_only_fetched_waits_for_the_next_look(
    tmp_path: Path, more: str, source: str, grace_seconds: int
) -> None:
    config = configure(write_connector(tmp_path, more=more), source)
    assert config.rules.sources["desk"].grace_us == grace_seconds * 1_000_000


def test_a_bus_shows_what_the_system_shows_whose_bodies_it_brings(tmp_path: Path) -> None:
    folder = write_connector(tmp_path, *STORY)
    path = folder / "desk.toml"
    path.write_text(
        f'[sources.bus]\nconnector = "redis"\noptions.decode = "acme"\n'
        f'[connectors]\nfolders = ["{folder}"]\n'
    )
    config = load_config([path])
    source = with_connectors(config, load_registry([folder])).rules.sources["bus"]
    assert source.shows == {"": {Kind.CREATED, Kind.REPLIED, Kind.RESOLVED}}
    assert source.channel == "phone"


def test_an_option_that_there_is_not_stops_the_start_with_its_key(tmp_path: Path) -> None:
    folder = write_connector(tmp_path, more=', options={"interval_seconds": 60}')
    with pytest.raises(ConfigError, match="did you mean 'interval_seconds'") as raised:
        configure(folder, "options.intervall_seconds = 5")
    assert "sources.desk.options.intervall_seconds: is no option of" in str(raised.value)


@pytest.mark.parametrize(
    ("source", "is_polled"),
    [
        pytest.param("options.url = 'https://d.example'", True, id="asked-alone"),
        pytest.param("options.url = 'https://d.example'\nsweep = '1h'", False, id="swept"),
        pytest.param("", False, id="not-asked"),
    ],
)
def test_what_is_only_polled_is_judged_as_far_as_it_has_told(
    tmp_path: Path, source: str, *, is_polled: bool
) -> None:
    config = configure(write_connector(tmp_path, more=FETCHED), source)
    assert config.rules.sources["desk"].polled is is_polled
