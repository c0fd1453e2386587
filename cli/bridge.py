"""`slawatch bridge`: Alertmanager's notifications to the group robots of chat systems."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from cli.console import ERR, set_up_logging, told_errors
from dashboards.bridge import build_bridge, load_robots


def bridge(
    robots: Annotated[Path, typer.Argument(help="The TOML file that names the robots")],
    host: Annotated[str, typer.Option(help="Where to listen for Alertmanager")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to listen for Alertmanager")] = 9466,
    log_format: Annotated[str, typer.Option(help="text or json")] = "text",
) -> None:
    """Pass Alertmanager's notifications on to robots of WeCom, DingTalk and Feishu groups."""
    set_up_logging(as_json=log_format == "json")
    with told_errors():
        found = load_robots(robots)
        for name in found:
            ERR.print(f"robot: http://{host}:{port}/{name}")
        uvicorn.run(build_bridge(found), host=host, port=port, log_level="warning")
