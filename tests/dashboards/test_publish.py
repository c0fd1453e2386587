from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.builder import render_board
from dashboards.grafana_api import connect
from dashboards.notes import Note, publish_notes
from dashboards.publish import Done, PublishOptions, holds, publish_boards
from slawatch.errors import ConfigError, ConnectorError
from tests.cli.commands import call, errors, is_told
from tests.dashboards.grafana import Answer, Json, StandIn, serve
from tests.dashboards.queries import BOARDS, DEMO


@pytest.fixture
def grafana() -> Iterator[StandIn]:
    """Be an empty Grafana."""
    with serve(StandIn("secret")) as state:
        yield state


def publish(state: StandIn, *languages: str) -> Done:
    """Publish the demo's boards."""
    with connect(state.url, state.token) as grafana:
        return publish_boards(grafana, DEMO, PublishOptions(languages or ("en", "zh")))


def test_folders_boards_playlists_and_home_are_published(grafana: StandIn) -> None:
    publish(grafana)
    assert {uid: folder["title"] for uid, folder in grafana.folders.items()} == {
        "slawatch-en": "SLA",
        "slawatch-zh": "SLA 看板",
    }
    assert grafana.boards.keys() == {board.uid for board in BOARDS.values()}
    assert grafana.preferences == {"theme": "dark", "homeDashboardUID": "slawatch-wall"}
    values = [item["value"] for item in grafana.playlists["p1"]["items"]]
    assert values == ["slawatch-wall", "slawatch-channels", "slawatch-priorities"]


def test_what_is_published_is_what_is_built(grafana: StandIn) -> None:
    publish(grafana, "zh")
    kept = grafana.boards["slawatch-slo-zh"]["dashboard"]
    assert holds(kept, json.loads(json.dumps(render_board(BOARDS["zh", "slo"]))))
    assert grafana.boards["slawatch-slo-zh"]["meta"]["folderUid"] == "slawatch-zh"


def test_publishing_again_writes_nothing(grafana: StandIn) -> None:
    first = publish(grafana)
    grafana.writes.clear()
    again = publish(grafana)
    assert grafana.writes == []
    assert (again.changed, again.same) == ([], len(first.changed))


def test_only_what_differs_is_written_again(grafana: StandIn) -> None:
    publish(grafana, "en")
    grafana.writes.clear()
    grafana.boards["slawatch-slo"]["dashboard"]["panels"][1]["title"] = "mine"
    grafana.boards["slawatch-wall"]["dashboard"]["iteration"] = 17
    done = publish(grafana, "en")
    assert done.changed == ["board slawatch-slo"]
    assert grafana.writes == [("POST", "/api/dashboards/db")]
    assert grafana.boards["slawatch-slo"]["dashboard"]["version"] == 2


def test_a_board_that_was_moved_goes_back_to_its_folder(grafana: StandIn) -> None:
    publish(grafana, "en")
    grafana.boards["slawatch-slo"]["meta"]["folderUid"] = "elsewhere"
    assert publish(grafana, "en").changed == ["board slawatch-slo"]


def test_a_provisioned_board_is_refused_and_left_alone(grafana: StandIn) -> None:
    kept = {"dashboard": {"uid": "slawatch-slo", "title": "file"}, "meta": {"provisioned": True}}
    grafana.boards["slawatch-slo"] = kept
    found = call("dashboards", "publish", "--url", grafana.url, "--token", "secret")
    assert found.exit_code == 1
    assert "refused slawatch-slo: it is provisioned from a file" in found.stdout
    assert errors(found)[0].startswith("1 boards are provisioned from files there")
    assert grafana.boards["slawatch-slo"] is kept


def test_a_playlist_that_was_changed_is_put_right(grafana: StandIn) -> None:
    publish(grafana, "en")
    grafana.playlists["p1"]["interval"] = "1h"
    assert publish(grafana, "en").changed == ["playlist SLA wall"]
    assert grafana.playlists["p1"]["interval"] == "30s"


def test_playlists_of_grafana_13_are_published_too() -> None:
    with serve(StandIn("secret", is_new=True)) as grafana:
        publish(grafana, "en")
        spec = grafana.playlists["slawatch-playlist"]["spec"]
        assert spec["items"][0] == {"type": "dashboard_by_uid", "value": "slawatch-wall"}
        assert publish(grafana, "en").changed == []
        spec["interval"] = "1h"
        assert publish(grafana, "en").changed == ["playlist SLA wall"]


def test_a_token_that_may_not_is_told(grafana: StandIn) -> None:
    with pytest.raises(ConfigError, match="give --token"), connect(grafana.url, "no") as wrong:
        publish_boards(wrong, DEMO, PublishOptions(("en",)))
    assert grafana.boards == {}


def test_a_refusal_is_told_in_grafanas_words(grafana: StandIn) -> None:
    body = {"dashboard": {"uid": "x"}, "folderUid": "nowhere"}
    with (
        connect(grafana.url, "secret") as api,
        pytest.raises(ConnectorError, match=r"refused POST /dashboards/db: .*folder not found"),
    ):
        api.send("POST", "/dashboards/db", body)


def test_a_grafana_below_a_path_is_found() -> None:
    class Below(StandIn):
        def answer(self, method: str, target: str, body: Json, token: str) -> Answer:
            assert target.startswith("/grafana/api/")
            return super().answer(method, target.removeprefix("/grafana"), body, token)

    with serve(Below("secret")) as state, connect(f"{state.url}/grafana", "secret") as api:
        assert api.get("/folders/none") is None


def test_a_missing_client_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "grafana_client.api", None)
    found = call("dashboards", "publish", "--token", "t")
    assert is_told(found)
    assert "pip install 'slawatch[dashboards]'" in errors(found)[0]


def test_the_client_is_not_loaded_before_it_is_needed(tmp_path: Path) -> None:
    code = (
        "import cli.dashboards, sys; assert not {'grafana_client', 'niquests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


SPIKE = Note("breach-spike", "SlaBreachSpike phone", 1_000_020, 1_000_080)


def note(grafana: StandIn, *notes: Note) -> list[tuple[str, bool]]:
    """Publish notes."""
    with connect(grafana.url, "secret") as api:
        return list(publish_notes(api, notes))


def test_a_spike_is_noted_once(grafana: StandIn) -> None:
    assert note(grafana, SPIKE) == [(SPIKE.text, True)]
    assert note(grafana, SPIKE) == [(SPIKE.text, False)]
    assert grafana.notes == [
        {
            "id": 1,
            "time": 1_000_020_000,
            "timeEnd": 1_000_080_000,
            "tags": ["slawatch", "breach-spike"],
            "text": "SlaBreachSpike phone",
        }
    ]


def test_a_spike_that_goes_on_is_lengthened(grafana: StandIn) -> None:
    note(grafana, SPIKE)
    assert note(grafana, SPIKE._replace(end=1_000_200)) == [(SPIKE.text, True)]
    assert [entry["timeEnd"] for entry in grafana.notes] == [1_000_200_000]


def test_a_later_spike_of_the_same_name_is_another(grafana: StandIn) -> None:
    note(grafana, SPIKE, SPIKE._replace(start=1_009_980, end=1_010_040))
    assert len(grafana.notes) == 2
