"""`slawatch replay`: a finite log through the whole engine, as fast as it can."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.console import ERR, OUT, read_interval, told_errors
from cli.summary import Summary, summarize
from connectors.decoding import Reject
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.replay import read_log, sort_log
from connectors.state_folder import lock_state_folder
from connectors.wall import WallClock
from flows.monitor import ReplayOptions, run_replay
from flows.store import Store
from flows.verdict_table import FILE_NAME as TABLE_NAME
from flows.verdict_table import VerdictTable
from slawatch.config import Config, load_config
from slawatch.config_values import parse_duration
from slawatch.errors import ConfigError
from slawatch.events import Event

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from connectors.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Log:
    """Be the log to replay and how to read it."""

    path: str
    mapping: Mapping | None
    config: Config
    sorts: bool

    def read(self) -> Iterable[Event | Reject]:
        """Read the log from its start, in the order of time unless told otherwise."""
        now = WallClock().now()
        items = read_log(self.path, self.mapping, self.config.vocabulary, now=now)
        if self.sorts:
            return sort_log(items)
        # The first item opens the file: what is wrong with it is said before the flow starts.
        return chain(list(islice(items, 1)), items)


def replay(
    log: Annotated[
        str,
        typer.Argument(help="The log: JSON lines, CSV; plain, .gz, .zst; - reads standard input"),
    ],
    policy: Annotated[
        list[str] | None,
        typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(help="A shipped mapping's name or a TOML file; none: native JSON lines"),
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option(help="Write all verdicts here as JSON lines")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="Write the metrics here as exposition text")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Keep state here: a replay that was killed resumes")
    ] = None,
    disorder: Annotated[
        str, typer.Option(help="By how much event time may run behind its maximum")
    ] = "0s",
    order: Annotated[
        str, typer.Option(help="time: sort the log first; file: as it stands")
    ] = "time",
    speed: Annotated[
        float | None, typer.Option(min=0.001, help="Replay at N times the log's own speed")
    ] = None,
    shards: Annotated[
        int, typer.Option(min=1, max=256, help="Parts of the state; verdicts do not depend on it")
    ] = 16,
    workers: Annotated[
        int, typer.Option(min=1, max=16, help="Threads; verdicts do not depend on it")
    ] = 1,
    batch: Annotated[
        int, typer.Option(min=1, help="Most events read at once; fewer where that takes long")
    ] = 64_000,
    snapshot_interval: Annotated[
        str, typer.Option(help="Between two snapshots of the state")
    ] = "60s",
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON")] = False,
) -> None:
    """Replay a finite log and print what the verdicts come to."""
    with told_errors():
        if order not in ("time", "file"):
            raise ConfigError(f"--order must be 'time' or 'file', got {order!r}")
        config = load_config(policy or ["default"])
        source = _find_log(log, mapping, config, sorts=order == "time")
        options = ReplayOptions(
            shards=shards,
            workers=workers,
            batch_size=batch,
            disorder_us=_duration(disorder, "--disorder"),
            speed=speed,
            snapshot_seconds=read_interval(snapshot_interval, "--snapshot-interval"),
        )
        with ExitStack() as stack:
            folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            stack.enter_context(lock_state_folder(folder))
            summary = _replay(source, options, folder, verdicts, metrics, is_kept=state is not None)
        _print(summary, as_json=as_json)


def _find_log(path: str, mapping: str | None, config: Config, *, sorts: bool) -> Log:
    if not mapping:
        return Log(path, None, config, sorts)
    from cli.sources import with_mapping  # noqa: PLC0415 - slow to import, and most logs need none
    from connectors.mapping import load_mapping  # noqa: PLC0415 - as above

    rows = load_mapping(mapping)
    return Log(path, rows, with_mapping(config, rows), sorts)


def _duration(text: str, option: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as ex:
        raise ConfigError(f"{option}: {ex}") from ex


def _replay(
    log: Log,
    options: ReplayOptions,
    folder: Path,
    verdicts: Path | None,
    metrics: Path | None,
    *,
    is_kept: bool,
) -> Summary:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    store = Store()
    began = time.monotonic()
    with ExitStack() as stack:
        wall = WallClock()
        quarantine = stack.enter_context(SqliteLog(folder / LOG_NAME, wall))
        table = VerdictTable(folder / TABLE_NAME, is_durable=is_kept, is_tallied=True)
        stack.callback(table.close)
        with _progress() as advance:
            # Read here, not in the flow: a file that is not there is an error, not a crash.
            items = log.read()
            advance.begin(len(items) if isinstance(items, list) else None)
            run_replay(
                log.config.rules,
                lambda: items,
                options,
                table=table,
                quarantine=quarantine,
                state=folder if is_kept else None,
                stop=stop,
                store=store,
                on_progress=advance,
            )
        if stop.is_set():
            raise ConfigError("the replay was stopped; with --state it resumes where it was")
        contents = store.read()
        if verdicts is not None:
            table.export(verdicts)
        if metrics is not None:
            from flows.export import Exporter  # noqa: PLC0415 - slow to import, and few ask for it

            at = contents.log_at or 0
            content, _ = Exporter(log.config.rules, store, lambda: at).render()
            metrics.write_bytes(content)
        return summarize(contents, table.count(), time.monotonic() - began)


class _Advance:
    """Move the progress bar: the log is read first, its length is known once it is sorted."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress = progress
        self._task = task
        self._began = time.monotonic()

    def begin(self, total: int | None) -> None:
        """Go over from reading to replaying."""
        self._began = time.monotonic()
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description="replaying", total=total)

    def __call__(self, count: int, _at: int) -> None:
        if self._progress is None or self._task is None:
            return
        rate = f"{count / max(time.monotonic() - self._began, 0.001):,.0f}/s"
        self._progress.update(self._task, completed=count, rate=rate)


@contextmanager
def _progress() -> Iterator[_Advance]:
    if not sys.stderr.isatty():
        yield _Advance(None, None)
        return
    from rich.progress import (  # noqa: PLC0415 - slow to import, and only a terminal shows it
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=ERR) as progress:
        task = progress.add_task("reading", total=None, rate="")
        yield _Advance(progress, task)


def _print(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        OUT.print_json(json.dumps(summary))
        return
    events, targets = summary["events"], summary["targets"]
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in events.items() if count)
    OUT.print(f"events: {told or 'none'} in {summary['seconds']} s")
    quarantined, changes = summary["quarantined"], summary["changes"]
    if quarantined:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in quarantined.items())
        OUT.print(f"quarantined: {reasons}", soft_wrap=True)
    told = ", ".join(f"{count:,} {name}" for name, count in changes.items())
    OUT.print(f"tickets: {told}", soft_wrap=True)
    table = Table("target", "met", "breached", "attainment")
    for target, row in targets.items():
        total = row["met"] + row["breached"]
        share = f"{row['met'] / total:.1%}" if total else "-"
        table.add_row(target, f"{row['met']:,}", f"{row['breached']:,}", share)
    OUT.print(table)
