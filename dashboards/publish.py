"""Put boards into a running Grafana: what files cannot provision, or where we own no files.

Done again it changes nothing that is as it should be.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from dashboards.builder import render_board
from dashboards.desk import build_desk
from dashboards.grafana_api import Grafana, connect
from dashboards.library import build_boards
from dashboards.looks import Json
from dashboards.notes import find_notes, publish_notes
from dashboards.prometheus_api import Prometheus
from dashboards.provisioning import FOLDERS
from slawatch.config import Config

__all__ = ["Done", "PublishOptions", "connect", "publish_boards"]

_ROTATED: Final = ("wall", "channels", "priorities")
"""What a screen without a hand on it goes through."""
_INTERVAL: Final = "30s"
_NEW_PLAYLISTS: Final = "s/playlist.grafana.app/v1/namespaces/default/playlists"
"""Grafana 13 has playlists below /apis; the client puts /api before every path."""
_DAY_SECONDS: Final = 86_400


class PublishOptions(NamedTuple):
    """Be what to publish; the first language's wall becomes home."""

    languages: tuple[str, ...]
    prometheus: str | None = None
    days: int = 7


@dataclass(slots=True)
class Done:
    """Be what was changed, by name; `same` counts what was as it should be."""

    changed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    same: int = 0

    def note(self, what: str, *, is_changed: bool) -> None:
        """Note one thing."""
        if is_changed:
            self.changed.append(what)
        else:
            self.same += 1

    def lines(self) -> list[str]:
        """Return what a person reads."""
        return [
            *(f"published {name}" for name in self.changed),
            *(f"refused {name}: it is provisioned from a file" for name in self.refused),
            f"published: {len(self.changed)}, unchanged: {self.same}",
        ]


def publish_boards(grafana: Grafana, config: Config, options: PublishOptions) -> Done:
    """Publish folders, boards, playlists, home and annotations, in this order."""
    done = Done()
    for language in options.languages:
        folder = f"slawatch-{language}"
        _put_folder(grafana, folder, FOLDERS[language], done)
        for board in build_boards(config, language).values():
            _put_board(grafana, folder, render_board(board), done)
        _put_playlist(grafana, config, language, done)
    home = build_desk(config, options.languages[0]).uid("wall")
    _put_home(grafana, home, done)
    if options.prometheus is not None:
        end = time.time()
        with Prometheus(options.prometheus) as prometheus:
            notes = find_notes(prometheus, end - options.days * _DAY_SECONDS, end)
        for text, is_changed in publish_notes(grafana, notes):
            done.note(f"annotation: {text}", is_changed=is_changed)
    return done


def _put_folder(grafana: Grafana, uid: str, title: str, done: Done) -> None:
    is_new = grafana.get(f"/folders/{uid}") is None
    if is_new:
        grafana.send("POST", "/folders", {"uid": uid, "title": title})
    done.note(f"folder {title}", is_changed=is_new)


def _put_board(grafana: Grafana, folder: str, board: Json, done: Done) -> None:
    uid = board["uid"]
    found = grafana.get(f"/dashboards/uid/{uid}")
    if found is not None and found["meta"].get("provisioned"):
        # The file would win at Grafana's next look, and until then nobody knows which it is.
        done.refused.append(uid)
        return
    is_same = (
        found is not None
        and found["meta"].get("folderUid") == folder
        and holds(found["dashboard"], board)
    )
    if not is_same:
        body = {
            "dashboard": {**board, "id": None},
            "folderUid": folder,
            "message": "slawatch dashboards publish",
            "overwrite": True,
        }
        grafana.send("POST", "/dashboards/db", body)
    done.note(f"board {uid}", is_changed=not is_same)


def holds(found: Any, wanted: Any) -> bool:  # noqa: ANN401 - JSON
    """Tell whether JSON says all that is wanted; what Grafana adds of its own does not count."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and all(
            key in found and holds(found[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(found) == len(wanted) and all(map(holds, found, wanted))
        )
    return bool(found == wanted)


def _put_playlist(grafana: Grafana, config: Config, language: str, done: Done) -> None:
    desk = build_desk(config, language)
    uid, title = desk.uid("playlist"), desk.words["board_wall"]
    items = [{"type": "dashboard_by_uid", "value": desk.uid(name)} for name in _ROTATED]
    known = grafana.get("/playlists")
    if known is None:
        is_changed = _put_new_playlist(grafana, uid, title, items)
    else:
        is_changed = _put_old_playlist(grafana, known, title, items)
    done.note(f"playlist {title}", is_changed=is_changed)


def _put_old_playlist(
    grafana: Grafana, known: list[Json], title: str, items: list[dict[str, str]]
) -> bool:
    numbered = [{**item, "order": place} for place, item in enumerate(items, 1)]
    body = {"name": title, "interval": _INTERVAL, "items": numbered}
    uids = [entry["uid"] for entry in known if entry["name"] == title]
    if not uids:
        grafana.send("POST", "/playlists", body)
        return True
    found = grafana.get(f"/playlists/{uids[0]}") or {}
    shown = {**found, "items": [dict(item) for item in found.get("items") or []]}
    if holds(shown, {"name": title, "interval": _INTERVAL, "items": items}):
        return False
    grafana.send("PUT", f"/playlists/{uids[0]}", body)
    return True


def _put_new_playlist(grafana: Grafana, uid: str, title: str, items: list[dict[str, str]]) -> bool:
    found = grafana.get(f"{_NEW_PLAYLISTS}/{uid}")
    spec = {"title": title, "interval": _INTERVAL, "items": items}
    body: Json = {
        "apiVersion": "playlist.grafana.app/v1",
        "kind": "Playlist",
        "metadata": {"name": uid},
        "spec": spec,
    }
    if found is None:
        grafana.send("POST", _NEW_PLAYLISTS, body)
        return True
    if holds(found.get("spec"), spec):
        return False
    body["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
    grafana.send("PUT", f"{_NEW_PLAYLISTS}/{uid}", body)
    return True


def _put_home(grafana: Grafana, uid: str, done: Done) -> None:
    found = grafana.get("/org/preferences") or {}
    is_changed = found.get("homeDashboardUID") != uid
    if is_changed:
        grafana.send("PATCH", "/org/preferences", {"homeDashboardUID": uid})
    done.note(f"home {uid}", is_changed=is_changed)
