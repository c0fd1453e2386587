"""Checks of what a decoder makes of bodies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from connectors.decoding import RecordParser, build_decoder
from connectors.golden import Golden, Plain, decode_plain, to_comparable
from connectors.intake import Record
from connectors.kit.fuzz import mutate
from connectors.kit.personal import find_personal
from connectors.kit.purity import find_clocks, find_io
from connectors.kit.subject import Subject
from connectors.opaque import TEST_KEY
from connectors.payload import Payload, pack_payload
from connectors.signature import Signature
from slawatch.errors import EventError
from slawatch.events import REJECT_REASONS
from slawatch.parsing import Vocabulary, parse_instant

RECEIVED_AT = 4_102_444_800_000_000
"""2100: after any act of a golden body, so that none is refused as of the future."""

MAX_CPU_SECONDS = 0.005
"""A decoder takes tens of microseconds a body; a hundred times that is a defect."""

_EARLIEST_US, _LATEST_US = 946_684_800_000_000, RECEIVED_AT
_REPEATS = 5
_INSTANTS = ("occurred_at", "opened_at", "waiting_since", "promised_at")
_MAX_TOLD = 5


def find_other_events(subject: Subject) -> Iterator[str]:
    """Compare each golden body's events with the expected ones."""
    if not subject.golden:
        yield f"there are no golden bodies in golden/{subject.connector.name}"
    for golden in subject.golden:
        if golden.expected is None:
            yield f"{golden.act}: there is no {golden.path.stem}.events.jsonl with what it becomes"
            continue
        found = to_comparable(_decode(subject, golden))
        expected = to_comparable(golden.expected)
        if len(found) != len(expected):
            counts = f"gave {len(found)} events, expected {len(expected)}"
            yield f"{golden.act}: {counts}: {found!r:.300}"
            continue
        for number, (one, wanted) in enumerate(zip(found, expected, strict=True), 1):
            for key in sorted(one.keys() | wanted.keys()):
                if one.get(key) != wanted.get(key):
                    values = f"gave {one.get(key)!r:.120}, expected {wanted.get(key)!r:.120}"
                    yield f"{golden.act}: event {number}: {key}: {values}"


def _decode(subject: Subject, golden: Golden) -> list[Plain]:
    """Decode a golden body; what escapes is told by the check of that."""
    try:
        return decode_plain(subject.connector.decode, golden.payload)
    except Exception as ex:  # noqa: BLE001 - a decoder's defect
        return [{"escaped": f"{type(ex).__name__}: {ex}"}]


def find_changing_events(subject: Subject) -> Iterator[str]:
    """Decode everything again, in the other order."""
    first = {golden.act: _decode(subject, golden) for golden in subject.golden}
    for golden in reversed(subject.golden):
        if _decode(subject, golden) != first[golden.act]:
            yield f"{golden.act}: gave other events the second time"


def find_refused_events(subject: Subject) -> Iterator[str]:
    """Let each golden body go the way of a record: stored, decoded, hidden, parsed."""
    name = subject.connector.name
    parser = RecordParser(Vocabulary(), {name: build_decoder(subject.connector, TEST_KEY)})
    for golden in subject.golden:
        record = Record(1, RECEIVED_AT, name, pack_payload(golden.payload), None)
        _, rejects = parser.parse([record])
        expected = [event["rejected"] for event in golden.expected or () if "rejected" in event]
        for reject in rejects:
            if reject.reason not in expected:
                yield f"{golden.act}: refused as {reject.reason}: {reject.message}"


def find_odd_times(subject: Subject) -> Iterator[str]:
    """Look at every instant: an offset, or milliseconds, of this century."""
    for golden, event in _golden_events(subject):
        for key in _INSTANTS:
            if (value := event.get(key)) is None:
                continue
            try:
                at = parse_instant(value, key)
            except EventError as ex:
                yield f"{golden.act}: {ex}"
                continue
            if not _EARLIEST_US <= at < _LATEST_US:
                yield f"{golden.act}: {key} must lie in this century, got {value!r}"


def find_shared_ids(subject: Subject) -> Iterator[str]:
    """Look for one id of two acts. Two bodies may tell one act."""
    seen: dict[object, tuple[str, Plain]] = {}
    for golden, event in _golden_events(subject):
        event_id = event.get("event_id")
        act = {key: event.get(key) for key in ("ticket_id", "type", "occurred_at")}
        other, known = seen.setdefault(event_id, (golden.act, act))
        if known != act:
            yield f"{golden.act}: {event_id!r} is another act in {other}: {act} and {known}"


