from __future__ import annotations

import time
from pathlib import Path

import pytest

from cli.inputs import build_inputs, find_receiver, has_inputs
from cli.sources import Desk, load_desk
from connectors.inputs import pumped
from connectors.log_sqlite import SqliteLog
from connectors.wall import WallClock
from slawatch.errors import ConfigError
from slawatch.events import Kind

KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
LINE = b"1767225600|1767225600.1|support|NONE|ENTERQUEUE||4711|1\n"


def load(folder: Path, text: str) -> Desk:
    policy = folder / "desk.toml"
    policy.write_text(f'include = ["default"]\n[intake]\nport = 0\n{text}')
    return load_desk([policy])


def test_a_source_that_is_followed_is_stored(tmp_path: Path) -> None:
    (tmp_path / "queue_log").write_bytes(LINE)
    desk = load(tmp_path, f'[sources.asterisk]\noptions.path = "{tmp_path}/queue_log"')
    inputs = build_inputs(desk, tmp_path, [], stdin=False)
    assert [entry.connector for entry in inputs] == ["asterisk"]
    with SqliteLog(tmp_path / "log", WallClock()) as log:
        give_up_at = time.monotonic() + 30
        with pumped(log, inputs):
            while not log.last()[0]:
                assert time.monotonic() < give_up_at
                time.sleep(0.01)
        assert [record.source for record in log.read_after(0, 10)] == ["asterisk"]
    assert (tmp_path / "source-asterisk.json").exists()


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("[sources.asterisk]\noptions.path = 'queue_log'", True),
        ("[sources.asterisk]\ngrace = '5s'", False),
        ("[sources.zendesk]\noptions.url = 'https://desk.example'", True),
        ("[sources.zendesk]\ngrace = '5s'", False),
        ("[sources.nobody]\noptions.url = 'https://desk.example'", False),
    ],
)
def test_a_source_is_fetched_where_it_says_from_where(
    tmp_path: Path, text: str, *, is_one: bool
) -> None:
    assert has_inputs(load(tmp_path, text)) is is_one


def test_options_that_do_not_fit_stop_the_start_with_their_key(tmp_path: Path) -> None:
    desk = load(tmp_path, "[sources.zendesk]\noptions.url = 'https://desk.example'")
    with pytest.raises(ConfigError, match=r"sources\.zendesk\.options: option 'user'"):
        build_inputs(desk, tmp_path, [], stdin=False)


def test_a_followed_file_is_read_by_its_mapping(tmp_path: Path) -> None:
    options = '{ path = "crm.csv", mapping = "servicenow" }'
    desk = load(tmp_path, f'[sources.crm]\nconnector = "file"\noptions = {options}')
    inputs = build_inputs(desk, tmp_path, [], stdin=False)
    assert [entry.connector for entry in inputs] == ["crm"]
    assert list(desk.build_decoders(tmp_path)) == ["crm"]
    assert Kind.REPLIED not in desk.config.rules.sources["crm"].shows[""]


def test_posted_mail_has_options_and_is_not_fetched(tmp_path: Path) -> None:
    desk = load(tmp_path, "[sources.email]\noptions.own = ['desk.example']")
    assert build_inputs(desk, tmp_path, [], stdin=False) == []


def test_a_callback_pokes_what_fetches(tmp_path: Path) -> None:
    (tmp_path / "callback").write_text(f"token:{KEY}")
    (tmp_path / "corp").write_text("corporation")
    text = f"""[sources.wecom]
    auth.secret_file = "{tmp_path}/callback"
    options = {{ corp_id = "ww1", corp_secret_file = "{tmp_path}/corp" }}"""
    desk = load(tmp_path, text)
    receiver = find_receiver(desk, desk.config.settings)
    assert receiver is not None
    inputs = build_inputs(desk, tmp_path, [], receiver, stdin=False)
    receiver.close()
    assert [entry.connector for entry in inputs] == ["wecom", "receiver"]
    assert list(receiver.pokes) == ["wecom"]


def test_a_desk_whose_sources_are_not_received_has_no_receiver(tmp_path: Path) -> None:
    desk = load(tmp_path, "[sources.zendesk]\ngrace = '5s'")
    assert find_receiver(desk, desk.config.settings) is None


def test_a_receiver_that_is_asked_for_listens_without_a_source(tmp_path: Path) -> None:
    desk = load(tmp_path, "")
    receiver = find_receiver(desk, desk.config.settings, is_asked=True)
    assert receiver is not None
    receiver.close()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[sources.zendesk]\nsweep = "15m"', id="nobody-says-where"),
        pytest.param('[sources.github]\nsweep = "15m"', id="it-only-sends"),
        pytest.param('[sources.own]\nsweep = "15m"', id="native-lines"),
    ],
)
def test_a_sweep_of_what_cannot_be_asked_stops_the_start(tmp_path: Path, text: str) -> None:
    desk = load(tmp_path, text)
    with pytest.raises(ConfigError, match=r"sources\.\w+\.sweep: needs a connector"):
        build_inputs(desk, tmp_path, [], stdin=False)
