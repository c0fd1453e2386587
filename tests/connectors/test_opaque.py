from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.opaque import KEY_BYTES, KEY_NAME, TEST_KEY, Opaque, hide, hide_persons, load_key
from slawatch.errors import ConfigError, EventError
from slawatch.parsing import Vocabulary, parse_event

PHONE = "wa:4915112345678"
CREATED = {"event_id": "1", "type": "created", "occurred_at": 1_772_442_000_000}


def hide_one(event: Mapping[str, Any]) -> object:
    (hidden,) = hide_persons([event], TEST_KEY)
    return hidden


def test_a_person_has_one_id() -> None:
    assert hide(PHONE, TEST_KEY) == hide(PHONE, TEST_KEY)
    assert hide(PHONE, TEST_KEY) != hide("wa:4915112345679", TEST_KEY)


def test_another_installation_has_another_id() -> None:
    assert hide(PHONE, TEST_KEY) != hide(PHONE, bytes(KEY_BYTES))


def test_the_id_holds_nothing_of_the_person() -> None:
    assert len(hide(PHONE, TEST_KEY)) == 20
    assert "49151" not in hide(PHONE, TEST_KEY)


def test_marks_are_replaced_wherever_they_stand() -> None:
    marked = {"ticket_id": Opaque(PHONE), "into": {"source": "x", "ticket_id": Opaque(PHONE)}}
    hidden = hide(PHONE, TEST_KEY)
    assert hide_one(marked) == {
        "ticket_id": hidden,
        "into": {"source": "x", "ticket_id": hidden},
    }


def test_an_event_without_a_mark_is_handed_on() -> None:
    event = {"ticket_id": "7"}
    assert hide_one(event) is event


def test_a_mark_that_nobody_replaced_is_rejected() -> None:
    with pytest.raises(EventError, match="'ticket_id' must be a string") as raised:
        parse_event({**CREATED, "ticket_id": Opaque(PHONE)}, None, "wa", Vocabulary())
    assert PHONE not in str(raised.value)


@pytest.mark.parametrize("write", [str, "{}".format])
def test_a_mark_cannot_be_written_into_a_text(write: Any) -> None:  # noqa: ANN401 - any writer
    with pytest.raises(TypeError, match="is no text"):
        write(Opaque(PHONE))


def test_a_folder_keeps_its_key_to_itself(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert load_key(tmp_path) == key
    assert len(key) == KEY_BYTES
    assert stat.S_IMODE((tmp_path / KEY_NAME).stat().st_mode) == 0o600


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert load_key(tmp_path) != load_key(tmp_path / "other")


def test_a_cut_key_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).write_bytes(b"short")
    with pytest.raises(ConfigError, match="must hold 32 bytes, got 5"):
        load_key(tmp_path)


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        load_key(tmp_path / "gone")
