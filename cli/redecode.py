"""`slawatch connectors redecode`: decode anew what is in the intake log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.console import OUT, told_errors
from cli.sources import load_desk
from connectors.decoding import RecordParser
from connectors.intake import Record
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.redecode import redecode as append_anew
from connectors.state_folder import INTAKE_LOCK_NAME, lock_state_folder
from connectors.wall import WallClock
from flows.desk_file import read_desk
from slawatch.config import Settings
from slawatch.errors import ConfigError


def redecode(
    source: Annotated[str, typer.Argument(help="The source whose decoder was mended")],
    from_seq: Annotated[
        int, typer.Option("--from", min=1, help="The number of the first record to decode anew")
    ] = 1,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    state: Annotated[Path | None, typer.Option(help="The state folder of the monitor")] = None,
) -> None:
    """Decode a source's stored records anew, after its decoder was mended.

    Stop the monitor before, and start it again afterwards.
    """
    with told_errors():
        folder = state or Settings().folder
        if not (folder / LOG_NAME).is_file():
            raise ConfigError(f"no monitor has run in {str(folder)!r}: name it with --state")
        known = read_desk(folder)
        desk = load_desk(policy or (known.policies if known else ()) or ["default"])
        parser = RecordParser(desk.config.vocabulary, desk.build_decoders(folder))

        def concerns(record: Record) -> bool:
            return any(one.key.startswith(f"{source}/") for one in parser.parse([record])[0])

        with (
            lock_state_folder(folder),
            lock_state_folder(folder, INTAKE_LOCK_NAME),
            SqliteLog(folder / LOG_NAME, WallClock()) as log,
        ):
            revision, count = append_anew(log, source, from_seq, concerns)
        if not count:
            raise ConfigError(
                f"no record of source {source!r} from number {from_seq} on is in the intake log"
            )
        OUT.print(
            f"{count} records of {source} stand in the log once more, as revision {revision}. "
            "Start the monitor: their acts take the place of what the same acts said before, acts "
            "that they no longer tell are taken back, and what that changes is corrected",
            soft_wrap=True,
        )
