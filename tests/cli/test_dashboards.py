from __future__ import annotations

from pathlib import Path

from tests.cli.commands import call, errors, is_told, read_json, write_policy

POLICY = 'include = ["demo"]\n[sources.demo]\nticket_url = "https://desk.example/t/{ticket_id}"\n'


def test_what_was_built_is_as_the_policy_gives_it(tmp_path: Path) -> None:
    policy = write_policy(tmp_path, POLICY)
    options = ("--policy", policy, "--out", tmp_path / "out")
    assert call("dashboards", "build", *options).exit_code == 0
    found = read_json(call("dashboards", "check", *options, "--json"))
    assert found == {"differences": [], "queries": []}
    urgent = (tmp_path / "out/grafana/en/urgent.json").read_text("utf-8")
    assert "https://desk.example/t/${1}" in urgent


def test_a_file_that_differs_is_named_and_built_anew(tmp_path: Path) -> None:
    call("dashboards", "build", "--out", tmp_path)
    wall, strange = tmp_path / "grafana/en/wall.json", tmp_path / "grafana/en/old.json"
    wall.write_bytes(wall.read_bytes() + b"\n")
    strange.write_text("{}")
    (tmp_path / "grafana/zh/slo.json").unlink()
    found = call("dashboards", "check", "--out", tmp_path)
    assert found.exit_code == 1
    assert [line.removeprefix(f"{tmp_path}/grafana/") for line in found.stdout.splitlines()] == [
        "en/wall.json: differs",
        "zh/slo.json: missing",
        "en/old.json: is no longer built",
    ]
    call("dashboards", "build", "--out", tmp_path)
    assert call("dashboards", "check", "--out", tmp_path).exit_code == 0
    assert not strange.exists()


def test_a_prometheus_that_is_away_is_told(tmp_path: Path) -> None:
    call("dashboards", "build", "--out", tmp_path)
    url = "http://127.0.0.1:9"
    found = call("dashboards", "check", "--out", tmp_path, "--prometheus", url)
    assert is_told(found, 1)
    assert "no answer of a Prometheus at 'http://127.0.0.1:9'" in errors(found)[0]


def test_a_grafana_that_is_away_is_told() -> None:
    found = call("dashboards", "publish", "--url", "http://127.0.0.1:9", "--token", "t")
    assert is_told(found, 1)
    assert "no Grafana answers at http://127.0.0.1:9: start it" in errors(found)[0]


def test_an_unknown_language_stops_the_start() -> None:
    found = call("dashboards", "publish", "--language", "fr")
    assert is_told(found)
    assert errors(found) == ["--language: must be among ('en', 'zh'), got 'fr'"]


def test_a_url_that_is_none_stops_the_start() -> None:
    found = call("dashboards", "publish", "--url", "grafana:3000")
    assert is_told(found)
    assert "must begin with http:// or https://" in errors(found)[0]
