"""All boards of a desk, and the files they are kept in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboards.boards import (
    bots,
    channels,
    contact_centre,
    pipeline,
    priorities,
    slo,
    stages,
    urgent,
    wall,
)
from dashboards.builder import Board, dump, render_board
from dashboards.desk import Desk, build_desk
from dashboards.paging.render import render_alertmanager
from dashboards.paging.routing import Receivers
from dashboards.provisioning import render_provisioning
from dashboards.rules.render import render_rules
from dashboards.stack import CONTAINERS, render_prometheus
from slawatch.config import Config
from slawatch.texts import LANGUAGES

BUILDERS: Mapping[str, Callable[[Desk], Board]] = {
    "wall": wall.build,
    "channels": channels.build,
    "priorities": priorities.build,
    "stages": stages.build,
    "slo": slo.build,
    "urgent": urgent.build,
    "bots": bots.build,
    "contact-centre": contact_centre.build,
    "pipeline": pipeline.build,
}
"""By name, from the wall downwards."""


def build_boards(config: Config, language: str) -> dict[str, Board]:
    """Return the boards of a desk in one language, by name."""
    desk = build_desk(config, language)
    return {name: build(desk) for name, build in BUILDERS.items()}


def render_files(
    config: Config, language: str = "en", receivers: Receivers | None = None
) -> dict[str, str]:
    """Return the content of every generated file by its path below `dashboards/`.

    Boards are in every language; `language` is that of alerts. Raises `ConfigError` for
    `receivers` that no route leads to.
    """
    manager = render_alertmanager(config, language, receivers)
    boards = {
        f"{language}/{name}.json": dump(render_board(board))
        for language in LANGUAGES
        for name, board in build_boards(config, language).items()
    }
    grafana = {**boards, **render_provisioning()}
    return {
        **{f"grafana/{path}": content for path, content in grafana.items()},
        **{str(path): content for path, content in render_rules(config, language).items()},
        **{f"alertmanager/{name}": text for name, text in manager.items()},
        "prometheus/prometheus.yml": render_prometheus(CONTAINERS),
    }
