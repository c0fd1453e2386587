"""`slawatch connectors record | send | watch`: live bodies, without their persons."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import httpx
import typer

from cli.console import ERR, OUT, told_errors
from cli.explain import render_at, say_state
from cli.sources import Desk, load_desk
from connectors.capture import Recorder, capture
from connectors.decoding import RecordParser
from connectors.drift import find_shape
from connectors.golden import load_payload
from connectors.intake import Record
from connectors.log_sqlite import FILE_NAME as LOG_NAME
from connectors.log_sqlite import SqliteLog
from connectors.marks import read_marks
from connectors.payload import Payload, unpack_payload
from connectors.registry import load_registry
from connectors.scrub import Scrubber
from connectors.secret_store import SecretStore
from connectors.signature import Signature
from connectors.signing import sign_payload
from connectors.wall import WallClock
from slawatch.config import Settings
from slawatch.errors import ConfigError, ConnectorError
from slawatch.events import Actor, Event, Kind
from slawatch.timeline import render_span, tell_timeline

_READ = 5000
_LOOK_SECONDS = 0.3
_HOUR_US = 3_600_000_000
_SHOWN = 400
_OK = range(200, 300)

StateOption = Annotated[Path | None, typer.Option(help="The state folder of the monitor")]
PolicyOption = Annotated[
    list[str] | None,
    typer.Option(help="A shipped policy's name or a TOML file; may be given again"),
]


def record(
    source: Annotated[str, typer.Argument(help="The source, as its deliveries are stored")],
    into: Annotated[Path, typer.Option(help="The folder for the bodies")],
    count: Annotated[int, typer.Option(min=1, help="How many: the last of the log")] = 10,
    listen: Annotated[
        int | None,
        typer.Option(help="Take them on this port of this machine instead; 0 takes a free one"),
    ] = None,
    state: StateOption = None,
) -> None:
    """Write live bodies into files, with persons, addresses, texts and secrets replaced."""
    with told_errors():
        recorder = Recorder(into)
        if listen is not None:
            _record_live(recorder, listen, count)
            return
        found: deque[Record] = deque(maxlen=count)
        with _open_log(state or Settings().folder) as log:
            found.extend(one for one in _read_all(log, 0) if _is_delivery(one, source))
        if not found:
            raise ConfigError(f"the log holds no delivery of source {source!r}")
        for one in found:
            OUT.out(str(recorder.write(unpack_payload(one.body))), highlight=False)


def _record_live(recorder: Recorder, port: int, count: int) -> None:
    def tell(address: str) -> None:
        ERR.print(f"send {count} deliveries to {address}", highlight=False)

    for payload in capture(port, count, tell):
        OUT.out(str(recorder.write(payload)), highlight=False)


def send(
    name: Annotated[str, typer.Argument(help="The connector, whose signature is made")],
    body: Annotated[Path, typer.Argument(help="A golden body; its .headers.json is sent as well")],
    url: Annotated[str, typer.Option(help="The receiver's address of the source")],
    secret_file: Annotated[Path | None, typer.Option(help="The secret to sign with")] = None,
    secret_env: Annotated[str | None, typer.Option(help="A variable with the secret")] = None,
    bearer: Annotated[bool, typer.Option("--bearer", help="Send the secret as a bearer")] = False,
    folder: Annotated[
        list[Path] | None,
        typer.Option(help="A folder with connectors of your own; may be given again"),
    ] = None,
) -> None:
    """Sign a body as its system would and post it to the receiver."""
    with told_errors():
        connector = load_registry(folder or []).get(name)
        payload = load_payload(body)
        files = [secret_file] if secret_file else []
        secrets = SecretStore(files, [secret_env] if secret_env else []).read()
        signature = connector.push.signature if connector.push else None
        if secrets and bearer:
            said = {**payload.headers, "authorization": f"Bearer {secrets[0]}"}
            payload = payload._replace(headers=said)
        elif secrets and isinstance(signature, Signature):
            payload = sign_payload(signature, payload, secrets[0], time.time(), url)
        elif secrets:
            raise ConfigError(f"{name} signs in no way that is known here: try --bearer")
        _post(payload, url)


def _post(payload: Payload, url: str) -> None:
    headers = {"content-type": "application/json", **payload.headers}
    query = dict(payload.query) or None
    try:
        answer = httpx.post(url, content=payload.body, headers=headers, params=query, timeout=10)
    except httpx.HTTPError as ex:
        raise ConnectorError(f"{url!r} does not answer: {ex}") from ex
    OUT.out(f"{answer.status_code} {answer.reason_phrase} {answer.text[:_SHOWN]}".rstrip())
    if answer.status_code not in _OK:
        raise typer.Exit(1)


def watch(
    source: Annotated[str, typer.Argument(help="The source whose deliveries are shown")],
    count: Annotated[int | None, typer.Option(min=1, help="End after so many")] = None,
    last: Annotated[int, typer.Option(min=0, help="Begin with so many that are there")] = 0,
    state: StateOption = None,
    policy: PolicyOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print as JSON, one object a line")
    ] = False,
) -> None:
    """Show each delivery as it comes: its body without persons, its events, their clocks."""
    with told_errors():
        folder = state or Settings().folder
        desk = load_desk(policy or ["default"])
        with _open_log(folder) as log:
            told = _Watch(desk, folder, source, last).follow(log)
            for one in islice(told, count):
                OUT.out(json.dumps(one._asdict()) if as_json else _lay_out(one), highlight=False)


class Told(NamedTuple):
    """Be what became of one delivery; `drift` names what it has and no golden body."""

    seq: int
    received_at: str
    body: str
    events: list[dict[str, object]]
    rejected: list[str]
    clocks: list[dict[str, object]]
    drift: list[str]


class _Watch:
    """Follow one source's records and judge the tickets they are about."""

    def __init__(self, desk: Desk, state: Path, source: str, last: int) -> None:
        self._rules = desk.config.rules
        self._parser = RecordParser(desk.config.vocabulary, desk.build_decoders(state))
        self._source = source
        self._baseline = desk.find_shapes().get(source)
        self._last = last
        self._scrubber = Scrubber()
        self._events: dict[str, list[Event]] = {}

    def follow(self, log: SqliteLog) -> Iterator[Told]:
        """Yield what becomes of each record: the last ones that are there, then as they come."""
        seq = 0
        past: deque[Told] = deque(maxlen=self._last)
        for one in _read_all(log, 0):
            seq = one.seq
            if _is_delivery(one, self._source):
                past.append(self._tell(one))
        yield from past
        while True:
            for one in _read_all(log, seq):
                seq = one.seq
                if _is_delivery(one, self._source):
                    yield self._tell(one)
            time.sleep(_LOOK_SECONDS)

    def _tell(self, one: Record) -> Told:
        events, rejects = self._parser.parse([one])
        for event in events:
            self._events.setdefault(event.key, []).append(event)
        payload = unpack_payload(one.body)
        body = self._scrubber.scrub(payload).body
        keys = dict.fromkeys(event.key for event in events)
        clocks = (clock for key in keys for clock in self._tell_clocks(key, one.received_at))
        return Told(
            one.seq,
            render_at(one.received_at),
            body.decode("utf-8", "replace"),
            [_tell_event(event) for event in events],
            [self._scrubber.scrub_text(f"{r.reason}: {r.message}") for r in rejects],
            list(clocks),
            sorted(find_shape(payload) - self._baseline) if self._baseline else [],
        )

    def _tell_clocks(self, key: str, now: int) -> Iterator[dict[str, object]]:
        # What is told long after it happened is judged as of then: a ticket is not kept for ever.
        now = min(now, max(event.occurred_at for event in self._events[key]) + _HOUR_US)
        timeline = tell_timeline(self._rules, key, self._events[key], now)
        for clock in timeline.clocks:
            due_at = clock.due_at()
            yield {
                "ticket": key,
                "target": timeline.names[clock.target],
                "cycle": clock.cycle,
                "state": say_state(clock),
                "elapsed": render_span(clock.elapsed(now)),
                "goal": render_span(clock.goal.goal_us),
                "due": render_at(due_at)[:19] if due_at else "",
            }


