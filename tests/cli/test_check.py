"""`slawatch check`: every error at once, the series, and what cannot be measured."""

from __future__ import annotations

from pathlib import Path

from cli.check import find_unmeasured
from slawatch.config import load_config
from tests.cli.commands import call, errors, is_told, read_json, write_policy

WRONG = """
[desk]
zone = "Mars/Olympus"
[[policies]]
name = "all"
calendar = "nowhere"
goals.first_response = "soon"
"""
WRONG_MAPPING = """
source = "desk"
kind = "event"
[fields]
ticket_id = "ticket"
"""


def test_what_ships_is_right_and_its_series_are_counted() -> None:
    result = call("check")
    assert result.exit_code == 0
    assert "sla_results_total" in result.stdout
    assert "series" in result.stdout


def test_every_error_is_told_at_once_with_file_and_key(tmp_path: Path) -> None:
    path = write_policy(tmp_path, WRONG)
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(WRONG_MAPPING, "utf-8")
    result = call("check", "--policy", path, "--mapping", mapping)
    told = errors(result)
    assert is_told(result)
    assert len([line for line in told if str(path) in line]) >= 3
    assert any("zone" in line and "Mars/Olympus" in line for line in told)
    assert any("nowhere" in line for line in told)
    assert any("'soon'" in line for line in told)
    assert any(line.startswith(f"{mapping}: fields.event_id") for line in told)


def test_a_file_that_is_not_there_is_told() -> None:
    result = call("check", "--policy", "missing.toml")
    assert is_told(result)
    assert "missing.toml" in result.stderr


def test_a_file_that_is_not_toml_is_told(tmp_path: Path) -> None:
    result = call("check", "--policy", write_policy(tmp_path, "[[policies]\n"))
    assert is_told(result)
    assert "TOML" in result.stderr


def test_the_answer_for_machines_has_every_part(tmp_path: Path) -> None:
    answer = read_json(call("check", "--policy", write_policy(tmp_path), "--json"))
    assert answer["policies"] == ["all"]
    assert answer["series"]["start"] <= answer["series"]["ceiling"] < answer["series"]["limit"]
    assert (answer["warnings"], answer["not_measured"]) == ([], [])
    assert len(answer["digest"]) == 16


def test_the_digest_is_that_of_the_rules(tmp_path: Path) -> None:
    path = write_policy(tmp_path)
    first = read_json(call("check", "--policy", path, "--json"))["digest"]
    assert read_json(call("check", "--policy", path, "--json"))["digest"] == first
    path.write_text(path.read_text("utf-8").replace('"8h"', '"9h"'), "utf-8")
    assert read_json(call("check", "--policy", path, "--json"))["digest"] != first


def test_what_a_source_cannot_show_is_named_with_the_missing_act() -> None:
    rows = find_unmeasured(load_config(["uci-normal"]))
    missing = {target: acts for source, _, target, acts in rows if source == "uci"}
    assert missing["first_response"] == "replied"
    assert {"next_response", "periodic_update", "bot_first_response"} <= set(missing)
    assert "resolution" not in missing
    told = call("check", "--policy", "uci-normal").stdout
    assert "not measured: first_response of uci on any: it shows none of replied" in told


def test_a_later_policy_goes_before_what_ships(tmp_path: Path) -> None:
    text = '[[policies]]\nname = "vip"\nmatch = { customer_tier = "gold" }\nextends = "default"\n'
    path = write_policy(tmp_path, text)
    shipped = read_json(call("check", "--json"))["policies"]
    answer = read_json(call("check", "--policy", "default", "--policy", path, "--json"))
    assert answer["policies"][0] == "vip"
    assert set(answer["policies"]) == {"vip", *shipped}


CONNECTOR = """
from connectors.connector import Connector

CONNECTOR = Connector("acme", "Acme", lambda payload: [], "email")
"""


def write_source(folder: Path, connector: str = CONNECTOR) -> Path:
    """Write a desk with a source whose connector has shown two acts."""
    golden = folder / "own" / "golden" / "acme"
    golden.mkdir(parents=True)
    (folder / "own" / "acme.py").write_text(connector, "utf-8")
    (golden / "a.json").write_text("{}", "utf-8")
    (golden / "a.events.jsonl").write_text('{"type":"created"}\n{"type":"replied"}\n', "utf-8")
    text = f'[connectors]\nfolders = "{folder / "own"}"\n[sources.acme]\n[sources.house]\n'
    path = folder / "desk.toml"
    path.write_text(text, "utf-8")
    return path


def test_each_source_is_told_with_what_it_can_measure(tmp_path: Path) -> None:
    answer = read_json(call("check", "--policy", write_source(tmp_path), "--json"))
    acme, house = (row for row in answer["sources"] if row["source"] in ("acme", "house"))
    assert acme["connector"] == "acme"
    assert "first_response" in acme["targets"]
    assert "resolution" not in acme["targets"]
    assert (house["connector"], "resolution" in house["targets"]) == ("", True)
    assert ["acme", "any", "resolution"] in [
        [row["source"], row["channel"], row["target"]] for row in answer["not_measured"]
    ]


def test_a_source_is_told_to_people_too(tmp_path: Path) -> None:
    told = call("check", "--policy", write_source(tmp_path)).stdout
    assert "source acme (connector acme) measures first_response" in told
    assert "not measured: resolution of acme on any: it shows none of" in told


def test_a_connector_that_cannot_be_loaded_is_told(tmp_path: Path) -> None:
    result = call("check", "--policy", write_source(tmp_path, "CONNECTOR = 1 / 0\n"))
    assert is_told(result)
    assert "acme.py: cannot be imported: ZeroDivisionError" in result.stderr


def test_an_act_that_is_shown_by_others_is_named_with_whom_it_needs(tmp_path: Path) -> None:
    answer = read_json(call("check", "--policy", write_source(tmp_path), "--json"))
    needs = {
        row["target"]: row["needs_one_of"]
        for row in answer["not_measured"]
        if row["source"] == "acme"
    }
    assert needs["bot_first_response"] == "replied by bot"
