from __future__ import annotations

from pathlib import Path

import pytest

from connectors.golden import decode_plain, hide_plain, load_golden, to_comparable
from connectors.opaque import TEST_KEY, Opaque, hide
from connectors.payload import Payload
from slawatch.errors import ConfigError, EventError


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return folder


def test_a_body_lies_beside_its_headers_and_its_events(tmp_path: Path) -> None:
    write(tmp_path, created__json="{}", created__events__jsonl='{"type": "note"}\n')
    write(tmp_path, created__headers__json='{"headers": {"x-id": "7"}, "query": {"a": "b"}}')
    (golden,) = load_golden(tmp_path)
    assert golden.act == "created"
    assert golden.payload == Payload(b"{}", {"x-id": "7"}, {"a": "b"})
    assert golden.expected == ({"type": "note"},)


def test_an_empty_file_of_events_expects_none(tmp_path: Path) -> None:
    (golden,) = load_golden(write(tmp_path, ping__txt="ping", ping__events__jsonl=""))
    assert golden.expected == ()


def test_a_body_without_events_expects_nothing_yet(tmp_path: Path) -> None:
    (golden,) = load_golden(write(tmp_path, ping__txt="ping"))
    assert golden.expected is None


def test_no_folder_holds_no_bodies(tmp_path: Path) -> None:
    assert load_golden(tmp_path / "gone") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a__events__jsonl", "{", id="no-json"),
        pytest.param("a__events__jsonl", "[]", id="no-object"),
        pytest.param("a__headers__json", "[]", id="headers-no-object"),
    ],
)
def test_what_lies_beside_a_body_must_be_right(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, a__json="{}", **{name: text})
    with pytest.raises(ConfigError, match=r"a\.(events|headers)\.json.*: must "):
        load_golden(tmp_path)


def test_persons_are_marked_and_refusals_stand_in_their_place() -> None:
    def decode(_: Payload) -> list[object]:
        return [{"ticket_id": Opaque("wa:1")}, EventError("bad_time", "when?")]

    assert decode_plain(decode, Payload(b"")) == [  # type: ignore[arg-type]  # as decoders may
        {"ticket_id": {"opaque": "wa:1"}},
        {"rejected": "bad_time"},
    ]


def test_a_refused_body_is_one_refusal() -> None:
    def decode(_: Payload) -> list[dict[str, object]]:
        raise EventError("malformed", "not JSON")

    assert decode_plain(decode, Payload(b"")) == [{"rejected": "malformed"}]


def test_a_person_may_be_written_as_a_mark_or_as_its_id() -> None:
    marked = [{"into": {"ticket_id": {"opaque": "wa:1"}}}]
    assert hide_plain(marked) == [{"into": {"ticket_id": hide("wa:1", TEST_KEY)}}]


def test_instants_compare_however_they_are_written() -> None:
    at = {"occurred_at": 1_772_442_000_000, "team": None}
    assert to_comparable([at]) == to_comparable([{"occurred_at": "2026-03-02T10:00:00+01:00"}])
