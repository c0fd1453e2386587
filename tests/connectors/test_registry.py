from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectors.payload import Payload
from connectors.registry import find_in_folder, load_registry
from slawatch.config import SourceSettings
from slawatch.errors import ConfigError, EventError

PYTHON = """
from connectors.connector import Connector

def decode(payload):
    return []

CONNECTOR = Connector({name!r}, "Acme", decode, "web")
"""
TOML = """
source = "acme"
kind = "event"
format = "json"
channel = "web"
title = "Acme desk"
type_column = "act"

[fields]
event_id = "id"
ticket_id = "ticket.no"
occurred_at = "at"

[types]
opened = "created"

[push.signature]
header = "X-Acme-Signature"
prefix = "sha256="
"""


def put(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder


def complain(folder: Path, name: str = "acme") -> str:
    with pytest.raises(ConfigError) as raised:
        load_registry([folder]).get(name)
    return str(raised.value)


def test_a_folder_brings_its_connectors(tmp_path: Path) -> None:
    put(tmp_path, "acme.py", PYTHON.format(name="acme"))
    put(tmp_path, "notes.py", "# no connector lies here\n")
    registry = load_registry([tmp_path])
    assert registry.get("acme").title == "Acme"
    assert "notes" not in registry.names()


def test_a_connector_says_where_its_golden_bodies_lie(tmp_path: Path) -> None:
    put(tmp_path, "acme.py", PYTHON.format(name="acme"))
    (entry,) = find_in_folder(tmp_path)
    assert (entry.origin, entry.golden) == (str(tmp_path), tmp_path / "golden" / "acme")


def test_a_mapping_file_is_a_connector_too(tmp_path: Path) -> None:
    connector = load_registry([put(tmp_path, "acme.toml", TOML)]).get("acme")
    body = b'{"id": "1", "ticket": {"no": 7}, "at": "2026-03-02T09:00:00Z", "act": "opened"}'
    assert list(connector.decode(Payload(body))) == [
        {
            "event_id": "1",
            "ticket_id": "7",
            "occurred_at": 1_772_442_000_000,
            "type": "created",
        }
    ]
    assert connector.title == "Acme desk"


def test_a_mapping_files_signature_is_checked(tmp_path: Path) -> None:
    connector = load_registry([put(tmp_path, "acme.toml", TOML)]).get("acme")
    assert connector.push is not None
    assert connector.push.signature is not None
    # HMAC-SHA256 of b"{}" with the key b"secret", as `openssl dgst -hmac secret` has it.
    said = "sha256=77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13"
    good = Payload(b"{}", {"x-acme-signature": said})
    assert connector.push.signature.find_fault(good, ["secret"], 0) == ""
    assert connector.push.signature.find_fault(good, ["other"], 0) == "wrong"


def test_a_mapped_body_that_is_no_row_is_rejected(tmp_path: Path) -> None:
    connector = load_registry([put(tmp_path, "acme.toml", TOML)]).get("acme")
    with pytest.raises(EventError, match="a row must be a JSON object"):
        list(connector.decode(Payload(b"[1]")))


def test_a_mapping_that_does_not_say_how_it_arrives_is_no_connector(tmp_path: Path) -> None:
    text = TOML.partition("[push")[0].replace('channel = "web"', "")
    told = complain(put(tmp_path, "acme.toml", text))
    assert "acme.toml: channel: is required of a connector" in told
    assert "acme.toml: push: is required of a connector" in told


def test_a_signature_over_less_than_the_body_is_refused(tmp_path: Path) -> None:
    text = f'{TOML}template = "{{timestamp}}"\n'
    told = complain(put(tmp_path, "acme.toml", text))
    assert "push.signature.template: must hold {body}" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(
            "import no_such_module\nCONNECTOR = 1\n",
            "cannot be imported: ModuleNotFoundError: No module named 'no_such_module' (line 1)",
            id="missing-module",
        ),
        pytest.param(
            "CONNECTOR = (\n", "cannot be imported: SyntaxError: '(' was never closed", id="syntax"
        ),
        pytest.param("CONNECTOR = 1\n", "CONNECTOR: must be a Connector, got int", id="no-one"),
        pytest.param(
            PYTHON.format(name="acne"),
            "CONNECTOR.name: must be 'acme', as the file is named, got 'acne'",
            id="other-name",
        ),
    ],
)
def test_a_file_that_is_no_connector_is_told_in_a_sentence(
    tmp_path: Path, text: str, told: str
) -> None:
    folder = put(tmp_path, "acme.py", text)
    assert f"{folder / 'acme.py'}: {told}" in complain(folder)


