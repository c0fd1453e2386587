"""The kit's checks over a folder of bodies of which nobody has said what they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import orjson

from connectors.decoding import RecordParser, build_decoder
from connectors.drift import find_baseline, find_shape
from connectors.golden import Golden, is_body, load_payload
from connectors.intake import Record
from connectors.kit.decoding import (
    RECEIVED_AT,
    find_changing_events,
    find_escape,
    find_escapes,
    find_odd_times,
    find_personal_data,
)
from connectors.kit.subject import Subject
from connectors.opaque import TEST_KEY
from connectors.payload import Payload, pack_payload
from slawatch.errors import ConfigError
from slawatch.events import Kind
from slawatch.parsing import Vocabulary

_CAPTURE = re.compile(
    rb"(?:HTTP/1\.[01] \d{3}[^\r\n]*|(?:POST|PUT|GET) \S+ HTTP/1\.[01])\r?\n"
    rb"((?:[!-9;-~]+:[^\r\n]*\r?\n)*)\r?\n"
)
"""A request as it went over the wire; some tools write a status line in its first line's place."""


class BodyReport(NamedTuple):
    """Be what became of one body. `problems` are the connector's; a refusal is none.

    `drift` names what it has and no golden body.
    """

    path: str
    events: dict[str, int]
    refused: list[str]
    problems: list[str]
    drift: list[str]


def check_bodies(subject: Subject, folder: Path) -> Iterator[BodyReport]:
    """Report on each body below a folder, in the order of their paths. Raises `ConfigError`.

    A file that is no body itself and holds several, as `{"case": body}`, is reported case by case.
    One that holds a whole HTTP message is that message's body, with its headers.
    """
    paths = sorted(path for path in folder.rglob("*") if is_body(path))
    if not paths:
        raise ConfigError(f"there are no bodies in {str(folder)!r}")
    decoder = build_decoder(subject.connector, TEST_KEY)
    parser = RecordParser(Vocabulary(), {subject.connector.name: decoder})
    baseline = find_baseline(subject.golden)
    for path in paths:
        name, payload = str(path.relative_to(folder)), split_capture(load_payload(path))
        bodies = [(name, payload)]
        cases = [(f"{name}#{case}", payload._replace(body=b)) for case, b in _find_cases(payload)]
        found = [_check_body(subject, parser, path, *one) for one in bodies + cases]
        # What holds no bodies is one itself, or is made of parts that are all refused.
        is_bundle = not found[0].events and any(not one.refused for one in found[1:])
        chosen = slice(1, None) if is_bundle else slice(1)
        for report, (_, body) in zip(found[chosen], (bodies + cases)[chosen], strict=True):
            fresh = find_shape(body) - baseline if baseline else frozenset()
            yield report._replace(drift=sorted(fresh))


def split_capture(payload: Payload) -> Payload:
    """Return the body and the headers of a captured HTTP message, what is none as it is."""
    found = _CAPTURE.match(payload.body)
    if found is None:
        return payload
    pairs = (line.partition(":") for line in found[1].decode("latin-1").splitlines())
    said = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return payload._replace(body=payload.body[found.end() :], headers={**said, **payload.headers})


def _find_cases(payload: Payload) -> list[tuple[str, bytes]]:
    """Return the bodies that a file may hold by their names."""
    try:
        found = orjson.loads(payload.body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        return []
    return [(case, orjson.dumps(one)) for case, one in found.items()]


def _check_body(
    subject: Subject, parser: RecordParser, path: Path, name: str, payload: Payload
) -> BodyReport:
    alone = replace(subject, golden=[Golden(path.stem, path, payload, None)])
    if problem := find_escape(subject, parser, payload):
        return BodyReport(name, {}, [], [problem], [])
    events, refused = _decode(subject, parser, payload)
    problems = [
        *find_changing_events(alone),
        *find_odd_times(alone),
        *find_personal_data(alone),
        *(find_escapes(alone) if subject.fuzz_count else ()),
    ]
    return BodyReport(name, events, refused, problems, [])


def _decode(
    subject: Subject, parser: RecordParser, payload: Payload
) -> tuple[dict[str, int], list[str]]:
    record = Record(1, RECEIVED_AT, subject.connector.name, pack_payload(payload), None)
    events, rejects = parser.parse([record])
    counts = Counter(Kind(event.kind).name.lower() for event in events)
    return dict(counts), [f"{reject.reason}: {reject.message}" for reject in rejects]
