"""HTTP: native events, CloudEvents 1.0 and Standard Webhooks, for whatever can send a request."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from urllib.parse import unquote

import orjson

from connectors.connector import Connector, NativeEvent, Push, Reply, Secrets
from connectors.decoding import explain_body
from connectors.payload import Payload, hash_body
from connectors.reading import Object, as_object
from connectors.signatures import STANDARD_WEBHOOKS
from slawatch.errors import EventError
from slawatch.events import KINDS

_CLOUD = "application/cloudevents"
_LINES = frozenset(("application/x-ndjson", "application/ndjson", "application/jsonl"))
_OURS = ("com.slawatch.ticket.", "ticket.")
_RATE = "6000"  # requests a minute that a sender of CloudEvents is told to stay under

Decoded = NativeEvent | EventError


def decode(payload: Payload) -> Iterator[Decoded]:
    """Decode one event, an array or lines of them, each native, CloudEvent or Standard Webhook."""
    headers = payload.headers
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media.startswith(_CLOUD):
        if not media.endswith("+json"):
            raise EventError("malformed", f"CloudEvents are read as JSON, got {media!r:.80}")
    elif "ce-type" in headers or "ce-specversion" in headers:
        yield from _read_binary(payload, media)
        return
    for item in _parse(payload.body, is_lines=media in _LINES):
        if isinstance(item, EventError):
            yield item
        else:
            try:
                yield from _read(item, headers.get("webhook-id", ""))
            except EventError as ex:
                yield ex


def _parse(body: bytes, *, is_lines: bool) -> list[object]:
    """Return what the body holds; an error stands for a line that is no JSON."""
    if not is_lines:
        try:
            data = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as ex:
            if not isinstance(_parse_line(body.strip().partition(b"\n")[0]), dict):
                raise explain_body(body, ex) from ex
        else:
            return data if isinstance(data, list) else [data]
    return [_parse_line(line) for line in body.split(b"\n") if line.strip()]


def _parse_line(line: bytes) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as ex:
        return explain_body(line, ex)


def _read(item: object, delivery: str) -> Iterator[NativeEvent]:
    data = as_object(item, "an event")
    if "specversion" in data:
        yield from _read_cloud(data, _cloud_data(data))
    elif isinstance(data.get("data"), dict) and "ticket_id" not in data:
        said = {"event_id": delivery or None, "occurred_at": data.get("timestamp")}
        yield from _open(data.get("type"), said, data["data"])
    else:
        yield data


def _read_binary(payload: Payload, media: str) -> Iterator[NativeEvent]:
    """Read a CloudEvent whose attributes are headers and whose data is the body."""
    said = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in payload.headers.items()
        if name.startswith("ce-")
    }
    if not payload.body.strip():
        yield from _read_cloud(said, {})
        return
    if media and not media.endswith("json"):
        raise EventError("malformed", f"the data must be JSON, got {media!r:.80}")
    yield from _read_cloud(said, _parse_data(payload.body))


def _read_cloud(said: Object, data: object) -> Iterator[NativeEvent]:
    if said.get("specversion", "1.0") != "1.0":
        raise EventError(
            "bad_type", f"'specversion' must be '1.0', got {said['specversion']!r:.80}"
        )
    envelope = {
        "event_id": said.get("id"),
        "ticket_id": said.get("subject"),
        "occurred_at": said.get("time"),
    }
    yield from _open(said.get("type"), envelope, data)


def _cloud_data(said: Object) -> object:
    if (encoded := said.get("data_base64")) is not None:
        try:
            return _parse_data(base64.b64decode(encoded, validate=True))
        except (TypeError, ValueError, binascii.Error) as ex:
            raise EventError("malformed", f"'data_base64' is no base64: {ex}") from ex
    data = said.get("data")
    return _parse_data(data.encode("utf-8", "replace")) if isinstance(data, str) else data


def _parse_data(data: bytes) -> object:
    parsed = _parse_line(data)
    if isinstance(parsed, EventError):
        raise parsed
    return parsed


def _open(kind: object, envelope: Object, data: object) -> Iterator[NativeEvent]:
    """Take an event out of its envelope, which says what the event itself does not."""
    if not isinstance(kind, str) or not kind:
        raise EventError("missing_key", "'type' of the envelope is required")
    name = kind
    for prefix in _OURS:
        name = name.removeprefix(prefix)
    if name == kind and name not in KINDS:
        return  # something else that shares the envelope
    event = as_object({} if data is None else data, "'data'")
    yield {**envelope, **{k: v for k, v in event.items() if v is not None}, "type": name}


def find_dedup_key(payload: Payload) -> str:
    """Return the delivery's id: Standard Webhooks' or a binary CloudEvent's, else the hash."""
    headers = payload.headers
    if delivery := headers.get("webhook-id"):
        return delivery
    if event := headers.get("ce-id"):
        return f"{headers.get('ce-source', '')} {event}"
    return hash_body(payload)


def shake_hands(method: str, payload: Payload, _: Secrets) -> Reply | None:
    """Allow a sender of CloudEvents to deliver, as it asks with OPTIONS."""
    if method != "OPTIONS":
        return None
    origin = payload.headers.get("webhook-request-origin")
    if not origin:
        return Reply(status=400, body=b"WebHook-Request-Origin is required")
    asked = payload.headers.get("webhook-request-rate", "")
    rate = asked if asked.isascii() and asked.isdigit() else _RATE
    return Reply(
        headers={"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate}
    )


CONNECTOR = Connector(
    name="http",
    title="HTTP: native JSON, CloudEvents, Standard Webhooks",
    decode=decode,
    channel="portal",
    dedup_key=find_dedup_key,
    is_native=True,
    push=Push(
        signature=STANDARD_WEBHOOKS,
        headers=(
            "content-type",
            "ce-specversion",
            "ce-id",
            "ce-source",
            "ce-type",
            "ce-subject",
            "ce-time",
            "webhook-id",
        ),
        handshake=shake_hands,
        methods=("POST", "OPTIONS"),
    ),
)