def find_escapes(subject: Subject) -> Iterator[str]:
    """Break the golden bodies in many ways; each must give events, or an `EventError`."""
    payloads = [golden.payload for golden in subject.golden]
    told: set[str] = set()
    decoder = build_decoder(subject.connector, TEST_KEY)
    parser = RecordParser(Vocabulary(), {subject.connector.name: decoder})
    broken = mutate(payloads, subject.fuzz_count, subject.seed)
    for payload in (*payloads, *_hopeless(), *broken):
        problem = find_escape(subject, parser, payload)
        kind = problem.partition(" at ")[0]
        if problem and kind not in told and len(told) < _MAX_TOLD:
            told.add(kind)
            yield f"{problem}; the body is {payload.body!r:.300}"


def _hopeless() -> tuple[Payload, ...]:
    bodies = (b"", b"null", b"[]", b"{}", b"0", b'""', b"[null]", b"\xff\xfe", b"[" * 5000, b"\x00")
    return tuple(map(Payload, bodies))


def find_escape(subject: Subject, parser: RecordParser, payload: Payload) -> str:
    """Say what else than an `EventError` came of a body, or "" if nothing did."""
    try:
        for event in subject.connector.decode(payload):
            if isinstance(event, EventError) and (problem := _check_reason(event)):
                return problem
    except EventError as ex:
        return _check_reason(ex)
    except Exception as ex:  # noqa: BLE001 - what must not be is what is looked for
        place = ex.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = place.tb_frame.f_code.co_filename if place else ""
        line = place.tb_lineno if place else 0
        return f"{type(ex).__name__}: {ex} at {Path(where).name}:{line}"
    record = Record(1, RECEIVED_AT, subject.connector.name, pack_payload(payload), None)
    broken = [r.message for r in parser.parse([record])[1] if r.reason == "decoder_error"]
    return broken[0] if broken else ""


def _check_reason(ex: EventError) -> str:
    return "" if ex.reason in REJECT_REASONS else f"{ex.reason!r} is no reason of the closed set"


def find_new_ids(subject: Subject) -> Iterator[str]:
    """Deliver each body again as a retry would: signed anew, at another time."""
    push = subject.connector.push
    signature = push.signature if push else None
    changing = (
        {signature.header, signature.timestamp_header}
        if isinstance(signature, Signature)
        else set()
    )
    for golden in subject.golden:
        kept = {k: v for k, v in golden.payload.headers.items() if k not in changing}
        again = golden.payload._replace(headers={**kept, **dict.fromkeys(changing - {""}, "0")})
        first = [event.get("event_id") for event in _decode(subject, golden)]
        ids = [event.get("event_id") for event in decode_plain(subject.connector.decode, again)]
        if ids != first:
            yield f"{golden.act}: a retry has other ids: {ids!r:.120}, first {first!r:.120}"
        if subject.connector.dedup_key(again) != subject.connector.dedup_key(golden.payload):
            yield f"{golden.act}: a retry has another dedup_key"


def find_no_silent_body(subject: Subject) -> Iterator[str]:
    """Ask for a golden body that becomes nothing, or is refused as of an unknown type."""
    quiet = ((), ({"rejected": "unknown_type"},))
    if not any(golden.expected in quiet for golden in subject.golden):
        yield "no golden body is of a type that concerns no clock"


def find_impurity(subject: Subject) -> Iterator[str]:
    """Run the decoder where files, sockets and processes are heard; read it for clocks."""
    for golden in subject.golden:
        _decode(subject, golden)  # what is loaded once, such as a zone, has been
        for what in find_io(lambda golden=golden: _decode(subject, golden)):  # type: ignore[misc]
            yield f"{golden.act}: asks for {what}"
    for place in find_clocks(subject.connector.decode.__module__, subject.folder):
        yield f"{place}: a decoder has no clock, no chance and no environment"


def find_cost(subject: Subject) -> Iterator[str]:
    """Measure a body's share of the processor, the cheapest of a few runs."""
    for golden in subject.golden:
        spent = []
        for _ in range(_REPEATS):
            began = time.process_time()
            _decode(subject, golden)
            spent.append(time.process_time() - began)
        if min(spent) > MAX_CPU_SECONDS:
            told = f"{min(spent) * 1000:.1f} ms of processor, may take {MAX_CPU_SECONDS * 1000:.0f}"
            yield f"{golden.act}: takes {told}"


def find_personal_data(subject: Subject) -> Iterator[str]:
    """Look for what the bodies say of persons among what the events let out."""
    for golden in subject.golden:
        yield from find_personal(golden, _decode(subject, golden), _parse(golden.payload.body))


def _parse(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _golden_events(subject: Subject) -> Iterator[tuple[Golden, Plain]]:
    for golden in subject.golden:
        for event in _decode(subject, golden):
            if "rejected" not in event and "escaped" not in event:
                yield golden, event