def _tell_event(event: Event) -> dict[str, object]:
    attrs = {key: value for key, value in event.attrs._asdict().items() if value is not None}
    return {
        "type": Kind(event.kind).name.lower(),
        "ticket": event.key,
        "occurred_at": render_at(event.occurred_at),
        "actor": Actor(event.actor).name.lower(),
        **attrs,
    }


def _lay_out(told: Told) -> str:
    body = " ".join(told.body.split())[:_SHOWN]
    lines = [f"#{told.seq} {told.received_at}", f"  body   {body}"]
    lines += [f"  reject {reject}" for reject in told.rejected]
    lines += [f"  new    {entry}" for entry in told.drift]
    for word, rows in (("event", told.events), ("clock", told.clocks)):
        for row in rows:
            said = " ".join(f"{key}={value}" for key, value in row.items() if value != "")
            lines.append(f"  {word}  {said}")
    return "\n".join(lines)


def _open_log(state: Path) -> SqliteLog:
    if not (state / LOG_NAME).is_file():
        raise ConfigError(f"no monitor has run in {str(state)!r}: name its folder with --state")
    return SqliteLog(state / LOG_NAME, WallClock())


def _is_delivery(record: Record, source: str) -> bool:
    return record.source == source and not record.is_completion


def _read_all(log: SqliteLog, seq: int) -> Iterator[Record]:
    while records := log.read_after(seq, _READ):
        yield from (one for one in records if read_marks(one.body)[0].since is None)
        seq = records[-1].seq