def test_two_folders_must_not_have_one_name(tmp_path: Path) -> None:
    folders = [put(tmp_path / name, "acme.py", PYTHON.format(name="acme")) for name in "ab"]
    with pytest.raises(ConfigError, match="two connectors are named 'acme'"):
        load_registry(folders)


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"connectors\.folders: cannot be read"):
        load_registry([tmp_path / "gone"])


def test_a_name_that_nobody_has_is_told_with_the_nearest(tmp_path: Path) -> None:
    folder = put(tmp_path, "acme.py", PYTHON.format(name="acme"))
    assert "there is no connector 'acmee'; did you mean 'acme'?" in complain(folder, "acmee")


def test_nothing_is_imported_before_it_is_asked_for(tmp_path: Path) -> None:
    load_registry([put(tmp_path, "lazy.py", PYTHON.format(name="lazy"))])
    assert "slawatch_connector_lazy" not in sys.modules


def test_an_installed_package_brings_connectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "acme_desk.py", PYTHON.format(name="acme-desk"))
    put(tmp_path / "acme_pkg-1.0.dist-info", "METADATA", "Name: acme-pkg\nVersion: 1.0\n")
    points = "[slawatch.connectors]\nacme-desk = acme_desk\n"
    put(tmp_path / "acme_pkg-1.0.dist-info", "entry_points.txt", points)
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_registry()
    assert registry.get("acme-desk").title == "Acme"
    assert registry.entry("acme-desk").origin == "acme-pkg"
    assert registry.entry("acme-desk").folder == tmp_path


def test_a_connector_of_ones_own_goes_before_a_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "desk_pkg.py", PYTHON.format(name="desk"))
    put(tmp_path / "desk_pkg-1.0.dist-info", "METADATA", "Name: desk-pkg\nVersion: 1.0\n")
    points = "[slawatch.connectors]\ndesk = desk_pkg\n"
    put(tmp_path / "desk_pkg-1.0.dist-info", "entry_points.txt", points)
    monkeypatch.syspath_prepend(tmp_path)
    own = put(tmp_path / "own", "desk.py", PYTHON.format(name="desk"))
    assert load_registry([own]).entry("desk").origin == str(own)


def test_a_signature_that_cannot_be_computed_names_the_file(tmp_path: Path) -> None:
    text = f'{TOML}template = "{{stamp}}{{body}}"\n'
    told = complain(put(tmp_path, "acme.toml", text))
    assert "acme.toml: push.signature: template holds {stamp}" in told


def test_a_policy_beside_the_connectors_is_none(tmp_path: Path) -> None:
    put(tmp_path, "acme.toml", TOML)
    put(tmp_path, "desk.toml", '[connectors]\nfolders = ["."]\n[sources.acme]\ngrace = "2s"\n')
    assert [entry.name for entry in find_in_folder(tmp_path)] == ["acme"]


def test_a_file_that_is_no_toml_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    assert "acme.toml" in complain(put(tmp_path, "acme.toml", "kind ="))


def test_a_bus_brings_the_bodies_of_a_connector_of_ones_own(tmp_path: Path) -> None:
    registry = load_registry([put(tmp_path, "acme.py", PYTHON.format(name="acme"))])
    source = SourceSettings("redis", options={"decode": "acme"})
    connector, golden = registry.find_source(source)
    assert (connector.name, connector.channel) == ("acme", "web")
    assert golden == tmp_path / "golden" / "acme"
    assert connector.options.keys() == registry.get("redis").options.keys()
    assert connector.bus is not None
    assert connector.push is None


@pytest.mark.parametrize("name", ["nobody", "kafka", 7])
def test_a_bus_that_names_no_decoder_stops_the_start(name: object) -> None:
    source = SourceSettings("kafka", options={"decode": name})
    with pytest.raises(ConfigError, match=r"'nobody'|name of a connector"):
        load_registry().find_source(source)


def test_what_is_no_bus_decodes_itself() -> None:
    registry = load_registry()
    source = SourceSettings("http", options={"decode": "zendesk"})
    assert registry.find_source(source)[0] is registry.get("http")
